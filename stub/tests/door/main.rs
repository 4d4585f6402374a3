//! The built door-step against a daemon played by these tests.

mod call;
mod fake;
mod home;
mod pty;
mod reconnect;
mod refusal;
mod signals;
mod start;
mod stay;
mod streams;
mod stub;
mod terminal;
