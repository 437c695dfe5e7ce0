//! A request that needs no thought, from its head to its answer.

use super::Connections;
use crate::begun::Begun;
use crate::hot::{self, Answer, Plainly};
use crate::relay::Errand;
use crate::stream::ClientStream;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};

/// What became of a request that may need no thought.
pub(super) enum Plain {
    /// It was answered. Whether the connection goes on.
    Done { goes_on: bool },
    /// It is for pingora.
    Not(Begun),
}

impl Connections {
    /// Answers the request whose head ends at `end`, if that needs no thought.
    pub(super) async fn do_plainly<S>(
        &self,
        stream: &mut ClientStream<S>,
        end: usize,
        client: SocketAddr,
    ) -> Plain
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let head = &stream.ahead()[..end];
        match self.hot.look(head, client, stream.is_encrypted()) {
            None => Plain::Not(Begun::Now),
            Some(Plainly::Answer(answer)) => self.answer_at_once(stream, end, &answer).await,
            Some(Plainly::Ask(errand, is_last)) => self.run(stream, end, &errand, is_last).await,
        }
    }

    /// Sends what memory has.
    async fn answer_at_once<S>(
        &self,
        stream: &mut ClientStream<S>,
        end: usize,
        answer: &Answer,
    ) -> Plain
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let target = hot::target(&stream.ahead()[..end]).to_owned();
        stream.skip(end);
        let is_sent = stream.send(&answer.head, answer.hit.body()).await.is_ok();
        self.hot.note(&answer.hit, &target);
        end_plainly(stream, is_sent, answer.is_last).await
    }

    /// Sends what the API says.
    async fn run<S>(
        &self,
        stream: &mut ClientStream<S>,
        end: usize,
        errand: &Errand,
        is_last: bool,
    ) -> Plain
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut reply = match self.relay.ask(errand).await {
            Ok(reply) => reply,
            // The head is still there.
            Err(before) => return Plain::Not(Begun::Before(before)),
        };
        stream.skip(end);
        let is_last = is_last || self.drain.is_lame();
        reply.end_head(is_last);
        let is_sent = stream.send(&reply.head, reply.body()).await.is_ok();
        self.relay.note(errand, &reply);
        end_plainly(stream, is_sent, is_last).await
    }
}

/// Ends a connection that was to end with the answer that was sent.
async fn end_plainly<S>(stream: &mut ClientStream<S>, is_sent: bool, is_last: bool) -> Plain
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if is_last {
        // It has all of it, or has gone.
        let _ = stream.close().await;
    }
    Plain::Done { goes_on: is_sent && !is_last }
}
