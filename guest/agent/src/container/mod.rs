//! A container: its processes, its cgroup and what was mounted for it.

mod capabilities;
mod cgroup;
mod command;
mod copy_up;
mod create;
mod device_filter;
mod devices;
mod exec;
mod hooks;
mod host_devices;
mod init;
mod join;
mod limits;
mod mounts;
mod namespaces;
mod options;
mod paths;
mod program;
pub mod report;
mod rlimits;
mod rootfs;
mod seccomp;
mod seccomp_rules;
mod stats;
mod syscalls;
mod terminal;
mod user;

pub use create::{adopt, create};
pub use exec::exec;
pub use host_devices::missing as missing_device;
pub use namespaces::of_container as namespace_of;
pub use options::Options;
pub use stats::stats;
pub use terminal::{null, resize};

use crate::api::ContainerStatus;
use crate::api::container_status::State;
use crate::failure::{Code, Doing, Failure, Status};
use crate::process::Process;
use crate::spec::{self, Resources};
use crate::sys::mounts::unmount;
use cgroup::Cgroup;
use host_devices::Numbers;
use limits::Time;
use namespaces::Namespaces;
use seccomp::Filter;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// What all containers have in common, made ahead.
pub fn prepare() -> Result<(), Failure> {
    cgroup::create_parent()?;
    device_filter::prepare()
}

pub struct Container {
    pub id: String,
    pub state: State,
    /// The first is the container's first process.
    pub processes: Vec<Process>,
    pub cgroup: Cgroup,
    time: Time,
    /// OOM kills that were told as events.
    pub oom_kills_seen: u64,
    /// The directory of the guest that is its root, where it is no overlay.
    pub root: Option<String>,
    /// Of devices of the host that it has.
    pub numbers: Numbers,
    folder: Folder,
    namespaces: Namespaces,
    /// Those that outlive the processes.
    held: Vec<OwnedFd>,
    /// What exec takes over.
    process: spec::Process,
    filter: Option<Filter>,
}

impl Container {
    pub fn init(&self) -> &Process {
        &self.processes[0]
    }

    pub fn init_mut(&mut self) -> &mut Process {
        &mut self.processes[0]
    }

    pub fn process(&mut self, id: &str) -> Result<&mut Process, Status> {
        let found = self.processes.iter_mut().find(|process| process.id == id);
        found.ok_or_else(|| Status::new(Code::NotFound, format!("no process \"{id}\" in container \"{}\"", self.id)))
    }

    pub fn status(&self) -> ContainerStatus {
        ContainerStatus {
            container_id: self.id.clone(),
            state: self.state.into(),
            processes: self.processes.iter().map(Process::status).collect(),
        }
    }

    /// Refuses a verb that does not fit the state: "cannot pause container "web": it is stopped".
    pub fn require(&self, verb: &str, allowed: &[State]) -> Result<(), Status> {
        if allowed.contains(&self.state) {
            return Ok(());
        }
        let state = self.state.as_str_name().to_ascii_lowercase();
        Err(Status::precondition(format!("cannot {verb} container \"{}\": it is {state}", self.id)))
    }

    pub fn limit(&mut self, resources: &Resources) -> Result<(), Failure> {
        self.time.apply(&self.cgroup, resources)
    }

    /// Something of the container's runs, or is about to. What cannot be limited does not run.
    pub fn limit_time(&mut self) -> Result<(), Failure> {
        self.time.limit(&self.cgroup).inspect_err(|_| drop(self.cgroup.kill()))
    }

    /// The first process has ended. The kernel ends the others only where it was the first of their pid namespace too.
    pub fn end_the_rest(&self) {
        if !self.namespaces.has(libc::CLONE_NEWPID) {
            let _ = self.cgroup.kill();
        }
    }

    /// Ends what still runs and takes away what was made. May be called again when it failed.
    pub fn destroy(&mut self, patience: Duration) -> Result<(), Failure> {
        let doing = || format!("delete container {}", self.id);
        // Also what does not live in the pid namespace of the first process.
        self.cgroup.kill().doing(doing)?;
        if !self.cgroup.remove(patience).doing(doing)? {
            let message = format!("{}: its processes do not end", doing());
            return Err(Failure::new(crate::api::start_failure::Reason::Other, libc::EBUSY, message));
        }
        self.held.clear();
        self.folder.remove();
        Ok(())
    }
}

/// The directory of a container in the guest: where its root is mounted, and its files.
pub struct Folder {
    path: String,
    root_mounted: bool,
}

impl Folder {
    fn create(id: &str) -> Result<Folder, Failure> {
        let folder = Folder { path: format!("{}/containers/{id}", crate::boot::RUN), root_mounted: false };
        fs::create_dir_all(folder.root()).doing(|| format!("make {}", folder.path))?;
        Ok(folder)
    }

    fn root(&self) -> String {
        format!("{}/rootfs", self.path)
    }

    fn remove(&mut self) {
        if self.root_mounted {
            let _ = unmount(&self.root(), libc::MNT_DETACH);
            self.root_mounted = false;
        }
        // Below a root that is still mounted are somebody's files, of the host perhaps.
        if fs::remove_dir(self.root()).map_or_else(|error| error.kind() == ErrorKind::NotFound, |()| true) {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
