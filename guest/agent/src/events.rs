//! The last things that happened, numbered, for AwaitEvent.

use crate::api::{Event, event};
use std::collections::VecDeque;

const KEPT: usize = 64;

#[derive(Default)]
pub struct Events {
    last: u64,
    kept: VecDeque<Event>,
    waiters: Vec<(u32, u64)>,
}

impl Events {
    /// Keeps an event; the requests that waited for it.
    pub fn add(&mut self, container_id: &str, kind: event::Kind) -> Vec<u32> {
        self.last += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(Event { number: self.last, container_id: container_id.into(), kind: Some(kind) });
        let last = self.last;
        let ready = self.waiters.iter().filter(|(_, after)| *after < last).map(|(stream, _)| *stream).collect();
        self.waiters.retain(|(_, after)| *after >= last);
        ready
    }

    /// The first kept event after number `after`.
    pub fn after(&self, after: u64) -> Option<&Event> {
        self.kept.iter().find(|event| event.number > after)
    }

    pub fn newest(&self) -> Option<&Event> {
        self.kept.back()
    }

    pub fn wait(&mut self, stream: u32, after: u64) {
        self.waiters.push((stream, after));
    }

    pub fn forget_waiters(&mut self) {
        self.waiters.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_events_give_way_and_waiters_get_the_next() {
        let mut events = Events::default();
        events.wait(1, 0);
        events.wait(3, 70);
        assert_eq!(events.add("a", event::Kind::OomKill(true)), [1]);
        for _ in 1..70 {
            assert!(events.add("a", event::Kind::OomKill(true)).is_empty());
        }
        assert_eq!(events.after(0).map(|event| event.number), Some(7));
        assert!(events.after(70).is_none());
        assert_eq!(events.add("b", event::Kind::OomKill(true)), [3]);
    }
}
