//! The system calls the agent needs and the standard library lacks, each as thin as it can be.

pub mod bpf;
pub mod epoll;
pub mod files;
pub mod mounts;
pub mod netlink;
pub mod process;
pub mod sockets;

use std::ffi::CString;
use std::io;

/// The result of a call that says -1 and sets errno.
pub fn check(result: impl Into<i64>) -> io::Result<i64> {
    match result.into() {
        -1 => Err(io::Error::last_os_error()),
        value => Ok(value),
    }
}

/// A path or option as the kernel wants it; EINVAL for one with a zero byte in it.
pub fn cstr(text: impl Into<Vec<u8>>) -> io::Result<CString> {
    CString::new(text).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))
}

pub fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EIO)
}

pub fn is(error: &io::Error, errno: i32) -> bool {
    error.raw_os_error() == Some(errno)
}

/// "No such file or directory", without the number the standard library appends.
pub fn text(error: &io::Error) -> String {
    let mut text = error.to_string();
    if let Some(end) = text.find(" (os error") {
        text.truncate(end);
    }
    text
}
