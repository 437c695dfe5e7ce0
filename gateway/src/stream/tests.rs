//! What is gathered, and when it leaves.

use super::*;
use service_kit::Metrics;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use tokio::io::{DuplexStream, duplex};

fn connection(buffer: usize) -> (ClientStream<DuplexStream>, DuplexStream) {
    let (ours, theirs) = duplex(buffer);
    (ClientStream::new(ours, 0, ([127, 0, 0, 1], 1).into()), theirs)
}

#[tokio::test]
async fn what_was_read_ahead_is_read_first() {
    let (mut stream, mut client) = connection(64);
    client.write_all(b"head body").await.unwrap();

    stream.read_ahead().await.unwrap();
    assert_eq!(stream.ahead(), b"head body");
    client.write_all(b" more").await.unwrap();
    drop(client);

    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "head body more");
}

#[tokio::test]
async fn small_pieces_wait_and_large_ones_follow_in_order() {
    let (mut stream, mut client) = connection(1000);
    let large = vec![b'x'; GATHER_BYTES + 1];
    let sending = async {
        stream.write_all(b"head").await.unwrap();
        stream.write_all(&large).await.unwrap();
        stream.write_all(b"tail").await.unwrap();
        stream.flush().await.unwrap();
        drop(stream);
    };
    let mut received = Vec::new();

    let ((), read) = tokio::join!(sending, client.read_to_end(&mut received));

    read.unwrap();
    assert_eq!(received, [b"head", large.as_slice(), b"tail"].concat());
}

fn drain() -> Arc<Drain> {
    Arc::new(Drain::new(&Metrics::new("0")))
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A connection of HTTP/2 that is driven by hand.
struct Driven {
    stream: ClientStream<DuplexStream>,
    wakes: Arc<Wakes>,
    waker: Waker,
}

impl Driven {
    fn new(buffer: usize) -> (Self, DuplexStream) {
        let (stream, client) = connection(buffer);
        let wakes = Arc::new(Wakes::default());
        let stream = stream.encrypted(Some(drain()));
        (Self { stream, waker: wakes.clone().into(), wakes }, client)
    }

    fn answer(&mut self, text: &[u8]) {
        let mut context = Context::from_waker(&self.waker);
        assert!(Pin::new(&mut self.stream).poll_write(&mut context, text).is_ready());
        assert!(Pin::new(&mut self.stream).poll_flush(&mut context).is_ready());
    }

    fn listen(&mut self) {
        let mut context = Context::from_waker(&self.waker);
        let mut piece = [0; 8];
        let mut piece = ReadBuf::new(&mut piece);
        assert!(Pin::new(&mut self.stream).poll_read(&mut context, &mut piece).is_pending());
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn answers_of_http_2_leave_together_when_the_connection_listens_again() {
    let (mut driven, mut client) = Driven::new(1000);
    let mut piece = [0; 100];

    driven.answer(b"one ");
    driven.answer(b"other");
    assert_eq!(driven.wakes(), 1, "woken once, to listen");
    assert!(client.read(&mut piece).now_or_never().is_none());
    driven.listen();

    assert_eq!(client.read(&mut piece).await.unwrap(), 9);
    driven.answer(b"last");
    assert_eq!(driven.wakes(), 2);
    AsyncWriteExt::shutdown(&mut driven.stream).await.unwrap();
    assert_eq!(client.read(&mut piece).await.unwrap(), 4);
}

#[tokio::test]
async fn a_client_of_http_2_that_does_not_read_is_not_asked_again_and_again() {
    let (mut driven, mut client) = Driven::new(4);

    for text in [b"one ", b"two ", b"more"] {
        driven.answer(text);
        driven.listen();
    }

    assert_eq!(driven.wakes(), 2, "for what was sent, and for what was not");
    let mut piece = [0; 100];
    let mut received = Vec::new();
    while received.len() < 12 {
        let count = client.read(&mut piece).await.unwrap();
        received.extend_from_slice(&piece[..count]);
        driven.listen();
    }
    assert_eq!(received, b"one two more");
}

#[tokio::test]
async fn nothing_is_put_off_while_the_gateway_stops() {
    let (stream, mut client) = connection(1000);
    let drain = drain();
    let mut stream = stream.encrypted(Some(drain.clone()));

    drain.lame_duck(Duration::ZERO).await;
    stream.write_all(b"last").await.unwrap();
    stream.flush().await.unwrap();

    assert_eq!(client.read(&mut [0; 100]).await.unwrap(), 4);
}
