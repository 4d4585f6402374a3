//! Leaving a process behind: a fork that stands for a container after the call that made it has ended.

use crate::failure::{Failure, describe, errno};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

/// The network namespace that this process was in before it got another.
static FORMER_NETWORK: OnceLock<File> = OnceLock::new();

/// Forks; true in the process that stays, in this network namespace, or a new one where the path is empty. That one leads a session of its own, with `terminal`, where there is one, as its
/// streams and controlling terminal. Of the caller's descriptors it holds the streams alone, and of ours those `kept`.
pub fn stay(network: Option<&[u8]>, terminal: Option<OwnedFd>, kept: &[RawFd]) -> Result<bool, Failure> {
    if let Some(path) = network {
        let former = File::open("/proc/self/ns/net").map_err(|_| failed("open its network namespace"))?;
        // The one that leaves ends in a moment: it may be in the namespace, too.
        enter_network(path)?;
        FORMER_NETWORK.get_or_init(|| former);
    }
    // SAFETY: one thread; what the child does next is what this process does.
    match unsafe { libc::fork() } {
        -1 => Err(failed("fork")),
        0 => {
            settle(terminal, kept)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn enter_network(path: &[u8]) -> Result<(), Failure> {
    if path.is_empty() {
        // SAFETY: a number.
        return if unsafe { libc::unshare(libc::CLONE_NEWNET) } == 0 {
            Ok(())
        } else {
            Err(failed("make a network namespace"))
        };
    }
    let path = Path::new(OsStr::from_bytes(path));
    let namespace = File::open(path)
        .map_err(|error| Failure::of("open the network namespace", path, error.raw_os_error().unwrap_or(libc::EIO)))?;
    // SAFETY: an open descriptor and a number.
    match unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(Failure::of("enter the network namespace", path, errno())),
    }
}

fn settle(terminal: Option<OwnedFd>, kept: &[RawFd]) -> Result<(), Failure> {
    // SAFETY: numbers, and a path that ends in NUL; 0 to 2 belong to no object of this process.
    unsafe {
        libc::setsid();
        // Not to keep the caller's directory busy.
        libc::chdir(c"/".as_ptr());
        if let Some(terminal) = &terminal {
            if libc::ioctl(terminal.as_raw_fd(), libc::TIOCSCTTY, 0) != 0 {
                return Err(failed("control the terminal"));
            }
            for stream in 0..3 {
                libc::dup2(terminal.as_raw_fd(), stream);
            }
        }
    }
    drop(terminal);
    let former = FORMER_NETWORK.get().map(AsRawFd::as_raw_fd);
    close_all_but(&[kept, former.as_slice()].concat());
    Ok(())
}

/// Back to the network namespace it came from: the daemon that is started here is not the container's. Async-signal-safe.
pub fn leave_network() -> io::Result<()> {
    match FORMER_NETWORK.get() {
        // SAFETY: an open descriptor and a number.
        Some(former) if unsafe { libc::setns(former.as_raw_fd(), libc::CLONE_NEWNET) } != 0 => {
            Err(io::Error::last_os_error())
        }
        _ => Ok(()),
    }
}

/// Closes what is above standard error and not `kept`: pipes whose end the caller waits for.
fn close_all_but(kept: &[RawFd]) {
    let mut kept = kept.to_vec();
    kept.sort_unstable();
    let mut first = libc::STDERR_FILENO + 1;
    for descriptor in kept {
        close(first, descriptor - 1);
        first = descriptor + 1;
    }
    close(first, RawFd::MAX);
}

fn close(first: RawFd, last: RawFd) {
    if first <= last {
        // SAFETY: no object of this process owns any of them.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    }
}

fn failed(action: &str) -> Failure {
    Failure::new(format!("stay behind: {action}: {}", describe(errno())))
}
