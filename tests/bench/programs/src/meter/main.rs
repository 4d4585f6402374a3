//! Does a fixed piece of work and tells how long it took: the same program on the host, in a container and in a guest.
//!
//!   meter compute                       arithmetic, memory, system calls, processes
//!   meter write FILE MIB                sequential, and until it is on the disk
//!   meter read FILE [forget]            sequential; `forget`: nothing of it is in this kernel's page cache
//!   meter random-read FILE [forget]     4 KiB here and there
//!   meter random-write FILE             the same, each on the disk before the next
//!   meter forget FILE...                takes files out of this kernel's page cache, unmeasured
//!   meter time PROGRAM ARGUMENT...      how long a program takes; its output goes nowhere
//!   meter serve ADDRESS:PORT            the other end of `talk`, for ever
//!   meter talk ADDRESS:PORT MS          throughput and round trips; MS for each question
//!   meter fill MIB                      fills memory, says "full", frees it after a line of input, says "freed"
//!   meter nothing                       ends
//!
//! A line for each result: NAME COUNT NANOSECONDS.

mod compute;
mod disk;
mod memory;
mod network;
mod times;

use std::io;
use std::process::exit;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Err(error) = run(&words) {
        eprintln!("meter: {}: {error}", words.join(" "));
        exit(1);
    }
}

fn run(words: &[&str]) -> io::Result<()> {
    match words {
        ["compute"] => compute::all(),
        ["write", file, mib] => disk::write(file, number(mib)?),
        ["read", file] => disk::read(file, false),
        ["read", file, "forget"] => disk::read(file, true),
        ["random-read", file] => disk::random_read(file, false),
        ["random-read", file, "forget"] => disk::random_read(file, true),
        ["random-write", file] => disk::random_write(file),
        ["forget", files @ ..] => files.iter().try_for_each(|file| disk::forget(file)),
        ["time", line @ ..] if !line.is_empty() => times::program(line),
        ["serve", address] => network::serve(address),
        ["talk", address, ms] => network::talk(address, number(ms)?),
        ["fill", mib] => memory::fill(number(mib)?),
        ["nothing"] => Ok(()),
        _ => Err(io::Error::other("no such work")),
    }
}

fn number(word: &str) -> io::Result<u64> {
    word.parse().map_err(|_| io::Error::other(format!("{word} is no number")))
}
