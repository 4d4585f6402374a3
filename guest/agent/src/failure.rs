//! The two ways in which a request goes wrong: a status (the request was not right for the state of things), and a
//! start failure (the container's own contents or kernel said no).

use crate::api::StartFailure;
use crate::api::start_failure::Reason;
use crate::sys;
use std::io;

/// google.rpc.Code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
}

#[derive(Debug)]
pub struct Status {
    pub code: Code,
    pub message: String,
}

impl Status {
    pub fn new(code: Code, message: impl Into<String>) -> Status {
        Status { code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Status {
        Status::new(Code::InvalidArgument, message)
    }

    pub fn precondition(message: impl Into<String>) -> Status {
        Status::new(Code::FailedPrecondition, message)
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Status {
        Status::new(Code::Internal, failure.message)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: Reason,
    pub errno: i32,
    pub message: String,
}

impl Failure {
    pub fn new(reason: Reason, errno: i32, message: impl Into<String>) -> Failure {
        Failure { reason, errno, message: message.into() }
    }

    pub fn other(message: impl Into<String>) -> Failure {
        Failure::new(Reason::Other, libc::EINVAL, message)
    }

    pub fn into_message(self) -> StartFailure {
        StartFailure { reason: self.reason.into(), errno: self.errno, message: self.message }
    }
}

/// Says what was being done when the kernel refused: "mount proc on /proc: Permission denied".
pub trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|e| Failure::new(Reason::Other, sys::errno(&e), format!("{}: {}", what(), sys::text(&e))))
    }
}
