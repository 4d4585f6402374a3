//! The top of the host's cgroups: a daemon belongs to nobody's, and neither do its VMs. Who was the first to call it may be a
//! container's monitor, whose cgroup ends, by force, with the container.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// `cgroup.procs` at the top of each hierarchy, open to be written.
pub struct Top(Vec<File>);

impl Top {
    /// What cannot be opened is not left later.
    pub fn open() -> Self {
        // Not the mounts of the first thread, which shows a container's.
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap_or_default();
        let open = |top: PathBuf| OpenOptions::new().write(true).open(top.join("cgroup.procs")).ok();
        Self(mounts.lines().filter_map(hierarchy).filter_map(open).collect())
    }

    /// Moves this process there. Async-signal-safe.
    pub fn enter(&self) {
        for file in &self.0 {
            let mut file: &File = file;
            let _: io::Result<()> = file.write_all(b"0");
        }
    }
}

/// Where a line of mountinfo shows a hierarchy from its root. Paths with blanks, which are written otherwise there, are not for
/// cgroups.
fn hierarchy(mount: &str) -> Option<PathBuf> {
    let (mounted, system) = mount.split_once(" - ")?;
    let mut mounted = mounted.split(' ').skip(3);
    let (root, place) = (mounted.next()?, mounted.next()?);
    let kind = system.split(' ').next()?;
    (matches!(kind, "cgroup" | "cgroup2") && root == "/").then(|| Path::new(place).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hierarchy_is_one_that_is_mounted_from_its_root() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 /part /part rw - cgroup cgroup rw,cpu,cpuacct\n\
            33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
            34 31 0:37 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n\
            35 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let expected = ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"];
        assert!(mounts.lines().filter_map(hierarchy).eq(expected.map(PathBuf::from)));
    }
}
