//! A daemon that goes while a command is under way.

use crate::fake::FakeDaemon;
use crate::home::{Home, await_true};
use crate::start::Script;
use crate::stub::{Stub, command};
use std::time::Duration;

#[test]
fn a_new_daemon_is_told_the_token() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["run", "busybox"]);
    command.env("HAKO_DAEMON", "/bin/false");
    let stub = Stub::spawn(command);
    let (mut caller, _) = daemon.greet();
    caller.token("old");
    caller.token("call-7f3a");

    drop(caller);
    drop(daemon);
    let daemon = FakeDaemon::listen(&home);
    let (mut caller, hello) = daemon.greet();

    assert_eq!(hello.token, "call-7f3a");
    assert_eq!((hello.arguments[1].as_str(), hello.descriptors.len(), hello.pid), ("run", 5, stub.pid()));
    caller.exit(42);
    assert_eq!(stub.end().code, Some(42));
}

#[test]
fn signals_without_a_daemon_wait_for_the_next_one() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["run"]);
    command.env("HAKO_DAEMON", "/bin/false");
    let mut stub = Stub::spawn(command);
    let (mut caller, _) = daemon.greet();
    caller.token("t");
    drop(daemon);
    drop(caller);
    std::thread::sleep(Duration::from_millis(50));
    stub.kill(libc::SIGTERM);
    std::thread::sleep(Duration::from_millis(50));
    assert!(stub.is_running());

    let (mut caller, _) = FakeDaemon::listen(&home).greet();

    assert_eq!(caller.signal(), libc::SIGTERM);
}

/// A call whose daemon has gone; what the stub starts is the script.
fn left_alone() -> (Home, Script, Stub) {
    let home = Home::new();
    let script = Script::new(&home);
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["run"]);
    script.set(&mut command);
    let stub = Stub::spawn(command);
    daemon.greet().0.token("t");
    (home, script, stub)
}

#[test]
fn the_daemon_is_started_again() {
    let (home, script, stub) = left_alone();
    await_true("the script", || script.starts() == 1);
    let daemon = FakeDaemon::listen(&home);
    script.serve();
    let (mut caller, hello) = daemon.greet();

    assert_eq!(hello.token, "t");
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}

#[test]
fn whoever_else_starts_the_daemon_again_has_the_time_to() {
    let (home, script, stub) = left_alone();
    std::thread::sleep(Duration::from_millis(300));
    let (mut caller, hello) = FakeDaemon::listen(&home).greet();

    assert_eq!((hello.token.as_str(), script.starts()), ("t", 0));
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}

#[test]
fn a_daemon_that_breaks_again_and_again_is_borne() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["run"]);
    daemon.greet().0.token("t");
    for _ in 0..3 {
        assert_eq!(daemon.accept().hello().token, "t");
    }
    let (mut caller, _) = daemon.greet();
    caller.exit(1);
    assert_eq!(stub.end().code, Some(1));
}
