//! Fetch: positions, limits, waiting.

use crate::harness::*;
use bytes::Bytes;
use kafka_protocol::messages::{
    FetchRequest, FetchResponse, fetch_request::FetchPartition, fetch_response::PartitionData,
};
use std::time::Duration;
use uuid::Uuid;

fn partition(answer: &FetchResponse) -> &PartitionData {
    &answer.responses[0].partitions[0]
}

fn offsets(data: &PartitionData) -> Vec<(i64, i64)> {
    let records = data.records.clone().unwrap_or_default();
    views(&records).iter().map(|b| (b.base_offset, b.last_offset)).collect()
}

#[test]
fn every_version_reads() {
    let mut client = connect();
    let topic = client.topic("fetch-versions", 1);
    client.append(&topic, ["a", "b"]);
    for version in 4..=18 {
        let request = fetch_request(version, &topic, &[(0, 0)]);
        let answer = client.call(version, &request);
        assert_eq!((error(answer.error_code), answer.session_id), (None, 0), "v{version}");
        let data = partition(&answer);
        assert_eq!(error(data.error_code), None, "v{version}");
        assert_eq!((data.high_watermark, data.last_stable_offset), (2, 2), "v{version}");
        assert_eq!(data.log_start_offset, if version < 5 { -1 } else { 0 }, "v{version}");
        assert_eq!(offsets(data), [(0, 1)], "v{version}");
        assert_eq!(data.preferred_read_replica.0, -1, "v{version}");
        match version {
            13.. => assert_eq!(answer.responses[0].topic_id, topic.id),
            _ => assert_eq!(*answer.responses[0].topic.0, *topic.name),
        }
    }
}

#[test]
fn nothing_is_at_the_end_of_the_log() {
    let mut client = connect();
    let topic = client.topic("fetch-end", 1);
    client.append(&topic, ["a", "b"]);
    let data = client.fetch(&topic, 2);
    assert_eq!((error(data.error_code), data.high_watermark), (None, 2));
    assert_eq!(data.records.map(|r| r.len()), Some(0), "no records, which is not null");
}

#[test]
fn an_offset_outside_the_log_is_out_of_range() {
    let mut client = connect();
    let topic = client.topic("fetch-range", 1);
    client.append(&topic, ["a", "b"]);
    for offset in [3, 4000, i64::MAX, -1, -2, i64::MIN] {
        let data = client.fetch(&topic, offset);
        assert_eq!(error(data.error_code), Some(E::OffsetOutOfRange), "offset {offset}");
        assert_eq!((data.high_watermark, data.log_start_offset), (-1, -1), "offset {offset}");
        assert_eq!(data.last_stable_offset, -1);
        assert_eq!(data.records, Some(Bytes::new()));
    }
}

/// The batch that holds the offset is given whole; the consumer drops what lies before.
#[test]
fn a_fetch_in_the_middle_of_a_batch_gets_that_batch() {
    let mut client = connect();
    let topic = client.topic("fetch-middle", 1);
    client.append(&topic, ["0", "1", "2"]);
    client.append(&topic, ["3", "4", "5"]);
    client.append(&topic, ["6"]);
    assert_eq!(offsets(&client.fetch(&topic, 1)), [(0, 2), (3, 5), (6, 6)]);
    assert_eq!(offsets(&client.fetch(&topic, 5)), [(3, 5), (6, 6)]);
    assert_eq!(offsets(&client.fetch(&topic, 6)), [(6, 6)]);
}

#[test]
fn an_unknown_topic_or_partition_is_an_error_of_the_partition() {
    let mut client = connect();
    let topic = client.topic("fetch-unknown", 1);
    for (name, partition_index) in
        [(topic.name.as_str(), 7), ("no-such-topic", 0), (&topic.name, -1)]
    {
        let asked = Topic { name: name.to_owned(), id: Uuid::nil() };
        let answer = client.call(12, &fetch_request(12, &asked, &[(partition_index, 0)]));
        let data = partition(&answer);
        assert_eq!(error(data.error_code), Some(E::UnknownTopicOrPartition), "{name}");
        assert_eq!((data.high_watermark, data.partition_index), (-1, partition_index));
    }
}

#[test]
fn an_unknown_topic_id_is_an_error_of_the_partition() {
    let mut client = connect();
    for id in [Uuid::new_v4(), Uuid::nil()] {
        let nowhere = Topic { name: String::new(), id };
        let answer = client.call(13, &fetch_request(13, &nowhere, &[(0, 0)]));
        assert_eq!(error(answer.error_code), None);
        assert_eq!(error(partition(&answer).error_code), Some(E::UnknownTopicId));
        assert_eq!(answer.responses[0].topic_id, id);
    }
}

#[test]
fn an_error_is_answered_at_once_whatever_the_wait() {
    let mut client = connect();
    let topic = client.topic("fetch-error", 1);
    let request = fetch_request(12, &topic, &[(0, 99)]).with_max_wait_ms(50_000).with_min_bytes(1);
    let answer = client.call(12, &request);
    assert_eq!(error(partition(&answer).error_code), Some(E::OffsetOutOfRange));
}

#[test]
fn records_that_are_there_are_answered_at_once_whatever_the_wait() {
    let mut client = connect();
    let topic = client.topic("fetch-there", 1);
    client.append(&topic, ["a"]);
    let request = fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(50_000).with_min_bytes(1);
    assert_eq!(offsets(partition(&client.call(12, &request))), [(0, 0)]);
}

/// The clock of this test starts before the request leaves, so the wait cannot seem shorter.
#[expect(clippy::disallowed_methods, reason = "a wait is measured, which takes a clock")]
fn measured<T>(what: impl FnOnce() -> T) -> (Duration, T) {
    let start = std::time::Instant::now();
    let result = what();
    (start.elapsed(), result)
}

#[test]
fn without_enough_bytes_a_fetch_waits_its_whole_time() {
    let mut client = connect();
    let topic = client.topic("fetch-wait", 1);
    client.append(&topic, ["a"]);
    let request =
        fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(300).with_min_bytes(1 << 20);
    let (waited, answer) = measured(|| client.call(12, &request));
    assert!(waited >= Duration::from_millis(299), "{waited:?}");
    assert_eq!(offsets(partition(&answer)), [(0, 0)], "what there is, all the same");
}

#[test]
fn a_fetch_that_does_not_want_to_wait_does_not() {
    let mut client = connect();
    let topic = client.topic("fetch-hasty", 1);
    for (wait, min_bytes) in [(0, 1 << 20), (50_000, 0), (50_000, -1), (-1, 1)] {
        let request =
            fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(wait).with_min_bytes(min_bytes);
        let answer = client.call(12, &request);
        assert_eq!(error(partition(&answer).error_code), None, "{wait} ms, {min_bytes} bytes");
    }
}

#[test]
fn a_fetch_waits_until_its_min_bytes_are_there() {
    let mut client = connect();
    let topic = client.topic("fetch-min-bytes", 2);
    let length = Batch::of(["x"]).bytes().len() as i32;
    let request = fetch_request(12, &topic, &[(0, 0), (1, 0)])
        .with_max_wait_ms(50_000)
        .with_min_bytes(length + 1);
    let correlation = client.send(12, &request);
    let mut other = client.again();
    assert_eq!(other.produce(11, &topic, 0, Batch::of(["x"]).bytes()).error_code, 0);
    assert_eq!(other.produce(11, &topic, 1, Batch::of(["x"]).bytes()).error_code, 0);
    let answer = client.receive::<FetchRequest>(12, correlation);
    let got: Vec<_> = answer.responses[0].partitions.iter().map(offsets).collect();
    assert_eq!(got, [[(0, 0)], [(0, 0)]]);
}

#[test]
fn many_fetches_wait_for_the_same_record() {
    let mut client = connect();
    let topic = client.topic("fetch-crowd", 1);
    let request = fetch_request(12, &topic, &[(0, 0)]).with_max_wait_ms(50_000).with_min_bytes(1);
    let mut waiting: Vec<_> = (0..20)
        .map(|_| {
            let mut consumer = client.again();
            let correlation = consumer.send(12, &request);
            (consumer, correlation)
        })
        .collect();
    client.append(&topic, ["for all"]);
    for (consumer, correlation) in &mut waiting {
        let answer = consumer.receive::<FetchRequest>(12, *correlation);
        assert_eq!(offsets(partition(&answer)), [(0, 0)]);
    }
}

#[test]
fn the_first_batch_is_given_whole_however_small_the_limits() {
    let mut client = connect();
    let topic = client.topic("fetch-oversized", 1);
    client.append(&topic, ["x".repeat(10_000)]);
    client.append(&topic, ["y"]);
    for (max, partition_max) in [(1, 1 << 20), (1 << 20, 1), (0, 0), (100, 100)] {
        let mut request = fetch_request(12, &topic, &[(0, 0)]).with_max_bytes(max);
        request.topics[0].partitions[0].partition_max_bytes = partition_max;
        let answer = client.call(12, &request);
        assert_eq!(offsets(partition(&answer)), [(0, 0)], "{max} {partition_max}");
    }
}

/// Only the first partition with records gets a batch that is too large for the limit.
#[test]
fn max_bytes_holds_for_all_partitions_together() {
    let mut client = connect();
    let topic = client.topic("fetch-max-bytes", 3);
    for p in 0..3 {
        let records = Batch::of(["x".repeat(10_000)]).bytes();
        assert_eq!(client.produce(11, &topic, p, records).error_code, 0);
    }
    let request = fetch_request(12, &topic, &[(0, 0), (1, 0), (2, 0)]).with_max_bytes(100);
    let answer = client.call(12, &request);
    let got: Vec<usize> = answer.responses[0].partitions.iter().map(|p| offsets(p).len()).collect();
    assert_eq!(got, [1, 0, 0]);
    assert!(answer.responses[0].partitions.iter().all(|p| p.high_watermark == 1));
}

#[test]
fn partition_max_bytes_ends_what_a_partition_gives() {
    let mut client = connect();
    let topic = client.topic("fetch-partition-max", 1);
    for _ in 0..10 {
        client.append(&topic, ["x".repeat(1000)]);
    }
    let length = Batch::of(["x".repeat(1000)]).bytes().len() as i32;
    let mut request = fetch_request(12, &topic, &[(0, 0)]);
    request.topics[0].partitions[0].partition_max_bytes = 3 * length;
    assert_eq!(offsets(partition(&client.call(12, &request))), [(0, 0), (1, 1), (2, 2)]);
    // A consumer has to do without the last batch when it was cut: what is whole counts.
    request.topics[0].partitions[0].partition_max_bytes = 3 * length - 1;
    let answer = client.call(12, &request);
    assert_eq!(offsets(partition(&answer)), [(0, 0), (1, 1)]);
    let size = partition(&answer).records.as_ref().expect("records").len() as i32;
    assert!(size < 3 * length);
}

#[test]
fn read_committed_sees_plain_records_and_an_aborted_list() {
    let mut client = connect();
    let topic = client.topic("fetch-committed", 1);
    client.append(&topic, ["a"]);
    let request = fetch_request(12, &topic, &[(0, 0)]).with_isolation_level(1);
    let answer = client.call(12, &request);
    let data = partition(&answer);
    assert_eq!(offsets(data), [(0, 0)]);
    assert_eq!((data.last_stable_offset, data.aborted_transactions.as_deref()), (1, Some(&[][..])));
    let answer = client.call(12, &fetch_request(12, &topic, &[(0, 0)]));
    assert_eq!(partition(&answer).aborted_transactions, None);
}

#[test]
fn a_fetch_below_the_log_start_is_out_of_range() {
    let mut client = connect();
    let topic = client.topic("fetch-below", 1);
    client.append(&topic, ["0", "1"]);
    client.append(&topic, ["2", "3"]);
    client.delete_records(&topic, 3);
    let data = client.fetch(&topic, 2);
    assert_eq!(error(data.error_code), Some(E::OffsetOutOfRange));
    let data = client.fetch(&topic, 3);
    assert_eq!((offsets(&data), data.log_start_offset), (vec![(2, 3)], 3));
}

/// A follower may read what consumers may not, so it has to be one.
#[test]
fn a_replica_that_nobody_assigned_gets_nothing() {
    let mut client = connect();
    let topic = client.topic("fetch-replica", 1);
    client.append(&topic, ["a"]);
    let request = fetch_request(12, &topic, &[(0, 0)]).with_replica_id(4711.into());
    let answer = client.call(12, &request);
    let data = partition(&answer);
    assert_eq!(error(data.error_code), Some(E::NotLeaderOrFollower));
    assert_eq!(offsets(data), []);
}

#[test]
fn a_partition_named_twice_is_answered() {
    let mut client = connect();
    let topic = client.topic("fetch-twice", 1);
    client.append(&topic, ["a"]);
    let mut request = fetch_request(12, &topic, &[(0, 0)]);
    let again: FetchPartition = request.topics[0].partitions[0].clone();
    request.topics[0].partitions.push(again);
    let answer = client.call(12, &request);
    assert_eq!(offsets(partition(&answer)), [(0, 0)]);
}

#[test]
fn a_fetch_for_nothing_is_answered_with_nothing() {
    let request = FetchRequest::default().with_min_bytes(0).with_max_bytes(1000);
    let answer = connect().call(12, &request);
    assert_eq!((error(answer.error_code), answer.responses.len()), (None, 0));
}
