//! What the host has plugged, found and mounted below /run/hako; shared targets are mounted once.

use crate::api::Storage;
use crate::api::storage::Source;
use crate::boot::RUN;
use crate::failure::{Doing, Failure, Status};
use crate::sys::{self, files, mounts};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

/// 128 without it; measured in docs/performance.md.
const READ_AHEAD_KB: &str = "1024";

/// The mounted targets and the containers that use them, in the order of mounting.
#[derive(Default)]
pub struct Storages(Vec<Mounted>);

struct Mounted {
    target: String,
    source: Option<Source>,
    users: Vec<String>,
}

/// Why a storage cannot be used, or not yet.
pub enum Trouble {
    /// The device is not there yet; what is waited for.
    Missing(String),
    Refused(Status),
    Failed(Failure),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Failed(failure)
    }
}

impl Storages {
    /// Mounts those of `storages` that are not mounted yet, in their order. When a device is missing it can be called
    /// again; [`Storages::release`] takes back what has been mounted so far.
    pub fn mount(&mut self, user: &str, storages: &[Storage]) -> Result<(), Trouble> {
        for storage in storages {
            let target = checked_target(&storage.target).map_err(Trouble::Refused)?;
            if let Some(mounted) = self.0.iter_mut().find(|mounted| mounted.target == target) {
                if mounted.source != storage.source {
                    let message = format!("mount storage on {target}: something else is mounted there");
                    return Err(Trouble::Refused(Status::precondition(message)));
                }
                if !mounted.users.iter().any(|known| known == user) {
                    mounted.users.push(user.into());
                }
                continue;
            }
            mount(storage, target)?;
            let (source, users) = (storage.source.clone(), vec![user.into()]);
            self.0.push(Mounted { target: target.into(), source, users });
        }
        Ok(())
    }

    /// Unmounts what was mounted by itself when `path` was opened: a part of a storage that is a file system of its own.
    pub fn let_go(&self, path: &str) {
        if self.0.iter().all(|mounted| mounted.target != path) {
            let _ = mounts::unmount(path, libc::MNT_DETACH);
        }
    }

    /// What was mounted for one is another's from now on.
    pub fn hand_over(&mut self, user: &str, heir: &str) {
        for known in self.0.iter_mut().flat_map(|mounted| &mut mounted.users).filter(|known| *known == user) {
            *known = heir.into();
        }
    }

    /// Unmounts, in reverse order, what only `user` used.
    pub fn release(&mut self, user: &str) {
        for at in (0..self.0.len()).rev() {
            let mounted = &mut self.0[at];
            let users = mounted.users.len();
            mounted.users.retain(|known| known != user);
            if mounted.users.is_empty() && users > 0 {
                let mounted = self.0.remove(at);
                // A plain unmount has written everything back when it returns, so that the host may unplug.
                if mounts::unmount(&mounted.target, 0).is_err() {
                    let _ = mounts::unmount(&mounted.target, libc::MNT_DETACH);
                }
                let _ = fs::remove_dir(&mounted.target);
            }
        }
    }
}

fn mount(storage: &Storage, target: &str) -> Result<(), Trouble> {
    let source = storage.source.as_ref().ok_or_else(|| Trouble::Refused(Status::invalid("storage without source")))?;
    let (flags, mut data) = options(&storage.options);
    let (device, fstype, what) = match source {
        Source::DiskSerial(serial) => {
            let what = format!("disk with serial \"{serial}\"");
            let device = disk(serial).ok_or_else(|| Trouble::Missing(what.clone()))?;
            (device, storage.fstype.as_str(), what)
        }
        Source::VirtiofsTag(tag) => (tag.clone(), "virtiofs", format!("virtiofs tag \"{tag}\"")),
        Source::NinepTag(tag) => {
            data = format!("trans=virtio{}{data}", if data.is_empty() { "" } else { "," });
            (tag.clone(), "9p", format!("9p tag \"{tag}\""))
        }
        Source::Tmpfs(_) => ("tmpfs".into(), "tmpfs", "tmpfs".into()),
    };
    let is_disk = matches!(source, Source::DiskSerial(_));
    fs::create_dir_all(target).doing(|| format!("make {target}"))?;
    match mounts::mount(&device, target, fstype, flags, &data) {
        // A tag that no device has (fs/fuse/virtio_fs.c virtio_fs_get_tree, net/9p/trans_virtio.c p9_virtio_create).
        Err(e) if fstype == "virtiofs" && sys::is(&e, libc::EINVAL) => return Err(Trouble::Missing(what)),
        Err(e) if fstype == "9p" && sys::is(&e, libc::ENOENT) => return Err(Trouble::Missing(what)),
        // In sysfs, but not ready to be opened.
        Err(e) if is_disk && (sys::is(&e, libc::ENXIO) || sys::is(&e, libc::ENOENT)) => {
            return Err(Trouble::Missing(what));
        }
        result => result.doing(|| format!("mount {what} on {target}"))?,
    }
    if let Source::VirtiofsTag(_) = source {
        read_ahead(target).doing(|| format!("set the read-ahead of {target}"))?;
    }
    Ok(())
}

/// What is read in sequence is asked of virtiofsd in larger pieces, since each is a way out of the guest and back.
fn read_ahead(target: &str) -> io::Result<()> {
    let device = fs::metadata(target)?.dev();
    let (major, minor) = (libc::major(device), libc::minor(device));
    files::write(format!("/sys/class/bdi/{major}:{minor}/read_ahead_kb"), READ_AHEAD_KB)
}

fn checked_target(target: &str) -> Result<&str, Status> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
    match target.strip_prefix(RUN).and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) if rest.split('/').all(plain) => Ok(target),
        _ => Err(Status::invalid(format!("mount storage on \"{target}\": not a path below {RUN}"))),
    }
}

fn options(options: &[String]) -> (u64, String) {
    let options = crate::container::Options::parse(options);
    (options.flags, options.data)
}

/// The path of the disk with this serial number.
fn disk(serial: &str) -> Option<String> {
    Some(format!("/dev/{}", disk_name(serial)?))
}

/// The kernel's name of the disk with this serial number, as virtio-blk or SCSI tells it.
pub fn disk_name(serial: &str) -> Option<String> {
    let is_it = |name: &String| serial_of(name).is_ok_and(|found| found.trim() == serial);
    // The first few by their usual names, without listing the directory.
    let likely = ('a'..='d').map(|letter| format!("vd{letter}")).find(is_it);
    likely.or_else(|| {
        let entries = fs::read_dir("/sys/block").ok()?.flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with("loop") && !name.starts_with("ram")).find(is_it)
    })
}

fn serial_of(name: &str) -> io::Result<String> {
    if name.starts_with('s') { scsi_serial(name) } else { files::read(format!("/sys/block/{name}/serial")) }
}

/// Vital product data page 0x80: four bytes of header, then the number (SCSI Primary Commands, "Unit Serial Number").
fn scsi_serial(name: &str) -> io::Result<String> {
    let page = fs::read(format!("/sys/block/{name}/device/vpd_pg80"))?;
    Ok(String::from_utf8_lossy(page.get(4..).unwrap_or_default()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_below_the_run_directory() {
        assert!(checked_target("/run/hako/storage/root").is_ok());
        for target in ["/etc", "/run/hako", "/run/hako/", "/run/hako/../x", "/run/hako/a//b", "/run/hakox/a", ""] {
            assert!(checked_target(target).is_err(), "{target}");
        }
    }
}
