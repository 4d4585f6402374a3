//! What whoever joins the mount namespace of a process that stays finds there: the files of its container, none of the host's.

use crate::connection::open_path;
use crate::failure::{Failure, describe, errno};
use std::ffi::{CStr, CString};
use std::fs::File;
use std::mem::size_of_val;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::Path;
use std::ptr;
use std::thread;

/// Absolute paths of the caller's, but for destinations, which count from the root.
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
const OPEN_TREE_CLONE: i32 = 1;
const MOVE_MOUNT_F_EMPTY_PATH: i32 = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH: i32 = 0x40;

struct Moved<T>(T);

// SAFETY: `before` gives it to one thread and does nothing until that has ended.
unsafe impl<T> Send for Moved<T> {}

/// Where the caller's paths mean what they do: its mount namespace, and its root there.
struct Caller {
    namespace: File,
    root: OwnedFd,
}

/// The first thread, by which others find the process, moves into the view; `work` is done by another one that stays with the caller.
pub fn before<T: Send>(view: &View, work: impl FnOnce() -> T) -> Result<T, Failure> {
    let caller = Caller {
        namespace: own_namespace()?,
        root: open_path(Path::new("/")).map_err(|number| of("open the root directory", number))?,
    };
    enter(view)?;
    let work = Moved(work);
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, move || {
            let work = work;
            return_to(&caller).map(|()| (work.0)())
        });
        worker.map_err(|error| failed("start a thread", &error))?.join().expect("a panic aborts")
    })
}

fn own_namespace() -> Result<File, Failure> {
    File::open("/proc/self/ns/mnt").map_err(|error| failed("open the mount namespace", &error))
}

fn return_to(caller: &Caller) -> Result<(), Failure> {
    // SAFETY: numbers, and paths that end in NUL; this thread shares its directories with nobody then.
    let done = unsafe {
        libc::unshare(libc::CLONE_FS) == 0
            && libc::setns(caller.namespace.as_raw_fd(), libc::CLONE_NEWNS) == 0
            && libc::fchdir(caller.root.as_raw_fd()) == 0
            && libc::chroot(c".".as_ptr()) == 0
            && libc::chdir(c"/".as_ptr()) == 0
    };
    if done { Ok(()) } else { Err(last("go back to the host's mounts")) }
}

fn enter(view: &View) -> Result<(), Failure> {
    // SAFETY: a number.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(last("make a mount namespace"));
    }
    // All by their paths, as long as they mean what the caller means.
    let top = tree(&view.root)?;
    let binds = view.binds.iter().map(|bind| Ok((tree(&bind.source)?, bind)));
    let binds = binds.collect::<Result<Vec<_>, Failure>>()?;
    // SAFETY: an open descriptor and numbers. Who enters a namespace, be it its own, is in its root: the caller's may be elsewhere.
    if unsafe { libc::setns(own_namespace()?.as_raw_fd(), libc::CLONE_NEWNS) } != 0 {
        return Err(last("go to the root of the mount namespace"));
    }
    // SAFETY: a path that ends in NUL, or none. Nothing that is done here shows to others.
    if unsafe { libc::mount(ptr::null(), c"/".as_ptr(), ptr::null(), libc::MS_REC | libc::MS_PRIVATE, ptr::null()) }
        != 0
    {
        return Err(last("part with the host's mounts"));
    }
    attach(&top, libc::AT_FDCWD, c"/")?;
    for (tree, bind) in &binds {
        show(&top, tree, bind)?;
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
fn show(top: &OwnedFd, tree: &OwnedFd, bind: &Bind) -> Result<(), Failure> {
    let Some(target) = open_below(top, &bind.destination)? else { return Ok(()) };
    if bind.read_only {
        seal(tree)?;
    }
    attach(tree, target.as_raw_fd(), c"")
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

/// Read-only from here on, but for what is mounted below.
fn seal(mounted: &OwnedFd) -> Result<(), Failure> {
    change(mounted, 0, [MOUNT_ATTR_RDONLY, 0, 0, 0]).map_err(|number| of("make a mount read-only", number))
}

/// A copy of what is mounted at a path and below it, mounted nowhere yet. What comes and goes there is nobody else's.
fn tree(path: &[u8]) -> Result<OwnedFd, Failure> {
    let name = text(path)?;
    let flags = OPEN_TREE_CLONE | libc::AT_RECURSIVE | libc::O_CLOEXEC;
    let failed = |number| of(&format!("copy the mount of {}", name.to_string_lossy()), number);
    // SAFETY: a path that ends in NUL, and numbers; the result is a new descriptor or -1.
    let number = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, name.as_ptr(), flags) as i32 };
    if number < 0 {
        return Err(failed(errno()));
    }
    // SAFETY: nobody else owns the descriptor just made.
    let tree = unsafe { OwnedFd::from_raw_fd(number) };
    change(&tree, libc::AT_RECURSIVE, [0, 0, libc::MS_PRIVATE, 0]).map_err(failed)?;
    Ok(tree)
}

/// `attributes`: a struct mount_attr, whose members are set, cleared, propagation and a user namespace.
fn change(mounted: &OwnedFd, depth: i32, attributes: [u64; 4]) -> Result<(), i32> {
    let flags = libc::AT_EMPTY_PATH | depth;
    // SAFETY: `attributes` is as the kernel has it; the path is empty: the descriptor itself.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mounted.as_raw_fd(),
            c"".as_ptr(),
            flags,
            attributes.as_ptr(),
            size_of_val(&attributes),
        )
    };
    if result == 0 { Ok(()) } else { Err(errno()) }
}

/// Mounts a copy at `path`, or where that is empty at `directory`.
fn attach(tree: &OwnedFd, directory: i32, path: &CStr) -> Result<(), Failure> {
    let flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    // SAFETY: paths that end in NUL, and numbers.
    let result =
        unsafe { libc::syscall(libc::SYS_move_mount, tree.as_raw_fd(), c"".as_ptr(), directory, path.as_ptr(), flags) };
    if result == 0 { Ok(()) } else { Err(last("mount what the container has")) }
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
