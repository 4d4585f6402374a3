//! The five capability sets (capabilities(7), include/uapi/linux/capability.h).

use crate::failure::{Doing, Failure};
use crate::spec;
use crate::sys::{self, check};
use std::io;

/// By their numbers, without "CAP_".
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

const VERSION_3: u32 = 0x2008_0522;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    bounding: u64,
    effective: u64,
    inheritable: u64,
    permitted: u64,
    ambient: u64,
}

impl Sets {
    /// Absent capabilities are none; names the guest's kernel does not know are left out.
    pub fn of(spec: Option<&spec::Capabilities>) -> Sets {
        let bits = |names: &[String]| names.iter().filter_map(|name| bit(name)).fold(0, |set, bit| set | (1 << bit));
        spec.map_or_else(Sets::default, |spec| Sets {
            bounding: bits(&spec.bounding),
            effective: bits(&spec.effective),
            inheritable: bits(&spec.inheritable),
            permitted: bits(&spec.permitted),
            ambient: bits(&spec.ambient),
        })
    }

    /// Takes away for good what is not in the bounding set. Needs CAP_SETPCAP, so it comes before the change of user.
    pub fn bound(&self) -> Result<(), Failure> {
        for capability in 0..64 {
            if self.bounding & (1 << capability) == 0 {
                match prctl(libc::PR_CAPBSET_DROP, capability, 0) {
                    // Beyond the last one this kernel has.
                    Err(e) if sys::is(&e, libc::EINVAL) => break,
                    other => other.doing(|| "drop capabilities".into())?,
                }
            }
        }
        Ok(())
    }

    pub fn apply(&self) -> Result<(), Failure> {
        set(self.effective, self.permitted, self.inheritable).doing(|| "set capabilities".into())?;
        let ambient = libc::PR_CAP_AMBIENT;
        prctl(ambient, libc::PR_CAP_AMBIENT_CLEAR_ALL as u64, 0).doing(|| "clear ambient capabilities".into())?;
        for capability in (0..64).filter(|bit| self.ambient & (1 << bit) != 0) {
            // One that is not inheritable cannot be ambient; runc passes over it, too.
            let _ = prctl(ambient, libc::PR_CAP_AMBIENT_RAISE as u64, capability);
        }
        Ok(())
    }
}

/// Lets the change from root to another user leave the permitted set alone, or no longer.
pub fn keep(keep: bool) -> Result<(), Failure> {
    prctl(libc::PR_SET_KEEPCAPS, keep.into(), 0).doing(|| "keep capabilities".into())
}

/// Makes all that is permitted effective: the state in which a seccomp filter can be loaded after a change of user.
pub fn raise_permitted() -> Result<(), Failure> {
    let header = Header { version: VERSION_3, pid: 0 };
    let mut data = [Data::default(); 2];
    // SAFETY: version 3 reads and writes two data structures.
    let raised = unsafe {
        check(libc::syscall(libc::SYS_capget, &header, data.as_mut_ptr())).and_then(|_| {
            data.iter_mut().for_each(|part| part.effective = part.permitted);
            check(libc::syscall(libc::SYS_capset, &header, data.as_ptr()))
        })
    };
    raised.map(drop).doing(|| "raise capabilities".into())
}

fn bit(name: &str) -> Option<u64> {
    let name = name.to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name);
    NAMES.iter().position(|known| *known == name).map(|position| position as u64)
}

/// `struct __user_cap_header_struct`.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// `struct __user_cap_data_struct`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

fn set(effective: u64, permitted: u64, inheritable: u64) -> io::Result<()> {
    let header = Header { version: VERSION_3, pid: 0 };
    let part = |shift: u32| Data {
        effective: (effective >> shift) as u32,
        permitted: (permitted >> shift) as u32,
        inheritable: (inheritable >> shift) as u32,
    };
    let data = [part(0), part(32)];
    // SAFETY: version 3 reads two data structures.
    check(unsafe { libc::syscall(libc::SYS_capset, &header, data.as_ptr()) }).map(drop)
}

fn prctl(option: i32, a: u64, b: u64) -> io::Result<()> {
    // SAFETY: these options take numbers only.
    check(unsafe { libc::prctl(option, a, b, 0u64, 0u64) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_bits() {
        let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
        let spec = spec::Capabilities {
            bounding: names(&["CAP_CHOWN", "CAP_CHECKPOINT_RESTORE", "CAP_TIME_TRAVEL"]),
            effective: names(&["cap_sys_admin"]),
            ..spec::Capabilities::default()
        };
        let sets = Sets::of(Some(&spec));
        assert_eq!((sets.bounding, sets.effective, sets.permitted), (1 | (1 << 40), 1 << 21, 0));
        assert_eq!(Sets::of(None), Sets::default());
    }
}
