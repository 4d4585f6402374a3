//! The byte stream to the host: a virtio-serial port named "hako.agent".
//!
//! The port is watched edge-triggered: while no host is connected it would be "ready" without end, and reads give 0
//! bytes (drivers/char/virtio_console.c, port_fops_read). A read of 0 bytes therefore means that the host is gone; or
//! that it has just come: its first bytes may overtake the news of its connection, which travel by another queue.

use crate::failure::{Doing, Failure};
use crate::sys::{self, epoll, epoll::Epoll, files};
use crate::token::Token;
use crate::ttrpc::{self, Frame};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::mem::take;
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

const PORT_NAME: &str = "hako.agent";
const PORTS: &str = "/sys/class/virtio-ports";
/// Port 0 of a virtio-serial device is for its console.
const FIRST_PORT: &str = "vport0p1";
/// Buffers that grew beyond this are given back when all is quiet.
const KEEP: usize = 16 << 10;
const READ_AHEAD: usize = 8 << 10;

pub struct Channel {
    stream: File,
    inbox: Vec<u8>,
    /// What came was no ttrpc: the rest is thrown away until the host connects anew.
    deaf: bool,
    pub outbox: Vec<u8>,
    sent: usize,
    waits_to_write: bool,
    peer: Peer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Absent,
    /// Its bytes have come, the news of its connection perhaps not yet. Should it go again before these come, the next
    /// one is told by its stream ids.
    Arriving,
    Present,
}

/// What became of a read.
pub enum Received {
    Nothing,
    Bytes,
    /// The host went away, or was replaced: what it waited for is of no interest any more.
    Gone,
}

impl Channel {
    /// Waits for the port; the host may plug it a moment after the kernel started.
    pub fn open(epoll: &Epoll) -> Result<Channel, Failure> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let stream = loop {
            if let Some(port) = open_port() {
                break port;
            }
            if Instant::now() > deadline {
                return Err(Failure::other("find the host: no virtio-serial port \"hako.agent\""));
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let mut channel = Channel {
            stream,
            inbox: Vec::new(),
            deaf: false,
            outbox: Vec::new(),
            sent: 0,
            waits_to_write: false,
            peer: Peer::Absent,
        };
        channel.watch(epoll, false).doing(|| "watch the host's port".into())?;
        Ok(channel)
    }

    fn watch(&mut self, epoll: &Epoll, to_write: bool) -> io::Result<()> {
        self.waits_to_write = to_write;
        let events = epoll::EDGE | epoll::READ | if to_write { epoll::WRITE } else { 0 };
        epoll.watch(&self.stream, events, Token::Channel.pack())
    }

    /// Reads some bytes; to be called until it says `Nothing` or `Gone`.
    pub fn receive(&mut self) -> Received {
        if let Frame::Partial(whole) = ttrpc::parse(&self.inbox) {
            self.inbox.reserve(whole.saturating_sub(self.inbox.len()));
        }
        let filled = self.inbox.len();
        self.inbox.resize(filled + READ_AHEAD, 0);
        let result = self.stream.read(&mut self.inbox[filled..]);
        self.inbox.truncate(filled + *result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) if self.peer == Peer::Arriving => return Received::Nothing,
            Ok(0) => {}
            Ok(_) => {
                if self.deaf {
                    self.inbox.clear();
                }
                if self.peer == Peer::Absent {
                    self.peer = Peer::Arriving;
                }
                return Received::Bytes;
            }
            Err(e) if sys::is(&e, libc::EAGAIN) => {
                self.peer = Peer::Present;
                return Received::Nothing;
            }
            Err(_) => {}
        }
        self.peer = Peer::Absent;
        self.forget();
        Received::Gone
    }

    /// What came cannot be ttrpc: nothing is heard until the host connects anew.
    pub fn go_deaf(&mut self) {
        self.deaf = true;
    }

    /// Lends the received bytes out, so that requests can be carried out where they lie.
    pub fn lend_inbox(&mut self) -> Vec<u8> {
        take(&mut self.inbox)
    }

    /// Takes them back, without the first `used`.
    pub fn return_inbox(&mut self, mut inbox: Vec<u8>, used: usize) {
        inbox.drain(..used);
        self.inbox = inbox;
    }

    /// Sends as much as the port takes; the rest follows when it becomes writable.
    pub fn flush(&mut self, epoll: &Epoll) {
        if self.outbox.is_empty() {
            return;
        }
        while self.sent < self.outbox.len() {
            match self.stream.write(&self.outbox[self.sent..]) {
                Ok(count) if count > 0 => {
                    self.peer = Peer::Present;
                    self.sent += count;
                }
                _ => break,
            }
        }
        let full = self.sent < self.outbox.len();
        if !full {
            self.clear_outbox();
        }
        if full != self.waits_to_write {
            let _ = self.watch(epoll, full);
        }
    }

    /// Nothing of the last conversation may get into the next.
    fn forget(&mut self) {
        self.inbox = Vec::new();
        self.deaf = false;
        self.clear_outbox();
    }

    /// Drops the answers that have not been sent.
    pub fn clear_outbox(&mut self) {
        self.sent = 0;
        self.outbox.clear();
    }

    pub fn has_grown(&self) -> bool {
        self.inbox.capacity().max(self.outbox.capacity()) > KEEP
    }

    /// Gives back the room that nothing is in.
    pub fn rest(&mut self) {
        self.inbox.shrink_to_fit();
        self.outbox.shrink_to_fit();
    }
}

fn open_port() -> Option<File> {
    // The usual place first: every kind of system call that is not made saves a millisecond of a cold start.
    let device = if is_port(FIRST_PORT) {
        FIRST_PORT.into()
    } else {
        let names = fs::read_dir(PORTS).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.into_iter().find(|name| is_port(name))?
    };
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK).open(format!("/dev/{device}")).ok()
}

fn is_port(device: &str) -> bool {
    files::read(format!("{PORTS}/{device}/name")).is_ok_and(|name| name.trim_end() == PORT_NAME)
}
