//! Where the daemon's files are.

use crate::failure::Failure;
use std::env;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The run directory, which holds the socket, the start lock and the daemon's log.
pub struct Place {
    /// Absolute, from `HAKO_HOME`; none means the system's daemon.
    home: Option<PathBuf>,
    run: PathBuf,
}

impl Place {
    pub fn from_environment() -> Self {
        let home = env::var_os("HAKO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let home = home.map(|home| std::path::absolute(&home).unwrap_or(home));
        let run = home.as_ref().map_or_else(|| PathBuf::from("/run/hako"), |home| home.join("run"));
        Self { home, run }
    }

    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Refuses a home in which somebody else could put what root's daemon would then use: its configuration, the socket.
    pub fn require_safe_home(&self) -> Result<(), Failure> {
        // SAFETY: geteuid only asks.
        let root = unsafe { libc::geteuid() } == 0;
        let Some(home) = self.home().filter(|_| root) else { return Ok(()) };
        let Ok(metadata) = home.metadata() else { return Ok(()) }; // it will be made
        let fact = match (metadata.uid(), metadata.permissions().mode() & 0o022) {
            (0, 0) => return Ok(()),
            (0, _) => "is writable by others: chmod go-w it".to_owned(),
            (owner, _) => format!("belongs to user {owner}: chown it to root"),
        };
        Err(Failure::new(format!("start hakod as root: {} {fact}, or choose another HAKO_HOME", home.display())))
    }

    pub fn run(&self) -> &Path {
        &self.run
    }

    pub fn socket(&self) -> PathBuf {
        self.run.join("hakod.sock")
    }

    pub fn start_lock(&self) -> PathBuf {
        self.run.join("hakod.start.lock")
    }

    pub fn log(&self) -> PathBuf {
        self.run.join("hakod.log")
    }

    /// Absolute: `HAKO_DAEMON`, or `hakod` beside this program's own file.
    pub fn daemon(&self) -> Result<PathBuf, Failure> {
        if let Some(daemon) = env::var_os("HAKO_DAEMON").filter(|daemon| !daemon.is_empty()) {
            let daemon = PathBuf::from(daemon);
            return Ok(std::path::absolute(&daemon).unwrap_or(daemon));
        }
        match env::current_exe() {
            Ok(program) => Ok(program.with_file_name("hakod")),
            Err(error) => Err(Failure::new(format!("find hakod: {error}; say where it is with HAKO_DAEMON"))),
        }
    }
}
