//! What concerns the VM as a whole: Check, BindSandbox, SetClock, OnlineCpus, ConfigureLink, Shutdown.

use super::{Answer, Outcome};
use crate::agent::Agent;
use crate::api::*;
use crate::container::Container;
use crate::cpus;
use crate::failure::{Doing, Status};
use crate::link::Link;
use crate::sys::check;
use std::fs::{self, File};
use std::os::fd::AsRawFd;

// include/uapi/linux/random.h
const RNDADDENTROPY: u64 = 0x4008_5203;
const RNDRESEEDCRNG: u64 = 0x5207;
const MIN_ENTROPY: usize = 32;
const MAX_ENTROPY: usize = 512;

impl Agent {
    pub(super) fn check(&mut self, _stream: u32, _request: CheckRequest) -> Outcome<CheckResponse> {
        // SAFETY: the kernel fills structures that are valid when all zero; the release ends in zero.
        let (release, memory, cpus) = unsafe {
            let (mut name, mut info): (libc::utsname, libc::sysinfo) = std::mem::zeroed();
            libc::uname(&mut name);
            libc::sysinfo(&mut info);
            let release = std::ffi::CStr::from_ptr(name.release.as_ptr()).to_string_lossy().into_owned();
            (release, info.totalram * u64::from(info.mem_unit), cpus::online())
        };
        Ok(Answer::Now(CheckResponse {
            agent_version: env!("CARGO_PKG_VERSION").into(),
            kernel_release: release,
            ready_uptime_us: self.ready_uptime_us,
            sandbox_id: self.sandbox_id.clone(),
            containers: self.containers.iter().map(Container::status).collect(),
            memory_total_bytes: memory,
            cpus_online: cpus,
        }))
    }

    pub(super) fn bind_sandbox(&mut self, _stream: u32, request: BindSandboxRequest) -> Outcome<Empty> {
        if request.sandbox_id.is_empty() {
            return Err(Status::invalid("bind the sandbox: it has no id"));
        }
        // A VM that waited in a pool is given another name; one with containers is not.
        if !self.containers.is_empty() && !self.sandbox_id.is_empty() && self.sandbox_id != request.sandbox_id {
            return Err(Status::precondition(format!("bind the sandbox: this VM is \"{}\" already", self.sandbox_id)));
        }
        if !(MIN_ENTROPY..=MAX_ENTROPY).contains(&request.entropy.len()) {
            return Err(Status::invalid(format!("bind the sandbox: {MIN_ENTROPY} to {MAX_ENTROPY} bytes of entropy")));
        }
        add_entropy(&request.entropy)?;
        set_clock(request.clock_ns)?;
        let name = &request.hostname;
        if !name.is_empty() {
            // SAFETY: a pointer with its length.
            check(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) })
                .doing(|| "set the host name".into())?;
        }
        if !request.machine_id.is_empty() {
            fs::write("/etc/machine-id", request.machine_id + "\n").doing(|| "write /etc/machine-id".into())?;
        }
        self.sandbox_id = request.sandbox_id;
        Ok(Answer::Now(Empty {}))
    }

    pub(super) fn set_clock(&mut self, _stream: u32, request: SetClockRequest) -> Outcome<Empty> {
        set_clock(request.clock_ns)?;
        Ok(Answer::Now(Empty {}))
    }

    pub(super) fn online_cpus(&mut self, _stream: u32, request: OnlineCpusRequest) -> Outcome<OnlineCpusResponse> {
        let online = cpus::set_online(request.count)?;
        Ok(Answer::Now(OnlineCpusResponse { online }))
    }

    pub(super) fn configure_link(&mut self, _stream: u32, request: ConfigureLinkRequest) -> Outcome<Empty> {
        if self.links.configure(&Link::parse(&request)?)? {
            return Ok(Answer::Now(Empty {}));
        }
        Ok(Answer::WaitsFor(format!("network link with address {}", request.mac)))
    }

    pub(super) fn shutdown(&mut self, stream: u32, _request: ShutdownRequest) -> Outcome<Empty> {
        self.answer(stream, &Empty {});
        self.channel.flush(&self.epoll);
        for container in &self.containers {
            let _ = container.cgroup.kill();
        }
        // SAFETY: numbers only.
        unsafe {
            libc::kill(-1, libc::SIGKILL);
            libc::sync();
            libc::reboot(libc::RB_POWER_OFF);
            // A machine without a power switch: a reset ends it too (-no-reboot).
            libc::reboot(libc::RB_AUTOBOOT);
        }
        Ok(Answer::Later)
    }
}

fn set_clock(clock_ns: u64) -> Result<(), Status> {
    if clock_ns == 0 {
        return Err(Status::invalid("set the clock: no time was given"));
    }
    let (seconds, nanos) = (clock_ns / 1_000_000_000, clock_ns % 1_000_000_000);
    let time = libc::timespec { tv_sec: seconds as i64, tv_nsec: nanos as i64 };
    // SAFETY: reads one timespec.
    check(unsafe { libc::clock_settime(libc::CLOCK_REALTIME, &time) }).doing(|| "set the clock".into())?;
    Ok(())
}

/// Credits `bytes` to the kernel's generator and makes it use them at once (random(4)).
fn add_entropy(bytes: &[u8]) -> Result<(), Status> {
    /// `struct rand_pool_info`, with a buffer of the size needed.
    #[repr(C)]
    struct Pool {
        entropy_bits: i32,
        size: i32,
        bytes: [u8; MAX_ENTROPY],
    }
    let mut pool = Pool { entropy_bits: bytes.len() as i32 * 8, size: bytes.len() as i32, bytes: [0; MAX_ENTROPY] };
    pool.bytes[..bytes.len()].copy_from_slice(bytes);
    let random = File::options().write(true).open("/dev/urandom").doing(|| "open /dev/urandom".into())?;
    // SAFETY: the first reads a Pool whose `size` bytes are initialised; the second takes nothing.
    unsafe {
        check(libc::ioctl(random.as_raw_fd(), RNDADDENTROPY, &pool)).doing(|| "add entropy".into())?;
        check(libc::ioctl(random.as_raw_fd(), RNDRESEEDCRNG)).doing(|| "reseed the generator".into())?;
    }
    Ok(())
}
