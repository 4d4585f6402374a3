//! What a child that is being set up tells the agent, over a socket pair that closes when it has become the program.

use crate::api::start_failure::Reason;
use crate::failure::Failure;
use crate::sys::sockets;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

#[derive(Debug)]
pub enum Report {
    /// All is done but the execution; a container's first process now waits for [`go`].
    Ready,
    /// The master of the process's terminal.
    Terminal(OwnedFd),
    Failed(Failure),
    /// The program runs, or the child died.
    Closed,
}

const READY: u8 = 1;
const TERMINAL: u8 = 2;
const FAILED: u8 = 3;
const LIMIT: usize = 2048;
/// Bytes of a [`task`]; the socket takes three times as much (net.core.wmem_default).
pub const MAX_TASK: usize = 64 << 10;

pub fn ready(socket: &OwnedFd) -> io::Result<()> {
    sockets::send(socket, &[READY], None)
}

pub fn terminal(socket: &OwnedFd, master: &OwnedFd) -> io::Result<()> {
    sockets::send(socket, &[TERMINAL], Some(master))
}

pub fn failed(socket: &OwnedFd, failure: &Failure) -> io::Result<()> {
    sockets::send(socket, &encode(failure), None)
}

/// Tells a child that has been built ahead what it becomes.
pub fn task(socket: &OwnedFd, request: &[u8]) -> io::Result<()> {
    sockets::send(socket, &(request.len() as u32).to_ne_bytes(), None)?;
    if request.is_empty() { Ok(()) } else { sockets::send(socket, request, None) }
}

/// Waits for [`task`]; `None` when the agent does not want the child any more.
pub fn await_task(socket: &OwnedFd) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    read(socket, &mut length)?;
    let mut bytes = vec![0; u32::from_ne_bytes(length) as usize];
    if !bytes.is_empty() {
        read(socket, &mut bytes)?;
    }
    Some(bytes)
}

/// One message of just this length.
fn read(socket: &OwnedFd, bytes: &mut [u8]) -> Option<()> {
    // SAFETY: a pointer with its length.
    let count = unsafe { libc::read(socket.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len()) };
    (count == bytes.len() as isize).then_some(())
}

/// Lets a first process become its program. `state` is for its hooks, [`MAX_TASK`] at most.
pub fn start(socket: &OwnedFd, state: &[u8]) -> io::Result<()> {
    task(socket, state)
}

/// Waits for [`start`]; `None` when the agent does not want the child any more.
pub fn await_start(socket: &OwnedFd) -> Option<Vec<u8>> {
    await_task(socket)
}

/// Lets a waiting child go on.
pub fn go(socket: &OwnedFd) -> io::Result<()> {
    sockets::send(socket, &[0], None)
}

/// Waits for [`go`]; false when the agent does not want the child any more.
pub fn await_go(socket: &OwnedFd) -> bool {
    read(socket, &mut [0]).is_some()
}

/// The next report, `None` when there is none yet.
pub fn receive(socket: &OwnedFd) -> Option<Report> {
    let mut bytes = [0; LIMIT];
    match sockets::receive(socket, &mut bytes) {
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => None,
        Err(_) | Ok((0, _)) => Some(Report::Closed),
        Ok((length, fd)) => Some(match (bytes[0], fd) {
            (READY, _) => Report::Ready,
            (TERMINAL, Some(fd)) => Report::Terminal(fd),
            _ => Report::Failed(decode(&bytes[..length])),
        }),
    }
}

fn encode(failure: &Failure) -> Vec<u8> {
    let mut bytes = vec![FAILED, failure.reason as u8];
    bytes.extend(failure.errno.to_le_bytes());
    bytes.extend(failure.message.bytes().take(LIMIT - 6));
    bytes
}

fn decode(bytes: &[u8]) -> Failure {
    let reason = bytes.get(1).and_then(|reason| Reason::try_from(i32::from(*reason)).ok()).unwrap_or(Reason::Other);
    let errno = bytes.get(2..6).map_or(0, |errno| i32::from_le_bytes([errno[0], errno[1], errno[2], errno[3]]));
    Failure::new(reason, errno, String::from_utf8_lossy(bytes.get(6..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_survive_the_way() {
        let failure = Failure::new(Reason::User, libc::ENOENT, "become user x");
        assert_eq!(decode(&encode(&failure)), failure);
        assert_eq!(decode(&[FAILED]).reason, Reason::Other);
        let long = Failure::new(Reason::Other, 1, "x".repeat(10_000));
        assert_eq!(encode(&long).len(), LIMIT);
    }
}
