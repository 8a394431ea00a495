//! A connection over a pipe in memory, with a service that does what its requests say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::{Allowance, DRAIN_MAX, End, Service};
use crate::api::{Dispatched, Fault, Reply};
use crate::auth::Caller;
use crate::base::limits::{REQUESTS_IN_FLIGHT_MAX, UNSENT_REPLY_BYTES_MAX};

const IDLE: Duration = Duration::from_secs(60);

/// Requests are a letter: `n`ow, `l`ater, `s`ilent, `c`lose, `p`anic later, `b`ig; then a payload
/// that is echoed.
#[derive(Default)]
struct Echo {
    parked: Mutex<Vec<oneshot::Sender<()>>>,
    started: AtomicUsize,
}

impl Service for Echo {
    fn call(&self, _caller: &Arc<Caller>, frame: Bytes) -> impl Future<Output = Dispatched> + Send {
        self.started.fetch_add(1, Ordering::Relaxed);
        let payload = frame.slice(1..);
        let dispatched = match frame[0] {
            b'n' => Dispatched::Reply(reply(&[&payload])),
            b'b' => Dispatched::Reply(reply(&[&payload, &[7; 100_000], b"end"])),
            b'l' => Dispatched::Later(self.park(payload)),
            b'f' => Dispatched::Later(Box::pin(async { Err(Fault::UnknownApi(99)) })),
            b's' => Dispatched::Silent,
            _ => Dispatched::Close(Fault::UnknownApi(77)),
        };
        std::future::ready(dispatched)
    }
}

impl Echo {
    fn park(&self, payload: Bytes) -> BoxFuture<'static, Result<Reply, Fault>> {
        let (release, released) = oneshot::channel();
        self.parked.lock().push(release);
        Box::pin(async move {
            released.await.expect("the test releases what it parks");
            Ok(reply(&[&payload]))
        })
    }

    fn release(&self, index: usize) {
        let release = self.parked.lock().remove(index);
        release.send(()).expect("the connection waits");
    }
}

/// A reply of these parts, its length in front.
fn reply(parts: &[&[u8]]) -> Reply {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut head = BytesMut::new();
    head.put_i32(i32::try_from(length).expect("small"));
    head.put_slice(parts[0]);
    let rest = parts[1..].iter().map(|part| Bytes::copy_from_slice(part)).collect();
    Reply { head: head.freeze(), rest }
}

struct Peer {
    pipe: DuplexStream,
    service: Arc<Echo>,
    shutdown: watch::Sender<bool>,
    served: JoinHandle<End>,
}

#[expect(clippy::disallowed_methods, reason = "a test runs the connection beside itself")]
fn connect() -> Peer {
    let (pipe, far) = tokio::io::duplex(4096);
    let service = Arc::new(Echo::default());
    let (shutdown, stop) = watch::channel(false);
    let own = service.clone();
    let served = tokio::spawn(async move {
        let (reader, writer) = tokio::io::split(far);
        let caller = Arc::new(Caller {
            principal: "User:ANONYMOUS".into(),
            peer: ([127, 0, 0, 1], 1).into(),
            listener: "PLAINTEXT".into(),
        });
        let allowance = Allowance { request_bytes_max: 1000, idle_max: IDLE };
        super::serve(reader, writer, &*own, &caller, allowance, stop).await
    });
    Peer { pipe, service, shutdown, served }
}

impl Peer {
    async fn send(&mut self, requests: &[&str]) {
        let mut bytes = BytesMut::new();
        for request in requests {
            bytes.put_i32(i32::try_from(request.len()).expect("small"));
            bytes.put_slice(request.as_bytes());
        }
        self.pipe.write_all(&bytes).await.expect("the connection reads");
    }

    async fn receive(&mut self) -> Vec<u8> {
        let length = self.pipe.read_i32().await.expect("a reply's length");
        let mut payload = vec![0; usize::try_from(length).expect("not negative")];
        self.pipe.read_exact(&mut payload).await.expect("a reply's bytes");
        payload
    }

    async fn expect(&mut self, payloads: &[&str]) {
        for payload in payloads {
            assert_eq!(String::from_utf8_lossy(&self.receive().await), *payload);
        }
    }

    /// Waits until the service has seen this many requests.
    async fn started(&self, count: usize) {
        while self.service.started.load(Ordering::Relaxed) < count {
            tokio::task::yield_now().await;
        }
    }

    async fn ends(mut self) -> (End, Vec<u8>) {
        let mut rest = Vec::new();
        self.pipe.read_to_end(&mut rest).await.expect("an orderly end");
        (self.served.await.expect("no panic"), rest)
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let mut peer = connect();
    peer.send(&["lone", "ntwo", "lthree", "nfour"]).await;
    peer.started(4).await;
    peer.service.release(1);
    peer.service.release(0);
    peer.expect(&["one", "two", "three", "four"]).await;
}

#[tokio::test]
async fn a_silent_request_is_passed_over() {
    let mut peer = connect();
    peer.send(&["sone", "ntwo"]).await;
    peer.expect(&["two"]).await;
}

#[tokio::test]
async fn a_reply_of_several_parts_arrives_whole() {
    let mut peer = connect();
    peer.send(&["bone", "ntwo"]).await;
    let big = peer.receive().await;
    assert_eq!((big.len(), &big[..3], &big[100_003..]), (100_006, &b"one"[..], &b"end"[..]));
    peer.expect(&["two"]).await;
}

#[tokio::test]
async fn a_fault_closes_after_the_earlier_replies() {
    let mut peer = connect();
    peer.send(&["lone", "c", "nlost"]).await;
    peer.started(2).await;
    peer.service.release(0);
    peer.expect(&["one"]).await;
    let (end, rest) = peer.ends().await;
    assert!(matches!(end, End::Fault(Fault::UnknownApi(77))) && rest.is_empty(), "{end}");
}

#[tokio::test]
async fn a_late_fault_forgets_what_came_after() {
    let mut peer = connect();
    peer.send(&["lone", "f", "ntwo"]).await;
    peer.started(3).await;
    peer.service.release(0);
    peer.expect(&["one"]).await;
    let (end, rest) = peer.ends().await;
    assert!(matches!(end, End::Fault(Fault::UnknownApi(99))) && rest.is_empty(), "{end}");
}

#[tokio::test]
async fn an_impossible_length_closes_at_once() {
    for announced in [-1i32, 1001, i32::MAX, i32::MIN] {
        let mut peer = connect();
        peer.send(&["none"]).await;
        peer.pipe.write_i32(announced).await.expect("the connection reads");
        peer.expect(&["one"]).await;
        let (end, _) = peer.ends().await;
        assert!(matches!(end, End::Frame(_)), "{announced}: {end}");
    }
}

#[tokio::test]
async fn the_end_of_the_stream_lets_begun_requests_be_answered() {
    let mut peer = connect();
    peer.send(&["lone"]).await;
    peer.pipe.write_all(&[0, 0]).await.expect("half a length");
    peer.started(1).await;
    peer.pipe.shutdown().await.expect("half closed");
    peer.service.release(0);
    peer.expect(&["one"]).await;
    assert!(matches!(peer.ends().await.0, End::Peer));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_answers_but_not_for_ever() {
    let mut peer = connect();
    peer.send(&["lone", "ltwo"]).await;
    peer.started(2).await;
    let began = tokio::time::Instant::now();
    peer.shutdown.send(true).expect("the connection listens");
    peer.service.release(0);
    peer.expect(&["one"]).await;
    let (end, rest) = peer.ends().await;
    assert!(matches!(end, End::Shutdown) && rest.is_empty(), "{end}");
    assert!(began.elapsed() >= DRAIN_MAX && began.elapsed() < 2 * DRAIN_MAX);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_quiet_connections_at_once() {
    let peer = connect();
    let began = tokio::time::Instant::now();
    peer.shutdown.send(true).expect("the connection listens");
    assert!(matches!(peer.ends().await.0, End::Shutdown));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_connection_is_closed_after_its_time() {
    let mut peer = connect();
    let began = tokio::time::Instant::now();
    tokio::time::advance(IDLE / 2).await;
    peer.send(&["none"]).await;
    peer.expect(&["one"]).await;
    let (end, _) = peer.ends().await;
    assert!(matches!(end, End::Idle), "{end}");
    assert!(began.elapsed() >= IDLE * 3 / 2 && began.elapsed() < IDLE * 2);
}

#[tokio::test(start_paused = true)]
async fn a_parked_request_keeps_its_connection() {
    let mut peer = connect();
    peer.send(&["lone"]).await;
    peer.started(1).await;
    tokio::time::advance(IDLE * 5).await;
    tokio::task::yield_now().await;
    peer.service.release(0);
    peer.expect(&["one"]).await;
}

#[tokio::test]
async fn requests_in_flight_are_bounded_and_the_rest_wait_in_the_socket() {
    let mut peer = connect();
    let requests = vec!["lx"; REQUESTS_IN_FLIGHT_MAX + 10];
    peer.send(&requests).await;
    peer.started(REQUESTS_IN_FLIGHT_MAX).await;
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(peer.service.started.load(Ordering::Relaxed), REQUESTS_IN_FLIGHT_MAX);
    peer.service.release(0);
    peer.expect(&["x"]).await;
    peer.started(REQUESTS_IN_FLIGHT_MAX + 1).await;
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_not_served_further() {
    let mut peer = connect();
    peer.send(&["b"; 40]).await;
    let bound = UNSENT_REPLY_BYTES_MAX / 100_000 + 2;
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(peer.service.started.load(Ordering::Relaxed) <= bound);
    for _ in 0..40 {
        assert_eq!(peer.receive().await.len(), 100_003);
    }
}
