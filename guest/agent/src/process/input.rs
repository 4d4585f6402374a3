//! Standard input of a process: taken in by offset, so that a host may send again what it is unsure about.

use crate::failure::Status;
use crate::sys::epoll::{self, Epoll};
use crate::sys::{self, check};
use crate::token::Token;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

enum Sink {
    /// The terminal has not been handed over yet.
    Awaited,
    /// Nonblocking.
    Open(OwnedFd),
    Closed,
}

pub struct Input {
    sink: Sink,
    /// Bytes taken since the process began.
    taken: u64,
    waiter: Option<Waiter>,
}

struct Waiter {
    stream: u32,
    data: Vec<u8>,
    sent: usize,
    end: bool,
}

impl Input {
    pub fn open(pipe: OwnedFd) -> Input {
        Input { sink: Sink::Open(pipe), taken: 0, waiter: None }
    }

    pub fn awaited() -> Input {
        Input { sink: Sink::Awaited, taken: 0, waiter: None }
    }

    pub fn closed() -> Input {
        Input { sink: Sink::Closed, taken: 0, waiter: None }
    }

    pub fn attach(&mut self, master: OwnedFd) {
        if let Sink::Awaited = self.sink {
            self.sink = Sink::Open(master);
        }
    }

    /// Takes a request. What the process has no room for now follows when [`Input::proceed`] is called.
    pub fn write(&mut self, stream: u32, offset: u64, mut data: Vec<u8>, end: bool) -> Result<(), Status> {
        if self.waiter.is_some() {
            return Err(Status::precondition("write input: the write before has not gone through yet"));
        }
        let Some(known) = self.taken.checked_sub(offset) else {
            return Err(Status::invalid(format!("write input at {offset}: only {} bytes came before", self.taken)));
        };
        data.drain(..data.len().min(usize::try_from(known).unwrap_or(usize::MAX)));
        self.waiter = Some(Waiter { stream, data, sent: 0, end });
        Ok(())
    }

    /// Writes what it can. The request to answer, and how, once it is done.
    pub fn proceed(&mut self, epoll: &Epoll, token: Token) -> Option<(u32, Result<(), Status>)> {
        let waiter = self.waiter.as_mut()?;
        let result = match &self.sink {
            Sink::Awaited => return None,
            Sink::Closed if waiter.data.is_empty() => Ok(()),
            Sink::Closed => Err(Status::precondition("write input: it is closed")),
            Sink::Open(fd) => match write_all(fd, &waiter.data, &mut waiter.sent, &mut self.taken) {
                Ok(()) => Ok(()),
                Err(e) if sys::is(&e, libc::EAGAIN) => {
                    if epoll.watch(fd, epoll::WRITE | epoll::ONCE, token.pack()).is_ok() {
                        return None;
                    }
                    Err(Status::precondition("write input: cannot wait for room"))
                }
                Err(e) => {
                    self.sink = Sink::Closed;
                    Err(Status::precondition(format!("write input: {}", sys::text(&e))))
                }
            },
        };
        let waiter = self.waiter.take()?;
        if waiter.end && result.is_ok() {
            self.sink = Sink::Closed;
        }
        Some((waiter.stream, result))
    }

    /// Nobody reads it any more.
    pub fn close(&mut self) {
        self.sink = Sink::Closed;
    }

    /// The request that waits, which will not be carried out.
    pub fn take_waiter(&mut self) -> Option<u32> {
        self.waiter.take().map(|waiter| waiter.stream)
    }

    pub fn forget_waiter(&mut self, epoll: &Epoll) {
        if self.waiter.take().is_some() {
            if let Sink::Open(fd) = &self.sink {
                epoll.forget(fd);
            }
        }
    }
}

fn write_all(fd: &OwnedFd, data: &[u8], sent: &mut usize, taken: &mut u64) -> io::Result<()> {
    while *sent < data.len() {
        let rest = &data[*sent..];
        // SAFETY: a pointer with its length.
        let count = check(unsafe { libc::write(fd.as_raw_fd(), rest.as_ptr().cast(), rest.len()) } as i64)?;
        *sent += count as usize;
        *taken += count as u64;
    }
    Ok(())
}
