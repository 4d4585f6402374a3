//! Preloaded into a QEMU whose guest memory is mapped privately from a template's sealed file.
//!
//! To give a page back that its guest has freed, QEMU punches a hole into the file behind the memory, and then drops the
//! page from its own mapping (system/physmem.c, `ram_block_discard_range`). The file is every clone's, and sealed, so the
//! first step is refused and QEMU leaves the second out. It is the second that frees the clone's own page; so here the
//! first is done by doing nothing: the guest then reads the template's page, as it may, having freed its own.

#![no_std]

use core::ffi::{c_int, c_long};

// include/uapi/linux/falloc.h, fcntl.h; arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
const FALLOC_FL_KEEP_SIZE: c_int = 1;
const FALLOC_FL_PUNCH_HOLE: c_int = 2;
const F_GET_SEALS: c_int = 1034;
const F_SEAL_WRITE: c_int = 8;
const SYS_FALLOCATE: c_long = if cfg!(target_arch = "aarch64") { 47 } else { 285 };

#[link(name = "c")]
unsafe extern "C" {
    fn fcntl(fd: c_int, command: c_int, ...) -> c_int;
    fn syscall(number: c_long, ...) -> c_long;
}

/// fallocate(2); a hole in a sealed file is none.
///
/// # Safety
/// As the function of that name in the C library: it takes numbers only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fallocate64(fd: c_int, mode: c_int, offset: i64, length: i64) -> c_int {
    // SAFETY: numbers only; a file without seals gives -1.
    let seals = unsafe { fcntl(fd, F_GET_SEALS) };
    if mode == FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE && seals != -1 && seals & F_SEAL_WRITE != 0 {
        return 0;
    }
    // SAFETY: numbers only; the C library's function sets errno.
    unsafe { syscall(SYS_FALLOCATE, fd, mode, offset, length) as c_int }
}

/// The same where a file's length is 64 bits anyway.
///
/// # Safety
/// As [`fallocate64`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fallocate(fd: c_int, mode: c_int, offset: i64, length: i64) -> c_int {
    // SAFETY: numbers only.
    unsafe { fallocate64(fd, mode, offset, length) }
}

/// Nothing here panics.
#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
