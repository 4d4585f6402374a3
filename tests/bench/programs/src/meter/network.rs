//! A server and a client of a protocol of its own. The client's first byte says what a connection is for:
//!
//!   D  it sends, until it closes its side; the server answers with the number of bytes, 8 of them, little-endian
//!   S  it says how long, in milliseconds, 8 bytes; the server sends for that time, and closes
//!   E  it sends 64 bytes, the server sends them back, and so on

use crate::times::tell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const CHUNK_BYTES: usize = 64 << 10;
const MESSAGE_BYTES: usize = 64;
const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(10);

/// Says "ready" once it listens.
pub fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("ready");
    loop {
        let (connection, _) = listener.accept()?;
        thread::spawn(move || answer(connection));
    }
}

fn answer(mut connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut purpose = [0];
    connection.read_exact(&mut purpose)?;
    match purpose[0] {
        b'D' => {
            let total = drain(&mut connection)?;
            connection.write_all(&total.to_le_bytes())
        }
        b'S' => {
            let mut ms = [0; 8];
            connection.read_exact(&mut ms)?;
            send(&mut connection, Duration::from_millis(u64::from_le_bytes(ms).min(60_000))).map(|_| ())
        }
        _ => echo(&mut connection),
    }
}

fn drain(connection: &mut TcpStream) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut total = 0;
    loop {
        match connection.read(&mut chunk)? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

fn send(connection: &mut TcpStream, span: Duration) -> io::Result<()> {
    let chunk = vec![7; CHUNK_BYTES];
    let began = Instant::now();
    while began.elapsed() < span {
        connection.write_all(&chunk)?;
    }
    Ok(())
}

fn echo(connection: &mut TcpStream) -> io::Result<()> {
    let mut message = [0; MESSAGE_BYTES];
    loop {
        connection.read_exact(&mut message)?;
        connection.write_all(&message)?;
    }
}

pub fn talk(address: &str, ms: u64) -> io::Result<()> {
    let span = Duration::from_millis(ms);
    tell("send", || {
        let mut connection = connect(address, b'D')?;
        send(&mut connection, span)?;
        connection.shutdown(Shutdown::Write)?;
        let mut total = [0; 8];
        connection.read_exact(&mut total)?;
        Ok(u64::from_le_bytes(total))
    })?;
    tell("receive", || {
        let mut connection = connect(address, b'S')?;
        connection.write_all(&ms.to_le_bytes())?;
        drain(&mut connection)
    })?;
    let mut one = connect(address, b'E')?;
    tell("round-trips", || round_trips(&mut one, span))?;
    tell("requests", || requests(address, span))?;
    tell("connections", || {
        let began = Instant::now();
        let mut count = 0;
        while began.elapsed() < span {
            round_trip(&mut connect(address, b'E')?)?;
            count += 1;
        }
        Ok(count)
    })
}

fn connect(address: &str, purpose: u8) -> io::Result<TcpStream> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(&[purpose])?;
    Ok(connection)
}

fn round_trip(connection: &mut TcpStream) -> io::Result<()> {
    let mut message = [1; MESSAGE_BYTES];
    connection.write_all(&message)?;
    connection.read_exact(&mut message)
}

fn round_trips(connection: &mut TcpStream, span: Duration) -> io::Result<u64> {
    let began = Instant::now();
    let mut count = 0;
    while began.elapsed() < span {
        round_trip(connection)?;
        count += 1;
    }
    Ok(count)
}

/// Over several connections at once, one request at a time on each.
fn requests(address: &str, span: Duration) -> io::Result<u64> {
    let connections = (0..AT_ONCE).map(|_| connect(address, b'E')).collect::<io::Result<Vec<_>>>()?;
    let callers: Vec<_> = connections
        .into_iter()
        .map(|mut connection| thread::spawn(move || round_trips(&mut connection, span)))
        .collect();
    callers.into_iter().map(|caller| caller.join().map_err(|_| io::Error::other("a caller failed"))?).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_counted_and_sent_back() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        thread::spawn(move || listener.incoming().for_each(|it| drop(thread::spawn(|| answer(it.unwrap())))));
        talk(&address, 20).unwrap();
        let mut connection = connect(&address, b'D').unwrap();
        connection.write_all(&[0; 1000]).unwrap();
        connection.shutdown(Shutdown::Write).unwrap();
        let mut total = [0; 8];
        connection.read_exact(&mut total).unwrap();
        assert_eq!(u64::from_le_bytes(total), 1000);
    }
}
