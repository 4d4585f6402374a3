//! The agent: everything it knows, and the one loop in which it does everything.
//!
//! There is one thread. What would have to wait is kept as a pending request instead and answered when a descriptor
//! becomes ready; so nothing needs a lock, and fork is safe.

use crate::api::container_status::State;
use crate::api::{ExitStatus, event};
use crate::backlog::Backlog;
use crate::boot;
use crate::channel::{Channel, Received};
use crate::container::Container;
use crate::events::Events;
use crate::failure::{Doing, Failure};
use crate::link::Links;
use crate::names::Names;
use crate::process::Process;
use crate::storage::Storages;
use crate::sys::epoll::{self, Epoll};
use crate::sys::process::{child_signals, reap};
use crate::token::Token;
use crate::ttrpc::{self, Frame};
use crate::uevents::Uevents;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{SystemTime, UNIX_EPOCH};

/// After so long without any event, memory is given back.
const QUIET_MS: i32 = 500;

pub struct Agent {
    pub epoll: Epoll,
    pub channel: Channel,
    pub backlog: Backlog,
    pub storages: Storages,
    pub links: Links,
    pub names: Names,
    pub containers: Vec<Container>,
    /// Nobody's yet.
    pub prepared: Option<Container>,
    pub events: Events,
    pub sandbox_id: String,
    pub ready_uptime_us: u64,
    children: OwnedFd,
    uevents: Option<Uevents>,
    last_stream: u32,
    last_serial: u32,
}

impl Agent {
    pub fn new(links: Links) -> Result<Agent, Failure> {
        let epoll = Epoll::new().doing(|| "make an epoll".into())?;
        let children = child_signals().doing(|| "watch for children that end".into())?;
        epoll.watch(&children, epoll::READ, Token::Children.pack()).doing(|| "watch signals".into())?;
        let channel = Channel::open(&epoll)?;
        Ok(Agent {
            epoll,
            channel,
            backlog: Backlog::default(),
            storages: Storages::default(),
            links,
            names: Names::default(),
            containers: Vec::new(),
            prepared: None,
            events: Events::default(),
            sandbox_id: String::new(),
            ready_uptime_us: boot::uptime_us(),
            children,
            uevents: None,
            last_stream: 0,
            last_serial: 0,
        })
    }

    pub fn serve(&mut self) -> Result<std::convert::Infallible, Failure> {
        let mut ready = [libc::epoll_event { events: 0, u64: 0 }; 16];
        loop {
            let timeout_ms = self.backlog.timeout_ms().unwrap_or(if self.channel.has_grown() { QUIET_MS } else { -1 });
            let count = self.epoll.wait(&mut ready, timeout_ms).doing(|| "wait for events".into())?;
            if count == 0 {
                self.rest();
            }
            for event in &ready[..count] {
                self.on_ready(Token::unpack(event.u64));
            }
            if !self.backlog.is_empty() {
                self.try_backlog();
            }
            self.channel.flush(&self.epoll);
        }
    }

    /// Nothing happened for a while: large buffers, kept so that a stream of output need not make them anew, go.
    fn rest(&mut self) {
        self.channel.rest();
        for process in self.containers.iter_mut().flat_map(|container| &mut container.processes) {
            process.stdout.rest();
            process.stderr.rest();
        }
        // SAFETY: a number; gives free pages back to the kernel.
        unsafe { libc::malloc_trim(0) };
    }

    fn on_ready(&mut self, token: Token) {
        match token {
            Token::Channel => self.on_channel(),
            Token::Children => self.on_children(),
            Token::Uevents => {
                if let Some(uevents) = &self.uevents {
                    uevents.drain();
                }
            }
            Token::Names => self.on_names(),
            Token::Control(serial) => self.on_control(serial),
            Token::Stdout(serial) => self.on_output(serial, false),
            Token::Stderr(serial) => self.on_output(serial, true),
            Token::Stdin(serial) => self.on_input(serial),
            Token::Memory(serial) => self.on_memory(serial),
        }
    }

    fn on_channel(&mut self) {
        loop {
            match self.channel.receive() {
                Received::Bytes => self.carry_out_inbox(),
                Received::Nothing => return,
                Received::Gone => return self.forget_waiters(),
            }
        }
    }

    fn carry_out_inbox(&mut self) {
        let inbox = self.channel.lend_inbox();
        let mut used = 0;
        loop {
            match ttrpc::parse(&inbox[used..]) {
                Frame::Request { stream, length } => {
                    // A client counts upwards; one that begins again is another one.
                    if stream <= self.last_stream {
                        self.channel.clear_outbox();
                        self.forget_waiters();
                    }
                    self.last_stream = stream;
                    let body = used + ttrpc::HEADER;
                    used = body + length;
                    self.on_request(stream, &inbox[body..used]);
                }
                Frame::Partial(_) => break,
                Frame::Garbage => {
                    self.channel.go_deaf();
                    used = inbox.len();
                    break;
                }
            }
        }
        self.channel.return_inbox(inbox, used);
    }

    /// The host that asked is gone; another one will ask again.
    fn forget_waiters(&mut self) {
        self.last_stream = 0;
        for waiting in self.backlog.take() {
            self.give_up_waiting(&waiting);
        }
        self.uevents = None;
        self.events.forget_waiters();
        self.names.forget_waiter();
        for process in self.containers.iter_mut().flat_map(|container| &mut container.processes) {
            process.forget_waiters(&self.epoll);
        }
    }

    /// Hears of new devices from now on, as long as something waits for one.
    pub fn listen_for_devices(&mut self, listen: bool) {
        if !listen {
            self.uevents = None;
        } else if self.uevents.is_none() {
            self.uevents = Uevents::open().ok();
            if let Some(uevents) = &self.uevents {
                let _ = self.epoll.watch(uevents, epoll::READ, Token::Uevents.pack());
            }
        }
    }

    pub fn next_serial(&mut self) -> u32 {
        self.last_serial += 1;
        self.last_serial
    }

    fn on_children(&mut self) {
        let mut info = [0u8; size_of::<libc::signalfd_siginfo>()];
        // SAFETY: writes at most the length that is passed. What it says does not matter: waitpid tells.
        unsafe { libc::read(self.children.as_raw_fd(), info.as_mut_ptr().cast(), info.len()) };
        while let Some((pid, code)) = reap() {
            self.on_exit(pid, code);
        }
    }

    fn on_exit(&mut self, pid: i32, code: u32) {
        let Some((container, process)) = self.find(|process| process.pid == pid && process.exit.is_none()) else {
            return;
        };
        let serial = self.containers[container].processes[process].serial;
        // Whether it had become its program is told first; a process that had not may be forgotten by that.
        self.on_control(serial);
        let Some((container, process)) = self.find(|process| process.serial == serial) else { return };
        let oom_kills = self.containers[container].cgroup.oom_kills();
        self.tell_oom_kills(container);
        let container = &mut self.containers[container];
        let ended = &mut container.processes[process];
        let oom_killed = oom_kills > ended.oom_kills_before;
        let exit = ExitStatus { code, exited_at_ns: wall_clock_ns(), oom_killed };
        ended.exit = Some(exit);
        ended.stdin.close();
        let (waiters, status) = (std::mem::take(&mut ended.waiters), ended.status());
        if process == 0 {
            container.state = State::Stopped;
            container.end_the_rest();
        }
        let id = container.id.clone();
        for stream in waiters {
            self.answer(stream, &exit);
        }
        self.on_input(serial);
        self.tell(&id, event::Kind::Exit(status));
    }

    fn on_memory(&mut self, serial: u32) {
        if let Some((container, _)) = self.find(|process| process.serial == serial) {
            self.tell_oom_kills(container);
        }
    }

    fn tell_oom_kills(&mut self, container: usize) {
        let container = &mut self.containers[container];
        let kills = container.cgroup.oom_kills();
        if kills > container.oom_kills_seen {
            container.oom_kills_seen = kills;
            let id = container.id.clone();
            self.tell(&id, event::Kind::OomKill(true));
        }
    }

    fn tell(&mut self, container_id: &str, kind: event::Kind) {
        for stream in self.events.add(container_id, kind) {
            if let Some(event) = self.events.newest().cloned() {
                self.answer(stream, &event);
            }
        }
    }

    /// Places of the container and process that `wanted` means.
    pub fn find(&self, wanted: impl Fn(&Process) -> bool) -> Option<(usize, usize)> {
        self.containers
            .iter()
            .enumerate()
            .find_map(|(at, container)| container.processes.iter().position(&wanted).map(|process| (at, process)))
    }
}

pub fn wall_clock_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
