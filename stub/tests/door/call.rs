//! What reaches the daemon, and what comes back.

use crate::fake::FakeDaemon;
use crate::home::Home;
use crate::stub::{Stub, command};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Stdio;

#[test]
fn hello_tells_the_whole_call() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["run", "--rm", "", "höher"]);
    command.arg0("/usr/bin/hako").env_clear().env("HAKO_HOME", home.path()).env("A", "1=2").current_dir(home.path());
    let stub = Stub::spawn(command);

    let (mut caller, hello) = daemon.greet();

    assert_eq!((hello.version, hello.flags, hello.rows, hello.columns), (2, 0, 0, 0));
    assert_eq!(hello.pid, stub.pid());
    assert_eq!(hello.token, "");
    assert_eq!(hello.arguments, ["/usr/bin/hako", "run", "--rm", "", "höher"]);
    let home_variable = format!("HAKO_HOME={}", home.path().display());
    assert_eq!(hello.environment.len(), 2);
    assert!(hello.environment.contains(&"A=1=2".to_owned()) && hello.environment.contains(&home_variable));
    assert_eq!(hello.descriptors.len(), 5);
    assert_eq!(hello.target(0), home.path().canonicalize().unwrap().to_str().unwrap());
    assert_eq!(hello.target(1), "/");
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}

#[test]
fn the_daemon_reads_and_writes_the_callers_streams() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    fs::write(home.file("input"), "question").unwrap();
    let mut command = command(&home, &["exec"]);
    command.stdin(File::open(home.file("input")).unwrap());
    let stub = Stub::spawn(command);

    let (mut caller, hello) = daemon.greet();
    let mut streams = hello.descriptors.into_iter().skip(2).map(File::from);
    let mut question = String::new();
    streams.next().unwrap().read_to_string(&mut question).unwrap();
    streams.next().unwrap().write_all(b"answer").unwrap();
    streams.next().unwrap().write_all(b"complaint").unwrap();
    drop(streams);
    caller.exit(0);

    let ended = stub.end();
    assert_eq!((question.as_str(), ended.output.as_str(), ended.errors.as_str()), ("question", "answer", "complaint"));
}

#[test]
fn exit_codes_are_passed_on() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    for code in [0, 1, 125, 127, 137, 255] {
        let stub = Stub::start(&home, &[]);
        daemon.greet().0.exit(code);
        assert_eq!(stub.end().code, Some(code.into()));
    }
}

#[test]
fn closed_streams_are_replaced_by_dev_null() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &[]);
    // SAFETY: close is async-signal-safe; the child execs next.
    unsafe {
        command.pre_exec(|| {
            (0..3).for_each(|number| {
                libc::close(number);
            });
            Ok(())
        })
    };
    command.stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let stub = Stub::spawn(command);

    let (mut caller, hello) = daemon.greet();

    for index in 2..5 {
        assert_eq!(hello.target(index), "/dev/null");
    }
    caller.exit(3);
    assert_eq!(stub.end().code, Some(3));
}

#[test]
fn a_long_call_arrives_whole() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let long = "x".repeat(120_000);
    let arguments = [long.as_str(); 8];
    let stub = Stub::start(&home, &arguments);

    let (mut caller, hello) = daemon.greet();

    assert_eq!(hello.arguments[1..], arguments);
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}

#[test]
fn a_socket_path_of_any_length_is_reached() {
    let home = Home::new();
    let long = home.file(&"long".repeat(50));
    fs::create_dir_all(long.join("run")).unwrap();
    // The listener's side has the same limit: bind by a short name and move.
    let daemon = FakeDaemon::listen(&home);
    fs::rename(home.socket(), long.join("run/hakod.sock")).unwrap();
    let mut command = command(&home, &[]);
    command.env("HAKO_HOME", &long);
    let stub = Stub::spawn(command);

    daemon.greet().0.exit(9);

    assert_eq!(stub.end().code, Some(9));
}
