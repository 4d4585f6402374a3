//! Signals reach the daemon, each once, in their order.

use crate::fake::FakeDaemon;
use crate::home::{Home, await_true};
use crate::stub::{Stub, command};
use std::os::unix::process::CommandExt;

#[test]
fn signals_are_forwarded() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["run"]);
    let (mut caller, _) = daemon.greet();
    for number in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGABRT, 40] {
        stub.kill(number);
        assert_eq!(caller.signal(), number);
    }
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}

#[test]
fn signals_before_the_daemon_answers_are_kept() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["run"]);
    let mut caller = daemon.accept();
    stub.kill(libc::SIGTERM);
    caller.hello();
    assert_eq!(caller.signal(), libc::SIGTERM);
}

#[test]
fn what_belongs_to_the_process_itself_is_not_forwarded() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["run"]);
    let (mut caller, _) = daemon.greet();
    for number in [libc::SIGCHLD, libc::SIGURG, libc::SIGPIPE, libc::SIGUSR2] {
        stub.kill(number);
    }
    assert_eq!(caller.signal(), libc::SIGUSR2);
}

#[test]
fn what_the_caller_ignores_is_not_forwarded() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["run"]);
    // SAFETY: signal is async-signal-safe.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGHUP, libc::SIG_IGN);
            Ok(())
        })
    };
    let stub = Stub::spawn(command);
    let (mut caller, _) = daemon.greet();
    stub.kill(libc::SIGHUP);
    stub.kill(libc::SIGUSR1);
    assert_eq!(caller.signal(), libc::SIGUSR1);
}

#[test]
fn a_terminal_stop_stops_and_continues() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["run"]);
    // A stop by the terminal has no effect in an orphaned process group; this one's parent is in another group.
    command.process_group(0);
    let stub = Stub::spawn(command);
    let (mut caller, _) = daemon.greet();

    stub.kill(libc::SIGTSTP);
    await_true("the stop", || stub.state() == 'T');
    stub.kill(libc::SIGCONT);

    assert_eq!(caller.winch(), (0, 0));
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}
