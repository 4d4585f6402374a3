//! Runs commands in turns and tells how long each took, from just before the fork to the end of the wait.
//!
//!   pace ROUNDS WARMUPS -- [until=TEXT] PROGRAM ARGUMENT... -- [until=TEXT] PROGRAM ARGUMENT...
//!
//! In each round every command runs once, in order: A B A B. A line for each, warm-ups left out:
//!
//!   COMMAND NANOSECONDS_TO_END NANOSECONDS_TO_TEXT EXIT_CODE
//!
//! where the third is 0 without `until=`, else the time until TEXT stood in its output. A native program, since starting
//! a process from a JVM takes longer than some of what is measured here.

use std::io::Read;
use std::process::{Command, Stdio, exit};
use std::time::Instant;

struct Job {
    until: Option<Vec<u8>>,
    line: Vec<String>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut groups = arguments.split(|word| word == "--");
    let counts = groups.next().unwrap_or(&[]);
    let (Some(rounds), Some(warmups)) = (number(counts.first()), number(counts.get(1))) else {
        eprintln!("usage: pace ROUNDS WARMUPS -- [until=TEXT] PROGRAM ARGUMENT... -- ...");
        exit(2);
    };
    let jobs: Vec<Job> = groups.map(job).collect();
    for round in 0..warmups + rounds {
        for (index, job) in jobs.iter().enumerate() {
            let (end, text, code) = run(job);
            if round >= warmups {
                println!("{index} {end} {text} {code}");
            }
        }
    }
}

fn number(word: Option<&String>) -> Option<usize> {
    word?.parse().ok()
}

fn job(words: &[String]) -> Job {
    match words.split_first() {
        Some((first, rest)) if first.starts_with("until=") => {
            Job { until: Some(first.as_bytes()["until=".len()..].to_vec()), line: rest.to_vec() }
        }
        _ => Job { until: None, line: words.to_vec() },
    }
}

fn run(job: &Job) -> (u128, u128, i32) {
    let mut command = Command::new(&job.line[0]);
    command.args(&job.line[1..]).stdin(Stdio::null());
    command.stdout(if job.until.is_some() { Stdio::piped() } else { Stdio::null() });
    let began = Instant::now();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("pace: {}: {error}", job.line[0]);
            exit(1);
        }
    };
    let mut text = 0;
    if let (Some(wanted), Some(mut output)) = (&job.until, child.stdout.take()) {
        let mut seen = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(count) = output.read(&mut chunk) {
            if count == 0 {
                break;
            }
            seen.extend_from_slice(&chunk[..count]);
            if text == 0 && seen.windows(wanted.len()).any(|window| window == &wanted[..]) {
                text = began.elapsed().as_nanos();
            }
        }
    }
    let status = child.wait();
    let end = began.elapsed().as_nanos();
    (end, text, status.ok().and_then(|status| status.code()).unwrap_or(-1))
}
