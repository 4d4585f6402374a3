//! One epoll instance; tokens say what became ready.

use super::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub const READ: u32 = libc::EPOLLIN as u32;
pub const WRITE: u32 = libc::EPOLLOUT as u32;
pub const PRIORITY: u32 = libc::EPOLLPRI as u32;
pub const EDGE: u32 = libc::EPOLLET as u32;
pub const ONCE: u32 = libc::EPOLLONESHOT as u32;

pub struct Epoll(OwnedFd);

impl Epoll {
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: a new descriptor that nothing else owns.
        Ok(Epoll(unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))? as i32) }))
    }

    /// Watches `fd`; when it is watched already, changes what for. Closing the descriptor ends the watch.
    pub fn watch(&self, fd: &impl AsRawFd, events: u32, token: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events, u64: token };
        let (epoll, fd) = (self.0.as_raw_fd(), fd.as_raw_fd());
        // SAFETY: `event` outlives the calls.
        unsafe {
            match check(libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &mut event)) {
                Err(e) if super::is(&e, libc::EEXIST) => {
                    check(libc::epoll_ctl(epoll, libc::EPOLL_CTL_MOD, fd, &mut event)).map(drop)
                }
                other => other.map(drop),
            }
        }
    }

    pub fn forget(&self, fd: &impl AsRawFd) {
        // SAFETY: removal reads no event; an unknown descriptor is only an error.
        unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_DEL, fd.as_raw_fd(), std::ptr::null_mut()) };
    }

    /// Fills `ready` with tokens and events; none when `timeout_ms` (-1: never) passed or a signal came.
    pub fn wait(&self, ready: &mut [libc::epoll_event], timeout_ms: i32) -> io::Result<usize> {
        // SAFETY: the kernel writes at most `ready.len()` events.
        let count = unsafe { libc::epoll_wait(self.0.as_raw_fd(), ready.as_mut_ptr(), ready.len() as i32, timeout_ms) };
        match check(count) {
            Err(e) if super::is(&e, libc::EINTR) => Ok(0),
            other => other.map(|n| n as usize),
        }
    }
}

/// Waits up to `timeout_ms` for `events` (poll(2) names) on one descriptor; false when the time passed.
pub fn poll_one(fd: &impl AsRawFd, events: i16, timeout_ms: i32) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 };
    // SAFETY: one pollfd, alive during the call.
    Ok(check(unsafe { libc::poll(&mut poll, 1, timeout_ms) })? > 0)
}
