//! The caller's terminal: its size, raw mode, and its restoration on every way out.

use crate::signals;
use std::mem::MaybeUninit;
use std::sync::Mutex;

/// Standard input's settings from before raw mode; present while raw mode is on. Static, so that a panic finds it.
static BEFORE: Mutex<Option<libc::termios>> = Mutex::new(None);

/// Bit 0, 1, 2: standard input, output, error is a terminal.
pub fn which() -> u16 {
    // SAFETY: isatty only asks.
    (0..3).filter(|number| unsafe { libc::isatty(*number) } == 1).fold(0, |bits, number| bits | (1 << number))
}

/// Rows and columns of the first of the three that is a terminal, or zeros.
pub fn size() -> (u16, u16) {
    for number in 0..3 {
        let mut size = MaybeUninit::<libc::winsize>::zeroed();
        // SAFETY: TIOCGWINSZ fills a winsize; zeroed is a valid one.
        let size = unsafe {
            if libc::ioctl(number, libc::TIOCGWINSZ, size.as_mut_ptr()) != 0 {
                continue;
            }
            size.assume_init()
        };
        return (size.ws_row, size.ws_col);
    }
    (0, 0)
}

/// Raw mode of standard input's terminal, where it is one, on or off.
pub fn raw(on: bool) {
    if !on {
        return restore();
    }
    let mut before = BEFORE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if before.is_none() {
        *before = settings();
    }
    if let Some(settings) = *before {
        set_raw(settings);
    }
}

/// After a stop the shell has put its own settings back: take raw mode again if it was on.
pub fn resume() {
    if let Some(settings) = *BEFORE.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) {
        set_raw(settings);
    }
}

/// Gives the terminal back as it was found. Safe at any time, also in a panic that interrupted [`raw`].
pub fn restore() {
    let Ok(mut before) = BEFORE.try_lock() else {
        return;
    };
    if let Some(settings) = before.take() {
        // In the background, changing the terminal would stop this process at its very end.
        // SAFETY: `settings` came from tcgetattr.
        signals::without(libc::SIGTTOU, || unsafe {
            libc::tcsetattr(0, libc::TCSANOW, &settings);
        });
    }
}

fn settings() -> Option<libc::termios> {
    let mut settings = MaybeUninit::uninit();
    // SAFETY: read only where the call filled it.
    unsafe { (libc::tcgetattr(0, settings.as_mut_ptr()) == 0).then(|| settings.assume_init()) }
}

fn set_raw(mut settings: libc::termios) {
    // SAFETY: `settings` came from tcgetattr.
    unsafe {
        libc::cfmakeraw(&mut settings);
        libc::tcsetattr(0, libc::TCSANOW, &settings);
    }
}
