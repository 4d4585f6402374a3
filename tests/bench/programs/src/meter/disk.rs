//! Files, sequentially and at random. What is in the page cache is said by the caller, and made so here.

use crate::times::tell;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

const BLOCK_BYTES: usize = 1 << 20;
const PIECE_BYTES: usize = 4096;
/// For pieces at random: so many, or for so long.
const MOST_PIECES: u64 = 4000;
const LONGEST: Duration = Duration::from_secs(2);

/// Bytes that no file system can leave out or compress.
fn noise(bytes: usize) -> Vec<u8> {
    let mut random = Random::new();
    (0..bytes / 8).flat_map(|_| random.next().to_le_bytes()).collect()
}

struct Random(u64);

impl Random {
    fn new() -> Random {
        Random(0x2545_F491_4F6C_DD1D)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

pub fn write(path: &str, mib: u64) -> io::Result<()> {
    let block = noise(BLOCK_BYTES);
    let mut file = File::create(path)?;
    tell("write", || {
        for _ in 0..mib {
            file.write_all(&block)?;
        }
        file.sync_all()?;
        Ok(mib << 20)
    })
}

pub fn read(path: &str, forget: bool) -> io::Result<()> {
    let mut file = File::open(path)?;
    if forget {
        drop_pages(&file)?;
    }
    let mut block = vec![0; BLOCK_BYTES];
    tell("read", || {
        let mut total = 0;
        loop {
            match file.read(&mut block)? {
                0 => return Ok(total),
                count => total += count as u64,
            }
        }
    })
}

pub fn random_read(path: &str, forget: bool) -> io::Result<()> {
    let file = File::open(path)?;
    if forget {
        drop_pages(&file)?;
    }
    advise(&file, libc::POSIX_FADV_RANDOM)?;
    let mut piece = vec![0; PIECE_BYTES];
    tell("random-read", || at_random(&file, |offset| file.read_exact_at(&mut piece, offset)))
}

pub fn random_write(path: &str) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    let piece = noise(PIECE_BYTES);
    tell("random-write", || {
        at_random(&file, |offset| {
            file.write_all_at(&piece, offset)?;
            file.sync_data()
        })
    })
}

fn at_random(file: &File, mut work: impl FnMut(u64) -> io::Result<()>) -> io::Result<u64> {
    let pieces = file.metadata()?.len() / PIECE_BYTES as u64;
    if pieces == 0 {
        return Err(io::Error::other("the file is empty"));
    }
    let mut random = Random::new();
    let began = Instant::now();
    let mut count = 0;
    while count < MOST_PIECES && began.elapsed() < LONGEST {
        work(random.next() % pieces * PIECE_BYTES as u64)?;
        count += 1;
    }
    Ok(count)
}

pub fn forget(path: &str) -> io::Result<()> {
    drop_pages(&File::open(path)?)
}

/// Only what is on the disk can be dropped.
fn drop_pages(file: &File) -> io::Result<()> {
    file.sync_all()?;
    advise(file, libc::POSIX_FADV_DONTNEED)
}

fn advise(file: &File, advice: i32) -> io::Result<()> {
    // SAFETY: the descriptor is open; no memory is passed.
    match unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, advice) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_does_not_repeat_itself() {
        let bytes = noise(PIECE_BYTES);
        assert_eq!(bytes.len(), PIECE_BYTES);
        assert_ne!(bytes[..8], bytes[8..16]);
    }

    #[test]
    fn pieces_at_random_lie_in_the_file() {
        let path = std::env::temp_dir().join(format!("meter-{}", std::process::id()));
        std::fs::write(&path, noise(4 * PIECE_BYTES)).unwrap();
        let file = File::open(&path).unwrap();
        let mut seen = [false; 4];
        let count = at_random(&file, |offset| {
            assert_eq!(offset % PIECE_BYTES as u64, 0);
            seen[(offset / PIECE_BYTES as u64) as usize] = true;
            Ok(())
        });
        std::fs::remove_file(&path).unwrap();
        assert_eq!(count.unwrap(), MOST_PIECES);
        assert_eq!(seen, [true; 4]);
    }
}
