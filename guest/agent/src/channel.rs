//! The byte stream to the host: a virtio-serial port named "hako.agent", or vsock port 1024.
//!
//! The port is watched edge-triggered: while no host is connected it would be "ready" without end, and reads give 0
//! bytes (drivers/char/virtio_console.c, port_fops_read). A read of 0 bytes therefore means that the host is gone; or
//! that it has just come: its first bytes may overtake the news of its connection, which travel by another queue.

use crate::failure::{Doing, Failure};
use crate::sys::{self, check, epoll, epoll::Epoll, files};
use crate::token::Token;
use crate::ttrpc::{self, Frame};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::mem::take;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

const PORT_NAME: &str = "hako.agent";
const PORTS: &str = "/sys/class/virtio-ports";
/// Port 0 of a virtio-serial device is for its console.
const FIRST_PORT: &str = "vport0p1";
const VSOCK_PORT: u32 = 1024;
/// Buffers that grew beyond this are given back when all is quiet.
const KEEP: usize = 16 << 10;
const READ_AHEAD: usize = 8 << 10;

pub struct Channel {
    stream: Option<File>,
    listener: Option<OwnedFd>,
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
        let mut channel = Channel {
            stream: None,
            listener: None,
            inbox: Vec::new(),
            deaf: false,
            outbox: Vec::new(),
            sent: 0,
            waits_to_write: false,
            peer: Peer::Absent,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(port) = open_port() {
                channel.stream = Some(port);
            } else if let Ok(listener) = listen_vsock() {
                epoll.watch(&listener, epoll::READ, Token::Listener.pack()).doing(|| "watch vsock".into())?;
                channel.listener = Some(listener);
            } else if Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            } else {
                return Err(Failure::other("find the host: no virtio-serial port \"hako.agent\" and no vsock"));
            }
            channel.watch(epoll, false).doing(|| "watch the host's port".into())?;
            return Ok(channel);
        }
    }

    fn watch(&mut self, epoll: &Epoll, to_write: bool) -> io::Result<()> {
        self.waits_to_write = to_write;
        let events = epoll::EDGE | epoll::READ | if to_write { epoll::WRITE } else { 0 };
        match &self.stream {
            Some(stream) => epoll.watch(stream, events, Token::Channel.pack()),
            None => Ok(()),
        }
    }

    /// Takes a new vsock connection in place of the old one.
    pub fn accept(&mut self, epoll: &Epoll) {
        let Some(listener) = &self.listener else { return };
        let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: all zeros is an address.
        let mut peer: libc::sockaddr_vm = unsafe { std::mem::zeroed() };
        let mut length = size_of::<libc::sockaddr_vm>() as libc::socklen_t;
        // SAFETY: an address and its length; the descriptor is new.
        let accepted = unsafe { libc::accept4(listener.as_raw_fd(), (&raw mut peer).cast(), &mut length, flags) };
        if let Ok(fd) = check(accepted) {
            if peer.svm_cid != libc::VMADDR_CID_HOST {
                // A container's, by the loopback.
                // SAFETY: the descriptor is ours alone.
                unsafe { libc::close(fd as i32) };
                return;
            }
            self.forget();
            self.peer = Peer::Present;
            // SAFETY: as above.
            self.stream = Some(unsafe { File::from_raw_fd(fd as i32) });
            if self.watch(epoll, false).is_err() {
                self.stream = None;
            }
        }
    }

    /// Reads some bytes; to be called until it says `Nothing` or `Gone`.
    pub fn receive(&mut self) -> Received {
        let Some(stream) = &mut self.stream else { return Received::Nothing };
        if let Frame::Partial(whole) = ttrpc::parse(&self.inbox) {
            self.inbox.reserve(whole.saturating_sub(self.inbox.len()));
        }
        let filled = self.inbox.len();
        self.inbox.resize(filled + READ_AHEAD, 0);
        let result = stream.read(&mut self.inbox[filled..]);
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
        if self.listener.is_some() {
            self.stream = None;
        }
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
        if let Some(stream) = &mut self.stream {
            while self.sent < self.outbox.len() {
                match stream.write(&self.outbox[self.sent..]) {
                    Ok(count) if count > 0 => {
                        self.peer = Peer::Present;
                        self.sent += count;
                    }
                    _ => break,
                }
            }
        }
        let full = self.stream.is_some() && self.sent < self.outbox.len();
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

fn listen_vsock() -> io::Result<OwnedFd> {
    let device = File::open("/dev/vsock")?;
    let mut cid: u32 = 0;
    // IOCTL_VM_SOCKETS_GET_LOCAL_CID, include/uapi/linux/vm_sockets.h
    // SAFETY: the kernel writes one u32.
    check(unsafe { libc::ioctl(device.as_raw_fd(), 0x7b9, &mut cid) })?;
    if cid <= libc::VMADDR_CID_HOST || cid == libc::VMADDR_CID_ANY {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    // SAFETY: the address is a sockaddr_vm of the size that is passed; the descriptor is new.
    unsafe {
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        let socket = OwnedFd::from_raw_fd(check(libc::socket(libc::AF_VSOCK, kind, 0))? as i32);
        let mut address: libc::sockaddr_vm = std::mem::zeroed();
        address.svm_family = libc::AF_VSOCK as u16;
        address.svm_port = VSOCK_PORT;
        address.svm_cid = libc::VMADDR_CID_ANY;
        let size = size_of::<libc::sockaddr_vm>() as u32;
        check(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size))?;
        check(libc::listen(socket.as_raw_fd(), 1))?;
        Ok(socket)
    }
}
