//! A pseudo-terminal in the container's own devpts (Documentation/filesystems/devpts.rst).

use crate::failure::{Doing, Failure};
use crate::spec::ConsoleSize;
use crate::sys::{self, check, files, mounts};
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

const DEVPTS_SUPER_MAGIC: i64 = 0x1cd1;

pub struct Terminal {
    pub master: OwnedFd,
    pub slave: OwnedFd,
}

impl Terminal {
    /// Opens a pair below `root`. What is found at /dev/pts/ptmx may be anything the container put there, so it is used
    /// only if a devpts file system vouches for it.
    pub fn open(root: BorrowedFd, size: Option<ConsoleSize>) -> Result<Terminal, Failure> {
        let terminal = Self::open_pair(root).doing(|| "open a terminal by /dev/pts/ptmx".into())?;
        if let Some(size) = size {
            resize(&terminal.master, size.height, size.width).doing(|| "set the size of the terminal".into())?;
        }
        Ok(terminal)
    }

    fn open_pair(root: BorrowedFd) -> io::Result<Terminal> {
        let there = files::open_in_root(root, "/dev/pts/ptmx", libc::O_PATH | libc::O_NOFOLLOW, 0)?;
        // SAFETY: an all-zero statfs is valid, and the kernel fills it.
        let magic = unsafe {
            let mut statfs: libc::statfs = std::mem::zeroed();
            check(libc::fstatfs(there.as_raw_fd(), &mut statfs))?;
            statfs.f_type
        };
        if magic != DEVPTS_SUPER_MAGIC {
            return Err(io::Error::from_raw_os_error(libc::ENOTTY));
        }
        let flags = libc::O_RDWR | libc::O_NOCTTY;
        let master = files::open_in_root(root, "/dev/pts/ptmx", flags | libc::O_NOFOLLOW, 0)?;
        let unlock = 0;
        // SAFETY: TIOCSPTLCK reads an int; TIOCGPTPEER gives a new descriptor.
        unsafe {
            check(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &unlock))?;
            let slave = check(libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags | libc::O_CLOEXEC))?;
            Ok(Terminal { master, slave: OwnedFd::from_raw_fd(slave as i32) })
        }
    }

    /// Shows the terminal as /dev/console.
    pub fn bind_console(&self, root: BorrowedFd) -> Result<(), Failure> {
        let bind = || {
            let number = self.number()?;
            let slave = files::open_in_root(root, &format!("/dev/pts/{number}"), libc::O_PATH | libc::O_NOFOLLOW, 0)?;
            let tree = mounts::clone_tree(slave.as_fd(), c"", false)?;
            mounts::attach(&tree, &files::make_file_in_root(root, "/dev/console")?)
        };
        bind().doing(|| "bind the terminal to /dev/console".into())
    }

    fn number(&self) -> io::Result<u32> {
        let mut number = 0;
        // SAFETY: TIOCGPTN writes an unsigned int.
        check(unsafe { libc::ioctl(self.master.as_raw_fd(), libc::TIOCGPTN, &mut number) })?;
        Ok(number)
    }
}

/// Makes the terminal on `fd` the controlling one of this session.
pub fn control(fd: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: takes a number.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSCTTY, 0) }).map(drop)
}

pub fn resize(terminal: &impl AsRawFd, rows: u16, columns: u16) -> io::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: TIOCSWINSZ reads a winsize.
    check(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &size) }).map(drop)
}

/// The agent's /dev/null.
pub fn null() -> io::Result<OwnedFd> {
    let null = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open("/dev/null");
    null.map(OwnedFd::from).map_err(|e| io::Error::from_raw_os_error(sys::errno(&e)))
}
