//! Docker's `--tmpfs`: the tmpfs begins with what the image has at its place ("tmpcopyup").

use crate::sys::{check, cstr};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;

/// Copies all that is in `from`. Nothing of the container runs yet that could change it meanwhile.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let metadata = entry.metadata()?;
        let kind = metadata.file_type();
        if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
            lchown(&target, Some(metadata.uid()), Some(metadata.gid()))?;
            continue;
        }
        if kind.is_dir() {
            fs::create_dir(&target)?;
            copy(&source, &target)?;
        } else if kind.is_file() {
            io::copy(&mut File::open(&source)?, &mut File::create(&target)?)?;
        } else {
            let path = cstr(target.as_os_str().as_encoded_bytes())?;
            // SAFETY: a path that ends in zero.
            check(unsafe { libc::mknod(path.as_ptr(), metadata.mode(), metadata.rdev()) })?;
        }
        chown(&target, Some(metadata.uid()), Some(metadata.gid()))?;
        fs::set_permissions(&target, fs::Permissions::from_mode(metadata.mode() & 0o7777))?;
    }
    Ok(())
}
