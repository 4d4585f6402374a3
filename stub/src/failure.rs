//! Why the door-step itself ends, as opposed to the command it called.

use std::path::Path;

/// The exit code of the door-step's own failures, as Docker's client uses it.
pub const FAILED: i32 = 125;

#[derive(Debug)]
pub enum Failure {
    /// Shown on standard error.
    Message(String),
    /// Ended by this signal before the daemon took the call.
    Signal(i32),
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure::Message(message.into())
    }

    /// `action path: fact`, the fact being what the kernel said.
    pub fn of(action: &str, path: &Path, errno: i32) -> Self {
        Failure::new(format!("{action} {}: {}", path.display(), describe(errno)))
    }

    pub fn exit_code(&self) -> i32 {
        match self {
            Failure::Message(_) => FAILED,
            Failure::Signal(number) => 128 + number,
        }
    }
}

/// The kernel's words for `errno`, without Rust's "(os error N)".
pub fn describe(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The errno of the call that just failed.
pub fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}
