//! ContainerStats: from the files of the cgroup, and the links of the container's network namespace.

use super::Container;
use super::cgroup::field;
use crate::api::{LinkStats, StatsResponse};
use crate::sys::files;

pub fn stats(container: &Container) -> StatsResponse {
    let text = |name: &str| container.cgroup.read(name).unwrap_or_default();
    let number = |name: &str| text(name).trim().parse::<u64>().unwrap_or(0);
    let (cpu, memory) = (text("cpu.stat"), number("memory.current"));
    let cpu_ns = |key: &str| field(&cpu, key) * 1000;
    let (read, written) = io_bytes(&text("io.stat"));
    StatsResponse {
        cpu_usage_ns: cpu_ns("usage_usec"),
        cpu_user_ns: cpu_ns("user_usec"),
        cpu_system_ns: cpu_ns("system_usec"),
        cpu_throttled_ns: cpu_ns("throttled_usec"),
        memory_usage_bytes: memory,
        memory_working_set_bytes: memory.saturating_sub(field(&text("memory.stat"), "inactive_file")),
        memory_limit_bytes: number("memory.max"),
        memory_peak_bytes: number("memory.peak"),
        oom_kills: container.cgroup.oom_kills(),
        pids: number("pids.current"),
        pids_limit: number("pids.max"),
        io_read_bytes: read,
        io_write_bytes: written,
        links: links(container.init().pid),
    }
}

/// All devices of an io.stat: "254:0 rbytes=1 wbytes=2 rios=...".
fn io_bytes(text: &str) -> (u64, u64) {
    let sum = |key: &str| {
        let values = text.split_whitespace().filter_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        values.filter_map(|value| value.parse::<u64>().ok()).sum()
    };
    (sum("rbytes"), sum("wbytes"))
}

/// The links that process `pid` sees, without loopback.
pub fn links(pid: i32) -> Vec<LinkStats> {
    let text = files::read(format!("/proc/{pid}/net/dev")).unwrap_or_default();
    text.lines().filter_map(link).filter(|link| link.name != "lo").collect()
}

/// A line of /proc/net/dev: name, then eight counters received and eight sent (net/core/net-procfs.c).
fn link(line: &str) -> Option<LinkStats> {
    let (name, counters) = line.split_once(':')?;
    let counters: Vec<u64> = counters.split_whitespace().filter_map(|counter| counter.parse().ok()).collect();
    let [rx_bytes, rx_packets, rx_errors, rx_dropped, _, _, _, _, tx_bytes, tx_packets, tx_errors, tx_dropped, ..] =
        *counters
    else {
        return None;
    };
    let name = name.trim().to_string();
    Some(LinkStats { name, rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_summed_up() {
        let text = "254:0 rbytes=10 wbytes=1 rios=1 wios=1\n8:0 rbytes=5 wbytes=2\n";
        assert_eq!(io_bytes(text), (15, 3));
    }

    #[test]
    fn counters_are_found_by_their_place() {
        let line = "  eth0: 1 2 3 4 0 0 0 0 9 10 11 12 0 0 0 0";
        let link = link(line).unwrap();
        assert_eq!((link.name.as_str(), link.rx_dropped, link.tx_bytes, link.tx_dropped), ("eth0", 4, 9, 12));
        assert!(super::link("Inter-|   Receive  |  Transmit").is_none());
    }
}
