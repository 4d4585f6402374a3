//! From the kernel's hand-over to a guest with a root of its own and the kernel's file systems.

use crate::failure::{Doing, Failure};
use crate::sys::{self, check, cstr, files, mounts};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;

/// Where the container directories, storages and the like of this VM live.
pub const RUN: &str = "/run/hako";
/// An empty, read-only directory: what a masked directory shows.
pub const EMPTY: &str = "/run/hako/empty";
pub const CGROUPS: &str = "/sys/fs/cgroup";

/// For the agent, and for containers that set no limit of their own; the most a kernel gives (fs.nr_open).
const DESCRIPTORS: u64 = 1 << 20;

/// Of the memory, divided by this (vm.percpu_pagelist_high_fraction).
const PROCESSORS_FRACTION: &str = "1024";

pub fn boot() -> Result<(), Failure> {
    load_modules()?;
    enter_root().doing(|| "move into a root of tmpfs".into())?;
    for folder in ["/dev", "/etc", "/proc", "/sys", "/run", RUN, EMPTY] {
        fs::DirBuilder::new().mode(0o755).create(folder).doing(|| format!("make {folder}"))?;
    }
    let safe = libc::MS_NOSUID | libc::MS_NOEXEC | libc::MS_NODEV;
    for (fstype, target, flags) in [
        ("devtmpfs", "/dev", libc::MS_NOSUID),
        ("proc", "/proc", safe),
        ("sysfs", "/sys", safe),
        ("cgroup2", CGROUPS, safe),
    ] {
        mounts::mount(fstype, target, fstype, flags, "").doing(|| format!("mount {fstype} on {target}"))?;
    }
    keep_low_descriptors().doing(|| "open /dev/null".into())?;
    // Containers may do to each other what they like; the agent is the last to go when memory runs out.
    files::write("/proc/self/oom_score_adj", "-1000").doing(|| "write oom_score_adj".into())?;
    // What each processor keeps free for itself, by default up to an eighth of the memory, is never reported free to the host.
    files::write("/proc/sys/vm/percpu_pagelist_high_fraction", PROCESSORS_FRACTION)
        .doing(|| "write percpu_pagelist_high_fraction".into())?;
    let descriptors = libc::rlimit { rlim_cur: DESCRIPTORS, rlim_max: DESCRIPTORS };
    // SAFETY: reads one rlimit.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &descriptors) }).doing(|| "raise RLIMIT_NOFILE".into())?;
    // Not dumpable: a process of a container cannot look into a child of the agent that has joined its namespaces
    // and not yet become another program.
    // SAFETY: takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    Ok(())
}

/// Modules of a kernel that has not everything built in, in the order written down when the initramfs was made.
fn load_modules() -> Result<(), Failure> {
    let Ok(order) = files::read("/modules/order") else { return Ok(()) };
    for path in order.lines().filter(|line| !line.is_empty()) {
        let module = File::open(path).doing(|| format!("open module {path}"))?;
        // MODULE_INIT_COMPRESSED_FILE, include/uapi/linux/module.h
        let flags = if path.ends_with(".ko") { 0 } else { 4 };
        // SAFETY: an open file and an empty parameter string.
        let result = check(unsafe { libc::syscall(libc::SYS_finit_module, module.as_raw_fd(), c"".as_ptr(), flags) });
        match result {
            Err(e) if !sys::is(&e, libc::EEXIST) && !sys::is(&e, libc::ENODEV) => {
                return Err(e).doing(|| format!("load module {path}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Puts a tmpfs over the initramfs and goes there. The initramfs cannot be the old root of pivot_root(2); a mount on
/// top of it can, so that containers get rid of the agent's whole tree by it (sys::mounts::switch_root) instead of
/// keeping it within reach below their own root.
fn enter_root() -> io::Result<()> {
    fs::DirBuilder::new().mode(0o755).create("/root.new")?;
    mounts::mount("tmpfs", "/root.new", "tmpfs", 0, "mode=755")?;
    std::env::set_current_dir("/root.new")?;
    mounts::mount(".", "/", "", libc::MS_MOVE, "")?;
    let here = cstr(".")?;
    // SAFETY: a string that ends in zero.
    check(unsafe { libc::chroot(here.as_ptr()) }).map(drop)
}

/// Without a /dev/console in the initramfs the kernel leaves 0, 1 and 2 closed; they must not become anything else.
fn keep_low_descriptors() -> io::Result<()> {
    loop {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        if null.as_raw_fd() > 2 {
            return Ok(());
        }
        std::mem::forget(null);
    }
}

/// Since boot, in microseconds.
pub fn uptime_us() -> u64 {
    // SAFETY: the kernel fills a structure that is valid when all zero.
    let now = unsafe {
        let mut now: libc::timespec = std::mem::zeroed();
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut now);
        now
    };
    now.tv_sec as u64 * 1_000_000 + now.tv_nsec as u64 / 1000
}
