//! A daemon as far as the socket shows it; reads the frames by its own understanding of `wire/doorstep/README.md`.

use crate::home::{Home, PATIENCE, await_some};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};

pub struct FakeDaemon(UnixListener);

impl FakeDaemon {
    pub fn listen(home: &Home) -> Self {
        let _ = fs::remove_file(home.socket());
        let listener = UnixListener::bind(home.socket()).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// The next call. A door-step that only looks whether somebody listens hangs up without a word.
    pub fn accept(&self) -> Caller {
        loop {
            let stream = await_some("a call", || match self.0.accept() {
                Ok((stream, _)) => Some(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => None,
                Err(error) => panic!("accept: {error}"),
            });
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut first = 0_u8;
            // SAFETY: room for the one byte asked for, which stays where it is.
            let count = unsafe { libc::recv(stream.as_raw_fd(), (&raw mut first).cast(), 1, libc::MSG_PEEK) };
            if count == 1 {
                return Caller(stream);
            }
        }
    }

    /// Accepts, reads HELLO and acknowledges it.
    pub fn greet(&self) -> (Caller, Hello) {
        let mut caller = self.accept();
        let hello = caller.hello();
        caller.acknowledge();
        (caller, hello)
    }
}

pub struct Hello {
    pub version: u16,
    pub flags: u16,
    pub pid: i32,
    pub rows: u16,
    pub columns: u16,
    pub written: u64,
    pub input: u64,
    pub token: String,
    pub arguments: Vec<String>,
    pub environment: Vec<String>,
    /// Working directory, root, standard input, output, error.
    pub descriptors: Vec<OwnedFd>,
}

impl Hello {
    pub fn target(&self, index: usize) -> String {
        let link = format!("/proc/self/fd/{}", self.descriptors[index].as_raw_fd());
        fs::read_link(link).unwrap().into_os_string().into_string().unwrap()
    }
}

pub struct Caller(UnixStream);

impl Caller {
    pub fn hello(&mut self) -> Hello {
        let (first, descriptors) = self.first_byte();
        let mut header = [first, 0, 0, 0, 0];
        self.0.read_exact(&mut header[1..]).unwrap();
        assert_eq!(header[4], 1, "type of HELLO");
        let mut payload = vec![0; u32::from_le_bytes(header[..4].try_into().unwrap()) as usize];
        self.0.read_exact(&mut payload).unwrap();
        let mut rest = Rest(&payload);
        let hello = Hello {
            version: rest.u16(),
            flags: rest.u16(),
            pid: rest.u32() as i32,
            rows: rest.u16(),
            columns: rest.u16(),
            written: rest.u64(),
            input: rest.u64(),
            token: rest.string(),
            arguments: rest.strings(),
            environment: rest.strings(),
            descriptors,
        };
        assert!(rest.0.is_empty(), "bytes after HELLO");
        hello
    }

    /// The next frame: its type and payload; none at the end of the stream.
    pub fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut header = [0; 5];
        if self.0.read(&mut header[..1]).unwrap_or(0) == 0 {
            return None;
        }
        self.0.read_exact(&mut header[1..]).unwrap();
        let mut payload = vec![0; u32::from_le_bytes(header[..4].try_into().unwrap()) as usize];
        self.0.read_exact(&mut payload).unwrap();
        Some((header[4], payload))
    }

    /// The next frame, which must be SIGNAL.
    pub fn signal(&mut self) -> i32 {
        let (kind, payload) = self.frame().expect("a frame");
        assert_eq!(kind, 2, "type of SIGNAL");
        i32::from_le_bytes(payload.try_into().unwrap())
    }

    /// The next frame, which must be WINCH.
    pub fn winch(&mut self) -> (u16, u16) {
        let (kind, payload) = self.frame().expect("a frame");
        assert_eq!((kind, payload.len()), (3, 4), "type and length of WINCH");
        (u16::from_le_bytes([payload[0], payload[1]]), u16::from_le_bytes([payload[2], payload[3]]))
    }

    /// The next frame, which must be WRITTEN: its errno.
    pub fn written(&mut self) -> i32 {
        let (kind, payload) = self.frame().expect("a frame");
        assert_eq!(kind, 4, "type of WRITTEN");
        i32::from_le_bytes(payload.try_into().unwrap())
    }

    /// The next frame, which must be INPUT: offset and bytes.
    pub fn input(&mut self) -> (u64, Vec<u8>) {
        let (kind, mut payload) = self.frame().expect("a frame");
        assert_eq!(kind, 5, "type of INPUT");
        let bytes = payload.split_off(8);
        (u64::from_le_bytes(payload.try_into().unwrap()), bytes)
    }

    pub fn output(&mut self, descriptor: u8, position: u64, bytes: &[u8]) {
        let length = (9 + bytes.len()) as u32;
        self.send(&[&length.to_le_bytes(), &[20, descriptor][..], &position.to_le_bytes(), bytes].concat());
    }

    pub fn read(&mut self, offset: u64) {
        self.send(&[&[8, 0, 0, 0, 21], &offset.to_le_bytes()[..]].concat());
    }

    pub fn acknowledge(&mut self) {
        self.send(b"\0\0\0\0\x13");
    }

    pub fn exit(&mut self, code: u8) {
        self.send(&[4, 0, 0, 0, 16, code, 0, 0, 0]);
    }

    pub fn raw(&mut self, on: bool) {
        self.send(&[1, 0, 0, 0, 18, on.into()]);
    }

    pub fn token(&mut self, token: &str) {
        let length = token.len() as u8;
        self.send(&[&[length + 4, 0, 0, 0, 17, length, 0, 0, 0], token.as_bytes()].concat());
    }

    /// STAY with these flags, and a descriptor beside it.
    pub fn stay(&mut self, flags: u8, token: &str, descriptor: Option<RawFd>) {
        self.stay_with(flags, token, &[], descriptor);
    }

    /// The same with what the flags announce.
    pub fn stay_with(&mut self, flags: u8, token: &str, more: &[u8], descriptor: Option<RawFd>) {
        let length = token.len() as u8;
        let whole = (5 + token.len() + more.len()) as u32;
        let head = [&whole.to_le_bytes()[..], &[22, flags, length, 0, 0, 0], token.as_bytes(), more];
        let frame = head.concat();
        let mut control = [0_u64; 3];
        // SAFETY: the pointers outlive the call; the control buffer is aligned, has room for one descriptor, and its size
        // is told.
        unsafe {
            let mut part = libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() };
            let mut message: libc::msghdr = zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            if let Some(descriptor) = descriptor {
                message.msg_control = control.as_mut_ptr().cast();
                message.msg_controllen = libc::CMSG_SPACE(4) as usize;
                let header = libc::CMSG_FIRSTHDR(&message);
                (*header).cmsg_level = libc::SOL_SOCKET;
                (*header).cmsg_type = libc::SCM_RIGHTS;
                (*header).cmsg_len = libc::CMSG_LEN(4) as usize;
                libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(descriptor);
            }
            assert_eq!(libc::sendmsg(self.0.as_raw_fd(), &message, 0), frame.len() as isize);
        }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    fn first_byte(&mut self) -> (u8, Vec<OwnedFd>) {
        let mut byte = 0_u8;
        let mut control = [0_u64; 16];
        let mut descriptors = Vec::new();
        // SAFETY: the pointers outlive the call; the control buffer is aligned and its size told; what arrives in it is
        // read within the length the kernel wrote, and is nobody else's.
        unsafe {
            let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
            let mut message: libc::msghdr = zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control);
            let count = libc::recvmsg(self.0.as_raw_fd(), &mut message, libc::MSG_CMSG_CLOEXEC);
            assert_eq!(count, 1, "first byte of HELLO");
            let header = libc::CMSG_FIRSTHDR(&message);
            assert!(!header.is_null(), "no descriptors came with the first byte");
            assert_eq!((*header).cmsg_type, libc::SCM_RIGHTS);
            let size = (*header).cmsg_len - libc::CMSG_LEN(0) as usize;
            let data = libc::CMSG_DATA(header).cast::<i32>();
            for index in 0..size / size_of::<i32>() {
                descriptors.push(OwnedFd::from_raw_fd(data.add(index).read_unaligned()));
            }
        }
        (byte, descriptors)
    }
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take(2).try_into().unwrap())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take(4).try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().unwrap())
    }

    fn string(&mut self) -> String {
        let length = self.u32() as usize;
        String::from_utf8(self.take(length).to_vec()).unwrap()
    }

    fn strings(&mut self) -> Vec<String> {
        (0..self.u32()).map(|_| self.string()).collect()
    }
}
