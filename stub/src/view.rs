//! What whoever joins the mount namespace of a process that stays finds there: the files of its container, none of the host's.

use crate::connection::open_path;
use crate::failure::{Failure, describe, errno};
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::mem::size_of_val;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::thread;

/// Absolute paths of the host, but for destinations, which count from the root.
#[derive(Debug, PartialEq, Eq)]
pub struct View {
    pub root: Vec<u8>,
    pub read_only: bool,
    pub binds: Vec<Bind>,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Bind {
    pub source: Vec<u8>,
    pub destination: Vec<u8>,
    pub read_only: bool,
}

const STACK_BYTES: usize = 256 << 10;

/// From include/uapi/linux/openat2.h and mount.h.
const RESOLVE_IN_ROOT: u64 = 0x10;
const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
const MOUNT_ATTR_RDONLY: u64 = 1;

struct Moved<T>(T);

// SAFETY: `before` gives it to one thread and does nothing until that has ended.
unsafe impl<T> Send for Moved<T> {}

/// The first thread, by which others find the process, moves into the view; `work` is done by another one that stays on the host.
pub fn before<T: Send>(view: &View, work: impl FnOnce() -> T) -> Result<T, Failure> {
    let host = File::open("/proc/self/ns/mnt").map_err(|error| failed("open the mount namespace", &error))?;
    enter(view)?;
    let work = Moved(work);
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, move || {
            let work = work;
            return_to(&host).map(|()| (work.0)())
        });
        worker.map_err(|error| failed("start a thread", &error))?.join().expect("a panic aborts")
    })
}

fn return_to(host: &File) -> Result<(), Failure> {
    // SAFETY: numbers, and a path that ends in NUL; this thread shares its directories with nobody then.
    let done = unsafe {
        libc::unshare(libc::CLONE_FS) == 0
            && libc::setns(host.as_raw_fd(), libc::CLONE_NEWNS) == 0
            && libc::chdir(c"/".as_ptr()) == 0
    };
    if done { Ok(()) } else { Err(last("go back to the host's mounts")) }
}

fn enter(view: &View) -> Result<(), Failure> {
    // SAFETY: a number.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(last("make a mount namespace"));
    }
    mount(None, c"/", libc::MS_REC | libc::MS_PRIVATE)?;
    let root = text(&view.root)?;
    mount(Some(&root), &root, libc::MS_BIND | libc::MS_REC)?;
    let top = open_path(OsStr::from_bytes(&view.root).as_ref()).map_err(|number| of("open the root", number))?;
    for bind in &view.binds {
        show(&top, bind)?;
    }
    if view.read_only {
        seal(&top)?;
    }
    // SAFETY: numbers, and paths that end in NUL. The old root lies on the new one, and is what "." leads to (pivot_root(2)).
    let done = unsafe {
        libc::fchdir(top.as_raw_fd()) == 0
            && libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) == 0
            && libc::umount2(c".".as_ptr(), libc::MNT_DETACH) == 0
            && libc::chdir(c"/".as_ptr()) == 0
    };
    if done { Ok(()) } else { Err(last("change the root")) }
}

/// Where the container has such a place: below what only its guest mounts there is none.
fn show(top: &OwnedFd, bind: &Bind) -> Result<(), Failure> {
    let Some(target) = open_below(top, &bind.destination)? else { return Ok(()) };
    let place = CString::new(format!("/proc/self/fd/{}", target.as_raw_fd())).expect("no NUL in it");
    mount(Some(&text(&bind.source)?), &place, libc::MS_BIND | libc::MS_REC)?;
    match open_below(top, &bind.destination)? {
        Some(mounted) if bind.read_only => seal(&mounted),
        _ => Ok(()),
    }
}

/// Links, which the container may have made, do not lead out of its root.
fn open_below(top: &OwnedFd, path: &[u8]) -> Result<Option<OwnedFd>, Failure> {
    let path = text(path)?;
    let how = [(libc::O_PATH | libc::O_CLOEXEC) as u64, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS];
    // SAFETY: `how` is a struct open_how, three u64; the result is a new descriptor or -1.
    let number = unsafe {
        libc::syscall(libc::SYS_openat2, top.as_raw_fd(), path.as_ptr(), how.as_ptr(), size_of_val(&how)) as i32
    };
    match number {
        -1 if [libc::ENOENT, libc::ENOTDIR, libc::ELOOP].contains(&errno()) => Ok(None),
        -1 => Err(last("open a mount's place")),
        // SAFETY: nobody else owns the descriptor just made.
        _ => Ok(Some(unsafe { OwnedFd::from_raw_fd(number) })),
    }
}

/// Read-only from here on.
fn seal(mounted: &OwnedFd) -> Result<(), Failure> {
    let attributes = [MOUNT_ATTR_RDONLY, 0, 0, 0];
    // SAFETY: `attributes` is a struct mount_attr, four u64; the path is empty: the descriptor itself.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    if result == 0 { Ok(()) } else { Err(last("make a mount read-only")) }
}

fn mount(source: Option<&CStr>, target: &CStr, flags: libc::c_ulong) -> Result<(), Failure> {
    let source = source.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: strings that end in NUL, or none.
    match unsafe { libc::mount(source, target.as_ptr(), std::ptr::null(), flags, std::ptr::null()) } {
        0 => Ok(()),
        _ => Err(last(&format!("mount {}", target.to_string_lossy()))),
    }
}

fn text(bytes: &[u8]) -> Result<CString, Failure> {
    CString::new(bytes).map_err(|_| of("read a path", libc::EINVAL))
}

fn last(action: &str) -> Failure {
    of(action, errno())
}

fn of(action: &str, number: i32) -> Failure {
    Failure::new(format!("show the container's files: {action}: {}", describe(number)))
}

fn failed(action: &str, error: &std::io::Error) -> Failure {
    of(action, error.raw_os_error().unwrap_or(libc::EIO))
}
