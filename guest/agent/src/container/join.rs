//! What the child does that becomes one more process of a running container.

use super::init::become_root;
use super::namespaces::Namespaces;
use super::program::{self, Prepared, Program};
use super::report;
use super::rlimits;
use super::seccomp::Filter;
use super::terminal::Terminal;
use crate::failure::{Doing, Failure};
use crate::process::ChildEnds;
use crate::spec;
use crate::sys::{files, process};
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

pub struct Join<'a> {
    /// The container's first process.
    pub pidfd: &'a OwnedFd,
    pub namespaces: Namespaces,
    pub process: &'a spec::Process,
    pub user: &'a str,
    pub filter: Option<&'a Filter>,
}

impl Join<'_> {
    /// Does not return: it becomes the program, or reports why not.
    pub fn run(&self, ends: ChildEnds, control: &OwnedFd) -> ! {
        match self.enter(ends, control).and_then(|prepared| prepared.execute(|| Ok(()))) {
            Err(failure) => program::give_up(control, &failure),
        }
    }

    fn enter(&self, ends: ChildEnds, control: &OwnedFd) -> Result<Prepared<'_>, Failure> {
        let adjustment = self.process.oom_score_adj.unwrap_or(0);
        files::write("/proc/self/oom_score_adj", adjustment.to_string()).doing(|| "write oom_score_adj".into())?;
        if self.namespaces.has(libc::CLONE_NEWUSER) {
            rlimits::apply(self.process.rlimits.as_deref().unwrap_or_default())?;
        }
        let joined = process::set_namespaces(self.pidfd, self.namespaces.at_exec());
        joined.doing(|| "join the container's namespaces".into())?;
        if self.namespaces.has(libc::CLONE_NEWUSER) {
            become_root()?;
        }
        let mut terminal = None;
        if self.process.terminal {
            let root = File::open("/").doing(|| "open the container's root".into())?;
            let opened = Terminal::open(root.as_fd(), self.process.console_size)?;
            report::terminal(control, &opened.master).doing(|| "hand over the terminal".into())?;
            terminal = Some(opened);
        }
        Program { process: self.process, user: self.user, filter: self.filter, ends }.prepare(terminal, control)
    }
}
