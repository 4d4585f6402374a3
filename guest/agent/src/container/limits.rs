//! From the spec's resources to the files of cgroup v2
//! (https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#control-groups,
//! Documentation/admin-guide/cgroup-v2.rst).

use super::cgroup::Cgroup;
use crate::failure::{Doing, Failure};
use crate::spec::{BlockIo, Cpu, Memory, Resources, Throttle};

/// A file of the cgroup and what to write into it, in order.
type Settings = Vec<(String, String)>;

/// Sets what `resources` has; absent members stay as they are.
fn apply(cgroup: &Cgroup, resources: &Resources) -> Result<(), Failure> {
    for (name, value) in settings(resources)? {
        cgroup.write(&name, &value).doing(|| format!("limit {name} to \"{value}\""))?;
    }
    Ok(())
}

/// The limit of CPU time, which counts when something of the container's runs. With a twentieth of a processor, to build it and
/// to become its program would take seconds.
pub enum Time {
    /// What cpu.max is to be, where that is a limit.
    Held(Option<String>),
    Limited,
}

impl Time {
    pub fn apply(&mut self, cgroup: &Cgroup, resources: &Resources) -> Result<(), Failure> {
        let Time::Held(held) = self else { return apply(cgroup, resources) };
        let concerned = held.is_some() || limits_time(resources);
        put_back(cgroup, held)?;
        let applied = apply(cgroup, resources);
        if concerned {
            let limit = cgroup.read("cpu.max").doing(|| "read cpu.max".into())?;
            if !limit.starts_with("max") {
                cgroup.write("cpu.max", "max").doing(|| "lift cpu.max until the start".into())?;
                *held = Some(limit);
            }
        }
        applied
    }

    pub fn limit(&mut self, cgroup: &Cgroup) -> Result<(), Failure> {
        if let Time::Held(held) = self {
            put_back(cgroup, held)?;
            *self = Time::Limited;
        }
        Ok(())
    }
}

fn put_back(cgroup: &Cgroup, held: &mut Option<String>) -> Result<(), Failure> {
    if let Some(limit) = held {
        cgroup.write("cpu.max", limit).doing(|| format!("limit cpu.max to \"{}\"", limit.trim_end()))?;
    }
    *held = None;
    Ok(())
}

fn limits_time(resources: &Resources) -> bool {
    resources.cpu.quota.is_some_and(|quota| quota > 0) || resources.unified.contains_key("cpu.max")
}

fn settings(resources: &Resources) -> Result<Settings, Failure> {
    let mut settings = Settings::new();
    let mut set = |name: &str, value: String| settings.push((name.into(), value));
    memory(&resources.memory, &mut set)?;
    cpu(&resources.cpu, &mut set);
    if let Some(limit) = resources.pids.limit {
        set("pids.max", or_max(limit));
    }
    block_io(&resources.block_io, &mut set);
    for limit in &resources.hugepage_limits {
        set(&format!("hugetlb.{}.max", plain_name(&limit.page_size)?), limit.limit.to_string());
    }
    for (name, value) in &resources.unified {
        set(plain_name(name)?, value.clone());
    }
    Ok(settings)
}

fn memory(memory: &Memory, set: &mut impl FnMut(&str, String)) -> Result<(), Failure> {
    if let Some(swap) = memory.swap.filter(|swap| *swap != 0) {
        let limit = memory.limit.unwrap_or(0);
        let swap_alone = match swap {
            -1 => -1,
            _ if limit <= 0 => return Err(Failure::other("limit memory.swap.max: there is no memory limit beside it")),
            _ if swap < limit => return Err(Failure::other("limit memory.swap.max: memory and swap < memory")),
            _ => swap - limit,
        };
        set("memory.swap.max", if swap_alone < 0 { "max".into() } else { swap_alone.to_string() });
    }
    if let Some(limit) = memory.limit.filter(|limit| *limit != 0) {
        set("memory.max", or_max(limit));
    }
    if let Some(low) = memory.reservation.filter(|low| *low != 0) {
        set("memory.low", or_max(low));
    }
    Ok(())
}

fn cpu(cpu: &Cpu, set: &mut impl FnMut(&str, String)) {
    if let Some(idle) = cpu.idle {
        set("cpu.idle", idle.to_string());
    }
    if let Some(shares) = cpu.shares.filter(|shares| *shares != 0) {
        set("cpu.weight", weight_of_shares(shares).to_string());
    }
    if cpu.quota.is_some() || cpu.period.is_some() {
        let quota = cpu.quota.filter(|quota| *quota > 0).map_or("max".into(), |quota| quota.to_string());
        match cpu.period.filter(|period| *period > 0) {
            Some(period) => set("cpu.max", format!("{quota} {period}")),
            None => set("cpu.max", quota),
        }
    }
    if let Some(burst) = cpu.burst {
        set("cpu.max.burst", burst.to_string());
    }
    if !cpu.cpus.is_empty() {
        set("cpuset.cpus", cpu.cpus.clone());
    }
    if !cpu.mems.is_empty() {
        set("cpuset.mems", cpu.mems.clone());
    }
}

fn block_io(io: &BlockIo, set: &mut impl FnMut(&str, String)) {
    if let Some(weight) = io.weight.filter(|weight| *weight != 0) {
        set("io.weight", format!("default {}", 1 + (u32::from(weight.clamp(10, 1000)) - 10) * 9999 / 990));
    }
    let mut throttle = |key: &str, devices: &[Throttle]| {
        for device in devices {
            let rate = if device.rate == 0 { "max".into() } else { device.rate.to_string() };
            set("io.max", format!("{}:{} {key}={rate}", device.major, device.minor));
        }
    };
    throttle("rbps", &io.throttle_read_bps_device);
    throttle("wbps", &io.throttle_write_bps_device);
    throttle("riops", &io.throttle_read_iops_device);
    throttle("wiops", &io.throttle_write_iops_device);
}

/// 2-262144 of cgroup v1 to 1-10000 of v2, both ends meeting (as runc and crun have it).
fn weight_of_shares(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

fn or_max(limit: i64) -> String {
    if limit <= 0 { "max".into() } else { limit.to_string() }
}

fn plain_name(name: &str) -> Result<&str, Failure> {
    if name.is_empty() || name.contains('/') {
        return Err(Failure::other(format!("limit \"{name}\": not a file of a cgroup")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Vec<String> {
        let resources = serde_json::from_str(json).unwrap();
        settings(&resources).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn cpu_values_are_converted() {
        assert_eq!(
            of(r#"{"cpu":{"shares":1024,"quota":150000,"period":100000,"cpus":"0-1"}}"#),
            ["cpu.weight=39", "cpu.max=150000 100000", "cpuset.cpus=0-1"]
        );
        assert_eq!(of(r#"{"cpu":{"quota":-1}}"#), ["cpu.max=max"]);
        assert_eq!((weight_of_shares(2), weight_of_shares(262_144), weight_of_shares(9_999_999)), (1, 10_000, 10_000));
    }

    #[test]
    fn swap_is_told_apart_from_memory() {
        assert_eq!(
            of(r#"{"memory":{"limit":1000,"swap":1500,"reservation":500}}"#),
            ["memory.swap.max=500", "memory.max=1000", "memory.low=500"]
        );
        assert_eq!(of(r#"{"memory":{"limit":-1,"swap":-1}}"#), ["memory.swap.max=max", "memory.max=max"]);
        assert_eq!(of(r#"{"memory":{"limit":1000,"swap":1000}}"#), ["memory.swap.max=0", "memory.max=1000"]);
        let wrong: Resources = serde_json::from_str(r#"{"memory":{"limit":1000,"swap":10}}"#).unwrap();
        assert!(settings(&wrong).is_err());
    }

    #[test]
    fn the_rest_is_written_as_the_kernel_reads_it() {
        let json = r#"{"pids":{"limit":0},"blockIO":{"weight":1000,"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":9}]},
            "hugepageLimits":[{"pageSize":"2MB","limit":4096}],"unified":{"memory.high":"7"}}"#;
        let expected =
            ["pids.max=max", "io.weight=default 10000", "io.max=8:0 rbps=9", "hugetlb.2MB.max=4096", "memory.high=7"];
        assert_eq!(of(json), expected);
        let climbing: Resources = serde_json::from_str(r#"{"unified":{"../x":"1"}}"#).unwrap();
        assert!(settings(&climbing).is_err());
    }
}
