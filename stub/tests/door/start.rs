//! Starting the daemon, played by a shell script.

use crate::fake::FakeDaemon;
use crate::home::{Home, await_true, install};
use crate::stub::{Stub, command};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A `hakod` that notes its start, and says that it serves once the test says so. It ends with its home.
pub struct Script {
    path: PathBuf,
    home: PathBuf,
}

const SERVES: &str = r#"
ls -l /proc/self/fd | sed -n 's/.* \([0-9]* -> .*\)/\1/p' > "$HAKO_HOME/descriptors"
until test -e "$HAKO_HOME/serve"; do test -e "$HAKO_HOME/hakod" || exit; sleep 0.01; done
echo > /proc/self/fd/$HAKO_READY_FD
"#;

impl Script {
    pub fn new(home: &Home) -> Self {
        Self::doing(home, SERVES)
    }

    pub fn doing(home: &Home, action: &str) -> Self {
        let path = home.file("hakod");
        let note = r#"echo "$(pwd) $(ps -o pid=,sid= -p $$)" >> "$HAKO_HOME/starts""#;
        install(&path, format!("#!/bin/sh\n{note}\n{action}\n").as_bytes());
        Self { path, home: home.path().to_owned() }
    }

    pub fn set(&self, command: &mut Command) {
        command.env("HAKO_DAEMON", &self.path);
    }

    pub fn starts(&self) -> usize {
        fs::read_to_string(self.home.join("starts")).unwrap_or_default().lines().count()
    }

    pub fn serve(&self) {
        fs::write(self.home.join("serve"), "").unwrap();
    }

    fn stub(&self, home: &Home) -> Stub {
        let mut command = command(home, &["ps"]);
        self.set(&mut command);
        Stub::spawn(command)
    }
}

#[test]
fn the_first_call_starts_the_daemon() {
    let home = Home::new();
    fs::remove_dir(home.file("run")).unwrap();
    let script = Script::new(&home);
    let stub = script.stub(&home);

    await_true("the script", || home.file("descriptors").exists());
    let daemon = FakeDaemon::listen(&home);
    script.serve();
    daemon.greet().0.exit(5);

    assert_eq!(stub.end().code, Some(5));
}

#[test]
fn the_daemon_is_cut_off_from_its_starter() {
    let home = Home::new();
    let script = Script::new(&home);
    let mut command = command(&home, &["ps"]);
    script.set(&mut command);
    let leak = fs::File::open("/etc/passwd").unwrap();
    // SAFETY: dup2 is async-signal-safe; descriptor 9 of the child is nobody's.
    unsafe {
        use std::os::{fd::AsRawFd, unix::process::CommandExt};
        command.pre_exec(move || {
            libc::dup2(leak.as_raw_fd(), 9);
            Ok(())
        })
    };
    let stub = Stub::spawn(command);

    await_true("the descriptors", || home.read("descriptors").lines().count() > 3);
    let daemon = FakeDaemon::listen(&home);
    script.serve();
    daemon.greet().0.exit(0);
    stub.end();

    let start = home.read("starts");
    let fields: Vec<&str> = start.split_whitespace().collect();
    assert_eq!(fields[0], "/", "working directory");
    let descriptors = home.read("descriptors");
    assert!(descriptors.contains("0 -> /dev/null"), "{descriptors}");
    assert!(descriptors.contains("2 -> ") && descriptors.contains("run/hakod.log"), "{descriptors}");
    assert!(!descriptors.contains("passwd"), "{descriptors}");
    assert_ne!(fields[2], own_session(), "session");
}

#[test]
fn the_daemon_keeps_nothing_of_its_callers_environment_but_what_is_its_own() {
    let home = Home::new();
    let script = Script::doing(&home, &format!("env | sort > $HAKO_HOME/environment; {SERVES}"));
    let mut command = command(&home, &["ps"]);
    script.set(&mut command);
    command.envs([("SECRET", "x"), ("LD_PRELOAD", ""), ("PATH", "/tmp/mine:/usr/bin:/bin"), ("LC_ALL", "de_DE")]);
    command.envs([("HAKO_LOG", "debug"), ("HAKO_JAVA", "/j"), ("HAKO_JAVA_OPTIONS", "-Dx"), ("HAKO_INSTALL", "/i")]);
    let stub = Stub::spawn(command);

    await_true("the descriptors", || home.read("descriptors").lines().count() > 3);
    let daemon = FakeDaemon::listen(&home);
    script.serve();
    daemon.greet().0.exit(0);
    stub.end();

    let environment = home.read("environment");
    let of_shell = |line: &&str| line.starts_with("PWD=") || line.starts_with("SHLVL=") || line.starts_with("_=");
    let mut lines = environment.lines().filter(|line| !of_shell(line) && !line.starts_with("HAKO_READY_FD="));
    assert_eq!(lines.next(), Some(&*format!("HAKO_HOME={}", home.path().display())));
    let rest: Vec<&str> = lines.collect();
    assert_eq!(
        rest,
        [
            "HAKO_INSTALL=/i",
            "HAKO_JAVA=/j",
            "HAKO_JAVA_OPTIONS=-Dx",
            "HAKO_LOG=debug",
            "LC_ALL=C.UTF-8",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        ]
    );
}

fn own_session() -> String {
    // SAFETY: getsid only asks.
    unsafe { libc::getsid(0) }.to_string()
}

#[test]
fn callers_at_once_start_one_daemon() {
    let home = Home::new();
    let script = Script::new(&home);
    let stubs: Vec<Stub> = (0..8).map(|_| script.stub(&home)).collect();

    await_true("the script", || script.starts() > 0);
    let daemon = FakeDaemon::listen(&home);
    script.serve();
    for _ in &stubs {
        daemon.greet().0.exit(0);
    }

    for stub in stubs {
        assert_eq!(stub.end().code, Some(0));
    }
    assert_eq!(script.starts(), 1);
}

#[test]
fn the_daemons_own_error_is_shown() {
    let home = Home::new();
    let script =
        Script::doing(&home, "echo 'read hako.toml: line 3: no such key' > /proc/self/fd/$HAKO_READY_FD; exit 1");

    let ended = script.stub(&home).end();

    assert_eq!(ended.errors, "hako: hakod does not start: read hako.toml: line 3: no such key\n");
    assert_eq!(ended.code, Some(125));
}

#[test]
fn a_daemon_that_dies_without_a_word_shows_the_end_of_its_log() {
    let home = Home::new();
    fs::write(home.file("run/hakod.log"), "of another day\n").unwrap();
    let script = Script::doing(&home, "for i in $(seq 30); do echo line $i; done; kill -9 $$");

    let ended = script.stub(&home).end();

    assert!(ended.errors.starts_with("hako: hakod ended before it served; the end of "), "{}", ended.errors);
    assert!(ended.errors.ends_with("line 29\nline 30\n"), "{}", ended.errors);
    assert!(!ended.errors.contains("another day") && !ended.errors.contains("line 10\n"), "{}", ended.errors);
    assert_eq!(ended.code, Some(125));
}

#[test]
fn a_signal_ends_the_waiting_for_a_start() {
    let home = Home::new();
    let script = Script::new(&home);
    let mut first = script.stub(&home);
    await_true("the script", || script.starts() == 1);
    let second = script.stub(&home);

    second.kill(libc::SIGTERM);
    first.kill(libc::SIGUSR1);
    std::thread::sleep(std::time::Duration::from_millis(30));
    assert!(first.is_running(), "a signal that waits for the daemon does not end it");
    first.kill(libc::SIGINT);

    assert_eq!(first.end().code, Some(128 + libc::SIGINT));
    let code = second.end().code;
    assert!(code == Some(128 + libc::SIGTERM) || code.is_none(), "{code:?}");
    script.serve();
}

#[test]
fn signals_during_the_start_reach_the_daemon() {
    let home = Home::new();
    let script = Script::new(&home);
    let stub = script.stub(&home);
    await_true("the script", || script.starts() == 1);
    stub.kill(libc::SIGUSR1);
    let daemon = FakeDaemon::listen(&home);
    script.serve();

    let (mut caller, _) = daemon.greet();

    assert_eq!(caller.signal(), libc::SIGUSR1);
    caller.exit(0);
    assert_eq!(stub.end().code, Some(0));
}
