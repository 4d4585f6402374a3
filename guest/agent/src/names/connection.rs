//! A query over TCP: two bytes of length, in network order, then so many of the message (RFC 1035, 4.2.2); the same back.

use super::LONGEST_QUERY;
use crate::sys::epoll::{self, Epoll};
use crate::token::Token;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

pub struct Connection {
    pub number: u64,
    /// Which it asks.
    pub server: usize,
    stream: TcpStream,
    /// Of the next query, as far as it has come.
    inbox: Vec<u8>,
    /// Of the answer, as far as it has not gone.
    outbox: Vec<u8>,
    asked: bool,
}

impl Connection {
    pub fn new(number: u64, server: usize, stream: TcpStream) -> Connection {
        Connection { number, server, stream, inbox: Vec::new(), outbox: Vec::new(), asked: false }
    }

    pub fn watch(&self, epoll: &Epoll) -> io::Result<()> {
        if self.asked {
            return Ok(()); // more of it is not read before the answer
        }
        let events = if self.outbox.is_empty() { epoll::READ } else { epoll::WRITE };
        epoll.watch(&self.stream, events | epoll::ONCE, Token::Names.pack())
    }

    /// Writes and reads what it can. False: the connection is over.
    pub fn proceed(&mut self, epoll: &Epoll) -> bool {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(count) if count > 0 => drop(self.outbox.drain(..count)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return self.watch(epoll).is_ok(),
                _ => return false,
            }
        }
        while !self.asked && self.length().is_none_or(|length| self.inbox.len() < 2 + length) {
            let mut bytes = [0; 512];
            match self.stream.read(&mut bytes) {
                Ok(count) if count > 0 => self.inbox.extend_from_slice(&bytes[..count]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return true,
                _ => return false,
            }
            if self.length().is_some_and(|length| length == 0 || length > LONGEST_QUERY) {
                return false;
            }
        }
        true
    }

    fn length(&self) -> Option<usize> {
        self.inbox.first_chunk::<2>().map(|length| usize::from(u16::from_be_bytes(*length)))
    }

    /// The query, once it is whole. One at a time.
    pub fn query(&mut self) -> Option<Vec<u8>> {
        let end = 2 + self.length()?;
        if self.asked || self.inbox.len() < end {
            return None;
        }
        self.asked = true;
        let rest = self.inbox.split_off(end);
        Some(std::mem::replace(&mut self.inbox, rest).split_off(2))
    }

    /// False: there is none, and the connection is over.
    pub fn answer(&mut self, message: &[u8]) -> bool {
        let Some(length) = u16::try_from(message.len()).ok().filter(|length| *length > 0) else { return false };
        self.asked = false;
        self.outbox.extend(length.to_be_bytes());
        self.outbox.extend(message);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn pair() -> (TcpStream, Connection) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (client, Connection::new(1, 0, stream))
    }

    #[test]
    fn queries_come_one_after_the_other_in_whatever_pieces() {
        let (mut client, mut connection) = pair();
        let epoll = Epoll::new().unwrap();
        client.write_all(b"\0\x03ab").unwrap();
        assert!(connection.proceed(&epoll));
        assert_eq!(connection.query(), None);
        client.write_all(b"c\0\x01d").unwrap();
        assert!(connection.proceed(&epoll));
        assert_eq!(connection.query(), Some(b"abc".to_vec()));
        assert_eq!(connection.query(), None, "until the first is answered");
        assert!(connection.answer(b"xyz") && connection.proceed(&epoll));
        let mut bytes = [0; 5];
        client.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"\0\x03xyz");
        assert_eq!(connection.query(), Some(b"d".to_vec()));
    }

    #[test]
    fn what_is_no_query_ends_it() {
        for bytes in [&b"\0\0"[..], b"\xff\xff"] {
            let (mut client, mut connection) = pair();
            client.write_all(bytes).unwrap();
            assert!(!connection.proceed(&Epoll::new().unwrap()));
        }
        let (client, mut connection) = pair();
        drop(client);
        assert!(!connection.proceed(&Epoll::new().unwrap()), "its end");
    }

    #[test]
    fn without_an_answer_it_is_over() {
        assert!(!pair().1.answer(b""));
    }
}
