//! From the spec's seccomp object to a filter in classic BPF
//! (https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#seccomp, include/uapi/linux/seccomp.h).
//!
//! The filter finds the number of the system call by halving: most profiles come out as a few dozen ranges. What it
//! means is what libseccomp makes of the same profile: rules of one call are alternatives, one without arguments
//! overrides those with, and names that do not exist here are passed over.

use super::seccomp_rules::{Rule, emit_rules};
use super::syscalls;
use crate::failure::{Doing, Failure};
use crate::spec::Seccomp;
use crate::sys::check;
use libc::sock_filter;
use std::collections::BTreeMap;

const KILL_THREAD: u32 = 0;
const KILL_PROCESS: u32 = 0x8000_0000;
const TRAP: u32 = 0x0003_0000;
const ERRNO: u32 = 0x0005_0000;
const TRACE: u32 = 0x7ff0_0000;
const LOG: u32 = 0x7ffc_0000;
const ALLOW: u32 = 0x7fff_0000;

const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;
const X32_CALLS: u32 = 0x4000_0000;
const MAX_LENGTH: usize = 4096;

pub const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
pub const RETURN: u16 = 0x06; // BPF_RET | BPF_K
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const IF_AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

pub struct Filter {
    code: Vec<sock_filter>,
    flags: u32,
}

/// What happens for a system call.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Verdict {
    Always(u32),
    /// The first rule that matches, or the default.
    Rules(Vec<Rule>),
}

pub fn compile(seccomp: &Seccomp) -> Result<Filter, Failure> {
    let default = action(&seccomp.default_action, seccomp.default_errno_ret)?;
    let verdicts = verdicts(seccomp, default)?;
    // What the profile's author could not know is said to be missing, not forbidden: libraries then do without.
    let newer = if matches!(default, ALLOW | LOG) || default & 0xffff_0000 == TRACE {
        default
    } else {
        ERRNO | libc::ENOSYS as u32
    };
    let newest = verdicts.keys().next_back().copied().unwrap_or(0);
    let mut ranges: Vec<(u32, Verdict)> = Vec::new();
    let mut add = |start: u32, verdict: Verdict| {
        if ranges.last().is_none_or(|(_, last)| *last != verdict) {
            ranges.push((start, verdict));
        }
    };
    for number in 0..=newest {
        add(number, verdicts.get(&number).cloned().unwrap_or(Verdict::Always(default)));
    }
    add(newest + 1, Verdict::Always(newer));
    add(X32_CALLS, Verdict::Always(ERRNO | libc::ENOSYS as u32));

    let foreign =
        if seccomp.architectures.iter().any(|name| name != "SCMP_ARCH_X86_64") { default } else { KILL_PROCESS };
    let mut code = vec![
        statement(LOAD, ARCHITECTURE),
        jump(IF_EQUAL, AUDIT_ARCH_X86_64, 1, 0),
        statement(RETURN, foreign),
        statement(LOAD, NUMBER),
    ];
    code.extend(search(&ranges, default));
    if code.len() > MAX_LENGTH {
        return Err(Failure::other(format!("compile the seccomp profile: {} instructions are too many", code.len())));
    }
    Ok(Filter { code, flags: flags(&seccomp.flags)? })
}

/// Installs a filter for this process and what it becomes.
pub fn load(filter: &Filter) -> Result<(), Failure> {
    let program = libc::sock_fprog { len: filter.code.len() as u16, filter: filter.code.as_ptr().cast_mut() };
    // SAFETY: the program points at `len` instructions, which the kernel copies.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, filter.flags, &program) };
    check(result).map(drop).doing(|| "load the seccomp filter".into())
}

fn verdicts(seccomp: &Seccomp, default: u32) -> Result<BTreeMap<u32, Verdict>, Failure> {
    let mut verdicts = BTreeMap::new();
    for spec in &seccomp.syscalls {
        let action = action(&spec.action, spec.errno_ret)?;
        if action == default {
            continue;
        }
        let rules = Rule::of(&spec.args, action)?;
        for number in spec.names.iter().filter_map(|name| syscalls::number(name)) {
            match verdicts.entry(number).or_insert_with(|| Verdict::Rules(Vec::new())) {
                Verdict::Always(_) => {}
                verdict if rules.is_empty() => *verdict = Verdict::Always(action),
                Verdict::Rules(known) => known.extend(rules.iter().cloned()),
            }
        }
    }
    Ok(verdicts)
}

fn search(ranges: &[(u32, Verdict)], default: u32) -> Vec<sock_filter> {
    if let [(_, verdict)] = ranges {
        return match verdict {
            Verdict::Always(action) => vec![statement(RETURN, *action)],
            Verdict::Rules(rules) => emit_rules(rules, default),
        };
    }
    let (below, above) = ranges.split_at(ranges.len() / 2);
    let pivot = above[0].0;
    let (below, above) = (search(below, default), search(above, default));
    let mut code = match u8::try_from(below.len()) {
        Ok(length) => vec![jump(IF_AT_LEAST, pivot, length, 0)],
        Err(_) => vec![jump(IF_AT_LEAST, pivot, 0, 1), statement(JUMP, below.len() as u32)],
    };
    code.extend(below);
    code.extend(above);
    code
}

fn action(name: &str, errno: Option<u32>) -> Result<u32, Failure> {
    let errno = errno.unwrap_or(libc::EPERM as u32);
    Ok(match name {
        "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => KILL_THREAD,
        "SCMP_ACT_KILL_PROCESS" => KILL_PROCESS,
        "SCMP_ACT_TRAP" => TRAP,
        "SCMP_ACT_ERRNO" if errno <= 0xffff => ERRNO | errno,
        "SCMP_ACT_TRACE" if errno <= 0xffff => TRACE | errno,
        "SCMP_ACT_LOG" => LOG,
        "SCMP_ACT_ALLOW" => ALLOW,
        _ => return Err(Failure::other(format!("compile the seccomp profile: action {name} is not supported"))),
    })
}

fn flags(names: &[String]) -> Result<u32, Failure> {
    let flag = |name: &String| match name.as_str() {
        // One thread is all there is when the filter is loaded.
        "SECCOMP_FILTER_FLAG_TSYNC" => Ok(0),
        "SECCOMP_FILTER_FLAG_LOG" => Ok(2),
        "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => Ok(4),
        _ => Err(Failure::other(format!("compile the seccomp profile: flag {name} is not supported"))),
    };
    names.iter().try_fold(0, |flags, name| Ok(flags | flag(name)?))
}

pub fn statement(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

pub fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a filter as net/core/filter.c would, on the system call `number` of `arch`.
    fn run(filter: &Filter, arch: u32, number: u32, args: [u64; 6]) -> u32 {
        let mut data = vec![number, arch, 0, 0];
        data.extend(args.iter().flat_map(|arg| [*arg as u32, (*arg >> 32) as u32]));
        let (mut a, mut at) = (0u32, 0usize);
        loop {
            let i = filter.code[at];
            at += 1;
            let mut branch = |yes: bool| at += usize::from(if yes { i.jt } else { i.jf });
            match i.code {
                LOAD => a = data[i.k as usize / 4],
                0x54 => a &= i.k,
                IF_EQUAL => branch(a == i.k),
                0x25 => branch(a > i.k),
                IF_AT_LEAST => branch(a >= i.k),
                JUMP => at += i.k as usize,
                RETURN => return i.k,
                code => panic!("instruction {code:#x}"),
            }
        }
    }

    fn filter(json: &str) -> Filter {
        compile(&serde_json::from_str(json).unwrap()).unwrap()
    }

    fn call(filter: &Filter, name: &str, args: [u64; 6]) -> u32 {
        run(filter, AUDIT_ARCH_X86_64, syscalls::number(name).unwrap(), args)
    }

    const EPERM: u32 = ERRNO | 1;
    const ENOSYS: u32 = ERRNO | 38;

    #[test]
    fn a_list_of_allowed_calls() {
        let filter = filter(
            r#"{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[
            {"names":["read","write","no_such_call","openat2"],"action":"SCMP_ACT_ALLOW"},
            {"names":["ptrace"],"action":"SCMP_ACT_ERRNO","errnoRet":2},
            {"names":["reboot"],"action":"SCMP_ACT_KILL_PROCESS"}]}"#,
        );
        for (name, expected) in
            [("read", ALLOW), ("openat2", ALLOW), ("mount", EPERM), ("ptrace", ERRNO | 2), ("reboot", KILL_PROCESS)]
        {
            assert_eq!(call(&filter, name, [0; 6]), expected, "{name}");
        }
        assert_eq!(call(&filter, "cachestat", [0; 6]), ENOSYS, "newer than all the profile names");
        assert_eq!(run(&filter, AUDIT_ARCH_X86_64, X32_CALLS, [0; 6]), ENOSYS, "read of x32");
        assert_eq!(run(&filter, 0x4000_0003, 3, [0; 6]), KILL_PROCESS, "read of i386");
    }

    #[test]
    fn a_list_of_forbidden_calls() {
        let filter = filter(
            r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","errnoRet":22}]}"#,
        );
        assert_eq!((call(&filter, "mkdir", [0; 6]), call(&filter, "mseal", [0; 6])), (ERRNO | 22, ALLOW));
    }

    #[test]
    fn arguments_are_compared_in_all_64_bits() {
        for (op, value, matching, other) in [
            ("EQ", 0x1_0000_0002u64, vec![0x1_0000_0002], vec![2, 0x2_0000_0002, 0x1_0000_0003]),
            ("NE", 5, vec![4, 0x1_0000_0005], vec![5]),
            ("LT", 0x1_0000_0005, vec![9, 0x1_0000_0004], vec![0x1_0000_0005, 0x2_0000_0000]),
            ("LE", 0x1_0000_0005, vec![9, 0x1_0000_0005], vec![0x1_0000_0006, 0x2_0000_0000]),
            ("GT", 0x1_0000_0005, vec![0x1_0000_0006, 0x2_0000_0000], vec![9, 0x1_0000_0005]),
            ("GE", 0x1_0000_0005, vec![0x1_0000_0005, 0x2_0000_0000], vec![9, 0x1_0000_0004]),
        ] {
            let filter = filter(&format!(
                r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{{"names":["dup"],"action":"SCMP_ACT_ALLOW",
                "args":[{{"index":1,"value":{value},"op":"SCMP_CMP_{op}"}}]}}]}}"#
            ));
            for arg in matching {
                assert_eq!(call(&filter, "dup", [0, arg, 0, 0, 0, 0]), ALLOW, "{arg:#x} {op} {value:#x}");
            }
            for arg in other {
                assert_eq!(call(&filter, "dup", [0, arg, 0, 0, 0, 0]), EPERM, "{arg:#x} not {op} {value:#x}");
            }
        }
    }

    #[test]
    fn arguments_of_a_rule_are_joined_and_rules_are_alternatives() {
        let filter = filter(
            r#"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
            {"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2114060288,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}]},
            {"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":1,"value":2,"op":"SCMP_CMP_EQ"}]},
            {"names":["personality"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_EQ"},{"index":0,"value":8,"op":"SCMP_CMP_EQ"}]},
            {"names":["socket"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":16,"op":"SCMP_CMP_EQ"}]}]}"#,
        );
        let call = |name: &str, a: u64, b: u64| call(&filter, name, [a, b, 0, 0, 0, 0]);
        assert_eq!((call("clone", 0x11, 0), call("clone", 0x1000_0000, 0)), (ALLOW, EPERM));
        assert_eq!((call("socket", 1, 2), call("socket", 1, 3), call("socket", 16, 3)), (ALLOW, EPERM, LOG));
        assert_eq!(
            (call("personality", 0, 0), call("personality", 8, 0), call("personality", 4, 0)),
            (ALLOW, ALLOW, EPERM)
        );
    }

    #[test]
    fn a_rule_without_arguments_overrides() {
        let filter = filter(
            r#"{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
            {"names":["dup"],"action":"SCMP_ACT_LOG","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
            {"names":["dup"],"action":"SCMP_ACT_ALLOW"},
            {"names":["dup"],"action":"SCMP_ACT_TRAP","args":[{"index":0,"value":2,"op":"SCMP_CMP_EQ"}]}]}"#,
        );
        assert_eq!((call(&filter, "dup", [1; 6]), call(&filter, "dup", [2; 6])), (ALLOW, ALLOW));
    }

    #[test]
    fn long_programs_jump_far() {
        let rules: Vec<_> = (0..500)
            .map(|value| {
                format!(
                    r#"{{"names":["read","write","mount"],"action":"SCMP_ACT_ALLOW","args":[{{"index":0,"value":{value},"op":"SCMP_CMP_EQ"}}]}}"#
                )
            })
            .collect();
        let json = format!(r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{}]}}"#, rules.join(","));
        assert!(compile(&serde_json::from_str(&json).unwrap()).is_err(), "more than the kernel takes");
        let json = format!(r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{}]}}"#, rules[..200].join(","));
        let filter = filter(&json);
        assert_eq!((call(&filter, "mount", [199; 6]), call(&filter, "mount", [200; 6])), (ALLOW, EPERM));
        assert_eq!((call(&filter, "write", [0; 6]), call(&filter, "open", [0; 6])), (ALLOW, EPERM));
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for json in [
            r#"{"defaultAction":"SCMP_ACT_NOTIFY"}"#,
            r#"{"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_NEW_LISTENER"]}"#,
            r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["dup"],"action":"SCMP_ACT_LOG","args":[{"index":6,"value":1,"op":"SCMP_CMP_EQ"}]}]}"#,
        ] {
            assert!(compile(&serde_json::from_str(json).unwrap()).is_err(), "{json}");
        }
    }
}
