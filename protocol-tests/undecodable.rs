//! Bodies that are no request, for every API and every version: the connection is closed
//! without an answer and nobody else notices.

use crate::{harness::*, samples::samples};

/// The lengths at which a body of this length is cut: all of a short one, and of a long one
/// the ends and some steps between.
fn cuts(length: usize) -> impl Iterator<Item = usize> {
    (0..length).filter(move |at| length < 24 || *at < 8 || at + 8 >= length || at % 7 == 0)
}

/// Bytes that look like nothing, the same in each run.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (state >> 56) as u8
    });
    next.take(256).collect()
}

#[test]
fn a_body_that_ends_too_early_closes_the_connection() {
    for api in samples() {
        for version in api.min..=api.max {
            let body = api.body(version);
            for cut in cuts(body.len()) {
                let mut client = connect();
                client.send_body(api.key, version, &body[..cut]);
                let answer = client.receive_frame();
                let (key, length) = (api.key, body.len());
                assert!(answer.is_none(), "key {key} v{version} cut at {cut}/{length}: {answer:?}");
            }
        }
    }
    still_serves();
}

/// Garbage either is no request, and the connection is closed, or happens to be one, and is
/// answered; what counts is that the broker goes on.
#[test]
fn a_body_of_garbage_is_answered_or_closes_the_connection() {
    for api in samples() {
        for version in api.min..=api.max {
            let seed = u64::from(api.key.unsigned_abs()) * 100 + u64::from(version.unsigned_abs());
            let bodies = [vec![0xff; 64], vec![0x7f; 64], vec![0x80; 64], vec![0; 64], noise(seed)];
            for body in bodies {
                let mut client = connect();
                client.send_body(api.key, version, &body);
                client.finish();
                while client.receive_frame().is_some() {}
            }
        }
    }
    still_serves();
}

/// An array's length that promises more than the frame holds must not be believed before the
/// elements are there: memory would be taken for nothing.
#[test]
fn an_array_length_of_two_billion_closes_the_connection() {
    const METADATA: i16 = 3;
    for (version, body) in [
        (1, &b"\x7f\xff\xff\xff"[..]),
        (9, &b"\xff\xff\xff\xff\x07"[..]),
        (9, &b"\xff\xff\xff\xff\xff\xff"[..]),
    ] {
        let mut client = connect();
        client.send_body(METADATA, version, body);
        client.expect_closed();
    }
    still_serves();
}

/// Kafka reads such text with replacements and answers; to close the connection is as safe.
#[test]
fn text_that_is_not_utf_8_does_not_hurt() {
    const FIND_COORDINATOR: i16 = 10;
    let mut client = connect();
    client.send_body(FIND_COORDINATOR, 0, b"\0\x04\xff\xfe\xc0\x80");
    client.finish();
    while client.receive_frame().is_some() {}
    still_serves();
}

#[test]
fn every_sample_is_a_request_that_is_answered() {
    for api in samples() {
        for version in api.min..=api.max {
            let mut client = connect();
            let correlation = client.send_body(api.key, version, &api.body(version));
            let Some(answer) = client.receive_frame() else {
                panic!("key {} v{version}: a well-formed request closed the connection", api.key)
            };
            assert_eq!(answer[..4], correlation.to_be_bytes(), "key {} v{version}", api.key);
        }
    }
}

fn still_serves() {
    let metadata = connect().metadata(12, &[]);
    assert_eq!(metadata.brokers.len(), 1);
}
