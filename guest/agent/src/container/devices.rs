//! What is in a container's /dev: the default nodes and links of the runtime spec
//! (https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#default-devices) and those it asks for.

use super::mounts::open_source;
use crate::failure::{Doing, Failure};
use crate::spec::{Device, Mount};
use crate::sys::{self, check, cstr, files, mounts};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

/// Name, major, minor (Documentation/admin-guide/devices.txt).
const DEFAULTS: [(&str, u32, u32); 6] =
    [("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
];

/// Fills /dev, unless it is a directory of the guest, bound.
pub fn populate(root: BorrowedFd, mounts: &[Mount], devices: &[Device]) -> Result<(), Failure> {
    let is_bound = |mount: &Mount| mount.options.iter().any(|o| o == "bind" || o == "rbind");
    if mounts.iter().any(|mount| mount.destination.trim_end_matches('/') == "/dev" && is_bound(mount)) {
        return Ok(());
    }
    for (name, major, minor) in DEFAULTS {
        let path = format!("/dev/{name}");
        if devices.iter().all(|device| device.path != path) {
            let device = Device { path, kind: "c".into(), major, minor, file_mode: Some(0o666), ..Device::default() };
            node(root, &device)?;
        }
    }
    for device in devices {
        node(root, device)?;
    }
    for (path, target) in LINKS {
        link(root, path, target).doing(|| format!("link {path}"))?;
    }
    Ok(())
}

fn node(root: BorrowedFd, device: &Device) -> Result<(), Failure> {
    let kind = match device.kind.as_str() {
        "c" | "u" => libc::S_IFCHR,
        "b" => libc::S_IFBLK,
        "p" => libc::S_IFIFO,
        other => return Err(Failure::other(format!("make {}: \"{other}\" is no kind of device", device.path))),
    };
    make(root, device, kind).doing(|| format!("make device {}", device.path))
}

fn make(root: BorrowedFd, device: &Device, kind: u32) -> io::Result<()> {
    let (folder, name) = files::split(&device.path);
    let parent = files::make_dirs_in_root(root, folder, 0o755)?;
    let (name, number) = (cstr(name)?, libc::makedev(device.major, device.minor));
    let mode = device.file_mode.unwrap_or(0o666) & 0o7777;
    // SAFETY: one path component that ends in zero, below an open directory.
    match check(unsafe { libc::mknodat(parent.as_raw_fd(), name.as_ptr(), kind | mode, number) }) {
        Ok(_) => {}
        // The image has one already: it stays if it is the right one.
        Err(e) if sys::is(&e, libc::EEXIST) => {
            let there = files::open_in_root(parent.as_fd(), file_name(device), libc::O_PATH | libc::O_NOFOLLOW, 0)?;
            let stat = files::stat(&there)?;
            return if stat.st_mode & libc::S_IFMT == kind && stat.st_rdev == number { Ok(()) } else { Err(e) };
        }
        // Not in a user namespace: the guest's own node is shown instead.
        Err(e) if sys::is(&e, libc::EPERM) => {
            let source = open_source(&format!("/dev/{}", guest_name(device)))?;
            let tree = mounts::clone_tree(source.as_fd(), c"", false)?;
            return mounts::attach(&tree, &files::make_file_in_root(root, &device.path)?);
        }
        Err(e) => return Err(e),
    }
    let (uid, gid) = (device.uid.unwrap_or(0), device.gid.unwrap_or(0));
    // SAFETY: as above. The umask is 0 here, so the mode needs no correction.
    unsafe { check(libc::fchownat(parent.as_raw_fd(), name.as_ptr(), uid, gid, libc::AT_SYMLINK_NOFOLLOW)).map(drop) }
}

fn file_name(device: &Device) -> &str {
    files::split(&device.path).1
}

fn guest_name(device: &Device) -> &str {
    if device.name.is_empty() { file_name(device) } else { &device.name }
}

/// A symlink, in place of a file of that name if there is one.
fn link(root: BorrowedFd, path: &str, target: &str) -> io::Result<()> {
    let (folder, name) = files::split(path);
    let parent = files::make_dirs_in_root(root, folder, 0o755)?;
    let (name, target) = (cstr(name)?, cstr(target)?);
    // SAFETY: strings that end in zero; one path component below an open directory.
    unsafe {
        match check(libc::symlinkat(target.as_ptr(), parent.as_raw_fd(), name.as_ptr())) {
            Err(e) if sys::is(&e, libc::EEXIST) => {}
            other => return other.map(drop),
        }
        if path != "/dev/ptmx" {
            return Ok(());
        }
        check(libc::unlinkat(parent.as_raw_fd(), name.as_ptr(), 0))?;
        check(libc::symlinkat(target.as_ptr(), parent.as_raw_fd(), name.as_ptr())).map(drop)
    }
}
