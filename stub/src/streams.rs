//! The caller's standard streams, as far as the daemon leaves them to the door-step: output to write, input to read, and
//! how far both have got. That is kept here because this process outlives the daemon: the next one goes on where the last
//! one was, and no byte is lost or comes twice.

use crate::failure::errno;
use std::collections::VecDeque;
use std::os::fd::RawFd;

/// The longest input told at once.
const CHUNK: usize = 32 * 1024;
/// What a pipe that polls as writable takes without making the writer wait (pipe(7), `PIPE_BUF`): signals are to pass meanwhile.
const PART: usize = 4096;

#[derive(Default)]
pub struct Streams {
    written: u64,
    outputs: VecDeque<Output>,
    input: Input,
}

struct Output {
    descriptor: RawFd,
    bytes: Vec<u8>,
    done: usize,
    /// The daemon it came from waits to hear of it.
    awaited: bool,
}

/// What was read last, kept until the daemon asks for what follows it.
#[derive(Default)]
struct Input {
    offset: u64,
    chunk: Vec<u8>,
    ended: bool,
    asked: bool,
}

/// An answer to the daemon.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The awaited output is written, or the errno.
    Written(i32),
    /// Input at this offset; empty at its end.
    Input(u64, &'a [u8]),
}

impl Streams {
    /// The position that came with the last output. All of that is written, or will be.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Where the input read last begins.
    pub fn input(&self) -> u64 {
        self.input.offset
    }

    /// Another daemon asks from here on; the last one's questions are void.
    pub fn change_daemon(&mut self) {
        self.input.asked = false;
        self.outputs.iter_mut().for_each(|output| output.awaited = false);
    }

    pub fn write(&mut self, descriptor: RawFd, position: u64, bytes: Vec<u8>) {
        self.written = position;
        self.outputs.push_back(Output { descriptor, bytes, done: 0, awaited: true });
    }

    /// Whether output waits to be written.
    pub fn is_writing(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Asks for input at `offset`. The answer is at hand where that was read before; none where `offset` is neither the
    /// beginning nor the end of what was read last.
    pub fn read(&mut self, offset: u64) -> Option<Option<Answer<'_>>> {
        let input = &mut self.input;
        if offset == input.offset + input.chunk.len() as u64 && !(input.ended && input.chunk.is_empty()) {
            input.offset = offset;
            input.chunk.clear();
            input.asked = true;
            return Some(None);
        }
        (offset == input.offset).then_some(Some(Answer::Input(input.offset, &input.chunk)))
    }

    /// What to wait for: standard input to read, and the descriptor to write to, or -1.
    pub fn polled(&self) -> [libc::pollfd; 2] {
        let input = if self.input.asked { 0 } else { -1 };
        let output = self.outputs.front().map_or(-1, |output| output.descriptor);
        [
            libc::pollfd { fd: input, events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: output, events: libc::POLLOUT, revents: 0 },
        ]
    }

    /// Writes some, and tells when the output is done. After [`Streams::polled`] said that it can be.
    pub fn proceed_output(&mut self) -> Option<Answer<'static>> {
        let output = self.outputs.front_mut()?;
        let rest = &output.bytes[output.done..];
        // SAFETY: a pointer and at most its length.
        let count = unsafe { libc::write(output.descriptor, rest.as_ptr().cast(), rest.len().min(PART)) };
        let result = match count {
            0.. => 0,
            _ => errno(),
        };
        if matches!(result, libc::EAGAIN | libc::EINTR) {
            return None;
        }
        output.done += usize::try_from(count).unwrap_or(0);
        if result == 0 && output.done < output.bytes.len() {
            return None;
        }
        let awaited = output.awaited;
        self.outputs.pop_front();
        awaited.then_some(Answer::Written(result))
    }

    /// Reads what is there. After [`Streams::polled`] said that something is.
    pub fn proceed_input(&mut self) -> Option<Answer<'_>> {
        let input = &mut self.input;
        input.chunk.resize(CHUNK, 0);
        // SAFETY: the buffer holds as many bytes as asked for.
        let count = unsafe { libc::read(0, input.chunk.as_mut_ptr().cast(), CHUNK) };
        let again = count < 0 && matches!(errno(), libc::EAGAIN | libc::EINTR);
        input.chunk.truncate(usize::try_from(count).unwrap_or(0));
        if again {
            return None;
        }
        // What cannot be read any more, such as a terminal that was hung up, has ended.
        input.ended = count <= 0;
        input.asked = false;
        Some(Answer::Input(input.offset, &input.chunk))
    }
}
