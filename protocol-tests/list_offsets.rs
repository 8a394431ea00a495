//! ListOffsets: where a log starts and ends, and where a time lies in it.

use crate::harness::{batch::TIME, *};
use kafka_protocol::messages::{
    ListOffsetsRequest,
    list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// Three batches of two records, ten milliseconds apart, and one with an older time behind.
fn timed(client: &mut Client, base: &str, codec: Codec) -> Topic {
    let topic = client.topic(base, 1);
    for (n, time) in [0, 20, 40, 10].into_iter().enumerate() {
        let mut batch = Batch::of([format!("{n}"), format!("{n}")]);
        batch.base_timestamp = TIME + time;
        batch.records[1].timestamp_delta = 10;
        batch.codec = codec;
        client.append_batch(&topic, &batch);
    }
    topic
}

#[test]
fn every_version_tells_both_ends() {
    let mut client = connect();
    let topic = client.topic("offsets-versions", 1);
    client.append(&topic, ["a", "b", "c"]);
    let epoch = client.leader_epoch(&topic);
    for version in 1..=10 {
        for (timestamp, offset) in [(EARLIEST, 0), (LATEST, 3)] {
            let asked = ListOffsetsPartition::default().with_timestamp(timestamp);
            let answer = client.list_offsets(version, &topic, asked);
            assert_eq!((error(answer.error_code), answer.offset), (None, offset), "v{version}");
            assert_eq!(answer.timestamp, -1, "v{version}: ends have no time");
            let expected = if version < 4 { -1 } else { epoch };
            assert_eq!(answer.leader_epoch, expected, "v{version}");
        }
    }
}

#[test]
fn an_empty_log_starts_and_ends_at_zero() {
    let mut client = connect();
    let topic = client.topic("offsets-empty", 1);
    for timestamp in [EARLIEST, LATEST] {
        assert_eq!(client.list_offset(&topic, 0, timestamp).offset, 0);
    }
    for timestamp in [0, TIME, MAX_TIMESTAMP] {
        let answer = client.list_offset(&topic, 0, timestamp);
        assert_eq!((error(answer.error_code), answer.offset), (None, -1), "{timestamp}");
        assert_eq!((answer.timestamp, answer.leader_epoch), (-1, -1), "{timestamp}");
    }
}

#[test]
fn a_time_finds_the_first_record_that_is_not_older() {
    for codec in [Codec::None, Codec::Gzip, Codec::Lz4] {
        let mut client = connect();
        let topic = timed(&mut client, "offsets-time", codec);
        for (time, found) in [
            (0, (0, 0)),
            (TIME, (0, 0)),
            (TIME + 1, (1, 10)),
            (TIME + 10, (1, 10)),
            (TIME + 11, (2, 20)),
            (TIME + 30, (3, 30)),
            (TIME + 31, (4, 40)),
            (TIME + 50, (5, 50)),
        ] {
            let answer = client.list_offset(&topic, 0, time);
            assert_eq!(error(answer.error_code), None);
            assert_eq!((answer.offset, answer.timestamp - TIME), found, "{codec:?} {time}");
        }
    }
}

#[test]
fn a_time_after_all_records_finds_none() {
    let mut client = connect();
    let topic = timed(&mut client, "offsets-after", Codec::None);
    for time in [TIME + 51, i64::MAX] {
        let answer = client.list_offset(&topic, 0, time);
        assert_eq!(error(answer.error_code), None);
        assert_eq!((answer.offset, answer.timestamp, answer.leader_epoch), (-1, -1, -1));
    }
}

#[test]
fn the_record_with_the_greatest_time_is_found() {
    for codec in [Codec::None, Codec::Zstd] {
        let mut client = connect();
        let topic = timed(&mut client, "offsets-max", codec);
        let answer = client.list_offset(&topic, 0, MAX_TIMESTAMP);
        assert_eq!(error(answer.error_code), None);
        assert_eq!((answer.offset, answer.timestamp), (5, TIME + 50), "{codec:?}");
    }
}

#[test]
fn of_two_records_with_the_greatest_time_the_first_counts() {
    let mut client = connect();
    let topic = client.topic("offsets-max-twice", 1);
    client.append(&topic, ["a", "b"]);
    client.append(&topic, ["c"]);
    assert_eq!(client.list_offset(&topic, 0, MAX_TIMESTAMP).offset, 0);
}

#[test]
fn local_and_tiered_ends_are_told_without_tiers() {
    let mut client = connect();
    let topic = client.topic("offsets-local", 1);
    client.append(&topic, ["a", "b"]);
    client.delete_records(&topic, 1);
    let answer = client.list_offset(&topic, 0, EARLIEST_LOCAL);
    assert_eq!((error(answer.error_code), answer.offset), (None, 1));
    let answer = client.list_offset(&topic, 0, LATEST_TIERED);
    assert_eq!((error(answer.error_code), answer.offset), (None, -1));
}

#[test]
fn times_that_have_no_meaning_are_refused() {
    let mut client = connect();
    let topic = client.topic("offsets-meaning", 1);
    client.append(&topic, ["a"]);
    // A version knows only the special times of its day.
    for (version, timestamp) in [(9, -7), (9, -100), (6, -3), (7, -4), (8, -5), (10, -6)] {
        let asked = ListOffsetsPartition::default().with_timestamp(timestamp);
        let answer = client.list_offsets(version, &topic, asked);
        let code = error(answer.error_code);
        assert_eq!(code, Some(E::UnsupportedVersion), "v{version} {timestamp}");
        assert_eq!((answer.offset, answer.timestamp), (-1, -1));
    }
}

#[test]
fn the_earliest_offset_follows_the_log_start() {
    let mut client = connect();
    let topic = client.topic("offsets-start", 1);
    client.append(&topic, ["a", "b", "c"]);
    client.delete_records(&topic, 2);
    assert_eq!(client.list_offset(&topic, 0, EARLIEST).offset, 2);
    assert_eq!(client.list_offset(&topic, 0, LATEST).offset, 3);
    // What lies before the start is not found by its time either.
    assert_eq!(client.list_offset(&topic, 0, 0).offset, 2);
}

#[test]
fn read_committed_sees_the_same_ends_without_transactions() {
    let mut client = connect();
    let topic = client.topic("offsets-committed", 1);
    client.append(&topic, ["a"]);
    for (timestamp, offset) in [(LATEST, 1), (EARLIEST, 0)] {
        let partition = ListOffsetsPartition::default().with_timestamp(timestamp);
        let asked = ListOffsetsTopic::default()
            .with_name(topic_name(&topic.name))
            .with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_isolation_level(1)
            .with_topics(vec![asked]);
        assert_eq!(client.call(2, &request).topics[0].partitions[0].offset, offset);
    }
}

#[test]
fn an_unknown_topic_or_partition_has_no_offsets() {
    let mut client = connect();
    let topic = client.topic("offsets-unknown", 1);
    let nowhere = Topic { name: unique("offsets-nowhere"), id: uuid::Uuid::nil() };
    for (topic, partition) in [(&topic, 3), (&topic, -1), (&nowhere, 0)] {
        let answer = client.list_offset(topic, partition, LATEST);
        assert_eq!(error(answer.error_code), Some(E::UnknownTopicOrPartition));
        assert_eq!((answer.offset, answer.timestamp), (-1, -1));
    }
}

#[test]
fn a_partition_named_twice_is_an_invalid_request() {
    let mut client = connect();
    let topic = client.topic("offsets-twice", 1);
    let partition = ListOffsetsPartition::default().with_timestamp(LATEST);
    let asked = ListOffsetsTopic::default()
        .with_name(topic_name(&topic.name))
        .with_partitions(vec![partition.clone(), partition]);
    let request =
        ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![asked]);
    let answer = client.call(9, &request);
    let codes: Vec<_> = answer.topics[0].partitions.iter().map(|p| error(p.error_code)).collect();
    assert!(codes.contains(&Some(E::InvalidRequest)), "{codes:?}");
}
