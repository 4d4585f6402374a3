//! AwaitEvent.

use super::{Answer, Outcome};
use crate::agent::Agent;
use crate::api::{AwaitEventRequest, Event};

impl Agent {
    pub(super) fn await_event(&mut self, stream: u32, request: AwaitEventRequest) -> Outcome<Event> {
        if let Some(event) = self.events.after(request.after) {
            return Ok(Answer::Now(event.clone()));
        }
        self.events.wait(stream, request.after);
        Ok(Answer::Later)
    }
}
