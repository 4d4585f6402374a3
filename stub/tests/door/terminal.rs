//! The caller's terminal: size and raw mode, and that it is always given back.

use crate::fake::{Caller, FakeDaemon, Hello};
use crate::home::{Home, await_true};
use crate::pty::Pty;
use crate::stub::{Stub, command};

struct Session {
    _home: Home,
    pty: Pty,
    stub: Stub,
    daemon: FakeDaemon,
    caller: Caller,
    hello: Hello,
}

fn session() -> Session {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let pty = Pty::open(40, 132);
    let mut command = command(&home, &["run", "-it"]);
    pty.attach(&mut command);
    let stub = Stub::spawn(command);
    let (caller, hello) = daemon.greet();
    Session { _home: home, pty, stub, daemon, caller, hello }
}

fn raw_session() -> Session {
    let mut session = session();
    session.caller.raw(true);
    await_true("raw mode", || session.pty.is_raw());
    session
}

#[test]
fn hello_tells_which_streams_are_terminals_and_their_size() {
    let session = session();
    assert_eq!((session.hello.flags, session.hello.rows, session.hello.columns), (0b011, 40, 132));
}

#[test]
fn the_size_is_followed() {
    let mut session = session();
    session.pty.resize(50, 200);
    session.stub.kill(libc::SIGWINCH);
    assert_eq!(session.caller.winch(), (50, 200));
}

#[test]
fn raw_mode_is_taken_and_given_back_on_request() {
    let mut session = raw_session();
    session.caller.raw(false);
    await_true("the terminal restored", || !session.pty.is_raw());
}

#[test]
fn exit_restores_the_terminal() {
    let mut session = raw_session();
    session.caller.raw(true);
    session.caller.exit(4);
    assert_eq!(session.stub.end().code, Some(4));
    assert!(!session.pty.is_raw());
}

#[test]
fn a_daemon_that_goes_restores_the_terminal() {
    let session = raw_session();
    drop(session.caller);
    drop(session.daemon);
    assert_eq!(session.stub.end().code, Some(125));
    assert!(!session.pty.is_raw());
}

#[test]
fn a_daemon_that_talks_nonsense_restores_the_terminal() {
    let mut session = raw_session();
    session.caller.send(&[0xff; 64]);
    assert_eq!(session.stub.end().code, Some(125));
    assert!(!session.pty.is_raw());
}

#[test]
fn raw_mode_is_taken_again_after_a_stop() {
    let mut session = raw_session();
    let mut settings = session.pty.settings();
    session.stub.kill(libc::SIGSTOP);
    await_true("the stop", || session.stub.state() == 'T');
    settings.c_lflag |= libc::ICANON | libc::ECHO;
    session.pty.set(&settings);

    session.stub.kill(libc::SIGCONT);

    assert_eq!(session.caller.winch(), (40, 132));
    assert!(session.pty.is_raw());
    session.caller.exit(0);
    assert_eq!(session.stub.end().code, Some(0));
    assert!(!session.pty.is_raw());
}

#[test]
fn raw_mode_without_a_terminal_is_nothing() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &[]);
    let (mut caller, _) = daemon.greet();
    caller.raw(true);
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}
