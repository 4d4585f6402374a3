//! A process that stays behind when its caller has ended.

use crate::fake::{Caller, FakeDaemon, Hello};
use crate::home::{Home, await_true, install};
use crate::pty::Pty;
use crate::stub::{Stub, command};
use std::ffi::CString;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

const NETWORK: u8 = 1;
const TERMINAL: u8 = 2;
const VIEW: u8 = 4;
const COMMAND: u8 = 16;

struct Session {
    _home: Home,
    stub: Stub,
    caller: Caller,
    kept: Caller,
    hello: Hello,
}

fn session(flags: u8, terminal: Option<&OwnedFd>, prepare: impl FnOnce(&mut std::process::Command)) -> Session {
    session_with(flags, &[], terminal, prepare)
}

/// In a network namespace, a new one where the path is empty.
fn session_in(network: &str, prepare: impl FnOnce(&mut std::process::Command)) -> Session {
    session_with(NETWORK, &string(network), None, prepare)
}

fn session_with(
    flags: u8,
    more: &[u8],
    terminal: Option<&OwnedFd>,
    prepare: impl FnOnce(&mut std::process::Command),
) -> Session {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let mut command = command(&home, &["create", "web"]);
    prepare(&mut command);
    let stub = Stub::spawn(command);
    let (mut caller, _) = daemon.greet();
    caller.stay_with(flags, "kept web", more, terminal.map(AsRawFd::as_raw_fd));
    let (kept, hello) = daemon.greet();
    Session { _home: home, stub, caller, kept, hello }
}

fn namespace(pid: i32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/ns/net")).unwrap()
}

/// The fields of proc(5)'s stat behind the name: state, parent, group, session, terminal.
fn session_of(pid: i32) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap().parse().unwrap()
}

fn is_gone(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn it_calls_with_the_token_and_outlives_its_caller() {
    let mut session = session(0, None, |_| ());
    let pid = session.hello.pid;
    assert_eq!((session.hello.token.as_str(), session.hello.arguments[1].as_str()), ("kept web", "create"));
    assert_ne!(pid, session.stub.pid());
    assert_eq!((session_of(pid), session.hello.target(0)), (pid, "/".to_owned()));

    session.caller.exit(0);
    assert_eq!(session.stub.end().code, Some(0));

    session.kept.output(1, 0, b"");
    assert_eq!(session.kept.written(), 0);
    session.kept.exit(3);
    await_true("its end", || is_gone(pid));
}

#[test]
fn signals_reach_the_one_they_are_sent_to() {
    let mut session = session(0, None, |_| ());
    // SAFETY: the process is alive: it is in a call.
    assert_eq!(unsafe { libc::kill(session.hello.pid, libc::SIGTERM) }, 0);
    session.stub.kill(libc::SIGHUP);
    assert_eq!((session.kept.signal(), session.caller.signal()), (libc::SIGTERM, libc::SIGHUP));
    session.kept.exit(0);
}

#[test]
fn it_holds_nothing_of_its_callers_but_the_streams() {
    let mut ends = [0; 2];
    // SAFETY: two places for two numbers, which are nobody else's.
    let (reader, writer) = unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    };
    let number = writer.as_raw_fd();
    let mut session = session(0, None, |command| {
        use std::os::unix::process::CommandExt;
        // SAFETY: dup2 is async-signal-safe.
        unsafe { command.pre_exec(move || if libc::dup2(number, 77) < 0 { Err(errno()) } else { Ok(()) }) };
    });
    drop(writer);
    session.caller.exit(0);
    session.stub.end();

    assert_eq!(File::from(reader).read(&mut [0]).unwrap(), 0);
    session.kept.exit(0);
}

fn errno() -> std::io::Error {
    std::io::Error::last_os_error()
}

#[test]
fn its_streams_are_the_terminal_that_came_and_its_size_is_followed() {
    let pty = Pty::open(40, 132);
    let mut session = session(TERMINAL, Some(pty.terminal()), |_| ());
    assert_eq!((session.hello.flags, session.hello.rows, session.hello.columns), (0b111, 40, 132));

    pty.resize(50, 200);

    assert_eq!(session.kept.winch(), (50, 200));
    session.kept.exit(0);
}

#[test]
fn it_has_a_network_namespace_of_its_own_or_anothers_where_that_is_asked_for() {
    // SAFETY: only asks.
    if unsafe { libc::geteuid() } != 0 {
        return refused();
    }
    let mut with = session_in("", |_| ());
    let mut without = session(0, None, |_| ());
    let ours = fs::read_link("/proc/self/ns/net").unwrap();
    assert_ne!(namespace(with.hello.pid), ours);
    assert_eq!(namespace(without.hello.pid), ours);
    let mut joined = session_in(&format!("/proc/{}/ns/net", with.hello.pid), |_| ());
    assert_eq!(namespace(joined.hello.pid), namespace(with.hello.pid));
    joined.kept.exit(0);
    with.kept.exit(0);
    without.kept.exit(0);
}

/// A file system whose mounts and those of its copies are the same, as managers have for their roots.
struct Shared(CString);

impl Shared {
    fn mount(place: &Path) -> Self {
        let place = CString::new(place.as_os_str().as_bytes()).unwrap();
        // SAFETY: strings that end in NUL, or none.
        unsafe {
            assert_eq!(libc::mount(c"none".as_ptr(), place.as_ptr(), c"tmpfs".as_ptr(), 0, ptr::null()), 0);
            assert_eq!(libc::mount(ptr::null(), place.as_ptr(), ptr::null(), libc::MS_SHARED, ptr::null()), 0);
        }
        Self(place)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: a string that ends in NUL.
        unsafe { libc::umount2(self.0.as_ptr(), libc::MNT_DETACH) };
    }
}

#[test]
fn whoever_joins_its_mount_namespace_finds_the_containers_files_and_none_of_the_hosts() {
    // SAFETY: only asks.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    let home = Home::new();
    let (root, volume) = (home.path().join("root"), home.path().join("volume"));
    fs::create_dir_all(&root).unwrap();
    let _shared = Shared::mount(&root);
    for folder in [&root.join("v"), &root.join("sealed"), &volume] {
        fs::create_dir_all(folder).unwrap();
    }
    fs::write(volume.join("file"), "of the volume").unwrap();
    std::os::unix::fs::symlink("/../../../../v", root.join("link")).unwrap();
    let volume = volume.to_str().unwrap();
    let mut view = string(root.to_str().unwrap());
    for (read_only, destination) in [(0, "/v"), (1, "/sealed"), (0, "/none/there"), (0, "/link")] {
        view.push(read_only);
        view.extend(string(volume));
        view.extend(string(destination));
    }
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["create"]);
    let (mut caller, _) = daemon.greet();
    caller.stay_with(VIEW, "kept", &view, None);
    let (mut kept, hello) = daemon.greet();

    let seen = PathBuf::from(format!("/proc/{}/root", hello.pid));
    let mut names: Vec<_> = fs::read_dir(&seen).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["link", "sealed", "v"]);
    assert_eq!(fs::read_to_string(seen.join("v/file")).unwrap(), "of the volume");
    fs::write(seen.join("v/new"), "").unwrap();
    assert_eq!(fs::write(seen.join("sealed/new"), "").unwrap_err().raw_os_error(), Some(libc::EROFS));
    assert!(!root.join("v/file").exists(), "a mount of its own");
    assert_eq!(hello.target(1), "/", "it calls from the host");
    caller.exit(0);
    kept.exit(0);
    stub.end();
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// By the kernel, to a caller who is not root.
fn refused() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["create"]);
    daemon.greet().0.stay_with(NETWORK, "t", &string(""), None);
    assert!(stub.end().errors.contains("make a network namespace: Operation not permitted"));
}

#[test]
fn a_terminal_that_does_not_come_is_a_fault_of_the_daemons() {
    let home = Home::new();
    let daemon = FakeDaemon::listen(&home);
    let stub = Stub::start(&home, &["create"]);
    daemon.greet().0.stay(TERMINAL, "t", None);
    let ended = stub.end();
    assert_eq!(ended.code, Some(125));
    assert!(ended.errors.contains("does not speak door-step version"), "{}", ended.errors);
}

#[test]
fn the_daemon_that_it_starts_is_not_in_its_network_namespace() {
    let tools = Home::new();
    let (program, said) = (tools.file("daemon"), tools.file("said"));
    let note = format!("#!/bin/sh\nreadlink /proc/self/ns/net >{0}.new; mv {0}.new {0}\n", said.display());
    install(&program, note.as_bytes());
    let mut session = session_in("", |command| {
        command.env("HAKO_DAEMON", &program);
    });
    session.caller.exit(0);
    assert_eq!(session.stub.end().code, Some(0));
    assert_ne!(namespace(session.hello.pid), namespace(std::process::id() as i32));

    drop(session.kept);

    await_true("a daemon is started", || said.exists());
    assert_eq!(fs::read_to_string(said).unwrap().trim(), namespace(std::process::id() as i32).to_str().unwrap());
}

#[test]
fn it_is_shown_to_execute_what_it_is_told() {
    let mut session = session_with(COMMAND, &string("sh\0-c\0"), None, |_| ());
    let line = fs::read_to_string(format!("/proc/{}/cmdline", session.hello.pid)).unwrap();
    let words: Vec<&str> = line.trim_end_matches('\0').split('\0').skip(1).collect();
    assert_eq!(words, ["sh", "-c"]);
    assert_eq!(session.hello.arguments[1], "create");
    session.caller.exit(0);
    session.kept.exit(0);
    session.stub.end();
}
