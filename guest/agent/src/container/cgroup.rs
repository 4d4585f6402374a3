//! The cgroup of a container, /sys/fs/cgroup/hako/ID: made, limited, watched, emptied.
//!
//! The agent itself stays in the root cgroup: nothing limits it there, and without swap its memory cannot be taken.

use crate::boot::CGROUPS;
use crate::failure::{Doing, Failure};
use crate::sys::{self, epoll, files, process};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PARENT: &str = "/sys/fs/cgroup/hako";
/// What every container has; the others are enabled when something is limited by them.
const CONTROLLERS: [&str; 4] = ["cpu", "memory", "pids", "io"];
/// Processes and threads that containers cannot take from the guest, so that the agent can always fork.
const RESERVED_TASKS: u64 = 64;

pub struct Cgroup {
    path: PathBuf,
    folder: File,
    events: File,
}

impl Cgroup {
    pub fn create(id: &str) -> Result<Cgroup, Failure> {
        let path = PathBuf::from(PARENT).join(id);
        let doing = || format!("make cgroup {}", path.display());
        fs::create_dir(&path).doing(doing)?;
        let open = || {
            let folder = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(&path)?;
            let events = File::open(path.join("memory.events"))?;
            Ok(Cgroup { path: path.clone(), folder, events })
        };
        open().doing(doing).inspect_err(|_| drop(fs::remove_dir(&path)))
    }

    pub fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Becomes ready (EPOLLPRI) when memory.events changed.
    pub fn memory_events(&self) -> &File {
        &self.events
    }

    pub fn read(&self, name: &str) -> io::Result<String> {
        files::read(self.path.join(name))
    }

    /// Writes to a file of the cgroup, whose controller may have to be enabled first.
    pub fn write(&self, name: &str, value: &str) -> io::Result<()> {
        let path = self.path.join(name);
        match (files::write(&path, value), name.split_once('.')) {
            (Err(e), Some((controller, _))) if sys::is(&e, libc::ENOENT) && enable(controller).is_ok() => {
                files::write(&path, value)
            }
            (result, _) => result,
        }
    }

    /// How many processes of this cgroup the kernel killed for want of memory.
    pub fn oom_kills(&self) -> u64 {
        self.read("memory.events").map_or(0, |text| field(&text, "oom_kill"))
    }

    /// All processes, also those in cgroups that the container made below its own.
    pub fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let procs = files::read(folder.join("cgroup.procs")).unwrap_or_default();
            pids.extend(procs.lines().filter_map(|line| line.parse::<i32>().ok()));
            folders.extend(children(&folder));
        }
        pids
    }

    pub fn kill(&self) -> io::Result<()> {
        self.write("cgroup.kill", "1")
    }

    /// Stops or continues all processes, and waits a little until they have stopped.
    pub fn freeze(&self, frozen: bool) -> io::Result<()> {
        self.write("cgroup.freeze", if frozen { "1" } else { "0" })?;
        self.await_event("frozen", u64::from(frozen), Duration::from_millis(500)).map(drop)
    }

    /// Removes the cgroup and those below it, once its processes are gone; false when they do not go in time.
    pub fn remove(&self, patience: Duration) -> io::Result<bool> {
        if !self.await_event("populated", 0, patience)? {
            return Ok(false);
        }
        let mut folders = vec![self.path.clone()];
        let mut next = 0;
        while next < folders.len() {
            let below = children(&folders[next]);
            folders.extend(below);
            next += 1;
        }
        for folder in folders.iter().rev() {
            fs::remove_dir(folder)?;
        }
        Ok(true)
    }

    fn await_event(&self, key: &str, value: u64, patience: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + patience;
        loop {
            let events = File::open(self.path.join("cgroup.events"))?;
            if field(&files::read_text(events.try_clone()?)?, key) == value {
                return Ok(true);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            epoll::poll_one(&events, libc::POLLPRI, left.as_millis().clamp(1, 20) as i32)?;
        }
    }
}

/// Where the containers' own are made; once.
pub fn create_parent() -> Result<(), Failure> {
    fs::create_dir(PARENT).doing(|| format!("make cgroup {PARENT}"))?;
    if enable(&CONTROLLERS.join(" +")).is_err() {
        // A kernel may lack one of them, which matters only to what needs it.
        for controller in CONTROLLERS {
            let _ = enable(controller);
        }
    }
    if let Ok(Ok(threads)) = files::read("/proc/sys/kernel/threads-max").map(|text| text.trim().parse::<u64>()) {
        let most = threads.saturating_sub(RESERVED_TASKS).max(RESERVED_TASKS);
        files::write(format!("{PARENT}/pids.max"), most.to_string()).doing(|| "limit tasks".into())?;
    }
    Ok(())
}

/// Lets containers have a controller: "memory", "cpu +io".
fn enable(controllers: &str) -> io::Result<()> {
    for folder in [CGROUPS, PARENT] {
        files::write(format!("{folder}/cgroup.subtree_control"), format!("+{controllers}"))?;
    }
    Ok(())
}

fn children(folder: &PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

/// The cgroup to which `pid` moved below its container's own, as a path to its folder.
pub fn folder_of(pid: i32) -> Option<File> {
    let text = files::read(format!("/proc/{pid}/cgroup")).ok()?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::"))?;
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(format!("{CGROUPS}{path}")).ok()
}

/// The value of `key` in a file of "key value" lines.
pub fn field(text: &str, key: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// fork into `cgroup`; when the container has moved its processes to cgroups below, beside its first one.
pub fn fork_into(cgroup: &Cgroup, init: Option<i32>, flags: i32) -> io::Result<process::Fork> {
    match process::fork(flags, cgroup.folder()) {
        Err(e) if sys::is(&e, libc::EBUSY) => match init.and_then(folder_of) {
            Some(folder) => process::fork(flags, folder.as_fd()),
            None => Err(e),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = "low 0\noom 3\noom_kill 2\noom_group_kill 9\n";
        assert_eq!((field(text, "oom"), field(text, "oom_kill"), field(text, "max")), (3, 2, 0));
    }
}
