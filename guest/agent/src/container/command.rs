//! Finds the file of a command as execvp(3) would, but says why there is none.

use crate::api::start_failure::Reason;
use crate::failure::Failure;
use crate::sys::{self, check, cstr};
use std::ffi::{CStr, CString, OsStr};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The path of `command`, searched in the PATH of `env` unless it has a slash in it.
pub fn find(command: &str, env: &[String]) -> Result<CString, Failure> {
    if command.is_empty() {
        return Err(Failure::new(Reason::CommandNotFound, libc::ENOENT, "execute: no command was given"));
    }
    if command.contains('/') {
        return executable(command).map_err(|e| not_executable(command, &e));
    }
    let path = env.iter().rev().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or(DEFAULT_PATH);
    let mut refusal = None;
    for folder in path.split(':') {
        let candidate = format!("{}/{command}", if folder.is_empty() { "." } else { folder });
        match executable(&candidate) {
            Ok(found) => return Ok(found),
            Err(e) if sys::is(&e, libc::EACCES) => refusal = Some(not_executable(&candidate, &e)),
            Err(_) => {}
        }
    }
    Err(refusal.unwrap_or_else(|| {
        let message = format!("execute {command}: executable file not found in $PATH");
        Failure::new(Reason::CommandNotFound, libc::ENOENT, message)
    }))
}

/// What an error of execve(2) or of the search means.
pub fn not_executable(path: &str, error: &io::Error) -> Failure {
    let errno = sys::errno(error);
    let reason = match errno {
        libc::ENOENT | libc::ENOTDIR | libc::ELOOP | libc::ENAMETOOLONG => Reason::CommandNotFound,
        libc::EACCES | libc::ENOEXEC | libc::EPERM | libc::EISDIR => Reason::CommandNotExecutable,
        _ => Reason::Other,
    };
    Failure::new(reason, errno, format!("execute {path}: {}", sys::text(error)))
}

/// Has the kernel read the beginning of a program while there are other things to do before it runs.
pub fn read_ahead(path: &CStr) {
    const LENGTH: usize = 512 << 10;
    // SAFETY: a path that ends in zero; the descriptor is closed again. Nothing depends on it.
    unsafe {
        let fd = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY);
        if fd >= 0 {
            libc::readahead(fd, 0, LENGTH);
            libc::close(fd);
        }
    }
}

/// Reads a program, as far as that is worth it, so that clones of this VM find it in memory.
pub fn read_into_memory(path: &CStr) -> io::Result<()> {
    const MOST: u64 = 4 << 20;
    let file = fs::File::open(OsStr::from_bytes(path.to_bytes()))?;
    io::copy(&mut file.take(MOST), &mut io::sink()).map(drop)
}

fn executable(path: &str) -> io::Result<CString> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::from_raw_os_error(libc::EACCES));
    }
    let path = cstr(path)?;
    // SAFETY: a path that ends in zero. The library's faccessat would compute this from the mode bits alone.
    let result =
        unsafe { libc::syscall(libc::SYS_faccessat2, libc::AT_FDCWD, path.as_ptr(), libc::X_OK, libc::AT_EACCESS) };
    check(result)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_environment_is_searched() {
        let env = ["PATH=/nowhere:/bin".to_string()];
        assert_eq!(find("sh", &env).unwrap().as_c_str(), c"/bin/sh");
        assert_eq!(find("/bin/sh", &[]).unwrap().as_c_str(), c"/bin/sh");
    }

    #[test]
    fn reasons_are_told_apart() {
        let reason = |command: &str| find(command, &["PATH=/etc:/bin".to_string()]).unwrap_err().reason;
        assert_eq!(reason("no-such-command"), Reason::CommandNotFound);
        assert_eq!(reason("/no/such/command"), Reason::CommandNotFound);
        assert_eq!(reason("/etc"), Reason::CommandNotExecutable);
        assert_eq!(reason("hostname/x"), Reason::CommandNotFound);
        assert_eq!(reason(""), Reason::CommandNotFound);
        assert_eq!(find("fstab", &["PATH=/etc".into()]).unwrap_err().errno, libc::EACCES);
    }
}
