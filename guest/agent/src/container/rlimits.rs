//! Resource limits of a process (getrlimit(2)).

use crate::failure::{Doing, Failure};
use crate::spec::Rlimit;
use crate::sys::check;

/// By their numbers (include/uapi/asm-generic/resource.h), without "RLIMIT_".
const NAMES: [&str; 16] = [
    "CPU",
    "FSIZE",
    "DATA",
    "STACK",
    "CORE",
    "RSS",
    "NPROC",
    "NOFILE",
    "MEMLOCK",
    "AS",
    "LOCKS",
    "SIGPENDING",
    "MSGQUEUE",
    "NICE",
    "RTPRIO",
    "RTTIME",
];

pub fn apply(limits: &[Rlimit]) -> Result<(), Failure> {
    apply_to(0, limits)
}

/// Of another process: in a user namespace of its own it may lower its limits only.
pub fn apply_to(pid: i32, limits: &[Rlimit]) -> Result<(), Failure> {
    for limit in limits {
        let number = number(&limit.kind)?;
        let value = libc::rlimit64 { rlim_cur: limit.soft, rlim_max: limit.hard };
        // SAFETY: reads one rlimit, and writes none.
        let result = check(unsafe { libc::prlimit64(pid, number as _, &value, std::ptr::null_mut()) });
        result.doing(|| format!("set {} to {}:{}", limit.kind, limit.soft, limit.hard))?;
    }
    Ok(())
}

fn number(kind: &str) -> Result<usize, Failure> {
    let name = kind.strip_prefix("RLIMIT_").unwrap_or(kind);
    let number = NAMES.iter().position(|known| *known == name);
    number.ok_or_else(|| Failure::other(format!("set {kind}: no such limit")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_as_the_kernel_does() {
        assert_eq!(number("RLIMIT_NOFILE").unwrap(), libc::RLIMIT_NOFILE as usize);
        assert_eq!(number("RLIMIT_RTTIME").unwrap(), libc::RLIMIT_RTTIME as usize);
        assert!(number("RLIMIT_FUN").is_err());
    }
}
