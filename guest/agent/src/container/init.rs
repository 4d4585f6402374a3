//! What the child does that becomes a container's first process: it builds the container from inside.

use super::mounts::{Scene, cgroup_path, is_sealed_later};
use super::namespaces::{self, Namespaces};
use super::program::{self, Program};
use super::seccomp::Filter;
use super::terminal::Terminal;
use super::{devices, hooks, options, paths, report};
use crate::api::CreateContainerRequest;
use crate::failure::{Doing, Failure};
use crate::link;
use crate::process::ChildEnds;
use crate::spec::Spec;
use crate::sys::mounts::{self, Attributes};
use crate::sys::{check, cstr, files, process};
use prost::Message;
use std::convert::Infallible;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

pub struct Init<'a> {
    pub id: &'a str,
    pub spec: &'a Spec,
    pub namespaces: Namespaces,
    /// A directory of the guest that is the root file system, and the one over which to mount it.
    pub rootfs: &'a str,
    pub place: &'a str,
    /// Files of the guest, and what they cover in the container.
    pub files: &'a [(String, String)],
    pub user: &'a str,
    pub filter: Option<&'a Filter>,
    /// What it becomes is told later.
    pub ahead: bool,
}

impl Init<'_> {
    /// Does not return: it becomes the program, or reports why not.
    pub fn run(&self, ends: ChildEnds, control: &OwnedFd) -> ! {
        let executed = self.build(control).and_then(|terminal| {
            if self.ahead {
                program::rehearse(&self.spec.process);
                report::ready(control).doing(|| "report to the agent".into())?;
                let (spec, user) = await_task(control)?;
                set_names(self.namespaces, &spec)?;
                self.become_program(&spec, &user, terminal, ends, control)
            } else {
                self.become_program(self.spec, self.user, terminal, ends, control)
            }
        });
        match executed {
            Err(failure) => program::give_up(control, &failure),
        }
    }

    fn become_program(
        &self,
        spec: &Spec,
        user: &str,
        terminal: Option<Terminal>,
        ends: ChildEnds,
        control: &OwnedFd,
    ) -> Result<Infallible, Failure> {
        let program = Program { process: &spec.process, user, filter: self.filter, ends };
        let prepared = program.prepare(terminal, control)?;
        report::ready(control).doing(|| "report to the agent".into())?;
        let Some(state) = report::await_start(control) else { leave() };
        super::mounts::refresh(&self.spec.mounts);
        prepared.execute(|| hooks::run(&self.spec.hooks.start_container, &state))
    }

    fn build(&self, control: &OwnedFd) -> Result<Option<Terminal>, Failure> {
        // SAFETY: a number; what is made below gets exactly the mode that is asked for.
        unsafe { libc::umask(0) };
        // While this is the guest's root: the file belongs to it, since the agent is not dumpable.
        let adjustment = self.spec.process.oom_score_adj.unwrap_or(0);
        files::write("/proc/self/oom_score_adj", adjustment.to_string()).doing(|| "write oom_score_adj".into())?;
        if self.namespaces.has(libc::CLONE_NEWUSER) {
            become_mapped_root(control)?;
        }
        namespaces::join(&self.spec.linux, !libc::CLONE_NEWPID)?;
        if self.namespaces.has(libc::CLONE_NEWCGROUP) {
            process::unshare(libc::CLONE_NEWCGROUP).doing(|| "make a cgroup namespace".into())?;
        }
        if self.namespaces.has(libc::CLONE_NEWNET) {
            link::bring_up_loopback()?;
        }
        set_names(self.namespaces, self.spec)?;
        for (name, value) in &self.spec.linux.sysctl {
            files::write(format!("/proc/sys/{}", name.replace('.', "/")), value)
                .doing(|| format!("set sysctl {name} to \"{value}\""))?;
        }
        let root = self.mount_root().doing(|| format!("mount the root file system {}", self.rootfs))?;
        let terminal = self.furnish(root.as_fd())?;
        if let Some(terminal) = &terminal {
            report::terminal(control, &terminal.master).doing(|| "hand over the terminal".into())?;
        }
        mounts::switch_root(&root).doing(|| "change to the container's root".into())?;
        if let Some((flag, recursive)) = options::propagation(&self.spec.linux.rootfs_propagation) {
            let attributes = Attributes { propagation: flag, ..Attributes::default() };
            let set = mounts::set_attributes(&root, &attributes, recursive);
            set.doing(|| format!("make the root {}", self.spec.linux.rootfs_propagation))?;
        }
        Ok(terminal)
    }

    /// A mount of the container's own, so that nothing done to it shows in the agent's tree; open on its root.
    fn mount_root(&self) -> std::io::Result<OwnedFd> {
        let source = cstr(self.rootfs)?;
        let place = File::open(self.place)?;
        let tree = mounts::clone_tree(place.as_fd(), &source, true)?;
        mounts::attach(&tree, &place)?;
        Ok(tree)
    }

    /// Mounts and makes everything inside the root.
    fn furnish(&self, root: BorrowedFd) -> Result<Option<Terminal>, Failure> {
        let (spec, linux) = (self.spec, &self.spec.linux);
        let has_cgroup_namespace = self.namespaces.has(libc::CLONE_NEWCGROUP);
        let scene = Scene { root, has_cgroup_namespace, cgroup: &cgroup_path(self.id) };
        for mount in &spec.mounts {
            scene.mount(mount)?;
        }
        devices::populate(root, &spec.mounts, &linux.devices)?;
        for (source, destination) in self.files {
            if spec.mounts.iter().all(|mount| mount.destination != *destination) {
                let bound = scene.bind(source, destination, &options::Options::default());
                bound.doing(|| format!("bind {destination}"))?;
            }
        }
        let folder = program::folder(&spec.process);
        files::make_dirs_in_root(root, folder, 0o755).map_err(|e| program::no_folder(folder, &e))?;
        let terminal = match spec.process.terminal {
            true => Some(Terminal::open(root, spec.process.console_size)?),
            false => None,
        };
        if let Some(terminal) = &terminal {
            terminal.bind_console(root)?;
        }
        for mount in spec.mounts.iter().filter(|mount| is_sealed_later(mount)) {
            scene.seal(&mount.destination).doing(|| format!("make {} read-only", mount.destination))?;
        }
        paths::make_read_only(root, &linux.readonly_paths)?;
        paths::mask(root, &linux.masked_paths)?;
        if spec.root.readonly {
            let read_only = Attributes { set: mounts::ATTR_RDONLY, ..Attributes::default() };
            mounts::set_attributes(&root, &read_only, false).doing(|| "make the root read-only".into())?;
        }
        Ok(terminal)
    }
}

fn set_names(namespaces: Namespaces, spec: &Spec) -> Result<(), Failure> {
    let (host, domain) = (&spec.hostname, &spec.domainname);
    // SAFETY: pointers with their lengths.
    unsafe {
        if namespaces.has(libc::CLONE_NEWUTS) && !host.is_empty() {
            check(libc::sethostname(host.as_ptr().cast(), host.len())).doing(|| "set the host name".into())?;
        }
        if namespaces.has(libc::CLONE_NEWUTS) && !domain.is_empty() {
            check(libc::setdomainname(domain.as_ptr().cast(), domain.len())).doing(|| "set the domain name".into())?;
        }
    }
    Ok(())
}

/// The names and the process of the container that this one becomes, and its user.
fn await_task(control: &OwnedFd) -> Result<(Spec, String), Failure> {
    let Some(task) = report::await_task(control) else { leave() };
    let request = CreateContainerRequest::decode(task.as_slice())
        .map_err(|e| Failure::other(format!("decode what to become: {e}")))?;
    Ok((super::create::read_spec(&request)?, request.user))
}

/// The container was deleted before it was started.
fn leave() -> ! {
    // SAFETY: nothing of the agent's is to be flushed or undone in the child.
    unsafe { libc::_exit(0) }
}

/// Waits until the agent has written the id maps, then becomes root by them.
pub fn become_mapped_root(control: &OwnedFd) -> Result<(), Failure> {
    if !report::await_go(control) {
        return Err(Failure::other("wait for the maps of the user namespace: the agent gave up"));
    }
    become_root()
}

pub fn become_root() -> Result<(), Failure> {
    // SAFETY: numbers only.
    unsafe {
        check(libc::syscall(libc::SYS_setresgid, 0, 0, 0))
            .and_then(|_| check(libc::syscall(libc::SYS_setresuid, 0, 0, 0)))
            .doing(|| "become root of the user namespace".into())?;
    }
    Ok(())
}
