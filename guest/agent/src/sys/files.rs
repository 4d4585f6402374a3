//! Files: small bounded reads and writes, and resolution that cannot leave a container's root.

use super::{check, cstr};
use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Files of the kernel and of images are read up to here and no further.
const READ_LIMIT: u64 = 1 << 20;

/// As the kernel's MAXSYMLINKS.
const MAX_LINKS: u32 = 40;

/// `struct open_how`, include/uapi/linux/openat2.h.
#[repr(C)]
struct OpenHow {
    flags: u64,
    mode: u64,
    resolve: u64,
}

const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
const RESOLVE_IN_ROOT: u64 = 0x10;

/// Opens `path` as a process whose root is `root` would: neither `..` nor a symlink leads out of it.
pub fn open_in_root(root: BorrowedFd, path: &str, flags: i32, mode: u32) -> io::Result<OwnedFd> {
    let path = cstr(if path.is_empty() { "." } else { path })?;
    let how = OpenHow {
        flags: (flags | libc::O_CLOEXEC) as u64,
        mode: mode.into(),
        resolve: RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    let size = size_of::<OpenHow>();
    loop {
        // SAFETY: `path` and `how` live through the call; the descriptor is new.
        match check(unsafe { libc::syscall(libc::SYS_openat2, root.as_raw_fd(), path.as_ptr(), &how, size) }) {
            // A rename or mount elsewhere raced with a ".." of the path; openat2(2) asks to try again.
            Err(e) if super::is(&e, libc::EAGAIN) => continue,
            // SAFETY: as above.
            other => return other.map(|fd| unsafe { OwnedFd::from_raw_fd(fd as i32) }),
        }
    }
}

/// Opens the directory `path` in `root`, making what is missing of it.
pub fn make_dirs_in_root(root: BorrowedFd, path: &str, mode: u32) -> io::Result<OwnedFd> {
    match open_in_root(root, path, libc::O_PATH | libc::O_DIRECTORY, 0) {
        Err(e) if super::is(&e, libc::ENOENT) => {}
        other => return other,
    }
    let path = walk(root, path, |parent, name| {
        // SAFETY: `name` is one path component, taken below an open directory.
        check(unsafe { libc::mkdirat(parent.as_raw_fd(), name.as_ptr(), mode) }).map(drop)
    })?;
    open_in_root(root, &path, libc::O_PATH | libc::O_DIRECTORY, 0)
}

/// Opens the file `path` in `root` by O_PATH, making an empty one and its directories when there is none.
pub fn make_file_in_root(root: BorrowedFd, path: &str) -> io::Result<OwnedFd> {
    match open_in_root(root, path, libc::O_PATH, 0) {
        Err(e) if super::is(&e, libc::ENOENT) => {}
        other => return other,
    }
    let (folder, name) = split(path);
    make_dirs_in_root(root, folder, 0o755)?;
    // A symlink to nowhere: the file is made where it leads.
    let link = open_in_root(root, path, libc::O_PATH | libc::O_NOFOLLOW, 0).and_then(|link| read_link(&link));
    let path = match link {
        Ok(target) if target.starts_with('/') => target,
        Ok(target) => format!("{folder}/{target}"),
        Err(_) => format!("{folder}/{name}"),
    };
    make_dirs_in_root(root, split(&path).0, 0o755)?;
    drop(open_in_root(root, &path, libc::O_CREAT | libc::O_WRONLY | libc::O_NONBLOCK | libc::O_NOCTTY, 0o644)?);
    open_in_root(root, &path, libc::O_PATH, 0)
}

/// Walks along `path`, through symlinks that lead nowhere too, and has `make` make the directories that are missing.
/// The path without symlinks to which that came.
fn walk(
    root: BorrowedFd,
    path: &str,
    make: impl Fn(&OwnedFd, &std::ffi::CStr) -> io::Result<()>,
) -> io::Result<String> {
    let reversed = |path: &str| path.split('/').rev().map(String::from).collect::<Vec<_>>();
    let (mut here, mut ahead, mut links) = (String::new(), reversed(path), 0);
    while let Some(name) = ahead.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." => {
                here.truncate(here.rfind('/').unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let next = format!("{here}/{name}");
        match open_in_root(root, &next, libc::O_PATH | libc::O_NOFOLLOW, 0) {
            Ok(there) if kind(&there)? == libc::S_IFLNK => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(io::Error::from_raw_os_error(libc::ELOOP));
                }
                let target = read_link(&there)?;
                if target.starts_with('/') {
                    here.clear();
                }
                ahead.append(&mut reversed(&target));
                continue;
            }
            Err(e) if super::is(&e, libc::ENOENT) => {
                let parent = open_in_root(root, &here, libc::O_PATH | libc::O_DIRECTORY, 0)?;
                match make(&parent, &cstr(name)?) {
                    Err(e) if !super::is(&e, libc::EEXIST) => return Err(e),
                    _ => {}
                }
            }
            other => drop(other?),
        }
        here = next;
    }
    Ok(here)
}

/// What the symlink that `link` is open on says.
fn read_link(link: &OwnedFd) -> io::Result<String> {
    let mut target = vec![0u8; libc::PATH_MAX as usize];
    // SAFETY: an empty path means the link itself; at most the length that is passed is written.
    let length = check(unsafe {
        libc::readlinkat(link.as_raw_fd(), c"".as_ptr(), target.as_mut_ptr().cast(), target.len()) as i64
    })?;
    target.truncate(length as usize);
    String::from_utf8(target).map_err(|_| io::Error::from_raw_os_error(libc::EILSEQ))
}

/// Folder and last name of a path.
pub fn split(path: &str) -> (&str, &str) {
    let path = path.trim_end_matches('/');
    match path.rfind('/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => ("", path),
    }
}

/// A path by which mount(2) reaches exactly what `fd` is open on.
pub fn path_of(fd: &impl AsRawFd) -> String {
    format!("/proc/self/fd/{}", fd.as_raw_fd())
}

pub fn stat(fd: &impl AsRawFd) -> io::Result<libc::stat> {
    // SAFETY: an all-zero stat is valid, and the kernel fills it.
    unsafe {
        let mut stat = std::mem::zeroed();
        check(libc::fstat(fd.as_raw_fd(), &mut stat))?;
        Ok(stat)
    }
}

/// What lies at a path, `sync` saying whether a server is asked for it (statx(2)).
pub fn kind_of(path: &CStr, sync: i32) -> io::Result<u32> {
    let mut stat = MaybeUninit::<libc::statx>::uninit();
    // SAFETY: a path that ends in NUL, and a structure that a successful call fills.
    unsafe {
        check(libc::statx(libc::AT_FDCWD, path.as_ptr(), sync, libc::STATX_BASIC_STATS, stat.as_mut_ptr()))?;
        Ok(u32::from(stat.assume_init().stx_mode) & libc::S_IFMT)
    }
}

pub fn kind(fd: &impl AsRawFd) -> io::Result<u32> {
    Ok(stat(fd)?.st_mode & libc::S_IFMT)
}

/// All of a small text file; what is beyond the limit is left out.
pub fn read(path: impl AsRef<Path>) -> io::Result<String> {
    read_text(File::open(path)?)
}

pub fn read_text(file: File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(READ_LIMIT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// Writes to a file of the kernel: it must exist, and takes the value in one write.
pub fn write(path: impl AsRef<Path>, value: impl AsRef<[u8]>) -> io::Result<()> {
    OpenOptions::new().write(true).custom_flags(libc::O_NOCTTY).open(path)?.write_all(value.as_ref())
}

pub fn set_nonblocking(fd: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: changes the flags of an open description, no memory.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    fn in_root(name: &str, test: impl FnOnce(&Path, BorrowedFd)) {
        let folder = std::env::temp_dir().join(format!("hako-agent-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        test(&folder, File::open(&folder).unwrap().as_fd());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn symlinks_do_not_lead_out_of_the_root() {
        in_root("links", |folder, root| {
            symlink("/../../tmp/out", folder.join("absolute")).unwrap();
            symlink("../../../../up", folder.join("relative")).unwrap();
            make_dirs_in_root(root, "/absolute/x", 0o755).unwrap();
            make_file_in_root(root, "relative").unwrap();
            make_file_in_root(root, "/relative/../a/../b/c").unwrap_err();
            make_file_in_root(root, "/a/../b/./c").unwrap();
            assert!(folder.join("tmp/out/x").is_dir() && folder.join("up").is_file() && folder.join("b/c").is_file());
        });
    }

    #[test]
    fn circles_and_files_in_the_way_are_refused() {
        in_root("circles", |folder, root| {
            symlink("b", folder.join("a")).unwrap();
            symlink("a", folder.join("b")).unwrap();
            fs::write(folder.join("file"), "").unwrap();
            assert_eq!(super::super::errno(&make_dirs_in_root(root, "/a/x", 0o755).unwrap_err()), libc::ELOOP);
            assert_eq!(super::super::errno(&make_dirs_in_root(root, "/file/x", 0o755).unwrap_err()), libc::ENOTDIR);
        });
    }
}
