//! The guest agent: PID 1 of a Hako VM. It takes the guest from the kernel, waits for its host on a byte stream, and
//! mounts, links and runs what the host asks for (agent-api, wire/agent-api/src/main/proto/agent.proto).

mod agent;
mod backlog;
mod boot;
mod channel;
mod container;
mod cpus;
mod events;
mod failure;
mod fatal;
mod link;
mod names;
mod process;
mod server;
mod spec;
mod storage;
mod sys;
mod token;
mod ttrpc;
mod uevents;

/// Messages of agent.proto.
#[allow(clippy::all)]
mod api {
    include!(concat!(env!("OUT_DIR"), "/hako.agent.v1.rs"));
}

use agent::Agent;
use failure::Failure;
use link::Links;

fn main() {
    fatal::on_panic();
    keep_little_memory();
    let Err(failure) = run();
    fatal::stop(&failure.message)
}

fn run() -> Result<std::convert::Infallible, Failure> {
    boot::boot()?;
    container::prepare()?;
    Agent::new(Links::open()?)?.serve()
}

/// Gives freed memory back soon: the agent answers seldom, and every VM has one.
fn keep_little_memory() {
    for (option, bytes) in
        [(libc::M_TRIM_THRESHOLD, 32 << 10), (libc::M_TOP_PAD, 16 << 10), (libc::M_MMAP_THRESHOLD, 64 << 10)]
    {
        // SAFETY: numbers only; before anything else uses the allocator much.
        unsafe { libc::mallopt(option, bytes) };
    }
}
