//! The kernel's announcements of devices (NETLINK_KOBJECT_UEVENT), heard only while something waits for a device.

use crate::sys::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub struct Uevents(OwnedFd);

impl Uevents {
    pub fn open() -> io::Result<Uevents> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: the address is a sockaddr_nl of the size that is passed; the descriptor is new.
        unsafe {
            let socket =
                OwnedFd::from_raw_fd(check(libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_KOBJECT_UEVENT))? as i32);
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            address.nl_family = libc::AF_NETLINK as u16;
            address.nl_groups = 1;
            let size = size_of::<libc::sockaddr_nl>() as u32;
            check(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size))?;
            Ok(Uevents(socket))
        }
    }

    /// Takes all that was announced: that something was is enough to look again.
    pub fn drain(&self) {
        let mut bytes = [0u8; 2048];
        // SAFETY: writes at most the length that is passed.
        while unsafe { libc::recv(self.0.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), 0) } > 0 {}
    }
}

impl AsRawFd for Uevents {
    fn as_raw_fd(&self) -> i32 {
        self.0.as_raw_fd()
    }
}
