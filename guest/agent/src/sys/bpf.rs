//! Small programs for the kernel, written instruction by instruction (Documentation/bpf/standardization/instruction-set.rst;
//! include/uapi/linux/bpf.h).

use super::check;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

pub const LOAD_WORD: u8 = 0x61; // BPF_LDX | BPF_MEM | BPF_W
pub const STORE_WORD: u8 = 0x63; // BPF_STX | BPF_MEM | BPF_W
pub const LOAD_LONG: u8 = 0x18; // BPF_LD | BPF_IMM | BPF_DW: the low half, the high half in the next instruction
pub const MOVE: u8 = 0xbf; // BPF_ALU64 | BPF_MOV | BPF_X
pub const SET: u8 = 0xb7; // BPF_ALU64 | BPF_MOV | BPF_K
pub const AND: u8 = 0x54; // BPF_ALU | BPF_AND | BPF_K
pub const SHIFT_RIGHT: u8 = 0x74; // BPF_ALU | BPF_RSH | BPF_K
pub const IF_EQUAL: u8 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
pub const IF_NOT_EQUAL: u8 = 0x55; // BPF_JMP | BPF_JNE | BPF_K
pub const IF_NOT_EQUAL_WORD: u8 = 0x56; // BPF_JMP32 | BPF_JNE | BPF_K
pub const IF_NOT_EQUAL_REGISTER: u8 = 0x5d; // BPF_JMP | BPF_JNE | BPF_X
pub const CALL: u8 = 0x85; // BPF_JMP | BPF_CALL
pub const EXIT: u8 = 0x95; // BPF_JMP | BPF_EXIT

/// `struct bpf_insn`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    pub code: u8,
    /// Destination in the low half, source in the high.
    pub registers: u8,
    pub offset: i16,
    pub immediate: i32,
}

impl Instruction {
    pub fn new(code: u8, destination: u8, source: u8, offset: i16, immediate: u32) -> Instruction {
        Instruction { code, registers: destination | (source << 4), offset, immediate: immediate as i32 }
    }
}

/// Has the kernel check a program for one kind of place.
pub fn load(program_type: u32, place: u32, program: &[Instruction]) -> io::Result<OwnedFd> {
    /// The beginning of the BPF_PROG_LOAD part of `union bpf_attr`; the rest is zero.
    #[repr(C)]
    struct Load {
        program_type: u32,
        count: u32,
        instructions: u64,
        license: u64,
        /// Of the verifier, kernel version, flags, name, interface index.
        unused: [u32; 11],
        expected_attach_type: u32,
    }
    const BPF_PROG_LOAD: i32 = 5;
    let attributes = Load {
        program_type,
        count: program.len() as u32,
        instructions: program.as_ptr() as u64,
        license: c"Apache-2.0".as_ptr() as u64,
        unused: [0; 11],
        expected_attach_type: place,
    };
    // SAFETY: the attributes have the size that is passed, and point at what outlives the call; the descriptor is new.
    unsafe {
        let fd = check(libc::syscall(libc::SYS_bpf, BPF_PROG_LOAD, &attributes, size_of::<Load>()))?;
        Ok(OwnedFd::from_raw_fd(fd as i32))
    }
}

/// From now on the program counts for all processes of a cgroup and those below it.
pub fn attach(cgroup: &impl AsRawFd, program: &OwnedFd, place: u32) -> io::Result<()> {
    const BPF_PROG_ATTACH: i32 = 8;
    const ALLOW_MULTI: u32 = 2;
    let attributes = [cgroup.as_raw_fd() as u32, program.as_raw_fd() as u32, place, ALLOW_MULTI];
    // SAFETY: target, program, type and flags, four words, begin the BPF_PROG_ATTACH part of `union bpf_attr`.
    unsafe {
        let size = size_of_val(&attributes);
        check(libc::syscall(libc::SYS_bpf, BPF_PROG_ATTACH, attributes.as_ptr(), size)).map(drop)
    }
}
