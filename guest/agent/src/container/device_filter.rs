//! Which devices a container may use: the rules of the spec as a BPF program of its cgroup
//! (Documentation/admin-guide/cgroup-v2.rst, "Device controller"; include/uapi/linux/bpf.h).

use super::cgroup::Cgroup;
use crate::failure::{Doing, Failure};
use crate::spec::DeviceRule;
use crate::sys::bpf::{self, *};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;

const MKNOD: u32 = 1;
const READ: u32 = 2;
const WRITE: u32 = 4;
const ALL: u32 = MKNOD | READ | WRITE;
const BLOCK: u32 = 1;
const CHARACTER: u32 = 2;

/// What the runtime spec's default devices need, and making nodes (using them is another matter).
const DEFAULTS: [Exception; 10] = [
    Exception { kind: CHARACTER, major: None, minor: None, access: MKNOD },
    Exception { kind: BLOCK, major: None, minor: None, access: MKNOD },
    Exception { kind: CHARACTER, major: Some(1), minor: Some(3), access: ALL },
    Exception { kind: CHARACTER, major: Some(1), minor: Some(5), access: ALL },
    Exception { kind: CHARACTER, major: Some(1), minor: Some(7), access: ALL },
    Exception { kind: CHARACTER, major: Some(1), minor: Some(8), access: ALL },
    Exception { kind: CHARACTER, major: Some(1), minor: Some(9), access: ALL },
    Exception { kind: CHARACTER, major: Some(5), minor: Some(0), access: ALL },
    Exception { kind: CHARACTER, major: Some(5), minor: Some(2), access: ALL },
    Exception { kind: CHARACTER, major: Some(136), minor: None, access: ALL },
];

/// The rules as cgroup v1 kept them: a default, and what differs from it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Policy {
    allows: bool,
    exceptions: Vec<Exception>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Exception {
    kind: u32,
    major: Option<u32>,
    minor: Option<u32>,
    access: u32,
}

/// The program of a container without rules of its own, loaded once: checking it is long work for the kernel.
static STANDARD: OnceLock<OwnedFd> = OnceLock::new();

pub fn prepare() -> Result<(), Failure> {
    let program = load(&Policy::of(&[])?.program()).doing(|| "load the device filter".into())?;
    let _ = STANDARD.set(program);
    Ok(())
}

pub struct DeviceFilter(Option<OwnedFd>);

impl DeviceFilter {
    pub fn load(rules: &[DeviceRule]) -> Result<DeviceFilter, Failure> {
        let policy = Policy::of(rules)?;
        if let (true, Some(standard)) = (policy == Policy::of(&[])?, STANDARD.get()) {
            return Ok(DeviceFilter(Some(standard.try_clone().doing(|| "take the device filter".into())?)));
        }
        if policy.allows && policy.exceptions.is_empty() {
            return Ok(DeviceFilter(None));
        }
        Ok(DeviceFilter(Some(load(&policy.program()).doing(|| "load the device filter".into())?)))
    }

    /// From now on it counts for all processes of the cgroup.
    pub fn attach(&self, cgroup: &Cgroup) -> Result<(), Failure> {
        match &self.0 {
            Some(program) => {
                bpf::attach(&cgroup.folder(), program, OF_A_DEVICE).doing(|| "attach the device filter".into())
            }
            None => Ok(()),
        }
    }
}

impl Policy {
    fn of(rules: &[DeviceRule]) -> Result<Policy, Failure> {
        let mut policy = Policy::default();
        for rule in rules {
            let access = access(&rule.access);
            let number = |number: Option<i64>| number.filter(|number| *number >= 0).map(|number| number as u32);
            let kinds: &[u32] = match rule.kind.as_str() {
                "" | "a" => {
                    policy = Policy { allows: rule.allow, exceptions: Vec::new() };
                    continue;
                }
                "c" | "u" => &[CHARACTER],
                "b" => &[BLOCK],
                kind => return Err(Failure::other(format!("filter devices: \"{kind}\" is no kind of device"))),
            };
            for kind in kinds {
                let exception = Exception { kind: *kind, major: number(rule.major), minor: number(rule.minor), access };
                policy.add(rule.allow, exception);
            }
        }
        for exception in DEFAULTS {
            policy.add(true, exception);
        }
        Ok(policy)
    }

    /// A rule like the default takes back what differed from it; another one adds to that.
    fn add(&mut self, allow: bool, rule: Exception) {
        let same = |e: &Exception| (e.kind, e.major, e.minor) == (rule.kind, rule.major, rule.minor);
        match self.exceptions.iter_mut().find(|exception| same(exception)) {
            Some(exception) if allow == self.allows => exception.access &= !rule.access,
            Some(exception) => exception.access |= rule.access,
            None if allow == self.allows => {}
            None => self.exceptions.push(rule),
        }
        self.exceptions.retain(|exception| exception.access != 0);
    }

    /// Registers: r1 the context {access << 16 | kind, major, minor}, then r2 kind, r3 access, r4 major, r5 minor.
    fn program(&self) -> Vec<Instruction> {
        let mut code = vec![
            Instruction::new(LOAD_WORD, 2, 1, 0, 0),
            Instruction::new(MOVE, 3, 2, 0, 0),
            Instruction::new(AND, 2, 0, 0, 0xffff),
            Instruction::new(SHIFT_RIGHT, 3, 0, 0, 16),
            Instruction::new(LOAD_WORD, 4, 1, 4, 0),
            Instruction::new(LOAD_WORD, 5, 1, 8, 0),
        ];
        for exception in &self.exceptions {
            code.extend(self.emit(exception));
        }
        code.extend(decide(self.allows));
        code
    }

    fn emit(&self, exception: &Exception) -> Vec<Instruction> {
        let mut code = vec![Instruction::new(IF_NOT_EQUAL, 2, 0, 0, exception.kind)];
        if exception.access != ALL {
            code.push(Instruction::new(MOVE, 1, 3, 0, 0));
            code.push(Instruction::new(AND, 1, 0, 0, exception.access));
            code.push(match self.allows {
                // Denied when any of what is wanted is, allowed when all of it is.
                true => Instruction::new(IF_EQUAL, 1, 0, 0, 0),
                false => Instruction::new(IF_NOT_EQUAL_REGISTER, 1, 3, 0, 0),
            });
        }
        for (register, number) in [(4, exception.major), (5, exception.minor)] {
            if let Some(number) = number {
                code.push(Instruction::new(IF_NOT_EQUAL, register, 0, 0, number));
            }
        }
        code.extend(decide(!self.allows));
        let end = code.len();
        for (at, instruction) in code.iter_mut().enumerate() {
            if [IF_EQUAL, IF_NOT_EQUAL, IF_NOT_EQUAL_REGISTER].contains(&instruction.code) {
                instruction.offset = (end - at - 1) as i16;
            }
        }
        code
    }
}

fn decide(allow: bool) -> [Instruction; 2] {
    [Instruction::new(SET, 0, 0, 0, allow.into()), Instruction::new(EXIT, 0, 0, 0, 0)]
}

fn access(letters: &str) -> u32 {
    let bit = |letter| match letter {
        'r' => READ,
        'w' => WRITE,
        'm' => MKNOD,
        _ => 0,
    };
    if letters.is_empty() { ALL } else { letters.chars().fold(0, |access, letter| access | bit(letter)) }
}

/// include/uapi/linux/bpf.h
const PROGRAM_OF_A_DEVICE: u32 = 15; // BPF_PROG_TYPE_CGROUP_DEVICE
const OF_A_DEVICE: u32 = 6; // BPF_CGROUP_DEVICE

fn load(program: &[Instruction]) -> io::Result<OwnedFd> {
    bpf::load(PROGRAM_OF_A_DEVICE, OF_A_DEVICE, program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Policy {
        Policy::of(&serde_json::from_str::<Vec<DeviceRule>>(json).unwrap()).unwrap()
    }

    /// What the program says, run as the kernel would.
    fn allows(policy: &Policy, kind: u32, access: u32, major: u32, minor: u32) -> bool {
        let (context, code) = ([(access << 16) | kind, major, minor], policy.program());
        let (mut r, mut at) = ([0u32; 11], 0usize);
        loop {
            let i = code[at];
            at += 1;
            let (d, s, k) = (usize::from(i.registers & 15), usize::from(i.registers >> 4), i.immediate as u32);
            let mut branch = |yes: bool| at += if yes { i.offset as usize } else { 0 };
            match i.code {
                LOAD_WORD => r[d] = context[i.offset as usize / 4],
                MOVE => r[d] = r[s],
                SET => r[d] = k,
                AND => r[d] &= k,
                SHIFT_RIGHT => r[d] >>= k,
                IF_EQUAL => branch(r[d] == k),
                IF_NOT_EQUAL => branch(r[d] != k),
                IF_NOT_EQUAL_REGISTER => branch(r[d] != r[s]),
                EXIT => return r[0] == 1,
                code => panic!("instruction {code:#x}"),
            }
        }
    }

    #[test]
    fn nothing_but_the_defaults() {
        let policy = policy(r#"[{"allow":false,"access":"rwm"}]"#);
        assert!(allows(&policy, CHARACTER, READ | WRITE, 1, 3), "/dev/null");
        assert!(allows(&policy, CHARACTER, READ, 136, 77), "/dev/pts/77");
        assert!(allows(&policy, BLOCK, MKNOD, 254, 0));
        assert!(!allows(&policy, BLOCK, READ, 254, 0));
        assert!(!allows(&policy, CHARACTER, WRITE, 1, 11), "/dev/kmsg");
    }

    #[test]
    fn rules_for_one_device_add_up() {
        let policy = policy(
            r#"[{"allow":false},{"allow":true,"type":"c","major":10,"minor":229,"access":"r"},
            {"allow":true,"type":"c","major":10,"minor":229,"access":"w"},{"allow":true,"type":"b","major":8,"minor":-1,"access":"r"}]"#,
        );
        assert!(allows(&policy, CHARACTER, READ | WRITE, 10, 229));
        assert!(allows(&policy, BLOCK, READ, 8, 5));
        assert!(!allows(&policy, BLOCK, READ | WRITE, 8, 5));
        assert!(!allows(&policy, CHARACTER, READ, 8, 5));
    }

    #[test]
    fn privileged_containers_have_no_filter() {
        let free = policy(r#"[{"allow":false},{"allow":true,"type":"a","access":"rwm"}]"#);
        assert!(free.allows && free.exceptions.is_empty());
        let nearly = policy(r#"[{"allow":true,"type":"a"},{"allow":false,"type":"c","major":9,"access":"w"}]"#);
        assert!(allows(&nearly, CHARACTER, READ, 9, 1));
        assert!(!allows(&nearly, CHARACTER, READ | WRITE, 9, 1));
    }
}
