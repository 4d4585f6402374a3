//! mount(2) and the descriptor-based calls beside it (include/uapi/linux/mount.h).

use super::{check, cstr};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::null;

const OPEN_TREE_CLONE: u32 = 1;
const MOVE_MOUNT_F_EMPTY_PATH: u32 = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH: u32 = 0x40;

pub const ATTR_RDONLY: u64 = 0x01;
pub const ATTR_NOSUID: u64 = 0x02;
pub const ATTR_NODEV: u64 = 0x04;
pub const ATTR_NOEXEC: u64 = 0x08;
pub const ATTR_ATIME: u64 = 0x70;
pub const ATTR_NOATIME: u64 = 0x10;
pub const ATTR_STRICTATIME: u64 = 0x20;
pub const ATTR_NODIRATIME: u64 = 0x80;
pub const ATTR_NOSYMFOLLOW: u64 = 0x20_0000;

/// `struct mount_attr`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    pub set: u64,
    pub clear: u64,
    pub propagation: u64,
    pub userns_fd: u64,
}

pub fn mount(source: &str, target: &str, fstype: &str, flags: libc::c_ulong, data: &str) -> io::Result<()> {
    let (source, target, fstype, data) = (cstr(source)?, cstr(target)?, cstr(fstype)?, cstr(data)?);
    let data = if data.is_empty() { null() } else { data.as_ptr() };
    // SAFETY: four strings that end in zero and outlive the call.
    check(unsafe { libc::mount(source.as_ptr(), target.as_ptr(), fstype.as_ptr(), flags, data.cast()) }).map(drop)
}

pub fn unmount(target: &str, flags: i32) -> io::Result<()> {
    let target = cstr(target)?;
    // SAFETY: a string that ends in zero.
    check(unsafe { libc::umount2(target.as_ptr(), flags) }).map(drop)
}

/// A mount of its own of what `path` shows (with what is mounted below it, when `recursive`), attached nowhere yet.
pub fn clone_tree(folder: BorrowedFd, path: &CStr, recursive: bool) -> io::Result<OwnedFd> {
    let mut flags = OPEN_TREE_CLONE | libc::O_CLOEXEC as u32 | libc::AT_EMPTY_PATH as u32;
    if recursive {
        flags |= libc::AT_RECURSIVE as u32;
    }
    // SAFETY: the path ends in zero; the descriptor is new.
    unsafe {
        let fd = check(libc::syscall(libc::SYS_open_tree, folder.as_raw_fd(), path.as_ptr(), flags))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

pub fn set_attributes(mount: &impl AsRawFd, attributes: &Attributes, recursive: bool) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let (fd, size) = (mount.as_raw_fd(), size_of::<Attributes>());
    // SAFETY: the structure has the size that is passed.
    check(unsafe { libc::syscall(libc::SYS_mount_setattr, fd, c"".as_ptr(), flags, attributes, size) }).map(drop)
}

/// Attaches a detached mount over what `target` is open on.
pub fn attach(mount: &impl AsRawFd, target: &impl AsRawFd) -> io::Result<()> {
    let (from, to) = (mount.as_raw_fd(), target.as_raw_fd());
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: empty paths; both descriptors are open.
    check(unsafe { libc::syscall(libc::SYS_move_mount, from, c"".as_ptr(), to, c"".as_ptr(), flags) }).map(drop)
}

/// Makes `folder` the root of this mount namespace and drops all that was mounted before.
pub fn switch_root(folder: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: plain calls. pivot_root(".", ".") stacks the old root over the new one at "/"; the old one, on top,
    // is then detached (pivot_root(2), "pivot_root(".", ".")").
    unsafe {
        check(libc::fchdir(folder.as_raw_fd()))?;
        check(libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()))?;
        check(libc::umount2(c".".as_ptr(), libc::MNT_DETACH))?;
        check(libc::chdir(c"/".as_ptr()))?;
    }
    Ok(())
}
