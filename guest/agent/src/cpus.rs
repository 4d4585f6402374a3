//! The guest's processors (Documentation/ABI/testing/sysfs-devices-system-cpu). The first one stays.

use crate::failure::{Doing, Failure};
use crate::sys::files;

const FOLDER: &str = "/sys/devices/system/cpu";

pub fn online() -> u32 {
    count("online")
}

/// Brings processors online, the lowest number first, or takes them offline, the highest first, until `wanted` are online or
/// there is none to choose.
pub fn set_online(wanted: u32) -> Result<u32, Failure> {
    let (mut online, there) = (online(), count("present"));
    for number in 1..there {
        if online >= wanted {
            break;
        }
        online += u32::from(change(number, true)?);
    }
    for number in (1..there).rev() {
        if online <= wanted.max(1) {
            break;
        }
        online -= u32::from(change(number, false)?);
    }
    Ok(online)
}

/// Whether it was otherwise before.
fn change(number: u32, online: bool) -> Result<bool, Failure> {
    let file = format!("{FOLDER}/cpu{number}/online");
    let (before, after) = if online { ("0", "1") } else { ("1", "0") };
    if files::read(&file).is_ok_and(|state| state.trim() == before) {
        files::write(&file, after)
            .doing(|| format!("bring CPU {number} {}", if online { "online" } else { "offline" }))?;
        return Ok(true);
    }
    Ok(false)
}

fn count(list: &str) -> u32 {
    let text = files::read(format!("{FOLDER}/{list}")).unwrap_or_default();
    text.trim().split(',').map(range_length).sum()
}

/// "0-3": 4, "5": 1.
fn range_length(range: &str) -> u32 {
    let number = |text: &str| text.parse::<u32>().ok();
    match range.split_once('-') {
        Some((first, last)) => {
            number(last).zip(number(first)).map_or(0, |(last, first)| (last + 1).saturating_sub(first))
        }
        None => number(range).map_or(0, |_| 1),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranges_of_cpus_are_counted() {
        assert_eq!((super::range_length("0-3"), super::range_length("5"), super::range_length("")), (4, 1, 0));
    }
}
