//! The native door-step: hands arguments, environment, working directory, root, standard streams and signals to
//! `hakod`, and ends with the code that comes back. It holds no logic; what it does is in the order of `main`.

mod call;
mod cgroups;
mod command_line;
mod connection;
mod daemon;
mod failure;
mod frame;
mod place;
mod reach;
mod signals;
mod stay;
mod streams;
mod terminal;
mod view;

use call::Call;
use failure::{Failure, describe};
use place::Place;
use signals::Signals;
use std::io::Write;

fn main() {
    restore_terminal_on_panic();
    let result = Signals::block()
        .map_err(|errno| Failure::new(format!("block signals: {}", describe(errno))))
        .and_then(|signals| Call::new(&Place::from_environment(), &signals).run());
    terminal::restore();
    let code = match result {
        Ok(code) => i32::from(code),
        Err(failure) => {
            if let Failure::Message(message) = &failure {
                let _ = writeln!(std::io::stderr(), "hako: {message}");
            }
            failure.exit_code()
        }
    };
    std::process::exit(code);
}

/// A panic aborts, without destructors.
fn restore_terminal_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |information| {
        terminal::restore();
        report(information);
    }));
}
