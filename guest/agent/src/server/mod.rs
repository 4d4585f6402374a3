//! Requests: decoded, carried out in the order of their arrival, answered at once or later.

mod container;
mod event;
mod names;
mod output;
mod process;
mod sandbox;

use crate::agent::Agent;
use crate::backlog::Waiting;
use crate::failure::{Code, Status};
use crate::ttrpc::{self, Request};
use prost::Message;
use std::time::Instant;

pub const SERVICE: &str = "hako.agent.v1.Agent";

pub enum Answer<R> {
    Now(R),
    /// Kept as a pending request and answered when its time comes; or answered already.
    Later,
    /// A device is not there yet; what it is.
    WaitsFor(String),
}

type Outcome<R> = Result<Answer<R>, Status>;

impl Agent {
    pub fn on_request(&mut self, stream: u32, bytes: &[u8]) {
        let Some(request) = Request::decode(bytes) else {
            return self.refuse(stream, &Status::invalid("decode the request: it is no ttrpc"));
        };
        if self.backlog.holds_up(&request) {
            return self.postpone(Waiting::new(stream, &request));
        }
        if let Some(_device) = self.carry_out(stream, &request) {
            self.postpone(Waiting::new(stream, &request));
        }
    }

    fn postpone(&mut self, waiting: Waiting) {
        if self.backlog.is_full() {
            let status = Status::new(Code::ResourceExhausted, "wait for a device: too many requests wait already");
            return self.refuse(waiting.stream, &status);
        }
        self.listen_for_devices(true);
        self.backlog.push(waiting);
    }

    /// Carries out what waits for devices as far as they have come.
    pub fn try_backlog(&mut self) {
        let now = Instant::now();
        for waiting in self.backlog.take() {
            let request = waiting.request();
            if self.backlog.holds_up(&request) {
                self.backlog.push(waiting);
                continue;
            }
            match self.carry_out(waiting.stream, &request) {
                None => {}
                Some(device) if now >= waiting.deadline => {
                    self.give_up_waiting(&waiting);
                    let message = format!("{}: no {device} appeared within 10 s", request.method);
                    self.refuse(waiting.stream, &Status::new(Code::DeadlineExceeded, message));
                }
                Some(_) => self.backlog.push(waiting),
            }
        }
        self.listen_for_devices(!self.backlog.is_empty());
    }

    /// The device that is missing, if one is.
    fn carry_out(&mut self, stream: u32, request: &Request) -> Option<String> {
        let call = Call { agent: self, stream, payload: request.payload };
        if request.service != SERVICE {
            let status = Status::new(Code::Unimplemented, format!("no service \"{}\"", request.service));
            self.refuse(stream, &status);
            return None;
        }
        match request.method {
            "Check" => call.to(Agent::check),
            "BindSandbox" => call.to(Agent::bind_sandbox),
            "SetClock" => call.to(Agent::set_clock),
            "OnlineCpus" => call.to(Agent::online_cpus),
            "ConfigureLink" => call.to(Agent::configure_link),
            "Shutdown" => call.to(Agent::shutdown),
            "PrepareContainer" => call.to(Agent::prepare_container),
            "CreateContainer" => call.to(Agent::create_container),
            "StartContainer" => call.to(Agent::start_container),
            "PauseContainer" => call.to(Agent::pause_container),
            "ResumeContainer" => call.to(Agent::resume_container),
            "UpdateContainer" => call.to(Agent::update_container),
            "ContainerStats" => call.to(Agent::container_stats),
            "ListPids" => call.to(Agent::list_pids),
            "DeleteContainer" => call.to(Agent::delete_container),
            "ExecProcess" => call.to(Agent::exec_process),
            "DeleteProcess" => call.to(Agent::delete_process),
            "SignalProcess" => call.to(Agent::signal_process),
            "ResizeTerminal" => call.to(Agent::resize_terminal),
            "WaitProcess" => call.to(Agent::wait_process),
            "WriteInput" => call.to(Agent::write_input),
            "ReadOutput" => call.to(Agent::read_output),
            "AwaitEvent" => call.to(Agent::await_event),
            "AwaitQuery" => call.to(Agent::await_query),
            "AnswerQuery" => call.to(Agent::answer_query),
            method => {
                let status = Status::new(Code::Unimplemented, format!("no method \"{method}\""));
                self.refuse(stream, &status);
                None
            }
        }
    }

    pub fn answer(&mut self, stream: u32, message: &impl Message) {
        ttrpc::respond(&mut self.channel.outbox, stream, message);
    }

    pub fn refuse(&mut self, stream: u32, status: &Status) {
        ttrpc::refuse(&mut self.channel.outbox, stream, status);
    }

    pub fn answer_or_refuse(&mut self, stream: u32, result: Result<impl Message, Status>) {
        match result {
            Ok(message) => self.answer(stream, &message),
            Err(status) => self.refuse(stream, &status),
        }
    }
}

struct Call<'a> {
    agent: &'a mut Agent,
    stream: u32,
    payload: &'a [u8],
}

impl Call<'_> {
    fn to<Q: Message + Default, R: Message>(self, handler: fn(&mut Agent, u32, Q) -> Outcome<R>) -> Option<String> {
        let outcome = match Q::decode(self.payload) {
            Ok(request) => handler(self.agent, self.stream, request),
            Err(e) => Err(Status::invalid(format!("decode the request: {e}"))),
        };
        match outcome {
            Ok(Answer::Now(message)) => self.agent.answer(self.stream, &message),
            Ok(Answer::Later) => {}
            Ok(Answer::WaitsFor(device)) => return Some(device),
            Err(status) => self.agent.refuse(self.stream, &status),
        }
        None
    }
}
