//! The end of the agent, said aloud. The guest cannot live without its PID 1, so the guest ends too, and the host
//! learns of it at once instead of by a time-out.

use std::fs::OpenOptions;
use std::io::Write;

/// One line for the kernel's log; shown on the console too, since that is where the host looks after a failure.
pub fn log(message: &str) {
    if let Ok(mut log) = OpenOptions::new().write(true).open("/dev/kmsg") {
        // KERN_ERR: `quiet` leaves messages of level 3 and more urgent on the console.
        let _ = log.write_all(format!("<3>hako-agent: {message}\n").as_bytes());
    } else {
        eprintln!("hako-agent: {message}");
    }
}

pub fn on_panic() {
    std::panic::set_hook(Box::new(|info| stop(&info.to_string())));
}

/// Does not return: the kernel panics when PID 1 exits, and with `panic=-1` the machine resets.
pub fn stop(reason: &str) -> ! {
    log(&format!("fatal: {}", reason.replace('\n', " ")));
    std::process::exit(1)
}
