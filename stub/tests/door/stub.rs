//! The door-step under test.

use crate::home::{Home, await_some};
use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub const BINARY: &str = env!("CARGO_BIN_EXE_hako-stub");

/// Killed when dropped.
pub struct Stub(Child);

/// How it ended and what it had said.
pub struct Ended {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

/// A command of the built program with `home` for its `HAKO_HOME`, its output piped and no signal ignored: whoever runs
/// the tests may ignore some.
pub fn command(home: &Home, arguments: &[&str]) -> Command {
    command_of(Path::new(BINARY), home, arguments)
}

/// The same of a copy of the program.
pub fn command_of(program: &Path, home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env("HAKO_HOME", home.path()).env_remove("HAKO_DAEMON");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // SAFETY: signal is async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            for number in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
                libc::signal(number, libc::SIG_DFL);
            }
            Ok(())
        })
    };
    command
}

impl Stub {
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        Self::spawn(command(home, arguments))
    }

    pub fn spawn(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    pub fn kill(&self, signal: i32) {
        // SAFETY: the child is not waited for yet, so its pid is its own.
        assert_eq!(unsafe { libc::kill(self.pid(), signal) }, 0);
    }

    /// The process state of proc(5): `S` sleeps, `T` is stopped.
    pub fn state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    }

    pub fn is_running(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    pub fn end(mut self) -> Ended {
        let status = await_some("the end of the door-step", || self.0.try_wait().unwrap());
        let output = self.0.stdout.as_mut().map_or_else(String::new, written);
        let errors = self.0.stderr.as_mut().map_or_else(String::new, written);
        Ended { code: status.code(), output, errors }
    }
}

/// All that lies in a pipe, other writers of which may still be open in the test.
fn written(pipe: &mut (impl Read + AsRawFd)) -> String {
    // SAFETY: sets a flag of a descriptor that `pipe` keeps open.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    let mut bytes = Vec::new();
    let _ = pipe.read_to_end(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
