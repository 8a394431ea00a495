//! A broker that is killed while it works, again and again.

use crate::harness::*;
use kafka_protocol::messages::ProduceRequest;

const RECORDS: i32 = 20;

/// The batch that begins with this sequence; its values say which record each is.
fn batch(producer: (i64, i16), sequence: i32) -> Batch {
    let values = (sequence..sequence + RECORDS).map(|n| format!("{n:08} {}", "x".repeat(500)));
    Batch::of(values).idempotent(producer, sequence)
}

/// All values of a partition, in order; no offset may be missing.
fn all_values(client: &mut Client, topic: &Topic, partition: i32) -> Vec<i32> {
    let mut values = Vec::new();
    loop {
        let request = fetch_request(12, topic, &[(partition, values.len() as i64)]);
        let data = client.call(12, &request).responses.remove(0).partitions.remove(0);
        assert_eq!(error(data.error_code), None);
        let found = views(&data.records.unwrap_or_default());
        if found.is_empty() {
            return values;
        }
        for view in found {
            assert_eq!(view.base_offset, values.len() as i64, "a hole or a repetition");
            let plain = batch(view.producer, view.base_sequence).plain();
            assert_eq!(view.body, plain, "the bytes of another batch");
            values.extend(view.base_sequence..view.base_sequence + view.count);
        }
    }
}

/// An idempotent producer with five requests in flight goes on through four kills: what it
/// was promised is there, once and in order.
#[test]
fn an_idempotent_producer_goes_on_through_crashes() {
    if skipped_on_oracle("an_idempotent_producer_goes_on_through_crashes") {
        return;
    }
    let mut broker = Broker::start(&[]);
    let mut client = broker.connect();
    let topic = client.topic("crashes", 2);
    let producer = client.producer_id();
    let mut acknowledged = 0;
    for round in 0..5 {
        let mut in_flight = std::collections::VecDeque::new();
        let mut next = acknowledged;
        let goal = acknowledged + (20 + round * 7) * RECORDS;
        while acknowledged < goal {
            while in_flight.len() < 5 {
                let records = batch(producer, next).bytes();
                let request = produce_request(11, -1, &topic, 1, Some(records));
                in_flight.push_back(client.send(11, &request));
                next += RECORDS;
            }
            let first = in_flight.pop_front().expect("five of them");
            let answer = client.receive::<ProduceRequest>(11, first);
            let answer = &answer.responses[0].partition_responses[0];
            assert_eq!(error(answer.error_code), None, "{answer:?}");
            assert_eq!(answer.base_offset, i64::from(acknowledged), "round {round}");
            acknowledged += RECORDS;
        }
        // The answers to those in flight are lost; the producer sends them again.
        broker = broker.kill_and_restart();
        client = broker.connect();
    }
    let values = all_values(&mut client, &topic, 1);
    assert!(values.len() as i32 >= acknowledged, "{} of {acknowledged}", values.len());
    assert_eq!(values, (0..values.len() as i32).collect::<Vec<_>>());
    assert_eq!(all_values(&mut client, &topic, 0).len(), 0);
}

/// Several partitions and producers at once: none loses what it was promised.
#[test]
fn a_crash_under_load_loses_nothing_that_was_acknowledged() {
    if skipped_on_oracle("a_crash_under_load_loses_nothing_that_was_acknowledged") {
        return;
    }
    const PARTITIONS: i32 = 8;
    let broker = Broker::start(&[]);
    let mut client = broker.connect();
    let topic = client.topic("load", PARTITIONS);
    let mut producers: Vec<_> = (0..PARTITIONS)
        .map(|partition| {
            let mut one = client.again();
            let producer = one.producer_id();
            let sent: Vec<i32> = (0..60)
                .map(|n| {
                    let records = Some(batch(producer, n * RECORDS).bytes());
                    one.send(11, &produce_request(11, -1, &topic, partition, records))
                })
                .collect();
            (one, sent)
        })
        .collect();
    // Half of the answers are awaited, then the broker dies with the rest in its hands.
    for (one, sent) in &mut producers {
        for correlation in &sent[..30] {
            let answer = one.receive::<ProduceRequest>(11, *correlation);
            assert_eq!(answer.responses[0].partition_responses[0].error_code, 0);
        }
    }
    let broker = broker.kill_and_restart();
    let mut client = broker.connect();
    for partition in 0..PARTITIONS {
        let values = all_values(&mut client, &topic, partition);
        assert!(values.len() as i32 >= 30 * RECORDS, "partition {partition}: {}", values.len());
        assert_eq!(values, (0..values.len() as i32).collect::<Vec<_>>());
    }
}

/// Each commit that was answered is there, and none that came before it instead.
#[test]
fn a_crash_loses_no_acknowledged_commit() {
    if skipped_on_oracle("a_crash_loses_no_acknowledged_commit") {
        return;
    }
    let mut broker = Broker::start(&[]);
    let mut client = broker.connect();
    let topic = client.topic("commits", 1);
    let group = client.group("commits");
    for round in 0..4 {
        for n in 0..50 {
            client.commit(&group, &topic, round * 50 + n);
        }
        broker = broker.kill_and_restart();
        client = broker.connect();
        assert_eq!(client.committed(&group, &topic).committed_offset, round * 50 + 49);
    }
}

/// Topics made and deleted up to the last moment: each is there whole, or not at all.
#[test]
fn a_crash_leaves_no_half_made_topic() {
    if skipped_on_oracle("a_crash_leaves_no_half_made_topic") {
        return;
    }
    let broker = Broker::start(&[]);
    let mut client = broker.connect();
    let topics: Vec<Topic> = (0..30).map(|_| client.topic("halves", 3)).collect();
    for topic in &topics {
        client.append(topic, ["a"]);
    }
    topics[..15].iter().for_each(|topic| client.delete_topic(topic));
    let broker = broker.kill_and_restart();
    let mut client = broker.connect();
    for (n, topic) in topics.iter().enumerate() {
        let found = client.metadata(12, &[&topic.name]).topics.remove(0);
        if n < 15 {
            assert_eq!(error(found.error_code), Some(E::UnknownTopicOrPartition));
        } else {
            assert_eq!((error(found.error_code), found.partitions.len()), (None, 3));
            assert_eq!(client.list_offset(topic, 0, -1).offset, 1);
        }
    }
    // The names of the deleted ones are free, and nothing of theirs comes back.
    for old in &topics[..15] {
        let made = client.create(creatable(&old.name, 1));
        assert_eq!(error(made.error_code), None);
        let new = Topic { name: old.name.clone(), id: made.topic_id };
        assert_eq!(client.list_offset(&new, 0, -1).offset, 0);
        assert_eq!(client.append(&new, ["b"]), 0);
    }
}

/// More than any cache of recent batches holds, read from the disk after a restart.
#[test]
fn a_long_log_is_read_from_the_disk() {
    if skipped_on_oracle("a_long_log_is_read_from_the_disk") {
        return;
    }
    let broker = Broker::start(&[]);
    let mut client = broker.connect();
    let topic = client.topic("long", 1);
    for n in 0..100 {
        client.append(&topic, [format!("{n:04}{}", "x".repeat(900_000))]);
    }
    let broker = broker.kill_and_restart();
    let mut client = broker.connect();
    let mut next = 0;
    while next < 100 {
        let mut request = fetch_request(12, &topic, &[(0, next)]);
        request.topics[0].partitions[0].partition_max_bytes = 20 << 20;
        let data = client.call(12, &request).responses.remove(0).partitions.remove(0);
        let found = views(&data.records.expect("records"));
        assert!(!found.is_empty(), "nothing at {next}");
        for view in found {
            assert_eq!(view.base_offset, next);
            let number = format!("{next:04}x");
            let at = view.body.windows(5).position(|w| w == number.as_bytes());
            assert!(at.is_some_and(|at| at < 20), "the record of offset {next}");
            next += 1;
        }
    }
    // In the middle too, and backwards.
    for offset in (0..100).rev().step_by(7) {
        let data = client.fetch(&topic, offset);
        assert_eq!(views(&data.records.expect("records"))[0].base_offset, offset);
    }
}
