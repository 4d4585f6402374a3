//! Starting `hakod` and hearing from it that it serves.

use crate::cgroups::Top;
use crate::failure::{Failure, describe, errno};
use crate::place::Place;
use crate::signals::{self, Signals};
use crate::stay;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// How much of the log is shown where the daemon ended without a word.
const LOG_BYTES: u64 = 8192;
const LOG_LINES: usize = 20;
/// The longest error the daemon can give.
const ERROR_BYTES: usize = 65536;

/// What the daemon takes over from its first caller's environment. It serves others after that one, as root perhaps: neither
/// their secrets nor their `LD_PRELOAD` are its business.
const INHERITED: [&str; 4] = ["HAKO_LOG", "HAKO_JAVA", "HAKO_JAVA_OPTIONS", "HAKO_INSTALL"];
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The right to start the daemon; given back when dropped. One holder at a time.
pub struct StartLock {
    _file: File,
}

impl StartLock {
    /// None where another door-step holds it.
    pub fn try_take(place: &Place) -> Result<Option<Self>, Failure> {
        let mut directory = std::fs::DirBuilder::new();
        let made = directory.recursive(true).mode(0o711).create(place.run());
        let opened = made.and_then(|()| {
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(place.start_lock())
        });
        let file = opened.map_err(|error| cannot_start(place, &error))?;
        // SAFETY: flock takes any descriptor.
        match unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } {
            0 => Ok(Some(Self { _file: file })),
            _ if errno() == libc::EWOULDBLOCK => Ok(None),
            _ => Err(Failure::of("lock", &place.start_lock(), errno())),
        }
    }
}

fn cannot_start(place: &Place, error: &io::Error) -> Failure {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM | libc::EROFS) => Failure::new(format!(
            "hakod is not running (nothing listens on {}), and this user may not start it: run it with sudo",
            place.socket().display()
        )),
        number => Failure::of("start hakod: make", &place.start_lock(), number.unwrap_or(libc::EIO)),
    }
}

/// Starts the daemon and returns when it serves. With `signals`, one that ends a process ends the waiting.
pub fn start(_lock: &StartLock, place: &Place, signals: Option<&Signals>, deadline: Instant) -> Result<(), Failure> {
    let program = place.daemon()?;
    let log = OpenOptions::new().append(true).create(true).mode(0o640).open(place.log());
    let log = log.map_err(|error| cannot_start(place, &error))?;
    let log_start = log.metadata().map_or(0, |metadata| metadata.len());
    let (ready, writer) = pipe().map_err(|number| Failure::new(format!("start hakod: pipe: {}", describe(number))))?;
    spawn(&program, place, log, &writer)?;
    drop(writer);
    let said = listen(ready, signals, deadline)?;
    let log_end = || log_tail(&place.log(), log_start);
    match said.as_deref() {
        Some([b'\n', ..]) => Ok(()),
        Some([]) => Err(Failure::new(format!("hakod ended before it served{}", log_end()))),
        Some(error) => {
            Err(Failure::new(format!("hakod does not start: {}", String::from_utf8_lossy(error).trim_end())))
        }
        None => Err(Failure::new(format!("hakod did not serve within 30 s{}", log_end()))),
    }
}

fn spawn(program: &Path, place: &Place, log: File, ready: &OwnedFd) -> Result<(), Failure> {
    let number = ready.as_raw_fd();
    let error_log = log.try_clone().map_err(|error| cannot_start(place, &error))?;
    let mut command = Command::new(program);
    command.current_dir("/").stdin(Stdio::null()).stdout(log).stderr(error_log);
    command.env_clear().env("PATH", PATH).env("LC_ALL", "C.UTF-8");
    command.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.env("HAKO_READY_FD", number.to_string());
    if let Some(home) = place.home() {
        command.env("HAKO_HOME", home);
    }
    let top = Top::open();
    // SAFETY: the closure calls async-signal-safe functions only.
    unsafe { command.pre_exec(move || detach(number, &top)) };
    match command.spawn() {
        Ok(mut parent) => {
            let _ = parent.wait();
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::new(format!(
            "start hakod: {} does not exist: run ./dev build, or say where it is with HAKO_DAEMON",
            program.display()
        ))),
        Err(error) => Err(Failure::of("start hakod:", program, error.raw_os_error().unwrap_or(libc::EIO))),
    }
}

/// In the child: a session of its own, none of the caller's descriptors but `ready`, none of its cgroups, nothing blocked; and a
/// second fork, so that the daemon is not this program's child and leaves it no zombie.
fn detach(ready: RawFd, top: &Top) -> io::Result<()> {
    signals::unblock_all();
    top.enter();
    stay::leave_network()?;
    // SAFETY: plain system calls on numbers; the child has one thread; `_exit` runs no handlers.
    unsafe {
        libc::setsid();
        // Volumes and images are made under it, for containers' users to read; what is private lies in private directories.
        libc::umask(0o022);
        libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        if libc::fcntl(ready, libc::F_SETFD, 0) != 0 {
            return Err(io::Error::last_os_error());
        }
        match libc::fork() {
            -1 => Err(io::Error::last_os_error()),
            0 => Ok(()),
            _ => libc::_exit(0),
        }
    }
}

/// What the daemon says on the ready pipe: a newline, or an error up to the end; nothing where it ended without a
/// word; none where it said nothing in time.
fn listen(ready: OwnedFd, signals: Option<&Signals>, deadline: Instant) -> Result<Option<Vec<u8>>, Failure> {
    let mut ready = File::from(ready);
    let mut said = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        signals::wait(Some(ready.as_raw_fd()), signals.map(Signals::descriptor), left);
        if let Some(number) = signals.and_then(Signals::ended_by) {
            return Err(Failure::Signal(number));
        }
        let mut part = [0; 512];
        match ready.read(&mut part) {
            Ok(0) => return Ok(Some(said)),
            Ok(count) => said.extend(&part[..count]),
            Err(_) if left.is_zero() => return Ok(None),
            Err(_) => {}
        }
        if said.first() == Some(&b'\n') || said.len() > ERROR_BYTES {
            return Ok(Some(said));
        }
    }
}

/// The last lines written to the log since `start`, as a continuation of a message.
fn log_tail(log: &Path, start: u64) -> String {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(start.max(length.saturating_sub(LOG_BYTES))))?;
        let mut bytes = Vec::new();
        file.take(LOG_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    if lines.is_empty() {
        return format!("; its log {} says nothing", log.display());
    }
    let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
    format!("; the end of {}:\n{}", log.display(), last.join("\n"))
}

/// A pipe, reading end non-blocking, both close-on-exec.
fn pipe() -> Result<(OwnedFd, OwnedFd), i32> {
    let mut numbers = [0; 2];
    // SAFETY: two places for two numbers; nobody else owns what was made.
    unsafe {
        if libc::pipe2(numbers.as_mut_ptr(), libc::O_CLOEXEC) != 0 {
            return Err(errno());
        }
        libc::fcntl(numbers[0], libc::F_SETFL, libc::O_NONBLOCK);
        Ok((OwnedFd::from_raw_fd(numbers[0]), OwnedFd::from_raw_fd(numbers[1])))
    }
}
