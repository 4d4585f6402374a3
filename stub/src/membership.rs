//! The cgroups of this process. The daemon puts one that stays behind into its container's, with the container's limits.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Lines of `/proc/PID/cgroup`: `4:cpu,cpuacct:/a`, `0::/a`.
#[derive(PartialEq, Eq)]
pub struct Membership(String);

impl Membership {
    pub fn current() -> Self {
        Self(fs::read_to_string("/proc/self/cgroup").unwrap_or_default())
    }

    /// Goes back to these, so that a daemon that is started from here does not count as the container's. Where one is gone, or
    /// takes no processes, the next above it. What cannot be left is stayed in.
    pub fn resume(&self) {
        let containers = Self::current();
        if *self == containers {
            return;
        }
        // Not those of the first thread, which shows the container's.
        let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap_or_default();
        let left: Vec<_> = containers.folders(&mounts).into_iter().map(|folder| folder.place()).collect();
        for folder in self.folders(&mounts) {
            folder.enter(&left);
        }
    }

    fn folders(&self, mounts: &str) -> Vec<Folder> {
        self.0
            .lines()
            .filter_map(|line| {
                let mut fields = line.splitn(3, ':').skip(1);
                let (controllers, path) = (fields.next()?, fields.next()?);
                let mount = mounts.lines().find_map(|mount| root_of(mount, controllers))?;
                let path = path.trim_start_matches('/').trim_end_matches(" (deleted)");
                Some(Folder { mount: mount.into(), path: path.into() })
            })
            .collect()
    }
}

/// A cgroup below the root of its hierarchy.
#[derive(Debug, PartialEq, Eq)]
struct Folder {
    mount: PathBuf,
    path: PathBuf,
}

impl Folder {
    fn place(&self) -> PathBuf {
        self.mount.join(&self.path)
    }

    /// This one, or the nearest above it that there is; none of `others`.
    fn enter(&self, others: &[PathBuf]) {
        let above = self.path.ancestors().map(|path| self.mount.join(path));
        above.filter(|folder| !others.contains(folder)).find(|folder| join(folder).is_ok());
    }
}

fn join(folder: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).open(folder.join("cgroup.procs"))?.write_all(b"0")
}

/// Where a line of mountinfo shows the root of the hierarchy with these controllers; none: the one of version 2. Paths with
/// blanks, which are written otherwise there, are not for cgroups.
fn root_of<'a>(mount: &'a str, controllers: &str) -> Option<&'a str> {
    let (mounted, system) = mount.split_once(" - ")?;
    let mut mounted = mounted.split(' ').skip(3);
    let (root, place) = (mounted.next()?, mounted.next()?);
    let mut system = system.split(' ');
    let options = (system.next()?, system.nth(1)?);
    let first = controllers.split(',').next().filter(|name| !name.is_empty());
    let found = match (options, first) {
        (("cgroup2", _), None) => true,
        (("cgroup", options), Some(name)) => options.split(',').any(|option| option == name),
        _ => false,
    };
    (found && root == "/").then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cgroup_is_found_in_its_hierarchy() {
        let mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
            32 31 0:29 /part /part rw - cgroup cgroup rw,cpu,cpuacct\n\
            33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
            34 31 0:37 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n\
            35 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        let membership = Membership("9:name=systemd:/\n4:cpu,cpuacct:/a/b\n3:none:/x\n0::/a\n".into());
        let expected = ["/sys/fs/cgroup/systemd/", "/sys/fs/cgroup/cpu,cpuacct/a/b", "/sys/fs/cgroup/unified/a"];
        let places = membership.folders(mounts).iter().map(Folder::place).collect::<Vec<_>>();
        assert_eq!(places, expected.map(PathBuf::from));
        let gone = Membership("0::/a/b (deleted)\n".into());
        assert_eq!(gone.folders(mounts)[0].place(), PathBuf::from("/sys/fs/cgroup/unified/a/b"));
    }

    #[test]
    fn where_a_cgroup_is_gone_the_nearest_above_it_is_entered_but_never_the_containers() {
        let mount = std::env::temp_dir().join(format!("hako-membership-{}", std::process::id()));
        let (container, above) = (mount.join("a/b"), mount.join("a"));
        fs::create_dir_all(&container).unwrap();
        for folder in [&mount, &above, &container] {
            fs::write(folder.join("cgroup.procs"), "").unwrap();
        }
        let processes = |folder: &Path| fs::read_to_string(folder.join("cgroup.procs")).unwrap();

        let folder = Folder { mount: mount.clone(), path: "a/b/gone/deeper".into() };
        folder.enter(std::slice::from_ref(&container));
        assert_eq!([processes(&mount), processes(&above), processes(&container)], ["", "0", ""]);

        fs::remove_file(above.join("cgroup.procs")).unwrap();
        folder.enter(std::slice::from_ref(&container));
        assert_eq!([processes(&mount), processes(&container)], ["0", ""]);
        fs::remove_dir_all(&mount).unwrap();
    }
}
