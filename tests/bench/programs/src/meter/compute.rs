//! What the processor does, by kind: each kind costs a virtual machine something else.

use crate::times::tell;
use std::hint::black_box;
use std::io;
use std::process::Command;

const INTEGER_STEPS: u64 = 100_000_000;
const FLOAT_STEPS: u64 = 20_000_000;
const SYSTEM_CALLS: u64 = 300_000;
const TOUCHED_BYTES: usize = 64 << 20;
const PAGE_BYTES: usize = 4096;
const PROCESSES: u64 = 30;

pub fn all() -> io::Result<()> {
    tell("integer", || {
        black_box(integer(INTEGER_STEPS));
        Ok(INTEGER_STEPS)
    })?;
    tell("float", || {
        black_box(float(FLOAT_STEPS));
        Ok(FLOAT_STEPS)
    })?;
    tell("system-calls", system_calls)?;
    tell("memory", touch)?;
    tell("processes", processes)
}

/// Xorshift: three shifts and three exclusive ors, each after the other.
fn integer(steps: u64) -> u64 {
    let mut state = black_box(0x9E37_79B9_7F4A_7C15_u64);
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

/// The logistic map: two multiplications and a subtraction, each after the other.
fn float(steps: u64) -> f64 {
    let mut value = black_box(0.3_f64);
    for _ in 0..steps {
        value *= 3.9 * (1.0 - value);
    }
    value
}

fn system_calls() -> io::Result<u64> {
    for _ in 0..SYSTEM_CALLS {
        // SAFETY: takes and changes nothing. getppid is asked of the kernel every time.
        black_box(unsafe { libc::getppid() });
    }
    Ok(SYSTEM_CALLS)
}

/// Memory that nobody has used before, a byte of each page.
fn touch() -> io::Result<u64> {
    let mut memory: Vec<u8> = Vec::with_capacity(TOUCHED_BYTES);
    for page in memory.spare_capacity_mut().chunks_mut(PAGE_BYTES) {
        page[0].write(1);
    }
    black_box(&memory);
    Ok((TOUCHED_BYTES / PAGE_BYTES) as u64)
}

/// Programs started and waited for, one after another.
fn processes() -> io::Result<u64> {
    let program = std::env::current_exe()?;
    for _ in 0..PROCESSES {
        let status = Command::new(&program).arg("nothing").status()?;
        if !status.success() {
            return Err(io::Error::other("a process failed"));
        }
    }
    Ok(PROCESSES)
}
