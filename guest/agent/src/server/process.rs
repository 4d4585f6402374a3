//! ExecProcess, DeleteProcess, SignalProcess, WaitProcess; and how starts are answered.

use super::{Answer, Outcome};
use crate::agent::Agent;
use crate::api::container_status::State;
use crate::api::*;
use crate::container::{self, report, report::Report};
use crate::failure::{Code, Doing, Failure, Status};
use crate::process::Process;
use crate::sys::{self, epoll, process};
use crate::token::Token;

impl Agent {
    pub(super) fn exec_process(&mut self, stream: u32, request: ExecProcessRequest) -> Outcome<StartResponse> {
        let serial = self.next_serial();
        let container = self.container(&request.container_id)?;
        container.require("exec in", &[State::Created, State::Running])?;
        if request.process_id.is_empty() {
            return Err(Status::invalid("exec: the process has no id"));
        }
        if container.process(&request.process_id).is_ok() {
            let message = format!("exec: there is a process \"{}\" already", request.process_id);
            return Err(Status::new(Code::AlreadyExists, message));
        }
        container.limit_time()?;
        let mut process = match container::exec(container, request, serial) {
            Ok(process) => process,
            Err(failure) => {
                return Ok(Answer::Now(StartResponse { failure: Some(failure.into_message()), pid: 0 }));
            }
        };
        process.starting = Some(stream);
        container.processes.push(process);
        self.watch_start(serial)?;
        Ok(Answer::Later)
    }

    /// The answer to a start comes when the child has become its program, or could not.
    pub fn watch_start(&mut self, serial: u32) -> Result<(), Failure> {
        let Some((container, process)) = self.find(|process| process.serial == serial) else { return Ok(()) };
        match &self.containers[container].processes[process].control {
            Some(control) => self.epoll.watch(control, epoll::READ, Token::Control(serial).pack()),
            None => Ok(()),
        }
        .doing(|| "watch the start of a process".into())
    }

    pub fn on_control(&mut self, serial: u32) {
        while let Some((container, at)) = self.find(|process| process.serial == serial) {
            let process = &mut self.containers[container].processes[at];
            let Some(report) = process.control.as_ref().and_then(report::receive) else { return };
            let failure = match report {
                Report::Ready => continue,
                Report::Terminal(master) => {
                    // Without its terminal the process runs all the same; reading from it says that it ended.
                    let _ = process.attach_terminal(master, &self.epoll);
                    self.on_input(serial);
                    continue;
                }
                Report::Failed(failure) => Some(failure),
                Report::Closed if at == 0 => self.containers[container].limit_time().err(),
                Report::Closed => None,
            };
            let process = &mut self.containers[container].processes[at];
            process.control = None;
            let failed = failure.is_some();
            let pid = if failed { 0 } else { process.pid };
            let response = StartResponse { failure: failure.map(Failure::into_message), pid };
            let starting = process.starting.take();
            if failed {
                self.forget_unstarted(container, at);
            }
            if let Some(stream) = starting {
                self.answer(stream, &response);
            }
            if failed {
                return;
            }
        }
    }

    /// What waits for a process that never began gets nothing any more.
    fn forget_unstarted(&mut self, container: usize, at: usize) {
        if at > 0 {
            let mut process = self.containers[container].processes.remove(at);
            self.refuse_waiters(&mut process);
            return;
        }
        let container = &mut self.containers[container];
        container.state = State::Stopped;
        let init = container.init_mut();
        init.stdout.abandon();
        let serial = init.serial;
        for stream in std::mem::take(&mut init.waiters) {
            self.refuse(stream, &Status::precondition("wait for the process: it could not be started"));
        }
        self.on_output(serial, false);
        self.on_output(serial, true);
    }

    pub(super) fn refuse_waiters(&mut self, process: &mut Process) {
        let mut streams = std::mem::take(&mut process.waiters);
        streams.extend(process.starting.take());
        streams.extend(process.stdin.take_waiter());
        streams.extend(process.stdout.take_waiter().map(|(stream, ..)| stream));
        streams.extend(process.stderr.take_waiter().map(|(stream, ..)| stream));
        for stream in streams {
            let message = format!("process \"{}\" is not there any more", process.id);
            self.refuse(stream, &Status::new(Code::NotFound, message));
        }
    }

    pub(super) fn delete_process(&mut self, _stream: u32, request: ProcessRequest) -> Outcome<Empty> {
        let container = self.container(&request.container_id)?;
        if request.process_id.is_empty() {
            return Err(Status::invalid("delete process: the first one goes with its container"));
        }
        if container.process(&request.process_id)?.exit.is_none() {
            return Err(Status::precondition(format!("delete process \"{}\": it runs", request.process_id)));
        }
        if let Some(at) = container.processes.iter().position(|process| process.id == request.process_id) {
            let mut process = container.processes.remove(at);
            self.refuse_waiters(&mut process);
        }
        Ok(Answer::Now(Empty {}))
    }

    pub(super) fn signal_process(&mut self, _stream: u32, request: SignalProcessRequest) -> Outcome<Empty> {
        let container = self.container(&request.container_id)?;
        let signal = i32::try_from(request.signal).ok().filter(|signal| (1..=64).contains(signal));
        let signal = signal.ok_or_else(|| Status::invalid(format!("send signal {}: there is none", request.signal)))?;
        let doing = || format!("send signal {signal} to \"{}\"", request.container_id);
        if request.all {
            if signal == libc::SIGKILL {
                container.cgroup.kill().doing(doing)?;
            } else {
                for pid in container.cgroup.pids() {
                    // SAFETY: numbers only. A process that has ended in between is no error.
                    unsafe { libc::kill(pid, signal) };
                }
            }
            return Ok(Answer::Now(Empty {}));
        }
        let process = container.process(&request.process_id)?;
        let gone = || Status::precondition(format!("{}: the process has ended", doing()));
        if process.exit.is_some() {
            return Err(gone());
        }
        match process::send_signal(&process.pidfd, signal) {
            Err(e) if sys::is(&e, libc::ESRCH) => Err(gone()),
            result => {
                result.doing(doing)?;
                Ok(Answer::Now(Empty {}))
            }
        }
    }

    pub(super) fn wait_process(&mut self, stream: u32, request: ProcessRequest) -> Outcome<ExitStatus> {
        let process = self.container(&request.container_id)?.process(&request.process_id)?;
        if let Some(exit) = process.exit {
            return Ok(Answer::Now(exit));
        }
        process.waiters.push(stream);
        Ok(Answer::Later)
    }
}
