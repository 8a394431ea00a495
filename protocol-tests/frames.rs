//! Frames: lengths that lie, headers that are none, keys and versions that nobody serves.

use crate::harness::{client::header, *};

const PRODUCE: i16 = 0;
const METADATA: i16 = 3;

/// Another connection is still served.
fn still_serves(mut witness: Client) {
    assert_eq!(witness.metadata(12, &[]).brokers.len(), 1);
    assert_eq!(witness.again().metadata(12, &[]).brokers.len(), 1);
}

fn closes_on(bytes: &[u8]) {
    let witness = connect();
    let mut client = witness.again();
    client.send_raw(bytes);
    client.expect_closed();
    still_serves(witness);
}

#[test]
fn a_negative_length_closes_the_connection() {
    closes_on(&(-1i32).to_be_bytes());
    closes_on(&i32::MIN.to_be_bytes());
}

#[test]
fn a_length_above_the_limit_closes_the_connection_before_the_bytes_come() {
    closes_on(&(104_857_600i32 + 1).to_be_bytes());
    closes_on(&i32::MAX.to_be_bytes());
}

#[test]
fn a_frame_of_no_bytes_closes_the_connection() {
    closes_on(&0i32.to_be_bytes());
}

#[test]
fn a_frame_shorter_than_a_header_closes_the_connection() {
    for length in 1..8i32 {
        closes_on(&[&length.to_be_bytes()[..], &vec![0; length as usize]].concat());
    }
}

#[test]
fn bytes_of_another_protocol_close_the_connection() {
    closes_on(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    closes_on(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
}

#[test]
fn a_connection_that_ends_within_a_frame_disturbs_nobody() {
    let witness = connect();
    let mut client = witness.again();
    client.send_raw(&[0, 0, 1, 0, 0, 3]);
    client.finish();
    client.expect_closed();
    drop(witness.again());
    still_serves(witness);
}

#[test]
fn a_frame_may_arrive_byte_by_byte() {
    let mut client = connect();
    let request = [&header(METADATA, 1, 7)[..], &0i32.to_be_bytes()].concat();
    let frame = [&(request.len() as i32).to_be_bytes()[..], &request].concat();
    frame.iter().for_each(|byte| client.send_raw(&[*byte]));
    let answer = client.receive_frame().expect("an answer");
    assert_eq!(answer[..4], 7i32.to_be_bytes());
}

#[test]
fn an_unknown_api_key_closes_the_connection() {
    for key in [-1, 95, 1000, i16::MAX, i16::MIN] {
        let witness = connect();
        let mut client = witness.again();
        client.send_body(key, 0, &[0; 16]);
        client.expect_closed();
        still_serves(witness);
    }
}

/// Keys that only a controller's listener serves, and keys that Kafka 4 has given up.
#[test]
fn an_api_that_is_not_for_clients_closes_the_connection() {
    for key in [4, 5, 6, 7, 52, 53, 54, 56, 58, 62, 63] {
        let mut client = connect();
        client.send_body(key, 0, &[0; 16]);
        client.expect_closed();
    }
}

#[test]
fn an_unknown_version_of_a_known_api_closes_the_connection() {
    for api in crate::samples::samples().iter().filter(|api| api.key != 18) {
        // Kafka 4.3 serves one version more than the codec crate of a few APIs.
        for version in [-1, api.min - 1, api.max + 2, i16::MAX] {
            let mut client = connect();
            client.send_body(api.key, version, &[0; 64]);
            let answer = client.receive_frame();
            assert!(answer.is_none(), "key {} v{version}: {answer:02x?}", api.key);
        }
    }
    still_serves(connect());
}

/// They are advertised for librdkafka's sake and yet not served (KAFKA-18659).
#[test]
fn produce_versions_0_to_2_close_the_connection() {
    for version in 0..3 {
        let mut client = connect();
        client.send_body(PRODUCE, version, &[0, 1, 0, 0, 0, 100, 0, 0, 0, 0]);
        client.expect_closed();
    }
}

#[test]
fn what_was_asked_before_a_bad_frame_is_still_answered_first() {
    let mut client = connect();
    let first = client.send(12, &kafka_protocol::messages::MetadataRequest::default());
    let answer = client.receive::<kafka_protocol::messages::MetadataRequest>(12, first);
    assert_eq!(answer.brokers.len(), 1);
    client.send_raw(&(-5i32).to_be_bytes());
    client.expect_closed();
}

#[test]
fn a_client_id_may_be_null() {
    let mut client = connect();
    client.send_frame(&[0, 3, 0, 1, 0, 0, 0, 9, 0xff, 0xff, 0, 0, 0, 0]);
    let answer = client.receive_frame().expect("an answer");
    assert_eq!(answer[..4], 9i32.to_be_bytes());
}

/// Kafka takes any bytes for a name and puts a replacement where they are no text.
#[test]
fn a_client_id_need_not_be_utf_8() {
    for version in [1, 12] {
        let mut client = connect();
        let body: &[u8] = if version == 1 { &[0; 4] } else { &[0, 1, 0, 0, 0] };
        let frame = [&[0, 3, 0, version, 0, 0, 0, 9, 0, 6][..], b"Z\xfcrich", body].concat();
        client.send_frame(&frame);
        let answer = client.receive_frame().expect("an answer");
        assert_eq!(answer[..4], 9i32.to_be_bytes(), "v{version}");
    }
}

#[test]
fn a_client_id_longer_than_the_frame_closes_the_connection() {
    let mut client = connect();
    client.send_frame(&[0, 3, 0, 1, 0, 0, 0, 9, 0x7f, 0xff, b'a', b'b']);
    client.expect_closed();
}

/// A flexible header may carry tagged fields that nobody here knows; so may a body.
#[test]
fn unknown_tagged_fields_are_skipped() {
    let mut client = connect();
    let tags = b"\x02\x05\x03abc\x80\x01\x00";
    let header = [&[0, 3, 0, 12, 0, 0, 0, 9, 0xff, 0xff][..], tags].concat();
    // No topics, no creation, no operations, and the body's own tagged fields.
    client.send_frame(&[&header[..], &[1, 0, 0], tags].concat());
    let answer = client.receive_frame().expect("an answer");
    assert_eq!(answer[..4], 9i32.to_be_bytes());
}

#[test]
fn a_tagged_field_longer_than_the_frame_closes_the_connection() {
    let mut client = connect();
    client.send_frame(&[0, 3, 0, 12, 0, 0, 0, 9, 0xff, 0xff, 1, 5, 0xff, 0x7f]);
    client.expect_closed();
}

/// Kafka reads what it knows of a request and does not look at what follows.
#[test]
fn bytes_after_a_request_are_ignored() {
    let mut client = connect();
    client.send_body(METADATA, 1, b"\0\0\0\0more");
    assert!(client.receive_frame().is_some());
    assert_eq!(client.metadata(12, &[]).brokers.len(), 1);
}
