//! Fetch sessions (KIP-227): a session remembers the partitions and answers only what changed.

use crate::harness::*;
use kafka_protocol::messages::{
    FetchRequest, FetchResponse, fetch_request::FetchTopic, fetch_request::ForgottenTopic,
};

/// A request of a session, for these topics.
fn session(id: i32, epoch: i32, topics: Vec<FetchTopic>) -> FetchRequest {
    FetchRequest::default()
        .with_max_wait_ms(0)
        .with_min_bytes(0)
        .with_max_bytes(1 << 20)
        .with_session_id(id)
        .with_session_epoch(epoch)
        .with_topics(topics)
}

/// Starts a session on all three partitions of a new topic; its id.
fn open(client: &mut Client, version: i16, base: &str) -> (Topic, i32) {
    let topic = client.topic(base, 3);
    let wanted = fetch_topic(version, &topic, &[(0, 0), (1, 0), (2, 0)]);
    let answer = client.call(version, &session(0, 0, vec![wanted]));
    assert_eq!(error(answer.error_code), None);
    assert!(answer.session_id > 0, "a session was made");
    assert_eq!(partitions(&answer), [0, 1, 2], "the first answer names all of them");
    (topic, answer.session_id)
}

fn partitions(answer: &FetchResponse) -> Vec<i32> {
    let all = answer.responses.iter().flat_map(|t| &t.partitions);
    all.map(|p| p.partition_index).collect()
}

#[test]
fn a_session_answers_only_what_changed() {
    for version in [7, 12, 13, 17] {
        let mut client = connect();
        let (topic, id) = open(&mut client, version, "session-changes");
        let answer = client.call(version, &session(id, 1, vec![]));
        assert_eq!((error(answer.error_code), answer.session_id), (None, id), "v{version}");
        assert_eq!(partitions(&answer), [0; 0], "v{version}: nothing happened");
        assert_eq!(client.produce(11, &topic, 1, Batch::of(["x"]).bytes()).error_code, 0);
        let answer = client.call(version, &session(id, 2, vec![]));
        assert_eq!(partitions(&answer), [1], "v{version}");
        let records = answer.responses[0].partitions[0].records.clone().expect("records");
        assert_eq!(views(&records).len(), 1);
        // The position only moves when the client says so.
        assert_eq!(partitions(&client.call(version, &session(id, 3, vec![]))), [1]);
        let moved = fetch_topic(version, &topic, &[(1, 1)]);
        let answer = client.call(version, &session(id, 4, vec![moved]));
        assert_eq!(partitions(&answer), [0; 0], "v{version}: behind the last record");
    }
}

#[test]
fn partitions_can_be_added_and_forgotten() {
    let mut client = connect();
    let (topic, id) = open(&mut client, 12, "session-forget");
    for p in 0..3 {
        assert_eq!(client.produce(11, &topic, p, Batch::of(["x"]).bytes()).error_code, 0);
    }
    let forgotten =
        ForgottenTopic::default().with_topic(topic_name(&topic.name)).with_partitions(vec![0, 2]);
    let request = session(id, 1, vec![]).with_forgotten_topics_data(vec![forgotten]);
    assert_eq!(partitions(&client.call(12, &request)), [1]);
    let other = client.topic("session-added", 1);
    client.append(&other, ["y"]);
    let request = session(id, 2, vec![fetch_topic(12, &other, &[(0, 0)])]);
    let answer = client.call(12, &request);
    let mut names: Vec<_> = answer.responses.iter().map(|t| t.topic.to_string()).collect();
    names.sort();
    let mut expected = [topic.name.clone(), other.name];
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn an_added_partition_is_answered_even_when_it_has_nothing() {
    let mut client = connect();
    let (_, id) = open(&mut client, 12, "session-add-empty");
    let other = client.topic("session-empty", 1);
    let request = session(id, 1, vec![fetch_topic(12, &other, &[(0, 0)])]);
    let answer = client.call(12, &request);
    assert_eq!(*answer.responses[0].topic.0, *other.name);
}

/// An error is told in each answer for as long as it lasts.
#[test]
fn an_error_is_told_again_and_again() {
    let mut client = connect();
    let (_, id) = open(&mut client, 12, "session-error");
    let nowhere = Topic { name: unique("session-nowhere"), id: uuid::Uuid::nil() };
    let unknown = fetch_topic(12, &nowhere, &[(0, 0)]);
    client.call(12, &session(id, 1, vec![unknown]));
    for epoch in 2..4 {
        let answer = client.call(12, &session(id, epoch, vec![]));
        let code = answer.responses[0].partitions[0].error_code;
        assert_eq!(error(code), Some(E::UnknownTopicOrPartition), "epoch {epoch}");
    }
}

#[test]
fn a_wait_in_a_session_is_ended_by_a_record() {
    let mut client = connect();
    let (topic, id) = open(&mut client, 12, "session-wait");
    let request = session(id, 1, vec![]).with_max_wait_ms(50_000).with_min_bytes(1);
    let correlation = client.send(12, &request);
    let mut other = client.again();
    assert_eq!(other.produce(11, &topic, 2, Batch::of(["x"]).bytes()).error_code, 0);
    let answer = client.receive::<FetchRequest>(12, correlation);
    assert_eq!(partitions(&answer), [2]);
}

#[test]
fn an_unknown_session_is_not_found() {
    let mut client = connect();
    let answer = client.call(12, &session(2_000_000_000, 5, vec![]));
    assert_eq!(error(answer.error_code), Some(E::FetchSessionIdNotFound));
    assert_eq!((answer.session_id, answer.responses.len()), (0, 0));
}

#[test]
fn a_wrong_session_epoch_is_invalid_and_the_session_goes_on() {
    let mut client = connect();
    let (_, id) = open(&mut client, 12, "session-epoch");
    for epoch in [2, 7, i32::MAX] {
        let answer = client.call(12, &session(id, epoch, vec![]));
        assert_eq!(error(answer.error_code), Some(E::InvalidFetchSessionEpoch), "epoch {epoch}");
        assert_eq!((answer.session_id, answer.responses.len()), (0, 0));
    }
    let answer = client.call(12, &session(id, 1, vec![]));
    assert_eq!((error(answer.error_code), answer.session_id), (None, id));
    let answer = client.call(12, &session(id, 1, vec![]));
    assert_eq!(error(answer.error_code), Some(E::InvalidFetchSessionEpoch), "it is 2 by now");
}

/// Epoch -1 closes a session and reads without one; epoch 0 makes a new one.
#[test]
fn a_session_can_be_closed() {
    let mut client = connect();
    let (topic, id) = open(&mut client, 12, "session-close");
    let wanted = vec![fetch_topic(12, &topic, &[(0, 0)])];
    let answer = client.call(12, &session(id, -1, wanted));
    assert_eq!((error(answer.error_code), answer.session_id), (None, 0));
    assert_eq!(partitions(&answer), [0]);
    let answer = client.call(12, &session(id, 1, vec![]));
    assert_eq!(error(answer.error_code), Some(E::FetchSessionIdNotFound));
}

#[test]
fn a_full_request_replaces_the_session() {
    let mut client = connect();
    let (topic, id) = open(&mut client, 12, "session-replace");
    let wanted = vec![fetch_topic(12, &topic, &[(1, 0)])];
    let answer = client.call(12, &session(id, 0, wanted));
    assert_eq!(error(answer.error_code), None);
    assert!(answer.session_id > 0 && answer.session_id != id);
    let answer = client.call(12, &session(id, 1, vec![]));
    assert_eq!(error(answer.error_code), Some(E::FetchSessionIdNotFound));
}

/// A session begun with names cannot go on with ids, nor the other way round (KIP-516).
#[test]
fn names_and_ids_do_not_mix_in_a_session() {
    for (from, to) in [(12, 13), (13, 12)] {
        let mut client = connect();
        let (_, id) = open(&mut client, from, "session-mixed");
        let answer = client.call(to, &session(id, 1, vec![]));
        assert_eq!(error(answer.error_code), Some(E::FetchSessionTopicIdError), "{from} to {to}");
    }
}

#[test]
fn a_negative_session_epoch_with_an_unknown_id_is_no_session() {
    let mut client = connect();
    let topic = client.topic("session-none", 1);
    let wanted = vec![fetch_topic(12, &topic, &[(0, 0)])];
    let answer = client.call(12, &session(12_345, -1, wanted));
    assert_eq!((error(answer.error_code), answer.session_id), (None, 0));
    assert_eq!(partitions(&answer), [0]);
}

#[test]
fn a_session_may_begin_without_a_partition() {
    let mut client = connect();
    let answer = client.call(12, &session(0, 0, vec![]));
    assert_eq!(error(answer.error_code), None);
    assert!(answer.session_id > 0);
    let topic = client.topic("session-later", 1);
    let wanted = vec![fetch_topic(12, &topic, &[(0, 0)])];
    assert_eq!(partitions(&client.call(12, &session(answer.session_id, 1, wanted))), [0]);
}
