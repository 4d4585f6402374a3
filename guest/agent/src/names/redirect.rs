//! Port 53 of an address, led to another port: as the rules of a packet filter would, which this kernel need not have.
//! Programs at the system calls by which sockets of containers name an address (include/uapi/linux/bpf.h, bpf_sock_addr).

use crate::boot::CGROUPS;
use crate::sys::bpf::{self, *};
use crate::sys::check;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;

const DNS: u16 = 53;

const PROGRAM_OF_AN_ADDRESS: u32 = 18; // BPF_PROG_TYPE_CGROUP_SOCK_ADDR
/// Where an address is given: connect and sendmsg.
const FORTH: [(u32, Family); 4] = [(10, Family::V4), (11, Family::V6), (14, Family::V4), (15, Family::V6)];
/// Where one is told: recvmsg and getpeername.
const BACK: [(u32, Family); 4] = [(19, Family::V4), (20, Family::V6), (29, Family::V4), (30, Family::V6)];

const GET_NETNS_COOKIE: u32 = 122; // BPF_FUNC_get_netns_cookie
const SO_NETNS_COOKIE: i32 = 71; // include/uapi/asm-generic/socket.h

/// Offsets in struct bpf_sock_addr.
const USER_IP4: i16 = 4;
const USER_IP6: i16 = 8;
const USER_PORT: i16 = 24;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    /// With the address of version 4 mapped into one of version 6, as sockets for both have it.
    V6,
}

/// Stays as long as the guest.
pub struct Redirect;

impl Redirect {
    pub fn attach(address: Ipv4Addr, port: u16) -> io::Result<Redirect> {
        let cgroups = File::open(CGROUPS)?;
        let namespace = namespace_cookie()?;
        for (places, from, to) in [(FORTH, DNS, port), (BACK, port, DNS)] {
            for (place, family) in places {
                let code = program(family, address, from, to, namespace);
                bpf::attach(&cgroups, &bpf::load(PROGRAM_OF_AN_ADDRESS, place, &code)?, place)?;
            }
        }
        Ok(Redirect)
    }
}

/// Of the network namespace that containers share with the agent: those that they make have loopbacks of their own.
fn namespace_cookie() -> io::Result<u64> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (mut cookie, mut length) = (0u64, 8);
    // SAFETY: the kernel writes at most eight bytes.
    check(unsafe {
        let value = (&raw mut cookie).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, SO_NETNS_COOKIE, value, &mut length)
    })?;
    Ok(cookie)
}

/// Where the socket's address is this one, and its port `from`, that becomes `to`.
fn program(family: Family, address: Ipv4Addr, from: u16, to: u16, namespace: u64) -> Vec<Instruction> {
    let word = u32::from_ne_bytes(address.octets());
    let (from, to) = (u32::from(from.to_be()), u32::from(to.to_be()));
    let mut expected = match family {
        Family::V4 => vec![(USER_IP4, word)],
        Family::V6 => {
            [0, 0, 0xffff_u32.to_be(), word].into_iter().zip(0..).map(|(part, at)| (USER_IP6 + 4 * at, part)).collect()
        }
    };
    expected.push((USER_PORT, from));
    let mut code = vec![Instruction::new(MOVE, 6, 1, 0, 0)];
    for (offset, value) in expected {
        code.push(Instruction::new(LOAD_WORD, 2, 6, offset, 0));
        code.push(Instruction::new(IF_NOT_EQUAL_WORD, 2, 0, 0, value));
    }
    code.extend([
        Instruction::new(MOVE, 1, 6, 0, 0),
        Instruction::new(CALL, 0, 0, 0, GET_NETNS_COOKIE),
        Instruction::new(LOAD_LONG, 2, 0, 0, namespace as u32),
        Instruction::new(0, 0, 0, 0, (namespace >> 32) as u32),
        Instruction::new(IF_NOT_EQUAL_REGISTER, 0, 2, 0, 0),
        Instruction::new(SET, 2, 0, 0, to),
        Instruction::new(STORE_WORD, 6, 2, USER_PORT, 0),
    ]);
    let end = code.len();
    for (at, instruction) in code.iter_mut().enumerate() {
        if [IF_NOT_EQUAL_WORD, IF_NOT_EQUAL_REGISTER].contains(&instruction.code) {
            instruction.offset = (end - at - 1) as i16;
        }
    }
    code.extend([Instruction::new(SET, 0, 0, 0, 1), Instruction::new(EXIT, 0, 0, 0, 0)]);
    code
}
