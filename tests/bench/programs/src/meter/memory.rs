//! Memory that is filled and freed when told.

use std::hint::black_box;
use std::io::{self, BufRead};

const PAGE_BYTES: usize = 4096;

/// Two lines of input: the first frees, the second, or the end of input, ends.
pub fn fill(mib: u64) -> io::Result<()> {
    let mut lines = io::stdin().lock().lines();
    let mut memory = vec![0_u8; (mib << 20) as usize];
    for (number, page) in memory.chunks_mut(PAGE_BYTES).enumerate() {
        // no two pages alike: nobody is to merge them
        page[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    }
    black_box(&memory);
    println!("full");
    lines.next().transpose()?;
    drop(memory); // an allocation of this size is a mapping of its own, which goes with it
    println!("freed");
    lines.next().transpose()?;
    Ok(())
}
