//! Signals as a descriptor: blocked from the first line of `main`, read when there is a daemon to tell.

use crate::failure::errno;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// What keeps its usual meaning: faults of children, urgent data, broken pipes, job control.
const LEFT_ALONE: [i32; 8] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGCHLD,
    libc::SIGURG,
    libc::SIGPIPE,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
];

/// What ends the door-step while there is no daemon yet that could be told.
const ENDING: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

pub struct Signals {
    descriptor: OwnedFd,
    /// Read, and still to be told to a daemon.
    held: RefCell<VecDeque<i32>>,
}

impl Signals {
    /// Blocks all signals but [`LEFT_ALONE`] and those the caller had ignored (`nohup`, `&` in a script): a blocked
    /// signal is queued even where it is ignored, and would be forwarded.
    pub fn block() -> Result<Self, i32> {
        let mut set = empty_set();
        for number in 1..=libc::SIGRTMAX() {
            if !LEFT_ALONE.contains(&number) && !is_ignored(number) {
                // SAFETY: `set` is initialised; a number libc reserves is refused, not undefined.
                unsafe { libc::sigaddset(&mut set, number) };
            }
        }
        mask(libc::SIG_BLOCK, &set);
        // SAFETY: `set` is initialised; the result is a new descriptor or -1.
        let number = unsafe { libc::signalfd(-1, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if number < 0 {
            return Err(errno());
        }
        // SAFETY: nobody else owns the descriptor just made.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self { descriptor, held: RefCell::default() })
    }

    pub fn descriptor(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }

    /// The next signal, held ones first, without waiting.
    pub fn next(&self) -> Option<i32> {
        self.held.borrow_mut().pop_front().or_else(|| self.read())
    }

    /// `number` could not be told: it comes first the next time.
    pub fn hold(&self, number: i32) {
        self.held.borrow_mut().push_front(number);
    }

    /// What has come is another process's.
    pub fn forget(&self) {
        self.held.borrow_mut().clear();
    }

    /// Holds what has come so far. The answer is a signal that ends a process, where one has come.
    pub fn ended_by(&self) -> Option<i32> {
        let mut held = self.held.borrow_mut();
        held.extend(std::iter::from_fn(|| self.read()));
        held.iter().copied().find(|number| ENDING.contains(number))
    }

    fn read(&self) -> Option<i32> {
        let mut information = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer holds `size` bytes; signalfd reads are all or nothing (signalfd(2)).
        let count = unsafe { libc::read(self.descriptor(), information.as_mut_ptr().cast(), size) };
        // SAFETY: a full read filled the structure.
        (count == size as isize).then(|| unsafe { information.assume_init() }.ssi_signo as i32)
    }
}

/// Waits until one of the two descriptors is readable, or the time is over.
pub fn wait(first: Option<RawFd>, second: Option<RawFd>, time: Duration) {
    let watched = |number: Option<RawFd>| libc::pollfd { fd: number.unwrap_or(-1), events: libc::POLLIN, revents: 0 };
    poll(&mut [watched(first), watched(second)], time);
}

/// poll(2): negative descriptors are skipped.
pub fn poll(polled: &mut [libc::pollfd], time: Duration) {
    let time = time.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as i32;
    // SAFETY: a pointer with its count.
    unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, time) };
}

/// A process that is to live by itself starts with nothing blocked.
pub fn unblock_all() {
    mask(libc::SIG_SETMASK, &empty_set());
}

/// Runs `action` with `number` blocked.
pub fn without(number: i32, action: impl FnOnce()) {
    let mut set = empty_set();
    // SAFETY: `set` is initialised and `number` a signal.
    unsafe { libc::sigaddset(&mut set, number) };
    mask(libc::SIG_BLOCK, &set);
    action();
    mask(libc::SIG_UNBLOCK, &set);
}

fn mask(how: i32, set: &libc::sigset_t) {
    // SAFETY: one thread; `set` is initialised; the old mask is not asked for.
    unsafe { libc::sigprocmask(how, set, std::ptr::null_mut()) };
}

fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the whole set.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    }
}

fn is_ignored(number: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only asks; `action` is read where the call filled it.
    unsafe {
        libc::sigaction(number, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
