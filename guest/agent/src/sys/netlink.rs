//! rtnetlink: messages built, sent and acknowledged (rtnetlink(7), include/uapi/linux/netlink.h).
//!
//! ```text
//!  nlmsghdr: length u32 | type u16 | flags u16 | sequence u32 | port u32, then the body and attributes
//!  attribute: length u16 | type u16 | value, padded to four bytes          (integers in the machine's order)
//! ```

use super::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

const HEADER: usize = 16;
/// The kernel puts no more into one answer (NLMSG_GOODSIZE, include/linux/netlink.h).
const ANSWER: usize = 8 << 10;
const ACK: u16 = 0x05; // NLM_F_REQUEST | NLM_F_ACK
pub const DUMP: u16 = 0x301; // NLM_F_REQUEST | NLM_F_DUMP
pub const CREATE: u16 = 0x400;
pub const REPLACE: u16 = 0x100;

pub struct Netlink(OwnedFd);

pub struct Message(Vec<u8>);

impl Message {
    pub fn new(kind: u16, body: &[u8]) -> Message {
        let mut bytes = vec![0; HEADER];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(body);
        Message(bytes)
    }

    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Message {
        self.0.extend_from_slice(&((4 + value.len()) as u16).to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn finish(mut self, flags: u16) -> Vec<u8> {
        let length = self.0.len() as u32;
        self.0[..4].copy_from_slice(&length.to_ne_bytes());
        self.0[6..8].copy_from_slice(&flags.to_ne_bytes());
        self.0
    }
}

impl Netlink {
    pub fn open() -> io::Result<Netlink> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: the descriptor is new.
        let socket = unsafe { check(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE))? };
        // SAFETY: as above.
        Ok(Netlink(unsafe { OwnedFd::from_raw_fd(socket as i32) }))
    }

    /// Asks for a change and waits for the kernel's word on it.
    pub fn change(&self, message: Message, flags: u16) -> io::Result<()> {
        self.exchange(message.finish(ACK | flags), |_, _| {})
    }

    /// Asks for a list; `each` gets the type and the body of every message of it.
    pub fn list(&self, message: Message, each: impl FnMut(u16, &[u8])) -> io::Result<()> {
        self.exchange(message.finish(DUMP), each)
    }

    fn exchange(&self, request: Vec<u8>, mut each: impl FnMut(u16, &[u8])) -> io::Result<()> {
        // SAFETY: a pointer with its length.
        check(unsafe { libc::send(self.0.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) } as i64)?;
        let mut bytes = [0; ANSWER];
        loop {
            // SAFETY: writes at most the length that is passed. The kernel answers every request at once.
            let count = unsafe { libc::recv(self.0.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), 0) };
            let mut rest = &bytes[..check(count as i64)? as usize];
            while let Some((kind, body, next)) = split(rest) {
                rest = next;
                match i32::from(kind) {
                    libc::NLMSG_DONE => return Ok(()),
                    libc::NLMSG_ERROR => {
                        let code = body.first_chunk().map_or(-libc::EIO, |code| i32::from_ne_bytes(*code));
                        return if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-code)) };
                    }
                    _ => each(kind, body),
                }
            }
        }
    }
}

/// The first message: type, body, what follows it.
fn split(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let header = bytes.first_chunk::<HEADER>()?;
    let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
    let body = bytes.get(HEADER..length)?;
    let kind = u16::from_ne_bytes([header[4], header[5]]);
    Some((kind, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// The value of the first attribute of `kind`.
pub fn attribute(mut bytes: &[u8], kind: u16) -> Option<&[u8]> {
    loop {
        let header = bytes.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let value = bytes.get(4..length)?;
        if u16::from_ne_bytes([header[2], header[3]]) & 0x3fff == kind {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_found_again() {
        let bytes = Message::new(16, &[0; 16]).attribute(1, &[1, 2, 3]).attribute(2, b"eth0\0").finish(ACK);
        assert_eq!((bytes.len(), bytes[0], bytes[4], bytes[6]), (16 + 16 + 8 + 12, 52, 16, 5));
        let (kind, body, rest) = split(&bytes).unwrap();
        assert_eq!((kind, rest.len()), (16, 0));
        assert_eq!(attribute(&body[16..], 2), Some(&b"eth0\0"[..]));
        assert_eq!(attribute(&body[16..], 3), None);
        assert_eq!(attribute(&[0, 0, 1, 0], 1), None, "a length below that of the header");
    }
}
