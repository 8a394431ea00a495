//! Many requests on one connection: the answers come in the order of the requests.

use crate::harness::*;
use kafka_protocol::messages::{FetchRequest, MetadataRequest, ProduceRequest};

#[test]
fn requests_in_flight_are_answered_in_order() {
    let mut client = connect();
    let sent: Vec<i32> =
        (0..500).map(|_| client.send(12, &MetadataRequest::default().with_topics(None))).collect();
    for correlation in sent {
        client.receive::<MetadataRequest>(12, correlation);
    }
}

#[test]
fn a_fetch_that_waits_is_answered_before_what_was_asked_after_it() {
    let mut client = connect();
    let topic = client.topic("pipeline-wait", 1);
    let fetch = fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(500).with_min_bytes(1);
    let first = client.send(12, &fetch);
    let second = client.send(12, &MetadataRequest::default().with_topics(Some(vec![])));
    let answer = client.receive::<FetchRequest>(12, first);
    assert_eq!(answer.responses[0].partitions[0].high_watermark, 0);
    client.receive::<MetadataRequest>(12, second);
}

#[test]
fn a_fetch_that_waits_for_long_is_ended_by_a_record_and_then_the_next_is_answered() {
    let mut client = connect();
    let topic = client.topic("pipeline-wake", 1);
    let fetch = fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(50_000).with_min_bytes(1);
    let first = client.send(12, &fetch);
    let second = client.send(12, &MetadataRequest::default().with_topics(Some(vec![])));
    client.again().append(&topic, ["awaited"]);
    let answer = client.receive::<FetchRequest>(12, first);
    let records = answer.responses[0].partitions[0].records.clone().expect("records");
    assert_eq!(views(&records).len(), 1);
    client.receive::<MetadataRequest>(12, second);
}

#[test]
fn appends_in_flight_keep_their_order() {
    let mut client = connect();
    let topic = client.topic("pipeline-produce", 1);
    let sent: Vec<i32> = (0..200)
        .map(|n| {
            let records = Batch::of([format!("{n}")]).bytes();
            client.send(11, &produce_request(11, -1, &topic, 0, Some(records)))
        })
        .collect();
    for (correlation, offset) in sent.into_iter().zip(0..) {
        let answer = client.receive::<ProduceRequest>(11, correlation);
        let answer = &answer.responses[0].partition_responses[0];
        assert_eq!((error(answer.error_code), answer.base_offset), (None, offset));
    }
}

#[test]
fn an_append_with_acks_0_has_no_answer_and_what_follows_has() {
    let mut client = connect();
    let topic = client.topic("pipeline-silent", 1);
    let records = Some(Batch::of(["one"]).bytes());
    client.send(11, &produce_request(11, 0, &topic, 0, records));
    let answer = client.produce(11, &topic, 0, Batch::of(["two"]).bytes());
    assert_eq!((error(answer.error_code), answer.base_offset), (None, 1));
}

/// The client has no answer in which to be told, so it is told by losing its connection.
#[test]
fn a_failed_append_with_acks_0_closes_the_connection() {
    let mut client = connect();
    let topic = client.topic("pipeline-silent-fault", 1);
    let broken = Batch::of(["x"]).with(|b| b.crc = Some(1)).bytes();
    client.send(11, &produce_request(11, 0, &topic, 0, Some(broken)));
    client.expect_closed();
    assert_eq!(client.again().list_offset(&topic, 0, -1).offset, 0);
}
