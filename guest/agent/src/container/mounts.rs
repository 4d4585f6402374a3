//! The mounts of a container, made in its own mount namespace while the agent's tree is still in sight.
//!
//! Destinations are resolved inside the container's root, which the image or another container may have prepared with
//! symlinks; sources are the guest's own and may not lead over symlinks, so that no container can bend them.

use super::options::Options;
use crate::boot::CGROUPS;
use crate::failure::{Doing, Failure};
use crate::spec::Mount;
use crate::sys::mounts::{self, Attributes};
use crate::sys::{self, cstr, files};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::path::Path;

/// What a mount needs to know of its container.
pub struct Scene<'a> {
    /// The container's root.
    pub root: BorrowedFd<'a>,
    pub has_cgroup_namespace: bool,
    pub cgroup: &'a str,
}

impl Scene<'_> {
    pub fn mount(&self, mount: &Mount) -> Result<(), Failure> {
        let options = Options::parse(&mount.options);
        let what = if mount.source.is_empty() { &mount.fstype } else { &mount.source };
        let doing = || format!("mount {what} on {}", mount.destination);
        if options.bind || mount.fstype == "bind" {
            return self.bind(&mount.source, &mount.destination, &options).doing(doing);
        }
        // A symlink here would leave the paths that are masked later unmasked (CVE-2019-16884).
        if ["proc", "sysfs"].contains(&mount.fstype.as_str()) && self.is_symlink(&mount.destination) {
            return Err(Failure::other(format!("{}: it must be mounted on ordinary directory", doing())));
        }
        self.file_system(mount, &options).doing(doing)
    }

    pub fn bind(&self, source: &str, destination: &str, options: &Options) -> io::Result<()> {
        let source = open_source(source)?;
        let is_folder = files::kind(&source)? == libc::S_IFDIR;
        let tree = mounts::clone_tree(source.as_fd(), c"", options.recursive)?;
        if options.attributes() != Attributes::default() {
            mounts::set_attributes(&tree, &options.attributes(), false)?;
        }
        set_deep(&tree, options)?;
        let target = if is_folder {
            files::make_dirs_in_root(self.root, destination, 0o755)?
        } else {
            files::make_file_in_root(self.root, destination)?
        };
        mounts::attach(&tree, &target)
    }

    fn file_system(&self, mount: &Mount, options: &Options) -> io::Result<()> {
        let covers = files::open_in_root(self.root, &mount.destination, libc::O_PATH, 0).is_ok();
        let target = files::make_dirs_in_root(self.root, &mount.destination, 0o755)?;
        let path = files::path_of(&target);
        let source = if mount.source.is_empty() { &mount.fstype } else { &mount.source };
        match mount.fstype.as_str() {
            "cgroup" | "cgroup2" => self.cgroups(&target, options)?,
            "sysfs" => match mounts::mount(source, &path, "sysfs", options.flags, "") {
                // A user namespace without a network namespace may not mount it, but may see the guest's.
                Err(e) if sys::is(&e, libc::EPERM) => self.read_only_bind("/sys", &target)?,
                other => other?,
            },
            "tmpfs" => self.tmpfs(source, mount, covers, &target, options)?,
            fstype => mounts::mount(source, &path, fstype, options.flags, &options.data)?,
        }
        if options.propagation != 0 || options.deep != Attributes::default() {
            set_deep(&files::open_in_root(self.root, &mount.destination, libc::O_PATH, 0)?, options)?;
        }
        Ok(())
    }

    /// A tmpfs has the mode of the directory it covers, where its options give none; one that covers nothing is everybody's.
    fn tmpfs(&self, source: &str, mount: &Mount, covers: bool, target: &OwnedFd, options: &Options) -> io::Result<()> {
        let mut data = options.data.clone();
        if covers && !data.split(',').any(|option| option.starts_with("mode=")) {
            let mode = files::stat(target)?.st_mode & 0o7777;
            data = if data.is_empty() { format!("mode={mode:o}") } else { format!("{data},mode={mode:o}") };
        }
        mounts::mount(source, &files::path_of(target), "tmpfs", options.flags & !libc::MS_RDONLY, &data)?;
        if options.copy_up {
            let over = files::open_in_root(self.root, &mount.destination, libc::O_PATH | libc::O_DIRECTORY, 0)?;
            super::copy_up::copy(Path::new(&files::path_of(target)), Path::new(&files::path_of(&over)))?;
        }
        Ok(())
    }

    /// Shows the container's part of the cgroup tree.
    fn cgroups(&self, target: &OwnedFd, options: &Options) -> io::Result<()> {
        if self.has_cgroup_namespace {
            let path = files::path_of(target);
            match mounts::mount("cgroup", &path, "cgroup2", options.flags, "") {
                Err(e) if sys::is(&e, libc::EPERM) || sys::is(&e, libc::EBUSY) => {}
                other => return other,
            }
        }
        let tree = mounts::clone_tree(open_source(self.cgroup)?.as_fd(), c"", false)?;
        mounts::set_attributes(&tree, &options.attributes(), false)?;
        mounts::attach(&tree, target)
    }

    fn read_only_bind(&self, source: &str, target: &OwnedFd) -> io::Result<()> {
        let tree = mounts::clone_tree(open_source(source)?.as_fd(), c"", true)?;
        let read_only = Attributes { set: mounts::ATTR_RDONLY, ..Attributes::default() };
        mounts::set_attributes(&tree, &read_only, true)?;
        mounts::attach(&tree, target)
    }

    /// Makes what is mounted at `path` read-only, now that it has been filled.
    pub fn seal(&self, path: &str) -> io::Result<()> {
        let mount = files::open_in_root(self.root, path, libc::O_PATH, 0)?;
        let read_only = Attributes { set: mounts::ATTR_RDONLY, ..Attributes::default() };
        mounts::set_attributes(&mount, &read_only, false)
    }

    fn is_symlink(&self, path: &str) -> bool {
        files::open_in_root(self.root, path.trim_end_matches('/'), libc::O_PATH | libc::O_NOFOLLOW, 0)
            .and_then(|fd| files::kind(&fd))
            .is_ok_and(|kind| kind == libc::S_IFLNK)
    }
}

/// Has the kernel ask the host for the sizes of files that were mounted a while ago: managers write some, the names of a network
/// among them, when the container is made already. From within its root.
pub fn refresh(mounts: &[Mount]) {
    let bound = mounts.iter().filter(|mount| mount.fstype == "bind" || Options::parse(&mount.options).bind);
    for path in bound.filter_map(|mount| cstr(mount.destination.as_str()).ok()) {
        if files::kind_of(&path, libc::AT_STATX_DONT_SYNC).is_ok_and(|kind| kind == libc::S_IFREG) {
            let _ = files::kind_of(&path, libc::AT_STATX_FORCE_SYNC); // one that went is the program's to find
        }
    }
}

/// True for a mount that is filled by the agent, or by copying up, before it becomes read-only.
pub fn is_sealed_later(mount: &Mount) -> bool {
    mount.fstype == "tmpfs" && Options::parse(&mount.options).flags & libc::MS_RDONLY != 0
}

fn set_deep(tree: &OwnedFd, options: &Options) -> io::Result<()> {
    if options.deep != Attributes::default() {
        mounts::set_attributes(tree, &options.deep, true)?;
    }
    if options.propagation != 0 {
        let attributes = Attributes { propagation: options.propagation, ..Attributes::default() };
        mounts::set_attributes(tree, &attributes, options.propagation_recursive)?;
    }
    Ok(())
}

/// A source in the guest.
pub fn open_source(path: &str) -> io::Result<OwnedFd> {
    let how = [(libc::O_PATH | libc::O_CLOEXEC) as u64, 0, RESOLVE_NO_SYMLINKS];
    let path = cstr(path)?;
    // SAFETY: `how` is a struct open_how (three u64); the descriptor is new.
    unsafe {
        let call = libc::SYS_openat2;
        let fd = sys::check(libc::syscall(call, libc::AT_FDCWD, path.as_ptr(), how.as_ptr(), size_of_val(&how)))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

const RESOLVE_NO_SYMLINKS: u64 = 0x04;

/// Where the agent sees the cgroup of container `id`.
pub fn cgroup_path(id: &str) -> String {
    format!("{CGROUPS}/hako/{id}")
}
