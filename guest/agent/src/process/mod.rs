//! A process of a container, as the agent keeps it: from its start until the host forgets it.

mod input;
mod output;

pub use input::Input;
pub use output::{Asked, Output};

use crate::api::{ExitStatus, ProcessStatus};
use crate::sys::epoll::Epoll;
use crate::sys::{files, sockets};
use crate::token::Token;
use std::io;
use std::os::fd::OwnedFd;

pub struct Process {
    /// Empty for a container's first.
    pub id: String,
    /// Unique in the life of the agent: what epoll's tokens carry.
    pub serial: u32,
    pub pid: i32,
    pub pidfd: OwnedFd,
    /// Open until the process has become its program.
    pub control: Option<OwnedFd>,
    /// The request that is answered then.
    pub starting: Option<u32>,
    pub exit: Option<ExitStatus>,
    /// Requests that wait for the exit.
    pub waiters: Vec<u32>,
    pub stdin: Input,
    pub stdout: Output,
    pub stderr: Output,
    /// The terminal's master end, for its size.
    pub terminal: Option<OwnedFd>,
    /// OOM kills of the container when this process began.
    pub oom_kills_before: u64,
}

impl Process {
    pub fn status(&self) -> ProcessStatus {
        ProcessStatus { process_id: self.id.clone(), pid: self.pid, exit: self.exit }
    }

    /// Takes the master of the terminal as input and output.
    pub fn attach_terminal(&mut self, master: OwnedFd, epoll: &Epoll) -> io::Result<()> {
        files::set_nonblocking(&master)?;
        self.stdout.attach(master.try_clone()?, epoll, Token::Stdout(self.serial))?;
        self.stdin.attach(master.try_clone()?);
        self.terminal = Some(master);
        Ok(())
    }

    /// Drops what waits for a host that is gone.
    pub fn forget_waiters(&mut self, epoll: &Epoll) {
        self.starting = None;
        self.waiters.clear();
        self.stdin.forget_waiter(epoll);
        self.stdout.forget_waiter(epoll);
        self.stderr.forget_waiter(epoll);
    }
}

/// The child's ends of its streams.
pub enum ChildEnds {
    Pipes {
        stdin: OwnedFd,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// It opens a terminal in the container itself.
    Terminal,
}

pub struct Streams {
    pub ends: ChildEnds,
    pub stdin: Input,
    pub stdout: Output,
    pub stderr: Output,
}

impl Streams {
    pub fn open(terminal: bool, open_stdin: bool) -> io::Result<Streams> {
        if terminal {
            let stdin = if open_stdin { Input::awaited() } else { Input::closed() };
            return Ok(Streams {
                ends: ChildEnds::Terminal,
                stdin,
                stdout: Output::awaited(),
                stderr: Output::ended(),
            });
        }
        let (stdin_end, stdin) = if open_stdin {
            let (read, write) = sockets::pipe()?;
            files::set_nonblocking(&write)?;
            (read, Input::open(write))
        } else {
            (crate::container::null()?, Input::closed())
        };
        let (stdout, stdout_end) = sockets::pipe()?;
        let (stderr, stderr_end) = sockets::pipe()?;
        files::set_nonblocking(&stdout)?;
        files::set_nonblocking(&stderr)?;
        let ends = ChildEnds::Pipes { stdin: stdin_end, stdout: stdout_end, stderr: stderr_end };
        Ok(Streams { ends, stdin, stdout: Output::open(stdout), stderr: Output::open(stderr) })
    }
}
