//! The members of an OCI config.json that mean something in a guest
//! (https://github.com/opencontainers/runtime-spec/blob/main/config.md); unknown ones are ignored, null is absent.

use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    #[serde(deserialize_with = "or_default")]
    pub process: Process,
    #[serde(deserialize_with = "or_default")]
    pub root: Root,
    #[serde(deserialize_with = "or_default")]
    pub hostname: String,
    #[serde(deserialize_with = "or_default")]
    pub domainname: String,
    #[serde(deserialize_with = "or_default")]
    pub mounts: Vec<Mount>,
    #[serde(deserialize_with = "or_default")]
    pub linux: Linux,
    #[serde(deserialize_with = "or_default")]
    pub hooks: Hooks,
}

/// The others run on the host.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Hooks {
    #[serde(deserialize_with = "or_default")]
    pub start_container: Vec<Hook>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Hook {
    pub path: String,
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<String>,
    /// Seconds.
    pub timeout: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Root {
    pub readonly: bool,
}

/// Optional members are those that a process started by exec takes over from the container's first.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Process {
    pub terminal: bool,
    pub console_size: Option<ConsoleSize>,
    pub user: Option<User>,
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    pub env: Option<Vec<String>>,
    pub cwd: Option<String>,
    pub capabilities: Option<Capabilities>,
    pub rlimits: Option<Vec<Rlimit>>,
    pub no_new_privileges: Option<bool>,
    pub oom_score_adj: Option<i32>,
}

impl Process {
    /// Fills what is absent from the container's first process.
    pub fn inherit(mut self, init: &Process) -> Process {
        self.user = self.user.or_else(|| init.user.clone());
        self.env = self.env.or_else(|| init.env.clone());
        self.cwd = self.cwd.filter(|cwd| !cwd.is_empty()).or_else(|| init.cwd.clone());
        self.capabilities = self.capabilities.or_else(|| init.capabilities.clone());
        self.rlimits = self.rlimits.or_else(|| init.rlimits.clone());
        self.no_new_privileges = self.no_new_privileges.or(init.no_new_privileges);
        self.oom_score_adj = self.oom_score_adj.or(init.oom_score_adj);
        self
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConsoleSize {
    pub height: u16,
    pub width: u16,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub umask: Option<u32>,
    #[serde(deserialize_with = "or_default")]
    pub additional_gids: Vec<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    #[serde(deserialize_with = "or_default")]
    pub bounding: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub effective: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub inheritable: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub permitted: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub ambient: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Rlimit {
    #[serde(rename = "type")]
    pub kind: String,
    pub hard: u64,
    pub soft: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Mount {
    pub destination: String,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub fstype: String,
    #[serde(deserialize_with = "or_default")]
    pub source: String,
    #[serde(deserialize_with = "or_default")]
    pub options: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Linux {
    #[serde(deserialize_with = "or_default")]
    pub namespaces: Vec<Namespace>,
    #[serde(deserialize_with = "or_default")]
    pub uid_mappings: Vec<IdMapping>,
    #[serde(deserialize_with = "or_default")]
    pub gid_mappings: Vec<IdMapping>,
    #[serde(deserialize_with = "or_default")]
    pub devices: Vec<Device>,
    #[serde(deserialize_with = "or_default")]
    pub resources: Resources,
    #[serde(deserialize_with = "or_default")]
    pub sysctl: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub masked_paths: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub readonly_paths: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub rootfs_propagation: String,
    pub seccomp: Option<Seccomp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Namespace {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(deserialize_with = "or_default")]
    pub path: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct IdMapping {
    #[serde(rename = "containerID")]
    pub container_id: u32,
    #[serde(rename = "hostID")]
    pub host_id: u32,
    pub size: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Device {
    pub path: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub major: u32,
    pub minor: u32,
    pub file_mode: Option<u32>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    /// Its name below the guest's own /dev; empty: as in the container.
    #[serde(skip)]
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resources {
    #[serde(deserialize_with = "or_default")]
    pub devices: Vec<DeviceRule>,
    #[serde(deserialize_with = "or_default")]
    pub memory: Memory,
    #[serde(deserialize_with = "or_default")]
    pub cpu: Cpu,
    #[serde(deserialize_with = "or_default")]
    pub pids: Pids,
    #[serde(rename = "blockIO", deserialize_with = "or_default")]
    pub block_io: BlockIo,
    #[serde(deserialize_with = "or_default")]
    pub hugepage_limits: Vec<HugepageLimit>,
    #[serde(deserialize_with = "or_default")]
    pub unified: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct DeviceRule {
    pub allow: bool,
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    pub major: Option<i64>,
    pub minor: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    pub access: String,
}

/// Bytes; -1: no limit.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Memory {
    pub limit: Option<i64>,
    pub reservation: Option<i64>,
    /// Of memory and swap together.
    pub swap: Option<i64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Cpu {
    pub shares: Option<u64>,
    /// Microseconds a period; 0 or less: no limit.
    pub quota: Option<i64>,
    pub burst: Option<u64>,
    pub period: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub cpus: String,
    #[serde(deserialize_with = "or_default")]
    pub mems: String,
    pub idle: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pids {
    pub limit: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BlockIo {
    pub weight: Option<u16>,
    #[serde(deserialize_with = "or_default")]
    pub throttle_read_bps_device: Vec<Throttle>,
    #[serde(deserialize_with = "or_default")]
    pub throttle_write_bps_device: Vec<Throttle>,
    #[serde(rename = "throttleReadIOPSDevice", deserialize_with = "or_default")]
    pub throttle_read_iops_device: Vec<Throttle>,
    #[serde(rename = "throttleWriteIOPSDevice", deserialize_with = "or_default")]
    pub throttle_write_iops_device: Vec<Throttle>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Throttle {
    pub major: i64,
    pub minor: i64,
    pub rate: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HugepageLimit {
    pub page_size: String,
    pub limit: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Seccomp {
    pub default_action: String,
    pub default_errno_ret: Option<u32>,
    #[serde(deserialize_with = "or_default")]
    pub architectures: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub flags: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub syscalls: Vec<SyscallRule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SyscallRule {
    pub names: Vec<String>,
    pub action: String,
    pub errno_ret: Option<u32>,
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<SyscallArg>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SyscallArg {
    pub index: u32,
    pub value: u64,
    pub value_two: u64,
    pub op: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_absent_and_the_unknown_is_ignored() {
        let json = r#"{"ociVersion":"1.2.0","hooks":{"prestart":[]},"mounts":null,"hostname":null,
            "process":{"args":["true"],"env":null,"user":{"uid":7,"gid":8,"additionalGids":null},"scheduler":{}},
            "linux":{"resources":{"memory":null,"cpu":{"quota":-1,"cpus":null},"pids":{"limit":5}},"seccomp":null}}"#;
        let spec: Spec = serde_json::from_str(json).unwrap();
        assert_eq!(spec.process.args, ["true"]);
        assert_eq!(spec.process.user.unwrap().uid, 7);
        assert!(spec.process.env.is_none());
        assert_eq!(spec.linux.resources.cpu.quota, Some(-1));
        assert_eq!(spec.linux.resources.pids.limit, Some(5));
        assert!(spec.linux.seccomp.is_none());
    }

    #[test]
    fn what_is_wrong_is_refused() {
        assert!(serde_json::from_str::<Spec>(r#"{"process":{"args":"true"}}"#).is_err());
        assert!(serde_json::from_str::<Spec>(r#"{"process":{"user":{"uid":-1}}}"#).is_err());
        assert!(serde_json::from_str::<Spec>("[1").is_err());
    }

    #[test]
    fn exec_takes_over_what_it_does_not_say() {
        let init: Process =
            serde_json::from_str(r#"{"args":["a"],"env":["A=1"],"cwd":"/x","user":{"uid":5}}"#).unwrap();
        let exec: Process = serde_json::from_str(r#"{"args":["b"],"cwd":""}"#).unwrap();
        let process = exec.inherit(&init);
        assert_eq!((process.args, process.env), (vec!["b".into()], Some(vec!["A=1".into()])));
        assert_eq!((process.cwd.as_deref(), process.user.map(|u| u.uid)), (Some("/x"), Some(5)));
    }
}
