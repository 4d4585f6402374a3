//! Names for containers: a name server that listens on loopback outside of this guest is asked through the host.
//!
//! A query is read only when the host asks for one, so that those nobody takes wait, and are lost, in the kernel's buffers.
//! Who is to get the answer travels with the query and comes back with the answer: for datagrams nothing is kept.

mod connection;
mod redirect;

use crate::api::{NameAnswer, NameQuery};
use crate::failure::{Doing, Failure, Status};
use crate::sys::epoll::{self, Epoll};
use crate::token::Token;
use connection::Connection;
use redirect::Redirect;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};

/// As many as a resolv.conf names (resolv.conf(5), MAXNS).
const MOST_SERVERS: usize = 3;
/// More than one of a resolver's: a name, a type and options.
const LONGEST_QUERY: usize = 4096;
const MOST_CONNECTIONS: usize = 16;
const PORT_TRIES: usize = 16;

#[derive(Default)]
pub struct Names {
    servers: Vec<Server>,
    /// The oldest first.
    connections: Vec<Connection>,
    last_connection: u64,
    /// The host's request that waits for a query.
    waiter: Option<u32>,
}

/// What containers find at port 53 of an address.
struct Server {
    address: Ipv4Addr,
    datagrams: UdpSocket,
    listener: TcpListener,
    _redirect: Redirect,
}

/// Who asked, in the 64 bits that travel: of a connection its number, of a datagram its sender and the number of the server.
#[derive(Debug, PartialEq, Eq)]
enum Asker {
    Connection(u64),
    Datagram(usize, SocketAddrV4),
}

impl Asker {
    fn pack(&self) -> u64 {
        match self {
            Asker::Connection(number) => *number,
            Asker::Datagram(server, from) => {
                ((*server as u64 + 1) << 48) | (u64::from(from.ip().to_bits()) << 16) | u64::from(from.port())
            }
        }
    }

    fn unpack(bits: u64) -> Asker {
        match bits >> 48 {
            0 => Asker::Connection(bits),
            server => {
                let from = SocketAddrV4::new(Ipv4Addr::from_bits((bits >> 16) as u32), bits as u16);
                Asker::Datagram(server as usize - 1, from)
            }
        }
    }
}

impl Server {
    fn open(address: Ipv4Addr) -> Result<Server, Failure> {
        let (datagrams, listener, port) =
            sockets(address).doing(|| format!("listen for queries of names on {address}"))?;
        let redirect =
            Redirect::attach(address, port).doing(|| format!("lead queries to {address} port 53 to port {port}"))?;
        Ok(Server { address, datagrams, listener, _redirect: redirect })
    }
}

/// Any port, so that a container can have port 53 for itself; the same for both.
fn sockets(address: Ipv4Addr) -> io::Result<(UdpSocket, TcpListener, u16)> {
    let mut tries = 0;
    loop {
        let datagrams = UdpSocket::bind((address, 0))?;
        let port = datagrams.local_addr()?.port();
        match TcpListener::bind((address, port)) {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries < PORT_TRIES => tries += 1,
            Err(e) => return Err(e),
            Ok(listener) => {
                datagrams.set_nonblocking(true)?;
                listener.set_nonblocking(true)?;
                return Ok((datagrams, listener, port));
            }
        }
    }
}

impl Names {
    /// Serves these as well from now on.
    pub fn serve(&mut self, addresses: &[String]) -> Result<(), Status> {
        for text in addresses {
            let address = text.parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_loopback);
            let address = address.ok_or_else(|| Status::invalid(format!("serve names: \"{text}\" is no loopback")))?;
            if self.servers.iter().any(|server| server.address == address) {
                continue;
            }
            if self.servers.len() == MOST_SERVERS {
                return Err(Status::invalid(format!("serve names: at more than {MOST_SERVERS} addresses")));
            }
            self.servers.push(Server::open(address)?);
        }
        Ok(())
    }

    /// The next query; without one `stream` waits for it. The request that waited before, if any.
    pub fn next(&mut self, stream: u32, epoll: &Epoll) -> io::Result<(Option<NameQuery>, Option<u32>)> {
        let replaced = self.waiter.take();
        let query = self.take(epoll)?;
        if query.is_none() {
            self.waiter = Some(stream);
        }
        Ok((query, replaced))
    }

    /// Something came: the request that waits for it, and the query, where it is a whole one.
    pub fn on_ready(&mut self, epoll: &Epoll) -> io::Result<Option<(u32, NameQuery)>> {
        let Some(stream) = self.waiter else { return Ok(None) };
        let Some(query) = self.take(epoll)? else { return Ok(None) };
        self.waiter = None;
        Ok(Some((stream, query)))
    }

    pub fn forget_waiter(&mut self) {
        self.waiter = None;
    }

    fn take(&mut self, epoll: &Epoll) -> io::Result<Option<NameQuery>> {
        if let Some(query) = self.datagram().or_else(|| self.streamed(epoll)) {
            return Ok(Some(query));
        }
        for server in &self.servers {
            epoll.watch(&server.datagrams, epoll::READ | epoll::ONCE, Token::Names.pack())?;
            epoll.watch(&server.listener, epoll::READ | epoll::ONCE, Token::Names.pack())?;
        }
        self.connections.iter().try_for_each(|connection| connection.watch(epoll))?;
        Ok(None)
    }

    fn datagram(&self) -> Option<NameQuery> {
        let mut bytes = [0; LONGEST_QUERY];
        for (number, server) in self.servers.iter().enumerate() {
            while let Ok((length, from)) = server.datagrams.recv_from(&mut bytes) {
                if let (1.., std::net::SocketAddr::V4(from)) = (length, from) {
                    let asker = Asker::Datagram(number, from).pack();
                    return Some(query(server, asker, &bytes[..length], false));
                }
            }
        }
        None
    }

    fn streamed(&mut self, epoll: &Epoll) -> Option<NameQuery> {
        for (number, server) in self.servers.iter().enumerate() {
            while let Ok((stream, _)) = server.listener.accept() {
                if stream.set_nonblocking(true).is_err() {
                    continue;
                }
                if self.connections.len() == MOST_CONNECTIONS {
                    self.connections.remove(0);
                }
                self.last_connection += 1;
                self.connections.push(Connection::new(self.last_connection, number, stream));
            }
        }
        self.connections.retain_mut(|connection| connection.proceed(epoll));
        let asks = self
            .connections
            .iter_mut()
            .find_map(|connection| connection.query().map(|message| (connection.server, connection.number, message)))?;
        let (server, number, message) = asks;
        Some(query(&self.servers[server], number, &message, true))
    }

    /// Whoever asked gets it, if it is still there.
    pub fn answer(&mut self, answer: &NameAnswer, epoll: &Epoll) {
        match Asker::unpack(answer.asker) {
            Asker::Datagram(server, from) => {
                if let Some(server) = self.servers.get(server) {
                    // A container that does not read its answers loses them.
                    let _ = server.datagrams.send_to(&answer.message, from);
                }
            }
            Asker::Connection(number) => {
                self.connections.retain_mut(|connection| {
                    connection.number != number || connection.answer(&answer.message) && connection.proceed(epoll)
                });
            }
        }
    }
}

fn query(server: &Server, asker: u64, message: &[u8], over_stream: bool) -> NameQuery {
    NameQuery { server: server.address.to_string(), asker, message: message.into(), over_stream }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asker_travels_and_comes_back() {
        for asker in [
            Asker::Connection(7),
            Asker::Datagram(0, SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 1), 65535)),
            Asker::Datagram(2, SocketAddrV4::new(Ipv4Addr::new(255, 0, 0, 255), 1)),
        ] {
            assert_eq!(Asker::unpack(asker.pack()), asker);
        }
    }

    #[test]
    fn only_loopback_is_served() {
        for address in ["8.8.8.8", "::1", "127.0.0", "localhost"] {
            assert!(Names::default().serve(&[address.into()]).is_err(), "{address}");
        }
    }
}
