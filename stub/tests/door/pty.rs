//! A terminal of a test's own.

use std::mem::zeroed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::{Command, Stdio};

pub struct Pty {
    controller: OwnedFd,
    terminal: OwnedFd,
}

impl Pty {
    pub fn open(rows: u16, columns: u16) -> Self {
        let (mut controller, mut terminal) = (0, 0);
        // SAFETY: two places for two descriptors that are nobody else's; no name, settings or size is asked for.
        let pty = unsafe {
            let (name, settings, size) = (std::ptr::null_mut(), std::ptr::null(), std::ptr::null());
            assert_eq!(libc::openpty(&mut controller, &mut terminal, name, settings, size), 0);
            for number in [controller, terminal] {
                libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC);
            }
            Self { controller: OwnedFd::from_raw_fd(controller), terminal: OwnedFd::from_raw_fd(terminal) }
        };
        pty.resize(rows, columns);
        pty
    }

    pub fn terminal(&self) -> &OwnedFd {
        &self.terminal
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: TIOCSWINSZ reads a winsize.
        assert_eq!(unsafe { libc::ioctl(self.controller.as_raw_fd(), libc::TIOCSWINSZ, &size) }, 0);
    }

    /// Standard input and output of `command`.
    pub fn attach(&self, command: &mut Command) {
        command.stdin(Stdio::from(self.terminal.try_clone().unwrap()));
        command.stdout(Stdio::from(self.terminal.try_clone().unwrap()));
    }

    /// Neither lines nor echo.
    pub fn is_raw(&self) -> bool {
        self.settings().c_lflag & (libc::ICANON | libc::ECHO) == 0
    }

    pub fn settings(&self) -> libc::termios {
        // SAFETY: all zeros is a valid termios, filled by the call.
        unsafe {
            let mut settings = zeroed();
            assert_eq!(libc::tcgetattr(self.terminal.as_raw_fd(), &mut settings), 0);
            settings
        }
    }

    pub fn set(&self, settings: &libc::termios) {
        // SAFETY: `settings` came from tcgetattr.
        assert_eq!(unsafe { libc::tcsetattr(self.terminal.as_raw_fd(), libc::TCSANOW, settings) }, 0);
    }
}
