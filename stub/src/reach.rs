//! A connection to the daemon, which is started where it does not run.

use crate::connection::Connection;
use crate::daemon::{self, StartLock};
use crate::failure::Failure;
use crate::place::Place;
use crate::signals::{self, Signals};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a daemon may take to serve, to answer, or to come back.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between looks at a daemon that somebody else is starting.
const PAUSE: Duration = Duration::from_millis(10);
/// For a service manager to start one that was killed: its child belongs to nobody's container.
const PRECEDENCE: Duration = Duration::from_secs(1);
/// Between starts of a daemon that does not come up.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What the waiting is for.
#[derive(Clone, Copy)]
pub enum Wait<'a> {
    /// Nothing is under way: a failed start is told at once, and signals end the waiting.
    FirstCall(&'a Signals),
    /// A command is under way: signals wait for the daemon, and failures are overcome until the deadline.
    Reconnect,
}

/// Connects, before `deadline`. Any number of door-steps may do this at once: one of them starts the daemon.
pub fn reach(place: &Place, wait: Wait, deadline: Instant) -> Result<Connection, Failure> {
    let signals = match wait {
        Wait::FirstCall(signals) => Some(signals),
        Wait::Reconnect => None,
    };
    let since = Instant::now();
    loop {
        let failure = match connect(place)? {
            Some(connection) => return Ok(connection),
            None if signals.is_none() && since.elapsed() < PRECEDENCE => Ok(()),
            None => start(place, signals, deadline),
        };
        let pause = match (failure, wait) {
            (Ok(()), _) => PAUSE,
            (Err(failure), Wait::FirstCall(_)) => return Err(failure),
            (Err(failure), Wait::Reconnect) if Instant::now() + PAUSE_AFTER_FAILURE > deadline => return Err(failure),
            (Err(_), Wait::Reconnect) => PAUSE_AFTER_FAILURE,
        };
        if Instant::now() > deadline {
            return Err(Failure::new(format!("hakod does not serve on {}", place.socket().display())));
        }
        signals::wait(None, signals.map(Signals::descriptor), pause);
        if let Some(number) = signals.and_then(Signals::ended_by) {
            return Err(Failure::Signal(number));
        }
    }
}

/// None where nobody serves yet.
fn connect(place: &Place) -> Result<Option<Connection>, Failure> {
    let socket = place.socket();
    match Connection::open(&socket) {
        Ok(connection) => Ok(Some(connection)),
        // EAGAIN: more callers wait than the daemon's queue holds.
        Err(libc::ENOENT | libc::ECONNREFUSED | libc::EAGAIN) => Ok(None),
        Err(libc::EACCES | libc::EPERM) => Err(Failure::new(denied(&socket))),
        Err(errno) => Err(Failure::of("connect to", &socket, errno)),
    }
}

/// Starts the daemon where nobody else does and it is still needed.
fn start(place: &Place, signals: Option<&Signals>, deadline: Instant) -> Result<(), Failure> {
    place.require_safe_home()?;
    let Some(lock) = StartLock::try_take(place)? else {
        return Ok(());
    };
    if is_served(place) {
        return Ok(());
    }
    match daemon::start(&lock, place, signals, deadline) {
        // A daemon whose starter was killed may have come up meanwhile, and refused a second one.
        Err(Failure::Message(_)) if is_served(place) => Ok(()),
        result => result,
    }
}

/// Whether a connection succeeds; EAGAIN means a full queue, hence a daemon.
fn is_served(place: &Place) -> bool {
    matches!(Connection::open(&place.socket()), Ok(_) | Err(libc::EAGAIN))
}

fn denied(socket: &Path) -> String {
    let group = socket.symlink_metadata().ok().map(|metadata| metadata.gid()).filter(|group| *group != 0);
    let join = match group.map(group_name) {
        Some(group) => format!(", or join the group {group}, to which it belongs"),
        None => String::new(),
    };
    format!("connect to {}: permission denied: run it with sudo{join}", socket.display())
}

/// The name of the group, or its number. Read here: the C library's answer would need its shared modules.
fn group_name(group: u32) -> String {
    let number = group.to_string();
    let groups = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let name = groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    name.unwrap_or(number)
}
