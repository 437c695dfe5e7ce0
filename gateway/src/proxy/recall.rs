//! What the phases do with memory.

use super::{Gateway, RequestState};
use crate::cache::{Entry, target};
use crate::memory::{Memory, Recalled};
use crate::refusal::Refusal;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use service_kit::REQUEST_ID;

impl Gateway {
    /// 1b. Answer from memory, if that is possible.
    pub(super) async fn recall(
        &self,
        session: &mut Session,
        state: &mut RequestState,
    ) -> Result<bool> {
        let upstream = self.upstream(state.route);
        let (route, is_refresh) = (state.route, state.begun.is_refresh());
        let request = session.req_header();
        let recalled =
            self.memory.recall(request, route, upstream, &mut state.recall, is_refresh).await;
        match recalled {
            Recalled::Ask => Ok(false),
            Recalled::Reply(entry, label) => {
                self.send(session, &entry, label, state).await?;
                Ok(true)
            }
        }
    }

    /// Sends what is kept.
    pub(super) async fn send(
        &self,
        session: &mut Session,
        entry: &Entry,
        label: &'static str,
        state: &RequestState,
    ) -> Result<()> {
        if self.drain.is_lame() {
            session.set_keepalive(None);
        }
        let promise = self.promise(session);
        Memory::send(session, entry, label, &state.id, promise).await
    }

    /// 1c. Forget an address, if somebody inside says so.
    pub(super) async fn purge(&self, session: &mut Session, state: &RequestState) -> Result<bool> {
        if !self.purgers.iter().any(|network| network.contains(&state.client)) {
            Refusal::MethodNotAllowed.send(session, &state.id).await?;
            return Ok(true);
        }
        self.memory.answers.forget(target(session.req_header()));
        let mut header = ResponseHeader::build(204, None)?;
        header.insert_header(REQUEST_ID, state.id.as_str())?;
        session.write_response_header(Box::new(header), true).await?;
        Ok(true)
    }
}
