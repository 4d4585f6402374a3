//! What cannot be done is said, and ends with 125.

use crate::fake::FakeDaemon;
use crate::home::{Home, install};
use crate::stub::{BINARY, Ended, Stub, command, command_of};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::Command;

const NOBODY: u32 = 65534;

#[track_caller]
fn assert_failed(ended: &Ended, fact: &str) {
    assert!(ended.errors.starts_with("hako: ") && ended.errors.contains(fact), "{}", ended.errors);
    assert_eq!(ended.code, Some(125));
}

/// The call of a user who is not root and may search the home but not change it. The program is where such a user may
/// execute it.
fn as_stranger(home: &Home) -> Stub {
    let program = home.file("hako");
    install(&program, &fs::read(BINARY).unwrap());
    let mut command = command_of(&program, home, &["ps"]);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    Stub::spawn(command)
}

fn is_root() -> bool {
    // SAFETY: geteuid only asks.
    unsafe { libc::geteuid() == 0 }
}

/// Number and name, which is the number where no group has it.
fn own_group() -> (u32, String) {
    let output = |option| Command::new("id").arg(option).output().unwrap().stdout;
    let text = |option| String::from_utf8(output(option)).unwrap().trim().to_owned();
    (text("-g").parse().unwrap(), text("-gn"))
}

#[test]
fn permission_denied_names_the_mend() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    fs::set_permissions(home.socket(), fs::Permissions::from_mode(0o000)).unwrap();

    let ended = as_stranger(&home).end();

    assert_failed(&ended, "permission denied: run it with sudo");
}

#[test]
fn permission_denied_names_the_group_of_the_socket() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let (group, named) = if is_root() { (1, "daemon".to_owned()) } else { own_group() };
    chown(home.socket(), None, Some(group)).unwrap();
    fs::set_permissions(home.socket(), fs::Permissions::from_mode(if is_root() { 0o660 } else { 0o000 })).unwrap();

    let ended = as_stranger(&home).end();

    assert_failed(&ended, &format!("or join the group {named}, to which it belongs"));
}

#[test]
fn who_may_not_start_the_daemon_is_told_so() {
    let home = Home::new();
    fs::set_permissions(home.file("run"), fs::Permissions::from_mode(0o555)).unwrap();

    let ended = as_stranger(&home).end();

    assert_failed(&ended, "hakod is not running");
    assert_failed(&ended, "may not start it: run it with sudo");
}

#[test]
fn root_starts_no_daemon_in_a_home_of_somebody_else() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    chown(home.path(), Some(NOBODY), None).unwrap();

    let ended = Stub::start(&home, &["ps"]).end();

    assert_failed(&ended, "belongs to user 65534: chown it to root, or choose another HAKO_HOME");
    assert!(!home.file("run/hakod.log").exists());
}

#[test]
fn root_starts_no_daemon_in_a_home_that_others_can_write() {
    if !is_root() {
        return;
    }
    let home = Home::new();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();

    let ended = Stub::start(&home, &["ps"]).end();

    assert_failed(&ended, "is writable by others: chmod go-w it, or choose another HAKO_HOME");
}

#[test]
fn a_missing_daemon_is_named() {
    let home = Home::new();
    let mut command = command(&home, &["ps"]);
    command.env("HAKO_DAEMON", home.file("nowhere/hakod"));

    let ended = Stub::spawn(command).end();

    assert_failed(&ended, "nowhere/hakod does not exist: run ./dev build");
}

#[test]
fn a_peer_of_another_protocol_is_told_apart() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["ps"]);

    daemon.accept().send(b"HTTP/1.1 400 Bad Request\r\n\r\n");

    assert_failed(&stub.end(), "does not speak door-step version 2: restart hakod");
}

#[test]
fn a_call_over_the_limit_is_refused() {
    let home = Home::new();
    let _daemon = FakeDaemon::listen(&home);
    let long = "x".repeat(120_000);

    let ended = Stub::start(&home, &[long.as_str(); 9]).end();

    assert_failed(&ended, "arguments and environment are over 1024 KiB");
}

#[test]
fn without_a_token_a_daemon_that_goes_ends_the_call() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["ps"]);

    drop(daemon.greet());

    assert_failed(&stub.end(), "hakod went away before the command ended");
}

#[test]
fn a_call_the_daemon_never_took_is_repeated_once() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["ps"]);

    drop(daemon.accept());
    drop(daemon.accept());

    assert_failed(&stub.end(), "hakod went away");
}
