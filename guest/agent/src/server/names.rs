//! AwaitQuery and AnswerQuery.

use super::{Answer, Outcome};
use crate::agent::Agent;
use crate::api::{AwaitQueryRequest, Empty, NameAnswer, NameQuery};
use crate::failure::{Code, Doing, Status};

impl Agent {
    pub(super) fn await_query(&mut self, stream: u32, request: AwaitQueryRequest) -> Outcome<NameQuery> {
        self.names.serve(&request.servers)?;
        let next = self.names.next(stream, &self.epoll);
        let (query, replaced) = next.doing(|| "wait for a query of a name".into())?;
        if let Some(replaced) = replaced {
            self.refuse(replaced, &Status::new(Code::Aborted, "await query: another request took its place"));
        }
        Ok(query.map_or(Answer::Later, Answer::Now))
    }

    pub fn on_names(&mut self) {
        if let Ok(Some((stream, query))) = self.names.on_ready(&self.epoll) {
            self.answer(stream, &query);
        }
    }

    pub(super) fn answer_query(&mut self, _stream: u32, request: NameAnswer) -> Outcome<Empty> {
        self.names.answer(&request, &self.epoll);
        Ok(Answer::Now(Empty {}))
    }
}
