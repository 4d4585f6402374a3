//! Requests that wait for a device, and those behind them that must not overtake.

use crate::ttrpc::Request;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// The kernel announces devices; this only guards against an announcement that came too early to be useful.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
const MOST: usize = 256;

#[derive(Default)]
pub struct Backlog(Vec<Waiting>);

pub struct Waiting {
    pub stream: u32,
    method: String,
    payload: Vec<u8>,
    pub deadline: Instant,
}

impl Waiting {
    pub fn new(stream: u32, request: &Request) -> Waiting {
        let (method, payload) = (request.method.into(), request.payload.into());
        Waiting { stream, method, payload, deadline: Instant::now() + PATIENCE }
    }

    pub fn request(&self) -> Request<'_> {
        Request { service: crate::server::SERVICE, method: &self.method, payload: &self.payload }
    }
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    /// For epoll_wait: when to look again, in milliseconds.
    pub fn timeout_ms(&self) -> Option<i32> {
        if self.0.is_empty() { None } else { Some(LOOK_AGAIN.as_millis() as i32) }
    }

    /// Whether `request` would overtake one that waits: one for the same container, or a link when it starts something.
    pub fn holds_up(&self, request: &Request) -> bool {
        self.0.iter().any(|earlier| match earlier.method.as_str() {
            "ConfigureLink" => matches!(request.method, "StartContainer" | "ConfigureLink"),
            _ => container_id(&earlier.request()).is_some_and(|id| Some(id) == container_id(request)),
        })
    }

    pub fn push(&mut self, waiting: Waiting) {
        self.0.push(waiting);
    }

    /// Takes everything out to try again, in order.
    pub fn take(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.0)
    }
}

/// The container a request is for: in every request that has one it is field 1, written first.
fn container_id<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    let sandbox = [
        "Check",
        "BindSandbox",
        "SetClock",
        "OnlineCpus",
        "ConfigureLink",
        "Shutdown",
        "AwaitEvent",
        "AwaitQuery",
        "AnswerQuery",
    ];
    if sandbox.contains(&request.method) {
        return None;
    }
    let (tag, rest) = request.payload.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *tag == 0x0a && *length < 0x80 { rest.get(..usize::from(*length)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request<'a>(method: &'a str, payload: &'a [u8]) -> Request<'a> {
        Request { service: "", method, payload }
    }

    #[test]
    fn requests_for_a_container_that_waits_stay_behind_it() {
        let mut backlog = Backlog::default();
        backlog.push(Waiting::new(1, &request("CreateContainer", b"\x0a\x01a\x12\x00")));
        assert!(backlog.holds_up(&request("StartContainer", b"\x0a\x01a")));
        assert!(!backlog.holds_up(&request("StartContainer", b"\x0a\x01b")));
        assert!(!backlog.holds_up(&request("Check", b"")));
    }

    #[test]
    fn nothing_starts_before_its_link() {
        let mut backlog = Backlog::default();
        backlog.push(Waiting::new(1, &request("ConfigureLink", b"")));
        assert!(backlog.holds_up(&request("StartContainer", b"\x0a\x01a")));
        assert!(!backlog.holds_up(&request("CreateContainer", b"\x0a\x01a")));
    }
}
