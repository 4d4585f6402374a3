//! The socket to the daemon: non-blocking, every wait with a deadline.

use crate::failure::errno;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::CString;
use std::mem::{offset_of, size_of_val, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

/// As many as HELLO carries.
const DESCRIPTORS: usize = 5;

pub struct Connection {
    socket: OwnedFd,
    /// What came beside the frames and was not taken.
    received: RefCell<VecDeque<OwnedFd>>,
}

impl Connection {
    /// Connects, or the errno: ENOENT and ECONNREFUSED mean that nobody listens.
    pub fn open(path: &Path) -> Result<Self, i32> {
        let mut address: libc::sockaddr_un = {
            // SAFETY: all zeros is a valid sockaddr_un.
            unsafe { zeroed() }
        };
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        // A path too long for a socket address is reached through its directory's descriptor; kept until connected.
        let (_directory, name) = if path.as_os_str().len() < address.sun_path.len() {
            (None, path.as_os_str().as_bytes().to_vec())
        } else {
            let directory = open_path(path.parent().unwrap_or(Path::new("/")))?;
            let mut name = format!("/proc/self/fd/{}/", directory.as_raw_fd()).into_bytes();
            name.extend(path.file_name().map_or(&[][..], |name| name.as_bytes()));
            (Some(directory), name)
        };
        if name.len() >= address.sun_path.len() {
            return Err(libc::ENAMETOOLONG);
        }
        for (place, byte) in address.sun_path.iter_mut().zip(&name) {
            *place = *byte as libc::c_char;
        }
        let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: makes a new descriptor or gives -1.
        let number = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
        if number < 0 {
            return Err(errno());
        }
        // SAFETY: nobody else owns the descriptor just made.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        let length = offset_of!(libc::sockaddr_un, sun_path) + name.len() + 1;
        // SAFETY: `address` is initialised for `length` bytes, the closing NUL included.
        if unsafe { libc::connect(number, (&raw const address).cast(), length as libc::socklen_t) } != 0 {
            return Err(errno());
        }
        Ok(Self { socket, received: RefCell::default() })
    }

    pub fn descriptor(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Sends all of `bytes`, `descriptors` with the first of them, before `deadline` (else ETIMEDOUT).
    pub fn send(&self, bytes: &[u8], descriptors: &[RawFd], deadline: Instant) -> Result<(), i32> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.send_some(&bytes[sent..], if sent == 0 { descriptors } else { &[] }) {
                Ok(count) => sent += count,
                Err(libc::EINTR) => {}
                Err(libc::EAGAIN) => self.await_writable(deadline)?,
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// What has arrived: 0 at the end of the stream, `EAGAIN` where nothing has.
    pub fn receive(&self, buffer: &mut [u8]) -> Result<usize, i32> {
        // Aligned as a cmsghdr must be, and large enough for it and one descriptor.
        let mut control = [0_u64; 3];
        let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
        // SAFETY: all zeros is a valid msghdr; the pointers outlive the call and come with their sizes. A header that is
        // there holds one descriptor, which is new and nobody else's; the kernel closes what has no room.
        unsafe {
            let mut message: libc::msghdr = zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            message.msg_control = control.as_mut_ptr().cast();
            message.msg_controllen = size_of_val(&control) as _;
            let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
            let count = libc::recvmsg(self.descriptor(), &raw mut message, flags);
            if count < 0 {
                return Err(errno());
            }
            let header = libc::CMSG_FIRSTHDR(&message);
            if !header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS {
                let number = libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned();
                self.received.borrow_mut().push_back(OwnedFd::from_raw_fd(number));
            }
            Ok(count as usize)
        }
    }

    /// The next descriptor that came beside the frames.
    pub fn take_descriptor(&self) -> Option<OwnedFd> {
        self.received.borrow_mut().pop_front()
    }

    fn send_some(&self, bytes: &[u8], descriptors: &[RawFd]) -> Result<usize, i32> {
        // Aligned as a cmsghdr must be, and large enough for it and the descriptors.
        let mut control = [0_u64; 8];
        let size = size_of_val(descriptors);
        assert!(descriptors.len() <= DESCRIPTORS);
        let mut part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        // SAFETY: all zeros is a valid msghdr; the pointers below outlive the call; CMSG_SPACE(5 * 4) = 40 of the 64
        // bytes of `control` are used; the kernel reads `iov_base` only.
        let count = unsafe {
            let mut message: libc::msghdr = zeroed();
            message.msg_iov = &raw mut part;
            message.msg_iovlen = 1;
            if !descriptors.is_empty() {
                message.msg_control = control.as_mut_ptr().cast();
                message.msg_controllen = libc::CMSG_SPACE(size as u32) as _;
                let header = libc::CMSG_FIRSTHDR(&message);
                (*header).cmsg_level = libc::SOL_SOCKET;
                (*header).cmsg_type = libc::SCM_RIGHTS;
                (*header).cmsg_len = libc::CMSG_LEN(size as u32) as _;
                std::ptr::copy_nonoverlapping(descriptors.as_ptr().cast(), libc::CMSG_DATA(header), size);
            }
            libc::sendmsg(self.descriptor(), &message, libc::MSG_NOSIGNAL)
        };
        if count < 0 { Err(errno()) } else { Ok(count as usize) }
    }

    fn await_writable(&self, deadline: Instant) -> Result<(), i32> {
        let time = deadline.saturating_duration_since(Instant::now());
        let mut polled = libc::pollfd { fd: self.descriptor(), events: libc::POLLOUT, revents: 0 };
        // SAFETY: one entry.
        match unsafe { libc::poll(&mut polled, 1, time.as_millis() as i32) } {
            0 => Err(libc::ETIMEDOUT),
            _ => Ok(()),
        }
    }
}

/// A descriptor that names `path` and gives no access to its contents.
pub fn open_path(path: &Path) -> Result<OwnedFd, i32> {
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| libc::EINVAL)?;
    // SAFETY: `name` ends with NUL; the result is a new descriptor or -1.
    let number = unsafe { libc::open(name.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    if number < 0 {
        return Err(errno());
    }
    // SAFETY: nobody else owns the descriptor just made.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
