//! The root file system of a container: a directory of the guest as it is, or an overlay.

use crate::api::Rootfs;
use crate::failure::{Doing, Failure};
use crate::sys::{files, mounts};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;

/// The directory to use, after an overlay has been mounted on `place` where one is needed (`true`).
pub fn prepare<'a>(rootfs: &'a Rootfs, place: &'a str) -> Result<(&'a str, bool), Failure> {
    match rootfs.lower.as_slice() {
        [] => Err(Failure::other("mount the root file system: no lower directory was given")),
        [only] if rootfs.upper.is_empty() => Ok((only, false)),
        lower => {
            overlay(lower, &rootfs.upper, place)?;
            Ok((place, true))
        }
    }
}

/// Mounts by descriptors' names, which are short: the kernel takes a page of options and no more.
fn overlay(lower: &[String], upper: &str, place: &str) -> Result<(), Failure> {
    let open = |path: &str| {
        let file = OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_DIRECTORY).open(path);
        file.doing(|| format!("open {path}"))
    };
    let folders = lower.iter().map(|path| open(path)).collect::<Result<Vec<File>, Failure>>()?;
    let names: Vec<_> = folders.iter().map(files::path_of).collect();
    let mut options = format!("lowerdir={}", names.join(":"));
    let mut parts = Vec::new();
    if !upper.is_empty() {
        for (option, name) in [("upperdir", "upper"), ("workdir", "work")] {
            let path = format!("{upper}/{name}");
            fs::create_dir_all(&path).doing(|| format!("make {path}"))?;
            let part = open(&path)?;
            options.push_str(&format!(",{option}={}", files::path_of(&part)));
            parts.push(part);
        }
    }
    mounts::mount("overlay", place, "overlay", 0, &options).doing(|| format!("mount an overlay of {}", lower.join(":")))
}
