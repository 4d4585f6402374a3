//! The bare VMM's guest: PID 1 that says it is there, and ends the machine.

use std::io::Write;

unsafe extern "C" {
    fn reboot(command: i32) -> i32;
}

/// LINUX_REBOOT_CMD_RESTART of linux/reboot.h; QEMU's -no-reboot makes it the end.
const RESTART: i32 = 0x0123_4567;

fn main() {
    let mut console = std::io::stdout();
    let _ = console.write_all(b"hako-bench: pid 1\n");
    let _ = console.flush();
    // SAFETY: no memory is passed; as PID 1 this process may.
    unsafe { reboot(RESTART) };
}
