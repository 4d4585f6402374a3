//! Output and input that the door-step carries itself, also from one daemon to the next.

use crate::fake::{Caller, FakeDaemon};
use crate::home::{Home, await_true};
use crate::stub::{Stub, command};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Stdio;

/// A call with a pipe for its standard input or output, the other end of which is the test's.
fn piped(home: &Home, input: bool) -> (Stub, File) {
    let mut ends = [0; 2];
    // SAFETY: two places for two numbers; nobody else owns what was made.
    let [reader, writer] = unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        ends.map(|number| OwnedFd::from_raw_fd(number))
    };
    let mut command = command(home, &["run"]);
    command.env("HAKO_DAEMON", "/bin/false");
    let ours = if input {
        command.stdin(Stdio::from(reader));
        writer
    } else {
        command.stdout(Stdio::from(writer));
        reader
    };
    (Stub::spawn(command), File::from(ours))
}

/// The daemon dies and another comes.
fn replace(caller: Caller, daemon: FakeDaemon, home: &Home) -> FakeDaemon {
    drop(caller);
    drop(daemon);
    FakeDaemon::listen(home)
}

#[test]
fn output_goes_to_the_stream_it_is_for() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["run"]);
    let (mut caller, hello) = daemon.greet();
    assert_eq!((hello.written, hello.input), (0, 0));
    drop(hello);

    caller.output(1, 5, b"hello");
    assert_eq!(caller.written(), 0);
    caller.output(2, 9, b"oops");
    assert_eq!(caller.written(), 0);
    caller.exit(0);

    let ended = stub.end();
    assert_eq!((ended.output.as_str(), ended.errors.as_str(), ended.code), ("hello", "oops", Some(0)));
}

#[test]
fn output_that_nobody_reads_is_told_with_its_errno() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let (_stub, reader) = piped(&home, false);
    let (mut caller, hello) = daemon.greet();
    drop(hello);
    drop(reader);

    caller.output(1, 5, b"hello");

    assert_eq!(caller.written(), libc::EPIPE);
}

#[test]
fn a_reader_that_waits_holds_up_output_but_no_signals() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let (stub, mut reader) = piped(&home, false);
    let (mut caller, hello) = daemon.greet();
    drop(hello);
    let bytes = [b'x'; 200_000];

    caller.output(1, 200_000, &bytes);
    await_true("a full pipe", || available(&reader) >= 65_536);
    stub.kill(libc::SIGTERM);

    assert_eq!(caller.signal(), libc::SIGTERM);
    let mut read = vec![0; bytes.len()];
    reader.read_exact(&mut read).unwrap();
    assert_eq!((caller.written(), read == bytes), (0, true));
}

#[test]
fn output_under_way_when_the_daemon_dies_comes_once_and_whole() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let (stub, mut reader) = piped(&home, false);
    let (mut caller, hello) = daemon.greet();
    drop(hello);
    caller.token("t");
    caller.output(1, 1_000, &[b'a'; 200_000]);
    await_true("a full pipe", || available(&reader) >= 65_536);
    // the daemon dies while it sends the next
    caller.send(&[0x0c, 0, 0, 0, 20, 1, 0]);

    let daemon = replace(caller, daemon, &home);
    let (mut caller, hello) = daemon.greet();
    assert_eq!(hello.written, 1_000);
    drop(hello);
    caller.output(1, 1_003, b"bcd");
    caller.exit(0);

    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert_eq!((read.len(), &read[199_999..]), (200_003, &b"abcd"[..]));
    assert_eq!(stub.end().code, Some(0));
}

#[test]
fn input_is_read_when_it_is_asked_for_and_ends() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    fs::write(home.file("input"), [b'x'; 40_000]).unwrap();
    let mut command = command(&home, &["run"]);
    let file = File::open(home.file("input")).unwrap();
    command.stdin(file.try_clone().unwrap());
    let _stub = Stub::spawn(command);
    let (mut caller, _) = daemon.greet();
    // SAFETY: asks for the offset that the two share.
    assert_eq!(unsafe { libc::lseek(file.as_raw_fd(), 0, libc::SEEK_CUR) }, 0);

    caller.read(0);
    assert_eq!(caller.input(), (0, vec![b'x'; 32_768]));
    caller.read(32_768);
    assert_eq!(caller.input(), (32_768, vec![b'x'; 7_232]));
    caller.read(40_000);
    assert_eq!(caller.input(), (40_000, vec![]));
    caller.read(40_000);
    assert_eq!(caller.input(), (40_000, vec![]));
}

#[test]
fn input_that_the_last_daemon_may_not_have_passed_on_comes_again() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let (_stub, mut writer) = piped(&home, true);
    let (mut caller, _) = daemon.greet();
    caller.token("t");
    caller.read(0);
    writer.write_all(b"one").unwrap();
    assert_eq!(caller.input(), (0, b"one".to_vec()));
    caller.read(3);
    writer.write_all(b"two").unwrap();
    assert_eq!(caller.input(), (3, b"two".to_vec()));

    let daemon = replace(caller, daemon, &home);
    let (mut caller, hello) = daemon.greet();
    writer.write_all(b"three").unwrap();

    assert_eq!(hello.input, 3);
    caller.read(3);
    assert_eq!(caller.input(), (3, b"two".to_vec()));
    caller.read(6);
    assert_eq!(caller.input(), (6, b"three".to_vec()));
}

#[test]
fn a_question_of_the_last_daemon_takes_nothing_from_the_next() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let (_stub, mut writer) = piped(&home, true);
    let (mut caller, _) = daemon.greet();
    caller.token("t");
    caller.read(0);

    let daemon = replace(caller, daemon, &home);
    let (mut caller, hello) = daemon.greet();
    writer.write_all(b"one").unwrap();

    assert_eq!(hello.input, 0);
    caller.read(0);
    assert_eq!(caller.input(), (0, b"one".to_vec()));
}

#[test]
fn a_daemon_that_asks_for_what_cannot_be_is_a_stranger() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["run"]);
    let (mut caller, _) = daemon.greet();

    caller.read(7);

    let ended = stub.end();
    assert_eq!(ended.code, Some(125));
    assert!(ended.errors.contains("does not speak door-step version 2"), "{}", ended.errors);
}

/// How much lies in a pipe.
fn available(pipe: &File) -> i32 {
    let mut count = 0;
    // SAFETY: FIONREAD fills an int.
    assert_eq!(unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut count) }, 0);
    count
}
