//! Devices of the host that the guest has under numbers of its own: disks that were plugged, and what every kernel has.

use crate::api::GuestDevice;
use crate::api::guest_device::Source;
use crate::failure::{Doing, Failure};
use crate::spec::{Device, Linux, Resources, Throttle};
use crate::storage::disk_name;
use crate::sys::{self, files};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

type Number = (u32, u32);

/// Numbers of the host's, and what has them here: whether it is a block device, its number there, its number here.
#[derive(Default)]
pub struct Numbers(Vec<(bool, Number, Number)>);

/// A disk that has not appeared yet.
pub fn missing(devices: &[GuestDevice]) -> Option<String> {
    let serials = devices.iter().filter_map(|device| match &device.source {
        Some(Source::DiskSerial(serial)) => Some(serial),
        _ => None,
    });
    serials
        .into_iter()
        .find(|serial| disk_name(serial).is_none())
        .map(|serial| format!("disk with serial \"{serial}\""))
}

pub fn any_disk(devices: &[GuestDevice]) -> bool {
    devices.iter().any(|device| matches!(device.source, Some(Source::DiskSerial(_))))
}

/// Nodes, rules and rates of these devices get the guest's numbers; one that is optional and not there goes.
pub fn renumber(linux: &mut Linux, devices: &[GuestDevice]) -> Result<Numbers, Failure> {
    let mut numbers = Numbers::default();
    for device in devices {
        let in_spec = |known: &Device| known.path == device.path;
        let Some(at) = linux.devices.iter().position(in_spec) else { continue };
        match find(device)? {
            Some((name, number)) => {
                let node = &mut linux.devices[at];
                numbers.0.push((node.kind == "b", (node.major, node.minor), number));
                (node.major, node.minor) = number;
                node.name = name;
            }
            None if device.optional => drop(linux.devices.remove(at)),
            None => return Err(Failure::other(format!("make device {}: the VM has no such device", device.path))),
        }
    }
    let told = |device: &Device| devices.iter().any(|known| known.path == device.path);
    if let Some(device) = linux.devices.iter().find(|device| !told(device) && is_guests(device)) {
        let message = format!("make device {}: the host has no such device, and the guest's is another", device.path);
        return Err(Failure::other(message));
    }
    numbers.apply(&mut linux.resources);
    Ok(numbers)
}

/// What the host did not tell of has no device behind it there, and must have none here.
fn is_guests(device: &Device) -> bool {
    let folder = if device.kind == "b" { "block" } else { "char" };
    device.kind != "p" && Path::new(&format!("/sys/dev/{folder}/{}:{}", device.major, device.minor)).exists()
}

impl Numbers {
    /// Rates of devices that the guest does not have are the host's business.
    pub fn apply(&self, resources: &mut Resources) {
        for rule in &mut resources.devices {
            if let (Some(major), Some(minor)) = (rule.major, rule.minor) {
                if let Some(number) = self.here(rule.kind == "b", (major, minor)) {
                    (rule.major, rule.minor) = (Some(number.0.into()), Some(number.1.into()));
                }
            }
        }
        let io = &mut resources.block_io;
        let rates: [&mut Vec<Throttle>; 4] = [
            &mut io.throttle_read_bps_device,
            &mut io.throttle_write_bps_device,
            &mut io.throttle_read_iops_device,
            &mut io.throttle_write_iops_device,
        ];
        for rates in rates {
            rates.retain_mut(|rate| {
                let Some(number) = self.here(true, (rate.major, rate.minor)) else { return false };
                (rate.major, rate.minor) = (number.0.into(), number.1.into());
                true
            });
        }
    }

    fn here(&self, block: bool, there: (i64, i64)) -> Option<Number> {
        let same = |host: Number| (i64::from(host.0), i64::from(host.1)) == there;
        self.0.iter().find(|known| known.0 == block && same(known.1)).map(|known| known.2)
    }
}

/// Its name below /dev, and its number.
fn find(device: &GuestDevice) -> Result<Option<(String, Number)>, Failure> {
    let (name, kind) = match &device.source {
        Some(Source::DiskSerial(serial)) => (disk_name(serial), libc::S_IFBLK),
        Some(Source::Name(name)) => (Some(name.clone()), libc::S_IFCHR),
        None => (None, 0),
    };
    let Some(name) = name else { return Ok(None) };
    let path = format!("/dev/{name}");
    let node = OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(&path);
    match node.and_then(|node| files::stat(&node)) {
        Ok(stat) if stat.st_mode & libc::S_IFMT == kind => {
            Ok(Some((name, (libc::major(stat.st_rdev), libc::minor(stat.st_rdev)))))
        }
        Ok(_) => Ok(None),
        Err(e) if sys::is(&e, libc::ENOENT) => Ok(None),
        Err(e) => Err(e).doing(|| format!("look at {path}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Spec;

    #[test]
    fn rules_and_rates_follow_their_devices() {
        let json = r#"{"linux":{"resources":{
            "devices":[{"allow":true,"type":"b","major":7,"minor":7,"access":"rw"},
                {"allow":true,"type":"b","major":254,"minor":32,"access":"r"},
                {"allow":true,"type":"c","major":7,"minor":7,"access":"r"},{"allow":true,"type":"b","major":7,"access":"r"}],
            "blockIO":{"throttleReadBpsDevice":[{"major":7,"minor":7,"rate":5},{"major":8,"minor":0,"rate":6}]}}}}"#;
        let mut linux = serde_json::from_str::<Spec>(json).unwrap().linux;
        Numbers(vec![(true, (7, 7), (254, 32)), (true, (254, 32), (254, 48))]).apply(&mut linux.resources);
        let rules: Vec<_> = linux.resources.devices.iter().map(|rule| (rule.major, rule.minor)).collect();
        let number = |major, minor| (Some(major), Some(minor));
        assert_eq!(rules, [number(254, 32), number(254, 48), number(7, 7), (Some(7), None)]);
        let rates = &linux.resources.block_io.throttle_read_bps_device;
        assert_eq!(rates.iter().map(|rate| (rate.major, rate.minor)).collect::<Vec<_>>(), [(254, 32)]);
    }

    #[test]
    fn what_every_kernel_has_is_found_by_its_name() {
        let named = |name: &str| GuestDevice { source: Some(Source::Name(name.into())), ..GuestDevice::default() };
        assert_eq!(find(&named("null")).unwrap(), Some(("null".into(), (1, 3))));
        assert_eq!(find(&named("nosuch")).unwrap(), None);
        assert_eq!(find(&named("fd")).unwrap(), None, "a symlink");
    }
}
