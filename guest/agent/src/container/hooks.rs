//! Programs that run in a container just before its own, with what it may do
//! (https://github.com/opencontainers/runtime-spec/blob/main/config.md#startcontainer-hooks).

use crate::failure::{Doing, Failure};
use crate::spec::Hook;
use crate::sys::{epoll, files, sockets};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// For those that name none.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between looks at whether one has ended.
const PAUSE_MS: i32 = 10;
/// Of what one says, for the message about its failure.
const MOST_KEPT: usize = 1000;

/// Runs one after the other, until one fails. Each reads `state`, the container's, a JSON object.
pub fn run(hooks: &[Hook], state: &[u8]) -> Result<(), Failure> {
    if hooks.is_empty() {
        return Ok(());
    }
    let state = with_pid(state)?;
    // SAFETY: no handler. One may end without having read.
    let pipe_signal = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let result = run_all(hooks, &state);
    // SAFETY: as it was.
    unsafe { libc::signal(libc::SIGPIPE, pipe_signal) };
    result
}

fn run_all(hooks: &[Hook], state: &[u8]) -> Result<(), Failure> {
    for (number, hook) in hooks.iter().enumerate() {
        let name = |what: String| format!("error running hook #{number} (startContainer) {}: {what}", hook.path);
        match run_one(hook, state) {
            Ok((status, _)) if status.success() => {}
            Ok((status, said)) => return Err(Failure::other(name(format!("{}{said}", reason(status))))),
            Err(e) => return Err(e).doing(|| name("start it".into())),
        }
    }
    Ok(())
}

/// Only in here it is known by which pid the container sees its first process.
fn with_pid(state: &[u8]) -> Result<Vec<u8>, Failure> {
    let wrong = |e: serde_json::Error| Failure::other(format!("tell hooks the container's state: {e}"));
    let mut state: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(state).map_err(wrong)?;
    state.insert("pid".into(), std::process::id().into());
    serde_json::to_vec(&state).map_err(wrong)
}

fn run_one(hook: &Hook, state: &[u8]) -> io::Result<(ExitStatus, String)> {
    let (output, writer) = sockets::pipe()?;
    let mut command = Command::new(&hook.path);
    if let Some((name, rest)) = hook.args.split_first() {
        command.arg0(name).args(rest);
    }
    command.env_clear().envs(hook.env.iter().filter_map(|entry| entry.split_once('=')));
    command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    drop(command); // and with it our end of what it writes to
    let mut input = Input { pipe: child.stdin.take(), rest: state };
    if let Some(pipe) = &input.pipe {
        files::set_nonblocking(pipe)?;
    }
    end(child, &mut input, File::from(output), hook.timeout.map_or(PATIENCE, Duration::from_secs))
}

/// What a hook is still to read, if it reads.
struct Input<'a> {
    pipe: Option<ChildStdin>,
    rest: &'a [u8],
}

impl Input<'_> {
    /// Writes what there is room for, and closes behind the last.
    fn proceed(&mut self) {
        while let Some(pipe) = &mut self.pipe {
            match pipe.write(self.rest) {
                Ok(count @ 1..) => self.rest = &self.rest[count..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // All is written, or nobody wants it.
                Ok(0) | Err(_) => self.pipe = None,
            }
        }
    }
}

/// Writes and reads meanwhile, not to hold it up. What it leaves behind may have the pipes for ever.
fn end(mut child: Child, input: &mut Input, mut output: File, patience: Duration) -> io::Result<(ExitStatus, String)> {
    files::set_nonblocking(&output)?;
    let deadline = Instant::now() + patience;
    let mut said = Vec::new();
    loop {
        let ended = child.try_wait()?;
        input.proceed();
        let mut part = [0; 512];
        while let Ok(count @ 1..) = output.read(&mut part) {
            said.extend(&part[..count.min(MOST_KEPT - said.len())]);
        }
        if let Some(status) = ended {
            return Ok((status, format!(": {}", String::from_utf8_lossy(&said).trim_end())));
        }
        if Instant::now() > deadline {
            child.kill()?;
            return Ok((child.wait()?, format!(": it ran past its timeout of {} s", patience.as_secs())));
        }
        epoll::poll_one(&output, libc::POLLIN, PAUSE_MS)?;
    }
}

fn reason(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (_, Some(libc::SIGSYS)) => "ended by a signal: bad system call".into(),
        (_, Some(signal)) => format!("ended by signal {signal}"),
        (code, None) => format!("exit status {}", code.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, timeout: Option<u64>) -> Hook {
        let args = ["sh", "-c", script].map(String::from).to_vec();
        Hook { path: "/bin/sh".into(), args, env: vec!["A=b c".into()], timeout }
    }

    fn failure(script: &str, timeout: Option<u64>) -> String {
        run(&[shell("true", None), shell(script, timeout)], b"{}").unwrap_err().message
    }

    #[test]
    fn hooks_read_the_state_and_have_their_own_environment() {
        let script =
            "read s; test \"$s\" = '{\"id\":\"x\",\"pid\":'$PPID'}' && test \"$A\" = 'b c' && test -z \"$HOME\"";
        run(&[shell(script, None)], br#"{"id":"x"}"#).unwrap();
        run(&[], b"no state").unwrap();
    }

    #[test]
    fn failures_tell_which_and_why() {
        assert_eq!(
            failure("echo no; exit 3", None),
            "error running hook #1 (startContainer) /bin/sh: exit status 3: no"
        );
        assert!(failure("kill -SYS $$", None).ends_with("ended by a signal: bad system call: "));
        assert!(failure("sleep 100", Some(0)).ends_with("ended by signal 9: it ran past its timeout of 0 s"));
        let missing = Hook { path: "/no/such".into(), ..shell("", None) };
        assert!(run(&[missing], b"{}").unwrap_err().message.ends_with("/no/such: start it: No such file or directory"));
    }

    #[test]
    fn a_state_longer_than_a_pipe_reaches_who_reads_it_and_holds_up_nobody_who_does_not() {
        let state = format!("{{\"id\":\"{}\"}}", "x".repeat(300_000));
        run(&[shell("test $(wc -c) -gt 300000", None)], state.as_bytes()).unwrap();
        let began = Instant::now();
        let failure = run(&[shell("exec sleep 100", Some(1))], state.as_bytes()).unwrap_err().message;
        assert!(failure.ends_with("it ran past its timeout of 1 s"), "{failure}");
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn what_a_hook_writes_does_not_hold_it_up() {
        let said = failure("head -c 300000 /dev/zero | tr '\\0' x; exit 1", None);
        assert!(said.ends_with(&format!("exit status 1: {}", "x".repeat(MOST_KEPT))));
        run(&[shell("sleep 100 & exit 0", None)], b"{}").unwrap();
    }
}
