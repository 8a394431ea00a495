//! Produce: appends that succeed, and requests that are wrong before a record is looked at.

use crate::harness::{batch, *};
use kafka_protocol::messages::{
    ProduceRequest,
    produce_request::{PartitionProduceData, TopicProduceData},
};
use uuid::Uuid;

#[test]
fn every_version_appends() {
    let mut client = connect();
    let topic = client.topic("produce-versions", 1);
    for version in 3..=13 {
        let answer = client.produce(version, &topic, 0, Batch::of(["a", "b"]).bytes());
        assert_eq!(error(answer.error_code), None, "v{version}: {answer:?}");
        assert_eq!(answer.base_offset, i64::from(version - 3) * 2, "v{version}");
        assert_eq!(answer.log_append_time_ms, -1, "the topic keeps the client's times");
        // From version 5 on the answer tells where the log starts.
        assert_eq!(answer.log_start_offset, if version < 5 { -1 } else { 0 }, "v{version}");
        assert_eq!((answer.record_errors.len(), answer.error_message), (0, None));
    }
    assert_eq!(client.list_offset(&topic, 0, -1).offset, 22);
}

#[test]
fn a_record_is_stored_as_it_came() {
    let mut client = connect();
    let topic = client.topic("produce-stored", 1);
    let mut record = Record::keyed("key", "value");
    record.headers = vec![("h".into(), Some(b"1".to_vec())), ("none".into(), None)];
    let empty = Record::default();
    let batch = Batch::from(vec![record, empty]).with(|b| b.leader_epoch = 1234);
    client.append(&topic, ["first"]);
    assert_eq!(client.append_batch(&topic, &batch), 1);
    let stored = views(&client.fetch(&topic, 1).records.expect("records")).remove(0);
    assert_eq!((stored.base_offset, stored.last_offset, stored.count), (1, 2, 2));
    assert_eq!(stored.body, batch.plain());
    assert_eq!((stored.base_timestamp, stored.max_timestamp), (batch::TIME, batch::TIME));
    // Whatever the client claimed, it carries the leader's epoch.
    assert_eq!(stored.leader_epoch, client.leader_epoch(&topic));
}

#[test]
fn acks_1_and_all_are_answered_alike() {
    let mut client = connect();
    let topic = client.topic("produce-acks", 1);
    for (acks, offset) in [(1, 0), (-1, 1), (1, 2)] {
        let records = Some(Batch::of(["x"]).bytes());
        let request = produce_request(11, acks, &topic, 0, records);
        let answer = client.call(11, &request).responses.remove(0).partition_responses.remove(0);
        assert_eq!((error(answer.error_code), answer.base_offset), (None, offset));
    }
}

#[test]
fn other_acks_are_refused() {
    let mut client = connect();
    let topic = client.topic("produce-bad-acks", 1);
    for acks in [2, -2, i16::MAX, i16::MIN] {
        let records = Some(Batch::of(["x"]).bytes());
        let request = produce_request(11, acks, &topic, 0, records);
        let answer = client.call(11, &request).responses.remove(0).partition_responses.remove(0);
        assert_eq!(error(answer.error_code), Some(E::InvalidRequiredAcks), "acks={acks}");
        assert_eq!(answer.base_offset, -1);
    }
    assert_eq!(client.list_offset(&topic, 0, -1).offset, 0);
}

#[test]
fn an_unknown_topic_or_partition_is_refused_and_not_created() {
    let mut client = connect();
    let topic = client.topic("produce-unknown", 1);
    for partition in [1, 1000, -1, i32::MAX] {
        let answer = client.produce(11, &topic, partition, Batch::of(["x"]).bytes());
        assert_eq!(error(answer.error_code), Some(E::UnknownTopicOrPartition), "p{partition}");
        assert_eq!((answer.base_offset, answer.log_append_time_ms), (-1, -1));
    }
    let nowhere = Topic { name: unique("produce-nowhere"), id: Uuid::nil() };
    let answer = client.produce(11, &nowhere, 0, Batch::of(["x"]).bytes());
    assert_eq!(error(answer.error_code), Some(E::UnknownTopicOrPartition));
    let found = client.metadata(12, &[&nowhere.name]);
    assert_eq!(error(found.topics[0].error_code), Some(E::UnknownTopicOrPartition));
}

#[test]
fn an_unknown_topic_id_is_refused() {
    let mut client = connect();
    for id in [Uuid::new_v4(), Uuid::nil()] {
        let nowhere = Topic { name: String::new(), id };
        let answer = client.produce(13, &nowhere, 0, Batch::of(["x"]).bytes());
        assert_eq!(error(answer.error_code), Some(E::UnknownTopicId), "{id}");
    }
}

#[test]
fn one_bad_partition_does_not_stop_the_others() {
    let mut client = connect();
    let (one, two) = (client.topic("produce-many", 3), client.topic("produce-many", 1));
    let data = |index, batch: &Batch| {
        PartitionProduceData::default().with_index(index).with_records(Some(batch.bytes()))
    };
    let good = Batch::of(["good"]);
    let bad = good.clone().with(|b| b.crc = Some(7));
    let topic_data = |topic: &Topic, data| {
        TopicProduceData::default().with_name(topic_name(&topic.name)).with_partition_data(data)
    };
    let request =
        ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![
            topic_data(&one, vec![data(0, &good), data(1, &bad), data(9, &good), data(2, &good)]),
            topic_data(&two, vec![data(0, &good)]),
        ]);
    let answer = client.call(9, &request);
    let code = |topic: &Topic, partition| {
        let found = answer.responses.iter().find(|t| *t.name.0 == *topic.name);
        let found = found.expect("the topic").partition_responses.iter();
        error(found.filter(|p| p.index == partition).last().expect("the partition").error_code)
    };
    assert_eq!([code(&one, 0), code(&one, 2), code(&two, 0)], [None; 3]);
    assert_eq!(code(&one, 1), Some(E::CorruptMessage));
    assert_eq!(code(&one, 9), Some(E::UnknownTopicOrPartition));
}

#[test]
fn a_request_for_no_topic_is_answered_with_none() {
    let answer = connect().call(9, &ProduceRequest::default().with_acks(-1));
    assert_eq!(answer.responses.len(), 0);
}

#[test]
fn appends_of_many_connections_share_the_offsets_without_a_gap() {
    let mut client = connect();
    let topic = client.topic("produce-shared", 1);
    let offsets = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (mut client, topic) = (client.again(), topic.clone());
                scope.spawn(move || {
                    (0..50).map(|_| client.append(&topic, ["x", "y"])).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|t| t.join().expect("it succeeds")).collect::<Vec<_>>()
    });
    let mut sorted = offsets.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..200).map(|n| n * 2).collect::<Vec<i64>>());
}

#[test]
fn a_topic_with_log_append_time_gets_the_brokers_time() {
    let mut client = connect();
    let settings = [("message.timestamp.type", "LogAppendTime")];
    let topic = client.topic_with("produce-append-time", 1, &settings);
    for codec in [Codec::None, Codec::Gzip] {
        let batch = Batch::of(["a", "b"]).with(|b| b.codec = codec);
        let answer = client.produce(11, &topic, 0, batch.bytes());
        assert_eq!(error(answer.error_code), None);
        assert!(answer.log_append_time_ms > batch::TIME);
        let records = client.fetch(&topic, answer.base_offset).records.expect("records");
        let stored = views(&records).remove(0);
        assert_eq!(stored.attributes & 8, 8, "the batch says that the time is the broker's");
        assert_eq!(stored.max_timestamp, answer.log_append_time_ms);
    }
}
