//! Masked and read-only paths of a container.

use super::mounts::open_source;
use crate::boot::EMPTY;
use crate::failure::{Doing, Failure};
use crate::sys::mounts::{self, Attributes};
use crate::sys::{self, files};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

const READ_ONLY: Attributes = Attributes { set: mounts::ATTR_RDONLY, clear: 0, propagation: 0, userns_fd: 0 };

/// Covers `paths` that exist: files by /dev/null, directories by an empty one.
pub fn mask(root: BorrowedFd, paths: &[String]) -> Result<(), Failure> {
    for path in paths {
        let cover = |target: OwnedFd| {
            let is_folder = files::kind(&target)? == libc::S_IFDIR;
            let source = open_source(if is_folder { EMPTY } else { "/dev/null" })?;
            let tree = mounts::clone_tree(source.as_fd(), c"", false)?;
            if is_folder {
                mounts::set_attributes(&tree, &READ_ONLY, false)?;
            }
            mounts::attach(&tree, &target)
        };
        if_there(root, path).and_then(|there| there.map_or(Ok(()), cover)).doing(|| format!("mask {path}"))?;
    }
    Ok(())
}

/// Makes `paths` that exist read-only, with what is mounted on them.
pub fn make_read_only(root: BorrowedFd, paths: &[String]) -> Result<(), Failure> {
    for path in paths {
        let cover = |target: OwnedFd| {
            let tree = mounts::clone_tree(target.as_fd(), c"", true)?;
            mounts::set_attributes(&tree, &READ_ONLY, true)?;
            mounts::attach(&tree, &target)
        };
        let result = if_there(root, path).and_then(|there| there.map_or(Ok(()), cover));
        result.doing(|| format!("make {path} read-only"))?;
    }
    Ok(())
}

fn if_there(root: BorrowedFd, path: &str) -> io::Result<Option<OwnedFd>> {
    match files::open_in_root(root, path, libc::O_PATH, 0) {
        Err(e) if sys::is(&e, libc::ENOENT) || sys::is(&e, libc::ENOTDIR) => Ok(None),
        other => other.map(Some),
    }
}
