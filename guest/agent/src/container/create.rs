//! CreateContainer: the agent's side. The child's is `init`.

use super::cgroup::{self, Cgroup};
use super::device_filter::DeviceFilter;
use super::init::Init;
use super::namespaces::{self, Namespaces};
use super::report::{self, Report};
use super::{Container, Folder, host_devices, limits::Time, rlimits, rootfs, seccomp};
use crate::api::container_status::State;
use crate::api::start_failure::Reason;
use crate::api::{CreateContainerRequest, GuestFile};
use crate::failure::{Doing, Failure};
use crate::process::{Process, Streams};
use crate::spec::{Namespace, Spec};
use crate::sys::epoll::{self, Epoll};
use crate::sys::{process, sockets};
use prost::Message;
use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// What has been made so far of a container; taken back when it is dropped before it is complete.
struct Unfinished {
    folder: Option<Folder>,
    cgroup: Option<Cgroup>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(cgroup) = &self.cgroup {
            let _ = cgroup.kill();
            let _ = cgroup.remove(Duration::from_secs(1));
        }
        if let Some(folder) = &mut self.folder {
            folder.remove();
        }
    }
}

/// With `ahead` its first process is not told yet what it becomes: [`adopt`] does.
pub fn create(
    request: CreateContainerRequest,
    shared: Vec<Namespace>,
    ahead: bool,
    serial: u32,
    epoll: &Epoll,
) -> Result<Container, Failure> {
    let mut spec = read_spec(&request)?;
    let numbers = host_devices::renumber(&mut spec.linux, &request.devices)?;
    namespaces::share(&mut spec.linux, shared)?;
    let namespaces = Namespaces::of(&spec.linux)?;
    let filter = spec.linux.seccomp.take().map(|seccomp| seccomp::compile(&seccomp)).transpose()?;
    let id = request.container_id;
    let mut made = Unfinished { folder: Some(Folder::create(&id)?), cgroup: None };
    let Unfinished { folder: Some(folder), cgroup } = &mut made else { unreachable!("it was just made") };
    let files = write_files(folder, request.files, fs::OpenOptions::new().create_new(true))?;
    let cgroup = cgroup.insert(Cgroup::create(&id)?);
    let mut time = Time::Held(None);
    time.apply(cgroup, &spec.linux.resources)?;
    let place = folder.root();
    let lower = request.rootfs.unwrap_or_default();
    let (root, mounted) = rootfs::prepare(&lower, &place)?;
    folder.root_mounted = mounted;
    let given_root = (!mounted).then(|| root.to_string());

    let streams = Streams::open(spec.process.terminal, request.open_stdin).doing(|| "open pipes".into())?;
    let (ours, theirs) = sockets::pair().doing(|| "open a socket pair".into())?;
    let init = Init {
        id: &id,
        spec: &spec,
        namespaces,
        rootfs: root,
        place: &place,
        files: &files,
        user: &request.user,
        filter: filter.as_ref(),
        ahead,
    };
    let (pid, pidfd) = match fork(&init, cgroup)? {
        process::Fork::Child => init.run(streams.ends, &theirs),
        process::Fork::Parent { pid, pidfd } => (pid, pidfd),
    };
    drop((theirs, streams.ends));
    if namespaces.has(libc::CLONE_NEWUSER) {
        namespaces::map_ids(pid, &spec.linux)?;
        rlimits::apply_to(pid, spec.process.rlimits.as_deref().unwrap_or_default())?;
        report::go(&ours).doing(|| "continue the child".into())?;
    }
    // Meanwhile the child may wait for a disk. The filter counts after the child has made its nodes, before it runs.
    let devices = DeviceFilter::load(&spec.linux.resources.devices)?;
    let terminal = await_ready(&ours)?;
    devices.attach(cgroup)?;

    let mut process = Process {
        id: String::new(),
        serial,
        pid,
        pidfd,
        control: Some(ours),
        starting: None,
        exit: None,
        waiters: Vec::new(),
        stdin: streams.stdin,
        stdout: streams.stdout,
        stderr: streams.stderr,
        terminal: None,
        oom_kills_before: 0,
    };
    if let Some(master) = terminal {
        process.attach_terminal(master, epoll).doing(|| "take the terminal".into())?;
    }
    let (Some(folder), Some(cgroup)) = (made.folder.take(), made.cgroup.take()) else { unreachable!("both were made") };
    Ok(Container {
        id,
        state: State::Created,
        cgroup,
        time,
        oom_kills_seen: 0,
        root: given_root,
        numbers,
        folder,
        namespaces,
        held: if host_devices::any_disk(&request.devices) { Vec::new() } else { hold_namespaces(&process.pidfd) },
        processes: vec![process],
        process: spec.process,
        filter,
    })
}

/// Makes a container that was made ahead the one that is asked for. One that failed is to be destroyed.
pub fn adopt(container: &mut Container, request: CreateContainerRequest) -> Result<(), Failure> {
    let spec = read_spec(&request)?;
    let task = CreateContainerRequest { files: Vec::new(), ..request.clone() }.encode_to_vec();
    container.id = request.container_id;
    container.process = spec.process;
    write_files(&container.folder, request.files, fs::OpenOptions::new().truncate(true))?;
    let Some(control) = &container.init().control else { unreachable!("it has not started") };
    report::task(control, &task).doing(|| "tell the first process what it becomes".into())?;
    await_ready(control).map(drop)
}

/// Keeps the kernel from taking apart all the mounts before it reports the end of the container's last process. An older kernel does
/// not give them, and takes its time. Not where one of them may be of a disk that others look at then.
fn hold_namespaces(pidfd: &OwnedFd) -> Vec<OwnedFd> {
    let wanted = [process::PIDFD_GET_MNT_NAMESPACE, process::PIDFD_GET_IPC_NAMESPACE];
    wanted.into_iter().filter_map(|request| process::namespace(pidfd, request).ok()).collect()
}

pub fn read_spec(request: &CreateContainerRequest) -> Result<Spec, Failure> {
    serde_json::from_slice(&request.spec_json)
        .map_err(|e| Failure::other(format!("read the spec of container {}: {e}", request.container_id)))
}

/// A pid namespace given by its path is chosen by the parent, for its next child.
fn fork(init: &Init, cgroup: &Cgroup) -> Result<process::Fork, Failure> {
    let joins = init.namespaces.joined & libc::CLONE_NEWPID != 0;
    if joins {
        namespaces::join(&init.spec.linux, libc::CLONE_NEWPID)?;
    }
    let forked = cgroup::fork_into(cgroup, None, init.namespaces.at_clone());
    if joins && !matches!(forked, Ok(process::Fork::Child)) {
        super::exec::return_to_own_pids()?;
    }
    forked.doing(|| "start the container's first process".into())
}

/// Waits until the child has built the container; it is quick, and what it may wait for is the host's own doing.
fn await_ready(control: &OwnedFd) -> Result<Option<OwnedFd>, Failure> {
    let deadline = Instant::now() + PATIENCE;
    let mut terminal = None;
    loop {
        match report::receive(control) {
            Some(Report::Ready) => return Ok(terminal),
            Some(Report::Terminal(master)) => terminal = Some(master),
            Some(Report::Failed(failure)) => return Err(failure),
            Some(Report::Closed) => {
                let message = "build the container: its first process was killed, perhaps for want of memory";
                return Err(Failure::new(Reason::Other, libc::ENOMEM, message));
            }
            None => {
                let left = deadline.saturating_duration_since(Instant::now()).as_millis() as i32;
                if left == 0 {
                    let message = "build the container: not done after 10 s";
                    return Err(Failure::new(Reason::Other, libc::ETIMEDOUT, message));
                }
                epoll::poll_one(control, libc::POLLIN, left).doing(|| "wait for the child".into())?;
            }
        }
    }
}

/// Writes the host's files into the guest: paths here, and in the container.
fn write_files(
    folder: &Folder,
    files: Vec<GuestFile>,
    options: &mut fs::OpenOptions,
) -> Result<Vec<(String, String)>, Failure> {
    let mut written = Vec::with_capacity(files.len());
    for (number, file) in files.into_iter().enumerate() {
        let path = format!("{}/file{number}", folder.path);
        let mode = if file.mode == 0 { 0o644 } else { file.mode & 0o7777 };
        let opened = options.write(true).mode(mode).open(&path);
        opened.and_then(|mut opened| opened.write_all(&file.content)).doing(|| format!("write {}", file.path))?;
        written.push((path, file.path));
    }
    Ok(written)
}
