//! Processes: clone3, pidfds, namespaces, waiting.

use super::check;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// `struct clone_args`, include/uapi/linux/sched.h (VER2).
#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Beyond the 32 bits of clone(2)'s flags.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

pub enum Fork {
    Parent { pid: i32, pidfd: OwnedFd },
    Child,
}

/// fork(2) into new namespaces (`flags`, CLONE_NEW*) and into a cgroup.
///
/// The agent has one thread, so the child may allocate and do all else the parent may.
pub fn fork(flags: i32, cgroup: BorrowedFd) -> io::Result<Fork> {
    let mut pidfd: i32 = -1;
    let args = CloneArgs {
        flags: flags as u32 as u64 | libc::CLONE_PIDFD as u64 | CLONE_INTO_CGROUP,
        pidfd: &raw mut pidfd as u64,
        exit_signal: libc::SIGCHLD as u64,
        cgroup: cgroup.as_raw_fd() as u64,
        ..CloneArgs::default()
    };
    // SAFETY: without CLONE_VM the child has its own copy of this memory and stack, like after fork(2).
    let pid = unsafe { check(libc::syscall(libc::SYS_clone3, &args, size_of::<CloneArgs>()))? };
    if pid == 0 {
        return Ok(Fork::Child);
    }
    // SAFETY: the kernel has stored a new descriptor.
    Ok(Fork::Parent { pid: pid as i32, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } })
}

/// Moves this process into namespaces: those of a process (pidfd and CLONE_NEW* flags) or one given by its file.
pub fn set_namespaces(fd: &impl AsRawFd, flags: i32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::setns(fd.as_raw_fd(), flags) }).map(drop)
}

/// A namespace of the process of `pidfd`, held open by the descriptor.
pub fn namespace(pidfd: &impl AsRawFd, request: u64) -> io::Result<OwnedFd> {
    // SAFETY: takes no argument; the descriptor is new.
    unsafe { Ok(OwnedFd::from_raw_fd(check(libc::ioctl(pidfd.as_raw_fd(), request, 0))? as i32)) }
}

// include/uapi/linux/pidfd.h, from Linux 6.11 on
pub const PIDFD_GET_IPC_NAMESPACE: u64 = 0xff02;
pub const PIDFD_GET_MNT_NAMESPACE: u64 = 0xff03;

pub fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

pub fn send_signal(pidfd: &impl AsRawFd, signal: i32) -> io::Result<()> {
    let info = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: a null siginfo asks for the kind kill(2) sends.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), signal, info, 0) }).map(drop)
}

/// One child that ended, its zombie taken away: pid and exit code, 128 + n for a signal n.
pub fn reap() -> Option<(i32, u32)> {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG | libc::__WALL) };
    if pid <= 0 {
        return None;
    }
    let code = if libc::WIFSIGNALED(status) { 128 + libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) };
    Some((pid, code as u32))
}

/// A descriptor that becomes readable when a child ended; SIGCHLD is blocked for it, here and in children until they
/// call [`reset_signals`].
pub fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised before use; the descriptor is new.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGCHLD);
        check(libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()))?;
        let fd = check(libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

/// What a program expects: no signal blocked, none ignored.
pub fn reset_signals() {
    // SAFETY: the set is initialised; SIGPIPE is the only signal whose disposition Rust's runtime changes.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigprocmask(libc::SIG_SETMASK, &set, std::ptr::null_mut());
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
    }
}

/// Closes everything above standard error but `kept`.
pub fn close_all_but(kept: &impl AsRawFd) {
    let kept = kept.as_raw_fd() as u32;
    // SAFETY: only for a child that uses none of its copies of the agent's descriptors any more.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, kept - 1, 0);
        libc::syscall(libc::SYS_close_range, kept + 1, u32::MAX, 0);
    }
}
