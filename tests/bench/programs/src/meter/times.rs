//! How long something took, and the line that tells it.

use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Does the work, which says how often it did it, and prints the line.
pub fn tell(name: &str, work: impl FnOnce() -> io::Result<u64>) -> io::Result<()> {
    let began = Instant::now();
    let count = work()?;
    println!("{name} {count} {}", began.elapsed().as_nanos());
    Ok(())
}

/// From just before it is started to its end, which must be a good one.
pub fn program(line: &[&str]) -> io::Result<()> {
    tell("time", || {
        let status = Command::new(line[0]).args(&line[1..]).stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        if status.success() { Ok(1) } else { Err(io::Error::other(format!("ended with {status}"))) }
    })
}
