//! WriteInput, ReadOutput and ResizeTerminal: what goes in and out of a process.

use super::{Answer, Outcome};
use crate::agent::Agent;
use crate::api::read_output_request::Stream;
use crate::api::{Empty, ReadOutputRequest, ReadOutputResponse, ResizeTerminalRequest, WriteInputRequest};
use crate::container::resize;
use crate::failure::{Code, Doing, Status};
use crate::process::Asked;
use crate::token::Token;
use crate::ttrpc;

const MAX_READ: u32 = 256 << 10;
const MAX_WRITE: usize = 64 << 10;

impl Agent {
    pub(super) fn read_output(&mut self, stream: u32, request: ReadOutputRequest) -> Outcome<ReadOutputResponse> {
        let is_stderr = request.stream() == Stream::Stderr;
        if !(1..=MAX_READ).contains(&request.max_bytes) {
            return Err(Status::invalid(format!("read output: max_bytes is not between 1 and {MAX_READ}")));
        }
        let serial = self.container(&request.container_id)?.process(&request.process_id)?.serial;
        self.deliver(stream, serial, is_stderr, request.offset, request.max_bytes as usize)?;
        Ok(Answer::Later)
    }

    pub fn on_output(&mut self, serial: u32, is_stderr: bool) {
        let Some((container, process)) = self.find(|process| process.serial == serial) else { return };
        let process = &mut self.containers[container].processes[process];
        let output = if is_stderr { &mut process.stderr } else { &mut process.stdout };
        if let Some((stream, offset, max)) = output.take_waiter() {
            if let Err(status) = self.deliver(stream, serial, is_stderr, offset, max) {
                self.refuse(stream, &status);
            }
        }
    }

    /// Answers with what there is, or keeps the request until there is something.
    fn deliver(&mut self, stream: u32, serial: u32, is_stderr: bool, offset: u64, max: usize) -> Result<(), Status> {
        let Some((container, process)) = self.find(|process| process.serial == serial) else { return Ok(()) };
        let process = &mut self.containers[container].processes[process];
        let (output, token) = match is_stderr {
            false => (&mut process.stdout, Token::Stdout(serial)),
            true => (&mut process.stderr, Token::Stderr(serial)),
        };
        match output.ask(offset, max)? {
            Asked::Bytes(data, end) => ttrpc::respond_output(&mut self.channel.outbox, stream, data, end),
            Asked::Later => {
                let replaced = output.wait(stream, max, &self.epoll, token).doing(|| "wait for output".into())?;
                if let Some(replaced) = replaced {
                    self.refuse(replaced, &Status::new(Code::Aborted, "read output: another request took its place"));
                }
            }
        }
        Ok(())
    }

    pub(super) fn write_input(&mut self, stream: u32, request: WriteInputRequest) -> Outcome<Empty> {
        if request.data.len() > MAX_WRITE {
            return Err(Status::invalid(format!("write input: more than {MAX_WRITE} bytes")));
        }
        let process = self.container(&request.container_id)?.process(&request.process_id)?;
        process.stdin.write(stream, request.offset, request.data, request.end)?;
        let serial = process.serial;
        self.on_input(serial);
        Ok(Answer::Later)
    }

    pub fn on_input(&mut self, serial: u32) {
        let Some((container, process)) = self.find(|process| process.serial == serial) else { return };
        let input = &mut self.containers[container].processes[process].stdin;
        if let Some((stream, result)) = input.proceed(&self.epoll, Token::Stdin(serial)) {
            self.answer_or_refuse(stream, result.map(|()| Empty {}));
        }
    }

    pub(super) fn resize_terminal(&mut self, _stream: u32, request: ResizeTerminalRequest) -> Outcome<Empty> {
        let process = self.container(&request.container_id)?.process(&request.process_id)?;
        let Some(terminal) = &process.terminal else {
            return Err(Status::precondition("resize the terminal: the process has none"));
        };
        let size = |n: u32| u16::try_from(n).map_err(|_| Status::invalid("resize the terminal: out of range"));
        let resized = resize(terminal, size(request.rows)?, size(request.columns)?);
        resized.doing(|| "resize the terminal".into())?;
        Ok(Answer::Now(Empty {}))
    }
}
