//! One output stream of a process. Bytes are read from it only when the host asks, and kept until the host has asked
//! for those behind them: a host that vanishes in between asks again and gets them again.

use crate::failure::Status;
use crate::sys::epoll::{self, Epoll};
use crate::sys::{self, check};
use crate::token::Token;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// A pipe has 64 KiB at first.
const NEARLY_FULL: usize = 60 << 10;
const LARGE_PIPE: i32 = 256 << 10;

enum Source {
    /// The terminal has not been handed over yet.
    Awaited,
    /// Nonblocking.
    Open(OwnedFd),
    Ended,
}

pub struct Output {
    source: Source,
    /// Bytes since the process began that came before `kept`.
    forgotten: u64,
    kept: Vec<u8>,
    waiter: Option<(u32, usize)>,
}

pub enum Asked<'a> {
    /// The bytes to answer with, and whether they are the last.
    Bytes(&'a [u8], bool),
    Later,
}

impl Output {
    pub fn open(pipe: OwnedFd) -> Output {
        Output { source: Source::Open(pipe), ..Output::ended() }
    }

    pub fn awaited() -> Output {
        Output { source: Source::Awaited, ..Output::ended() }
    }

    pub fn ended() -> Output {
        Output { source: Source::Ended, forgotten: 0, kept: Vec::new(), waiter: None }
    }

    pub fn attach(&mut self, master: OwnedFd, epoll: &Epoll, token: Token) -> io::Result<()> {
        if self.waiter.is_some() {
            epoll.watch(&master, epoll::READ | epoll::ONCE, token.pack())?;
        }
        self.source = Source::Open(master);
        Ok(())
    }

    /// A terminal that never came: the process could not be started.
    pub fn abandon(&mut self) {
        if let Source::Awaited = self.source {
            self.source = Source::Ended;
        }
    }

    /// Forgets what is before `offset` and gives what is behind it.
    pub fn ask(&mut self, offset: u64, max: usize) -> Result<Asked<'_>, Status> {
        let Some(known) = offset.checked_sub(self.forgotten).filter(|known| *known <= self.kept.len() as u64) else {
            let (first, end) = (self.forgotten, self.forgotten + self.kept.len() as u64);
            return Err(Status::invalid(format!("read output at {offset}: {first} to {end} can be had")));
        };
        self.kept.drain(..known as usize);
        self.forgotten = offset;
        if self.kept.is_empty() {
            self.fill(max);
        }
        let bytes = &self.kept[..self.kept.len().min(max)];
        let is_last = bytes.len() == self.kept.len() && matches!(self.source, Source::Ended);
        if bytes.is_empty() && !is_last { Ok(Asked::Later) } else { Ok(Asked::Bytes(bytes, is_last)) }
    }

    /// Keeps a request until there is something. The one that waited before, if there is one, is given back.
    pub fn wait(&mut self, stream: u32, max: usize, epoll: &Epoll, token: Token) -> io::Result<Option<u32>> {
        if let Source::Open(fd) = &self.source {
            epoll.watch(fd, epoll::READ | epoll::ONCE, token.pack())?;
        }
        Ok(self.waiter.replace((stream, max)).map(|(stream, _)| stream))
    }

    /// The request that waits, when the stream has become ready: stream id, offset and how much.
    pub fn take_waiter(&mut self) -> Option<(u32, u64, usize)> {
        self.waiter.take().map(|(stream, max)| (stream, self.forgotten, max))
    }

    pub fn forget_waiter(&mut self, epoll: &Epoll) {
        if self.waiter.take().is_some() {
            if let Source::Open(fd) = &self.source {
                epoll.forget(fd);
            }
        }
    }

    /// Gives back the room that nothing is in.
    pub fn rest(&mut self) {
        self.kept.shrink_to_fit();
    }

    /// Reads until `max` bytes are there, the stream is empty, or it has ended.
    fn fill(&mut self, max: usize) {
        let Source::Open(fd) = &self.source else { return };
        while self.kept.len() < max {
            let filled = self.kept.len();
            let wanted = (max - filled).min(available(fd).max(1));
            if wanted >= NEARLY_FULL {
                // More can gather while the host is on its way. Not for those that write little: it costs memory.
                // SAFETY: numbers only; no matter if the kernel declines.
                unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETPIPE_SZ, LARGE_PIPE) };
            }
            self.kept.reserve(wanted);
            let room = self.kept.spare_capacity_mut();
            // SAFETY: the kernel writes at most `wanted` bytes, for which there is room.
            let count = check(unsafe { libc::read(fd.as_raw_fd(), room.as_mut_ptr().cast(), wanted) } as i64);
            match count {
                Ok(0) => self.source = Source::Ended,
                Ok(count) => {
                    // SAFETY: so many bytes have been written.
                    unsafe { self.kept.set_len(filled + count as usize) };
                    continue;
                }
                Err(e) if sys::is(&e, libc::EAGAIN) => {}
                Err(e) if sys::is(&e, libc::EINTR) => continue,
                // EIO: every process has closed its end of the terminal.
                Err(_) => self.source = Source::Ended,
            }
            return;
        }
    }
}

/// How much can be read at once, so that no more memory is touched than is filled.
fn available(fd: &OwnedFd) -> usize {
    let mut count: i32 = 0;
    // SAFETY: FIONREAD writes an int.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::FIONREAD, &mut count) };
    if result == 0 { count.max(0) as usize } else { 4096 }
}
