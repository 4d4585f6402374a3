//! Which namespaces a container has of its own, and which it joins.

use super::Container;
use crate::failure::{Doing, Failure};
use crate::spec::{IdMapping, Linux, Namespace};
use crate::sys::{files, process};
use std::fs::File;

/// CLONE_NEW* flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    pub new: i32,
    /// Of other containers, to be joined.
    pub joined: i32,
}

impl Namespaces {
    pub fn of(linux: &Linux) -> Result<Namespaces, Failure> {
        let mut namespaces = Namespaces { new: libc::CLONE_NEWNS, joined: 0 };
        for namespace in &linux.namespaces {
            let flag = flag(&namespace.kind)?;
            if namespace.path.is_empty() {
                namespaces.new |= flag;
            } else {
                namespaces.joined |= flag;
            }
        }
        if namespaces.joined & (libc::CLONE_NEWNS | libc::CLONE_NEWUSER) != 0 {
            return Err(Failure::other("join namespaces: a mount or user namespace cannot be shared"));
        }
        Ok(namespaces)
    }

    pub fn has(&self, flag: i32) -> bool {
        self.new & flag != 0
    }

    /// What clone3 makes. The cgroup namespace is not among it: its root would be the agent's cgroup.
    pub fn at_clone(&self) -> i32 {
        self.new & !libc::CLONE_NEWCGROUP
    }

    /// What an exec'ed process joins by the pidfd of the first, after the pid namespace was chosen by its parent.
    pub fn at_exec(&self) -> i32 {
        (self.new | self.joined) & !libc::CLONE_NEWPID
    }
}

fn flag(kind: &str) -> Result<i32, Failure> {
    Ok(match kind {
        "pid" => libc::CLONE_NEWPID,
        "network" => libc::CLONE_NEWNET,
        "mount" => libc::CLONE_NEWNS,
        "ipc" => libc::CLONE_NEWIPC,
        "uts" => libc::CLONE_NEWUTS,
        "user" => libc::CLONE_NEWUSER,
        "cgroup" => libc::CLONE_NEWCGROUP,
        _ => return Err(Failure::other(format!("make namespaces: the guest has no \"{kind}\" namespace"))),
    })
}

/// The namespace of this kind that `container` has, by its path.
pub fn of_container(container: &Container, kind: &str) -> Result<Namespace, Failure> {
    flag(kind)?;
    // The kernel's name for the network is shorter.
    let name = if kind == "network" { "net" } else { kind };
    Ok(Namespace { kind: kind.into(), path: format!("/proc/{}/ns/{name}", container.init().pid) })
}

/// Puts these in the place of the container's own. No path comes from outside: it would be one of the host's.
pub fn share(linux: &mut Linux, shared: Vec<Namespace>) -> Result<(), Failure> {
    if let Some(given) = linux.namespaces.iter().find(|namespace| !namespace.path.is_empty()) {
        return Err(Failure::other(format!("join the {} namespace {}: not by a path", given.kind, given.path)));
    }
    linux.namespaces.retain(|own| shared.iter().all(|other| other.kind != own.kind));
    linux.namespaces.extend(shared);
    Ok(())
}

/// Joins the namespaces given by paths; a pid namespace only counts for children made after this.
pub fn join(linux: &Linux, wanted: i32) -> Result<(), Failure> {
    for namespace in linux.namespaces.iter().filter(|namespace| !namespace.path.is_empty()) {
        let flag = flag(&namespace.kind)?;
        if flag & wanted != 0 {
            let doing = || format!("join {} namespace {}", namespace.kind, namespace.path);
            let file = File::open(&namespace.path).doing(doing)?;
            process::set_namespaces(&file, flag).doing(doing)?;
        }
    }
    Ok(())
}

/// Gives a child that has just been cloned into a user namespace its ids.
pub fn map_ids(pid: i32, linux: &Linux) -> Result<(), Failure> {
    for (name, mappings) in [("uid_map", &linux.uid_mappings), ("gid_map", &linux.gid_mappings)] {
        let path = format!("/proc/{pid}/{name}");
        files::write(&path, lines(mappings)).doing(|| format!("write {path}"))?;
    }
    Ok(())
}

fn lines(mappings: &[IdMapping]) -> String {
    let line = |m: &IdMapping| format!("{} {} {}\n", m.container_id, m.host_id, m.size);
    mappings.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linux(namespaces: &[(&str, &str)]) -> Linux {
        let namespaces =
            namespaces.iter().map(|(kind, path)| Namespace { kind: kind.to_string(), path: path.to_string() });
        Linux { namespaces: namespaces.collect(), ..Linux::default() }
    }

    #[test]
    fn a_mount_namespace_is_always_there_and_the_cgroup_namespace_comes_later() {
        let namespaces = Namespaces::of(&linux(&[("pid", ""), ("cgroup", ""), ("ipc", "/proc/5/ns/ipc")])).unwrap();
        assert_eq!(namespaces.at_clone(), libc::CLONE_NEWNS | libc::CLONE_NEWPID);
        assert_eq!(namespaces.joined, libc::CLONE_NEWIPC);
        assert_eq!(namespaces.at_exec(), libc::CLONE_NEWNS | libc::CLONE_NEWCGROUP | libc::CLONE_NEWIPC);
    }

    #[test]
    fn what_is_shared_takes_the_place_of_its_own() {
        let mut own = linux(&[("pid", ""), ("ipc", "")]);
        let shared = linux(&[("ipc", "/proc/5/ns/ipc"), ("uts", "/proc/5/ns/uts")]).namespaces;
        share(&mut own, shared).unwrap();
        let namespaces = Namespaces::of(&own).unwrap();
        assert_eq!(namespaces.new, libc::CLONE_NEWNS | libc::CLONE_NEWPID);
        assert_eq!(namespaces.joined, libc::CLONE_NEWIPC | libc::CLONE_NEWUTS);
    }

    #[test]
    fn no_path_is_taken_from_outside() {
        assert!(share(&mut linux(&[("ipc", "/proc/1/ns/ipc")]), Vec::new()).is_err());
    }

    #[test]
    fn unknown_kinds_are_refused() {
        assert!(Namespaces::of(&linux(&[("time", "")])).is_err());
        assert!(Namespaces::of(&linux(&[("mount", "/proc/1/ns/mnt")])).is_err());
    }

    #[test]
    fn mappings_are_written_as_the_kernel_reads_them() {
        let mapping = IdMapping { container_id: 0, host_id: 100_000, size: 65_536 };
        assert_eq!(lines(&[mapping, mapping]), "0 100000 65536\n0 100000 65536\n");
    }
}
