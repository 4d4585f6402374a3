//! ExecProcess: the agent's side. The child's is `join`.

use super::Container;
use super::cgroup;
use super::join::Join;
use crate::api::ExecProcessRequest;
use crate::failure::{Doing, Failure};
use crate::process::{Process, Streams};
use crate::spec;
use crate::sys::{process, sockets};
use std::fs::File;

/// Starts one more process; its `control` tells how that went.
pub fn exec(container: &Container, request: ExecProcessRequest, serial: u32) -> Result<Process, Failure> {
    let asked: spec::Process = serde_json::from_slice(&request.process_json)
        .map_err(|e| Failure::other(format!("read the description of process {}: {e}", request.process_id)))?;
    let spec = asked.inherit(&container.process);
    let streams = Streams::open(spec.terminal, request.open_stdin).doing(|| "open pipes".into())?;
    let (ours, theirs) = sockets::pair().doing(|| "open a socket pair".into())?;
    let init = container.init();
    let join = Join {
        pidfd: &init.pidfd,
        namespaces: container.namespaces,
        process: &spec,
        user: &request.user,
        filter: container.filter.as_ref(),
    };
    let doing = || format!("start process {}", request.process_id);
    let has_pids = (container.namespaces.new | container.namespaces.joined) & libc::CLONE_NEWPID != 0;
    if has_pids {
        process::set_namespaces(&init.pidfd, libc::CLONE_NEWPID).doing(doing)?;
    }
    let forked = cgroup::fork_into(&container.cgroup, Some(init.pid), 0);
    if let Ok(process::Fork::Child) = forked {
        join.run(streams.ends, &theirs);
    }
    if has_pids {
        return_to_own_pids()?;
    }
    let (pid, pidfd) = match forked.doing(doing)? {
        process::Fork::Parent { pid, pidfd } => (pid, pidfd),
        process::Fork::Child => unreachable!("the child became its program above"),
    };
    Ok(Process {
        id: request.process_id,
        serial,
        pid,
        pidfd,
        control: Some(ours),
        starting: None,
        exit: None,
        waiters: Vec::new(),
        stdin: streams.stdin,
        stdout: streams.stdout,
        stderr: streams.stderr,
        terminal: None,
        oom_kills_before: container.cgroup.oom_kills(),
    })
}

/// Children of the agent are its own again.
pub fn return_to_own_pids() -> Result<(), Failure> {
    let doing = || "return to the agent's pid namespace".to_string();
    let own = File::open("/proc/self/ns/pid").doing(doing)?;
    process::set_namespaces(&own, libc::CLONE_NEWPID).doing(doing)
}
