//! The last steps of a child before it becomes the container's program: the same for a container's first process and
//! for one that joins it.

use super::capabilities::{self, Sets};
use super::command;
use super::report;
use super::rlimits;
use super::seccomp::{self, Filter};
use super::terminal::{self, Terminal};
use super::user::{Accounts, Identity};
use crate::api::start_failure::Reason;
use crate::failure::{Doing, Failure};
use crate::process::ChildEnds;
use crate::spec;
use crate::sys::{self, check, cstr, files, process};
use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

pub struct Program<'a> {
    pub process: &'a spec::Process,
    /// "user:group" by name; empty: the numbers of `process`.
    pub user: &'a str,
    pub filter: Option<&'a Filter>,
    pub ends: ChildEnds,
}

/// A program with everything looked up and most of its rights given away.
pub struct Prepared<'a> {
    path: CString,
    args: Vec<CString>,
    env: Vec<CString>,
    sets: Sets,
    no_new_privileges: bool,
    filter: Option<&'a Filter>,
}

impl<'a> Program<'a> {
    /// To be called with the container's root as this process's root. Of what the agent had open only `control` is left
    /// afterwards.
    pub fn prepare(self, terminal: Option<Terminal>, control: &OwnedFd) -> Result<Prepared<'a>, Failure> {
        let spec = self.process;
        let env = spec.env.as_deref().unwrap_or_default();
        let has_home = env.iter().any(|entry| entry.starts_with("HOME="));
        let user = spec.user.clone().unwrap_or_default();
        let identity = Accounts::default().identify(self.user, &user, !has_home)?;
        rlimits::apply(spec.rlimits.as_deref().unwrap_or_default())?;
        take_stdio(self.ends, terminal, identity.uid).doing(|| "set up standard input and output".into())?;
        // Before the container's own paths are followed: /proc/self/fd/N could lead to a folder of the agent's, outside
        // the container's root. It also must not hold open the pipes of others.
        process::close_all_but(control);
        enter_folder(folder(spec))?;
        let sets = Sets::of(spec.capabilities.as_ref());
        become_user(&sets, &identity)?;
        let no_new_privileges = spec.no_new_privileges.unwrap_or(false);
        if no_new_privileges {
            // SAFETY: takes numbers.
            let result = check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) });
            result.doing(|| "set no_new_privs".into())?;
        }
        // A filter can be loaded without new privileges, or else with CAP_SYS_ADMIN, which is then kept till the end.
        if no_new_privileges || self.filter.is_none() {
            sets.apply()?;
        }
        let path = command::find(spec.args.first().map_or("", String::as_str), env)?;
        command::read_ahead(&path);
        // SAFETY: takes a number.
        unsafe { libc::umask(user.umask.unwrap_or(0o022)) };
        let strings = || {
            let args = spec.args.iter().map(|arg| cstr(arg.as_str())).collect::<io::Result<_>>()?;
            Ok((args, environment(env, &identity.home)?))
        };
        let (args, env) = strings().doing(|| "pass arguments and environment".into())?;
        Ok(Prepared { path, args, env, sets, no_new_privileges, filter: self.filter })
    }
}

impl Prepared<'_> {
    /// Does `before` with no more rights than the program will have.
    pub fn execute(self, before: impl FnOnce() -> Result<(), Failure>) -> Result<Infallible, Failure> {
        process::reset_signals();
        let pointers =
            |strings: &[CString]| strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect::<Vec<_>>();
        let (args, env) = (pointers(&self.args), pointers(&self.env));
        if let Some(filter) = self.filter {
            if self.no_new_privileges {
                seccomp::load(filter)?;
            } else {
                capabilities::raise_permitted()?;
                seccomp::load(filter)?;
                self.sets.apply()?;
            }
        }
        before()?;
        // SAFETY: both arrays end in null and point at strings that end in zero.
        unsafe { libc::execve(self.path.as_ptr(), args.as_ptr(), env.as_ptr()) };
        Err(command::not_executable(&self.path.to_string_lossy(), &io::Error::last_os_error()))
    }
}

/// Has what a program like this one would read read already; what cannot be read is no failure yet.
pub fn rehearse(process: &spec::Process) {
    let _ = Accounts::default().identify("", &spec::User::default(), true);
    let env = process.env.as_deref().unwrap_or_default();
    if let Ok(path) = command::find(process.args.first().map_or("", String::as_str), env) {
        let _ = command::read_into_memory(&path);
    }
}

/// Ends a child that could not become its program.
pub fn give_up(control: &OwnedFd, failure: &Failure) -> ! {
    let _ = report::failed(control, failure);
    // SAFETY: nothing of the agent's is to be flushed or undone in the child.
    unsafe { libc::_exit(127) }
}

/// The working directory of a process.
pub fn folder(process: &spec::Process) -> &str {
    process.cwd.as_deref().filter(|cwd| !cwd.is_empty()).unwrap_or("/")
}

fn enter_folder(path: &str) -> Result<(), Failure> {
    let absolute = if path.starts_with('/') { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EINVAL)) };
    let entered = absolute.and_then(|()| std::env::set_current_dir(path)).and_then(|()| inside_root());
    entered.map_err(|e| no_folder(path, &e))
}

/// The kernel says "(unreachable)" of a folder that is not below this process's root (getcwd(2)).
fn inside_root() -> io::Result<()> {
    let mut folder = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the call itself, since the library's would fail without telling why; a buffer and its length.
    check(unsafe { libc::syscall(libc::SYS_getcwd, folder.as_mut_ptr(), folder.len()) })?;
    if folder[0] == b'/' { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::EACCES)) }
}

pub fn no_folder(path: &str, error: &io::Error) -> Failure {
    let message = format!("enter working directory {path}: {}", sys::text(error));
    Failure::new(Reason::WorkingDirectory, sys::errno(error), message)
}

/// Puts the process's ends of its streams at 0, 1 and 2, its own to open again by /dev/stdout and the like.
fn take_stdio(ends: ChildEnds, terminal: Option<Terminal>, uid: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    check(unsafe { libc::setsid() })?;
    if let Some(Terminal { slave, .. }) = terminal {
        terminal::control(&slave)?;
        give(&slave, uid)?;
        return duplicate([&slave; 3]);
    }
    if let ChildEnds::Pipes { stdin, stdout, stderr } = ends {
        for pipe in [&stdin, &stdout, &stderr] {
            if files::kind(pipe)? == libc::S_IFIFO {
                give(pipe, uid)?;
            }
        }
        return duplicate([&stdin, &stdout, &stderr]);
    }
    Ok(())
}

fn give(fd: &OwnedFd, uid: u32) -> io::Result<()> {
    // SAFETY: numbers only.
    match check(unsafe { libc::fchown(fd.as_raw_fd(), uid, u32::MAX) }) {
        // An id that the user namespace does not have.
        Err(e) if sys::is(&e, libc::EINVAL) || sys::is(&e, libc::EPERM) => Ok(()),
        other => other.map(drop),
    }
}

fn duplicate(fds: [&OwnedFd; 3]) -> io::Result<()> {
    for (number, fd) in (0..).zip(fds) {
        // SAFETY: 0 to 2 belong to no object of this process.
        check(unsafe { libc::dup2(fd.as_raw_fd(), number) })?;
    }
    Ok(())
}

fn become_user(sets: &Sets, identity: &Identity) -> Result<(), Failure> {
    sets.bound()?;
    capabilities::keep(true)?;
    let (uid, gid, groups) = (identity.uid, identity.gid, &identity.groups);
    if uid == u32::MAX || gid == u32::MAX {
        // To setresuid(2) -1 means: stay who you are.
        return Err(Failure::new(Reason::User, libc::EINVAL, format!("become user {uid}:{gid}: no such id")));
    }
    // SAFETY: raw calls, since the library's would look for threads; `groups` outlives the first.
    let result = unsafe {
        check(libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()))
            .and_then(|_| check(libc::syscall(libc::SYS_setresgid, gid, gid, gid)))
            .and_then(|_| check(libc::syscall(libc::SYS_setresuid, uid, uid, uid)))
    };
    result.map_err(|e| {
        let message = format!("become user {uid}:{gid}: {}", sys::text(&e));
        Failure::new(Reason::User, sys::errno(&e), message)
    })?;
    capabilities::keep(false)
}

fn environment(env: &[String], home: &str) -> io::Result<Vec<CString>> {
    let mut strings = env.iter().map(|entry| cstr(entry.as_str())).collect::<io::Result<Vec<_>>>()?;
    if !env.iter().any(|entry| entry.starts_with("HOME=")) {
        strings.push(cstr(format!("HOME={home}"))?);
    }
    Ok(strings)
}
