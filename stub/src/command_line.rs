//! What a process is shown to execute (`ps`, `docker top`): words where its arguments were given to it.

use std::fs;
use std::ptr;

/// Shows these words, each ended by NUL, behind the program's name; as many bytes as its own arguments had room for. None: they
/// stay as they are.
pub fn show(words: &[u8]) {
    if words.is_empty() {
        return;
    }
    if let Some((start, end)) = arguments() {
        // SAFETY: the kernel put its arguments there, this process alone has them, and nobody reads them any more.
        unsafe {
            let area = std::slice::from_raw_parts_mut(ptr::with_exposed_provenance_mut::<u8>(start), end - start);
            overwrite(area, words);
        }
    }
}

/// Keeps the first word and ends with NUL. What is left are empty words, which are not shown.
fn overwrite(area: &mut [u8], words: &[u8]) {
    let first = area.iter().position(|byte| *byte == 0).map_or(area.len(), |end| end + 1);
    let room = area.len() - first;
    let used = words.len().min(room);
    area[first..first + used].copy_from_slice(&words[..used]);
    area[first + used..].fill(0);
    if let Some(last) = area.last_mut() {
        *last = 0;
    }
}

/// Where they begin and end (proc(5), stat: `arg_start`, `arg_end`).
fn arguments() -> Option<(usize, usize)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, field 2, can have anything in it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(48 - 3);
    let (start, end) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    (0 < start && start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_behind_the_first_as_far_as_there_is_room() {
        let mut area = *b"/bin/hako\0create\0web\0";
        overwrite(&mut area, b"sleep\x001\0");
        assert_eq!(&area, b"/bin/hako\0sleep\x001\0\0\0\0");
        let mut area = *b"hako\0create\0";
        overwrite(&mut area, b"sleep\x00100000\0");
        assert_eq!(&area, b"hako\0sleep\x00\0");
        let mut area = *b"hako";
        overwrite(&mut area, b"sleep\0");
        assert_eq!(&area, b"hak\0");
    }
}
