//! Frames of the door-step socket. The format is drawn in `wire/doorstep/README.md`.
//!
//! Every frame is `u32 length, u8 type, payload`, little endian; `length` counts the payload alone.

use crate::streams::Answer;
use crate::view::{Bind, View};

/// What this program speaks; the daemon refuses another.
pub const VERSION: u16 = 2;
/// The longest HELLO payload the daemon takes.
pub const HELLO_LIMIT: usize = 1 << 20;
/// The longest payload taken from the daemon: that of OUTPUT.
pub const DAEMON_LIMIT: usize = 256 * 1024 + 9;

const HEADER: usize = 5;
const HELLO: u8 = 1;
const SIGNAL: u8 = 2;
const WINCH: u8 = 3;
const WRITTEN: u8 = 4;
const INPUT: u8 = 5;
const EXIT: u8 = 16;
const TOKEN: u8 = 17;
const RAW: u8 = 18;
const ACK: u8 = 19;
const OUTPUT: u8 = 20;
const READ: u8 = 21;
const STAY: u8 = 22;

/// What the first frame tells; its descriptors travel beside it.
pub struct Hello<'a> {
    /// Bit 0, 1, 2: standard input, output, error is a terminal.
    pub terminals: u16,
    pub pid: i32,
    pub rows: u16,
    pub columns: u16,
    /// The position of the last output; 0 on the first call.
    pub written: u64,
    /// Where the input read last begins; 0 on the first call.
    pub input: u64,
    /// Empty on the first call.
    pub token: &'a [u8],
    pub arguments: &'a [Vec<u8>],
    /// `NAME=value` each.
    pub environment: &'a [Vec<u8>],
}

impl Hello<'_> {
    /// The whole frame, or its payload's length where that is over [`HELLO_LIMIT`].
    pub fn encode(&self) -> Result<Vec<u8>, usize> {
        let mut frame = vec![0, 0, 0, 0, HELLO];
        frame.extend(VERSION.to_le_bytes());
        frame.extend(self.terminals.to_le_bytes());
        frame.extend(self.pid.to_le_bytes());
        frame.extend(self.rows.to_le_bytes());
        frame.extend(self.columns.to_le_bytes());
        frame.extend(self.written.to_le_bytes());
        frame.extend(self.input.to_le_bytes());
        put_string(&mut frame, self.token);
        put_strings(&mut frame, self.arguments);
        put_strings(&mut frame, self.environment);
        let length = frame.len() - HEADER;
        if length > HELLO_LIMIT {
            return Err(length);
        }
        frame[..4].copy_from_slice(&(length as u32).to_le_bytes());
        Ok(frame)
    }
}

fn put_string(frame: &mut Vec<u8>, string: &[u8]) {
    frame.extend((string.len() as u32).to_le_bytes());
    frame.extend(string);
}

fn put_strings(frame: &mut Vec<u8>, strings: &[Vec<u8>]) {
    frame.extend((strings.len() as u32).to_le_bytes());
    for string in strings {
        put_string(frame, string);
    }
}

/// The caller's signal `number`, to be forwarded.
pub fn signal(number: i32) -> [u8; HEADER + 4] {
    let [a, b, c, d] = number.to_le_bytes();
    [4, 0, 0, 0, SIGNAL, a, b, c, d]
}

/// The caller's terminal has a new size.
pub fn winch(rows: u16, columns: u16) -> [u8; HEADER + 4] {
    let ([a, b], [c, d]) = (rows.to_le_bytes(), columns.to_le_bytes());
    [4, 0, 0, 0, WINCH, a, b, c, d]
}

/// What the streams have to tell.
pub fn answer(answer: &Answer) -> Vec<u8> {
    match *answer {
        Answer::Written(errno) => [&[4, 0, 0, 0, WRITTEN], &errno.to_le_bytes()[..]].concat(),
        Answer::Input(offset, bytes) => {
            let length = (size_of::<u64>() + bytes.len()) as u32;
            [&length.to_le_bytes(), &[INPUT][..], &offset.to_le_bytes(), bytes].concat()
        }
    }
}

/// A frame from the daemon.
#[derive(Debug, PartialEq, Eq)]
pub enum Order {
    /// HELLO is accepted; from here on the call is under way.
    Ack,
    /// End with this code.
    Exit(u8),
    /// Reconnect with this token when the connection breaks.
    Token(Vec<u8>),
    /// Raw mode of standard input's terminal on or off.
    Raw(bool),
    /// Write these bytes to this descriptor, and know this position from then on.
    Output(u8, u64, Vec<u8>),
    /// Tell the input at this offset.
    Read(u64),
    /// Leave a process behind.
    Stay(Stay),
}

/// How the process is to be that stays behind.
#[derive(Debug, PartialEq, Eq)]
pub struct Stay {
    /// Path of a network namespace for it, empty for a new one; none: it is the caller's.
    pub network: Option<Vec<u8>>,
    /// Words, each ended by NUL: what it is shown to execute. Empty: what its caller is.
    pub command: Vec<u8>,
    /// Its streams are the terminal that came beside the frame.
    pub terminal: bool,
    /// What it calls the daemon with.
    pub token: Vec<u8>,
    /// What its mount namespace shows; none: the host's is its.
    pub view: Option<View>,
}

/// The peer does not speak this protocol.
#[derive(Debug, PartialEq, Eq)]
pub struct Garbage;

/// Cuts what arrives into frames.
#[derive(Default)]
pub struct FrameReader {
    buffer: Vec<u8>,
}

impl FrameReader {
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame, if it has arrived.
    pub fn next(&mut self) -> Result<Option<Order>, Garbage> {
        let Some((header, rest)) = self.buffer.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let [a, b, c, d, kind] = *header;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > DAEMON_LIMIT {
            return Err(Garbage);
        }
        let Some(payload) = rest.get(..length) else {
            return Ok(None);
        };
        let order = decode(kind, payload)?;
        self.buffer.drain(..HEADER + length);
        Ok(Some(order))
    }
}

fn decode(kind: u8, payload: &[u8]) -> Result<Order, Garbage> {
    match (kind, payload) {
        (ACK, []) => Ok(Order::Ack),
        (RAW, [on]) => Ok(Order::Raw(*on != 0)),
        (EXIT, &[code, 0, 0, 0]) => Ok(Order::Exit(code)),
        (TOKEN, token) => Ok(Order::Token(string(token)?)),
        (STAY, [flags @ 0..32, rest @ ..]) => stay(*flags, rest),
        (OUTPUT, [descriptor @ (1 | 2), rest @ ..]) => {
            let (position, bytes) = rest.split_first_chunk().ok_or(Garbage)?;
            Ok(Order::Output(*descriptor, u64::from_le_bytes(*position), bytes.to_vec()))
        }
        (READ, offset) => Ok(Order::Read(u64::from_le_bytes(offset.try_into().map_err(|_| Garbage)?))),
        _ => Err(Garbage),
    }
}

fn stay(flags: u8, payload: &[u8]) -> Result<Order, Garbage> {
    let mut rest = payload;
    let token = take_string(&mut rest)?;
    let network = if flags & 1 != 0 { Some(take_string(&mut rest)?) } else { None };
    let command = if flags & 16 != 0 { take_string(&mut rest)? } else { Vec::new() };
    let view = if flags & 4 != 0 { Some(view(flags & 8 != 0, &mut rest)?) } else { None };
    if !rest.is_empty() {
        return Err(Garbage);
    }
    Ok(Order::Stay(Stay { network, command, terminal: flags & 2 != 0, token, view }))
}

fn view(read_only: bool, rest: &mut &[u8]) -> Result<View, Garbage> {
    let root = take_string(rest)?;
    let mut binds = Vec::new();
    while let [read_only @ 0..2, behind @ ..] = *rest {
        *rest = behind;
        let (source, destination) = (take_string(rest)?, take_string(rest)?);
        binds.push(Bind { source, destination, read_only: *read_only != 0 });
    }
    Ok(View { root, read_only, binds })
}

fn take_string(rest: &mut &[u8]) -> Result<Vec<u8>, Garbage> {
    let (length, bytes) = rest.split_first_chunk().ok_or(Garbage)?;
    let (string, behind) = bytes.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Garbage)?;
    *rest = behind;
    Ok(string.to_vec())
}

/// A string and nothing behind it.
fn string(payload: &[u8]) -> Result<Vec<u8>, Garbage> {
    match payload.split_first_chunk() {
        Some((length, bytes)) if u32::from_le_bytes(*length) as usize == bytes.len() => Ok(bytes.to_vec()),
        _ => Err(Garbage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello<'a>(token: &'a [u8], arguments: &'a [Vec<u8>]) -> Hello<'a> {
        let (written, input) = (0x0102, 3);
        Hello { terminals: 0b101, pid: 77, rows: 24, columns: 80, written, input, token, arguments, environment: &[] }
    }

    #[test]
    fn hello_is_laid_out_as_drawn() {
        let arguments = [b"hako".to_vec(), b"ps".to_vec()];
        let frame = hello(b"t", &arguments).encode().unwrap();
        let expected: &[u8] = b"\x37\0\0\0\x01\x02\0\x05\0\x4d\0\0\0\x18\0\x50\0\
            \x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x01\0\0\0t\x02\0\0\0\x04\0\0\0hako\x02\0\0\0ps\0\0\0\0";
        assert_eq!(frame, expected);
    }

    #[test]
    fn hello_over_the_limit_is_refused_with_its_length() {
        let arguments = [vec![b'x'; HELLO_LIMIT]];
        assert_eq!(hello(b"", &arguments).encode(), Err(HELLO_LIMIT + 28 + 4 + 4 + 4 + 4));
    }

    #[test]
    fn signal_and_winch_are_laid_out_as_drawn() {
        assert_eq!(&signal(15), b"\x04\0\0\0\x02\x0f\0\0\0");
        assert_eq!(&winch(24, 300), b"\x04\0\0\0\x03\x18\0\x2c\x01");
    }

    #[test]
    fn answers_are_laid_out_as_drawn() {
        assert_eq!(answer(&Answer::Written(32)), b"\x04\0\0\0\x04\x20\0\0\0");
        assert_eq!(answer(&Answer::Input(7, b"ab")), b"\x0a\0\0\0\x05\x07\0\0\0\0\0\0\0ab");
    }

    #[test]
    fn orders_to_the_streams_are_read() {
        let mut reader = FrameReader::default();
        reader.push(b"\x0b\0\0\0\x14\x02\x09\0\0\0\0\0\0\0hi\x08\0\0\0\x15\x05\0\0\0\0\0\0\0");
        assert_eq!(reader.next(), Ok(Some(Order::Output(2, 9, b"hi".to_vec()))));
        assert_eq!(reader.next(), Ok(Some(Order::Read(5))));
    }

    #[test]
    fn the_order_to_stay_is_read() {
        let mut reader = FrameReader::default();
        reader.push(b"\x08\0\0\0\x16\x02\x03\0\0\0abc");
        let stay = Stay { network: None, command: Vec::new(), terminal: true, token: b"abc".to_vec(), view: None };
        assert_eq!(reader.next(), Ok(Some(Order::Stay(stay))));
    }

    #[test]
    fn frames_that_arrive_byte_by_byte_are_read() {
        let mut reader = FrameReader::default();
        let mut read = Vec::new();
        for byte in b"\0\0\0\0\x13\x07\0\0\0\x11\x03\0\0\0abc\x01\0\0\0\x12\x01\x04\0\0\0\x10\x7f\0\0\0" {
            reader.push(&[*byte]);
            read.extend(reader.next().unwrap());
        }
        assert_eq!(read, [Order::Ack, Order::Token(b"abc".to_vec()), Order::Raw(true), Order::Exit(127)]);
    }

    #[test]
    fn garbage_is_told_apart() {
        let hostile: [&[u8]; 12] = [
            b"HTTP/1.1 400 Bad Request",
            b"\x0a\0\x04\0\x14",
            b"\x09\0\0\0\x14\0\0\0\0\0\0\0\0\0",
            b"\x04\0\0\0\x14\x01\0\0\0",
            b"\x01\0\0\0\x15\0",
            b"\0\0\0\0\x63",
            b"\x01\0\0\0\x13x",
            b"\x04\0\0\0\x10\0\x01\0\0",
            b"\x04\0\0\0\x10\xff\xff\xff\xff",
            b"\x05\0\0\0\x11\x02\0\0\0x",
            b"\x05\0\0\0\x16\x04\0\0\0\0",
            b"\x04\0\0\0\x16\0\0\0\0",
        ];
        for bytes in hostile {
            let mut reader = FrameReader::default();
            reader.push(bytes);
            assert_eq!(reader.next(), Err(Garbage), "{bytes:?}");
        }
    }
}
