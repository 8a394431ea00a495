//! Raw bytes against every API of the table, over a broker in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Dispatched, Dispatcher, Fault, Reply};
use crate::api::table::{APIS, Api};
use crate::auth::Caller;
use crate::base::SystemClock;
use crate::broker::{Broker, Endpoint};
use crate::config::Settings;
use crate::store::mem::MemEngine;
use crate::wire::header::HeaderError;

struct Fixture {
    dispatcher: Dispatcher,
    caller: Arc<Caller>,
}

/// What a request came to.
#[derive(Debug)]
enum Came {
    Answered(Reply),
    Silent,
    Closed(Fault),
    /// No answer within an hour: a parked join, for one.
    Parked,
}

async fn fixture() -> Fixture {
    let (engine, clock) = (Arc::new(MemEngine::new()), Arc::new(SystemClock::start()));
    let broker = Broker::boot(Settings::default(), engine, clock).await.expect("an empty store");
    let (listener, host) = (Arc::from("PLAINTEXT"), "127.0.0.1".to_owned());
    broker.advertise(vec![Endpoint { listener, host, port: 9092 }]);
    let caller = Arc::new(Caller {
        principal: "User:ANONYMOUS".into(),
        peer: ([127, 0, 0, 1], 1).into(),
        listener: "PLAINTEXT".into(),
    });
    Fixture { dispatcher: Dispatcher::new(broker, false), caller }
}

impl Fixture {
    async fn send(&self, frame: &[u8]) -> Came {
        let frame = Bytes::copy_from_slice(frame);
        match self.dispatcher.dispatch(&self.caller, frame).await {
            Dispatched::Reply(reply) => Came::Answered(reply),
            Dispatched::Silent => Came::Silent,
            Dispatched::Close(fault) => Came::Closed(fault),
            Dispatched::Later(answer) => {
                match tokio::time::timeout(Duration::from_secs(3600), answer).await {
                    Ok(Ok(reply)) => Came::Answered(reply),
                    Ok(Err(fault)) => Came::Closed(fault),
                    Err(_) => Came::Parked,
                }
            }
        }
    }
}

fn frame(api: &Api, version: i16, body: &[u8]) -> Vec<u8> {
    let mut frame = BytesMut::new();
    frame.put_i16(api.key as i16);
    frame.put_i16(version);
    frame.put_i32(42);
    frame.put_slice(&[0, 1, b'c']);
    if (api.request_header)(version) >= 2 {
        frame.put_u8(0);
    }
    frame.put_slice(body);
    frame.to_vec()
}

/// Every API with each of its versions.
fn everything() -> impl Iterator<Item = (&'static Api, i16)> {
    APIS.iter().flat_map(|api| api.served.clone().map(move |version| (api, version)))
}

#[tokio::test(start_paused = true)]
async fn a_body_cut_short_anywhere_closes_the_connection() {
    let fixture = fixture().await;
    for (api, version) in everything() {
        let body = (api.sample)(version).expect("a default request is encodable");
        for length in 0..body.len() {
            let came = fixture.send(&frame(api, version, &body[..length])).await;
            let refused = matches!(came, Came::Closed(Fault::Body { .. }));
            assert!(refused, "{} v{version}, {length} bytes: {came:?}", api.name());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_version_of_every_api_takes_an_empty_request() {
    let fixture = fixture().await;
    for (api, version) in everything() {
        let body = (api.sample)(version).expect("a default request is encodable");
        match fixture.send(&frame(api, version, &body)).await {
            Came::Answered(reply) => {
                let announced = reply.head.first_chunk().map(|length| i32::from_be_bytes(*length));
                assert_eq!(announced.map(|length| length as usize), Some(reply.len() - 4));
                assert_eq!(reply.head[4..8], 42i32.to_be_bytes(), "the correlation id");
            }
            Came::Silent | Came::Parked | Came::Closed(Fault::Refused { .. }) => {}
            Came::Closed(fault) => panic!("{} v{version}: {fault}", api.name()),
        }
    }
}

/// A generator of bytes as in requests: mostly zeros and small numbers. Seeded, so it repeats.
struct Garbage(u64);

impl Garbage {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self) -> Vec<u8> {
        let length = self.next() % 120;
        let byte = |random: u64| match random % 10 {
            0..6 => 0,
            6..9 => (random >> 8) as u8 % 4,
            _ => (random >> 8) as u8,
        };
        (0..length).map(|_| byte(self.next())).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_never_panics() {
    let fixture = fixture().await;
    let mut garbage = Garbage(0x9e37_79b9_7f4a_7c15);
    for (api, version) in everything() {
        for _ in 0..150 {
            let body = garbage.bytes();
            let came = fixture.send(&frame(api, version, &body)).await;
            let ours =
                matches!(came, Came::Closed(Fault::Panicked { .. } | Fault::Response { .. }));
            assert!(!ours, "{} v{version} {body:?}: {came:?}", api.name());
        }
    }
}

#[tokio::test]
async fn versions_outside_the_range_close_the_connection() {
    let fixture = fixture().await;
    for api in APIS.iter().filter(|api| api.key as i16 != 18) {
        for version in [-1, api.served.start() - 1, api.served.end() + 1, i16::MAX] {
            let came = fixture.send(&frame(api, version, &[])).await;
            let refused = matches!(came, Came::Closed(Fault::UnknownVersion { .. }));
            assert!(refused, "{} v{version}: {came:?}", api.name());
        }
    }
}

#[tokio::test]
async fn an_unknown_version_of_api_versions_is_answered_in_the_first_layout() {
    let fixture = fixture().await;
    for version in [-1i16, 5, 99, i16::MAX] {
        let (_, api) = crate::api::table::find(18).expect("it is served");
        let Came::Answered(reply) = fixture.send(&frame(api, version, &[1, 2, 3])).await else {
            panic!("version {version} is not answered");
        };
        // Length, correlation id, error 35, one API: 18 from 0 to 4.
        let expected = [0, 0, 0, 16, 0, 0, 0, 42, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4];
        assert_eq!(reply.head[..], expected, "version {version}");
    }
}

#[tokio::test]
async fn what_is_no_request_closes_the_connection() {
    let fixture = fixture().await;
    let closes = async |bytes: &[u8]| match fixture.send(bytes).await {
        Came::Closed(fault) => fault,
        other => panic!("{bytes:?}: {other:?}"),
    };
    assert_eq!(closes(&[]).await, Fault::Header(HeaderError::Truncated));
    assert_eq!(closes(&[0, 18, 0, 0, 0]).await, Fault::Header(HeaderError::Truncated));
    for key in [-1i16, 4, 7, 52, 95, i16::MAX] {
        let bytes = [&key.to_be_bytes()[..], &[0; 8]].concat();
        assert_eq!(closes(&bytes).await, Fault::UnknownApi(key));
    }
}
