//! One call of the daemon: HELLO, then signals and input one way, orders and output the other, until EXIT.

use crate::command_line;
use crate::connection::{Connection, open_path};
use crate::failure::{Failure, describe};
use crate::frame::{self, FrameReader, HELLO_LIMIT, Hello, Order};
use crate::place::Place;
use crate::reach::{PATIENCE, Wait, reach};
use crate::signals::{self, Signals};
use crate::stay;
use crate::streams::{Answer, Streams};
use crate::terminal;
use crate::view::{self, View};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::{Duration, Instant};

const FOR_EVER: Duration = Duration::from_secs(86400);

/// Why a conversation ended.
enum End {
    Exit(u8),
    /// This is the process that stays behind, and has a token to call with.
    Stayed(Option<View>),
    /// The daemon is gone, and had taken the call or not.
    Broken {
        acknowledged: bool,
    },
}

pub struct Call<'a> {
    place: &'a Place,
    signals: &'a Signals,
    /// What makes another daemon go on with this call; empty until the daemon gives one.
    token: Vec<u8>,
    streams: Streams,
    /// As it was called, also when it is shown to execute something else.
    arguments: Vec<Vec<u8>>,
}

impl<'a> Call<'a> {
    pub fn new(place: &'a Place, signals: &'a Signals) -> Self {
        let arguments = std::env::args_os().map(OsStringExt::into_vec).collect();
        Self { place, signals, token: Vec::new(), streams: Streams::default(), arguments }
    }

    /// Runs to the end; the answer is the exit code the daemon gave.
    pub fn run(self) -> Result<u8, Failure> {
        let signals = self.signals;
        self.go_on(Wait::FirstCall(signals))
    }

    fn go_on(mut self, mut wait: Wait<'a>) -> Result<u8, Failure> {
        let mut deadline = Instant::now() + PATIENCE;
        // A daemon that ended between taking the connection and taking the call has done nothing: one more try.
        let mut may_repeat = true;
        loop {
            let connection = reach(self.place, wait, deadline)?;
            match self.attend(&connection)? {
                End::Exit(code) => return Ok(code),
                End::Stayed(Some(view)) => return view::before(&view, || self.go_on(Wait::Reconnect))?,
                End::Stayed(None) => {
                    deadline = Instant::now() + PATIENCE;
                    wait = Wait::Reconnect;
                }
                End::Broken { acknowledged: false } if self.token.is_empty() && may_repeat => may_repeat = false,
                End::Broken { .. } if self.token.is_empty() => return Err(self.broken("before the command ended")),
                End::Broken { acknowledged: false } if Instant::now() > deadline => {
                    return Err(self.broken("and does not come back"));
                }
                End::Broken { acknowledged } => {
                    if acknowledged {
                        deadline = Instant::now() + PATIENCE;
                    }
                    wait = Wait::Reconnect;
                }
            }
        }
    }

    fn broken(&self, when: &str) -> Failure {
        Failure::new(format!("hakod went away {when}; its log is {}", self.place.log().display()))
    }

    fn attend(&mut self, connection: &Connection) -> Result<End, Failure> {
        self.streams.change_daemon();
        match self.greet(connection) {
            Ok(()) => {}
            Err(libc::EPIPE | libc::ECONNRESET) => return Ok(End::Broken { acknowledged: false }),
            Err(libc::E2BIG) => {
                return Err(Failure::new(format!("arguments and environment are over {} KiB", HELLO_LIMIT / 1024)));
            }
            Err(errno) => return Err(Failure::new(format!("call hakod: {}", describe(errno)))),
        }
        let answer_due = Instant::now() + PATIENCE;
        let mut acknowledged = false;
        let mut exit = None;
        let mut frames = FrameReader::default();
        let mut buffer = [0; 16384];
        loop {
            self.forward_signals(connection);
            match connection.receive(&mut buffer) {
                Ok(0) | Err(libc::ECONNRESET) if exit.is_none() => return Ok(End::Broken { acknowledged }),
                Ok(count) => frames.push(&buffer[..count]),
                Err(libc::EAGAIN | libc::EINTR | libc::ECONNRESET) => {}
                Err(errno) => return Err(Failure::new(format!("read from hakod: {}", describe(errno)))),
            }
            while let Some(order) = frames.next().map_err(|_| stranger(self.place))? {
                match order {
                    Order::Ack => acknowledged = true,
                    Order::Exit(code) => exit = Some(code),
                    Order::Token(token) => self.token = token,
                    Order::Raw(on) => terminal::raw(on),
                    Order::Output(descriptor, position, bytes) => {
                        self.streams.write(descriptor.into(), position, bytes);
                    }
                    Order::Read(offset) => {
                        let known = self.streams.read(offset).ok_or_else(|| stranger(self.place))?;
                        tell(connection, known);
                    }
                    Order::Stay(order) => {
                        let terminal = connection.take_descriptor();
                        if terminal.is_some() != order.terminal {
                            return Err(stranger(self.place));
                        }
                        if stay::stay(
                            order.network.as_deref(),
                            terminal,
                            &[connection.descriptor(), self.signals.descriptor()],
                        )? {
                            command_line::show(&order.command);
                            self.signals.forget();
                            self.streams = Streams::default();
                            self.token = order.token;
                            return Ok(End::Stayed(order.view));
                        }
                    }
                }
            }
            // Output of a daemon that was killed may still be on its way.
            if let Some(code) = exit.filter(|_| !self.streams.is_writing()) {
                return Ok(End::Exit(code));
            }
            let patience = if acknowledged { FOR_EVER } else { answer_due.saturating_duration_since(Instant::now()) };
            if patience.is_zero() {
                return Err(self.broken("or hangs: no answer within 30 s"));
            }
            self.wait(connection, exit.is_none(), patience);
        }
    }

    /// Waits for something to happen, and moves what can be moved of the streams.
    fn wait(&mut self, connection: &Connection, listening: bool, time: Duration) {
        let watch = |descriptor| libc::pollfd { fd: descriptor, events: libc::POLLIN, revents: 0 };
        let [input, output] = self.streams.polled();
        let daemon = watch(if listening { connection.descriptor() } else { -1 });
        let mut polled = [daemon, watch(self.signals.descriptor()), input, output];
        signals::poll(&mut polled, time);
        if polled[2].revents != 0 {
            tell(connection, self.streams.proceed_input());
        }
        if polled[3].revents != 0 {
            tell(connection, self.streams.proceed_output());
        }
    }

    /// Sends HELLO with its five descriptors. E2BIG where it is too long.
    fn greet(&self, connection: &Connection) -> Result<(), i32> {
        let (rows, columns) = terminal::size();
        let hello = Hello {
            terminals: terminal::which(),
            pid: std::process::id() as i32,
            rows,
            columns,
            written: self.streams.written(),
            input: self.streams.input(),
            token: &self.token,
            arguments: &self.arguments,
            environment: &environment(),
        };
        let frame = hello.encode().map_err(|_| libc::E2BIG)?;
        // A working directory that cannot be named gives a place where no relative path is found.
        let directory = open_path(Path::new(".")).or_else(|_| open_path(Path::new("/dev/null")))?;
        let root = open_path(Path::new("/"))?;
        // Rust's start-up has put /dev/null in the place of whichever of the three was closed.
        let descriptors = [directory.as_raw_fd(), root.as_raw_fd(), 0, 1, 2];
        connection.send(&frame, &descriptors, Instant::now() + PATIENCE)
    }

    /// Tells the daemon what has come. What cannot be told is held for the next connection.
    fn forward_signals(&self, connection: &Connection) {
        while let Some(number) = self.signals.next() {
            let frame = match number {
                libc::SIGCONT | libc::SIGWINCH => {
                    if number == libc::SIGCONT {
                        terminal::resume();
                    }
                    let (rows, columns) = terminal::size();
                    frame::winch(rows, columns)
                }
                _ => frame::signal(number),
            };
            if connection.send(&frame, &[], Instant::now() + PATIENCE).is_err() {
                self.signals.hold(number);
                return;
            }
        }
    }
}

fn stranger(place: &Place) -> Failure {
    Failure::new(format!(
        "what listens on {} does not speak door-step version {}: restart hakod",
        place.socket().display(),
        frame::VERSION
    ))
}

/// Where the daemon cannot be told it is gone, and the next one learns from HELLO.
fn tell(connection: &Connection, answer: Option<Answer>) {
    if let Some(answer) = answer {
        let _ = connection.send(&frame::answer(&answer), &[], Instant::now() + PATIENCE);
    }
}

fn environment() -> Vec<Vec<u8>> {
    let join = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        let mut entry = name.into_vec();
        entry.push(b'=');
        entry.extend(value.into_vec());
        entry
    };
    std::env::vars_os().map(join).collect()
}
