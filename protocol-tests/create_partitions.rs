//! CreatePartitions: a topic grows.

use crate::harness::*;
use kafka_protocol::messages::{
    CreatePartitionsRequest,
    create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic},
    create_partitions_response::CreatePartitionsTopicResult,
};

fn grow(version: i16, topic: CreatePartitionsTopic, validate: bool) -> CreatePartitionsTopicResult {
    let request = CreatePartitionsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(30_000)
        .with_validate_only(validate);
    connect().call(version, &request).results.remove(0)
}

fn growing(name: &str, count: i32) -> CreatePartitionsTopic {
    CreatePartitionsTopic::default()
        .with_name(topic_name(name))
        .with_count(count)
        .with_assignments(None)
}

#[test]
fn every_version_adds_partitions_and_keeps_the_records() {
    for version in 0..=3 {
        let mut client = connect();
        let topic = client.topic("grow-versions", 1);
        client.append(&topic, ["a"]);
        let result = grow(version, growing(&topic.name, 3), false);
        assert_eq!(error(result.error_code), None, "v{version}: {result:?}");
        client.await_topic(&topic, 3);
        assert_eq!(client.list_offset(&topic, 0, -1).offset, 1);
        assert_eq!(client.list_offset(&topic, 2, -1).offset, 0);
    }
}

#[test]
fn a_count_that_does_not_grow_is_refused() {
    let topic = connect().topic("grow-not", 3);
    for count in [3, 2, 0, -1] {
        let result = grow(3, growing(&topic.name, count), false);
        assert_eq!(error(result.error_code), Some(E::InvalidPartitions), "{count}: {result:?}");
        assert!(result.error_message.is_some());
    }
}

#[test]
fn an_unknown_topic_does_not_grow() {
    let result = grow(3, growing("no-such-topic", 3), false);
    assert_eq!(error(result.error_code), Some(E::UnknownTopicOrPartition));
}

#[test]
fn new_partitions_may_be_assigned_by_hand() {
    let mut client = connect();
    let node = client.node();
    let topic = client.topic("grow-assigned", 1);
    let assignment = |brokers: &[i32]| {
        let brokers = brokers.iter().map(|b| (*b).into()).collect();
        CreatePartitionsAssignment::default().with_broker_ids(brokers)
    };
    let with = |assignments: &[&[i32]], count| {
        let assignments = assignments.iter().map(|a| assignment(a)).collect();
        grow(3, growing(&topic.name, count).with_assignments(Some(assignments)), false)
    };
    for (assignments, count) in
        [(&[&[node + 1000][..]][..], 2), (&[&[node], &[node]], 2), (&[&[node, node]], 2)]
    {
        let result = with(assignments, count);
        assert_eq!(error(result.error_code), Some(E::InvalidReplicaAssignment), "{result:?}");
    }
    assert_eq!(error(with(&[&[node]], 2).error_code), None);
    client.await_topic(&topic, 2);
}

#[test]
fn validating_adds_nothing() {
    let mut client = connect();
    let topic = client.topic("grow-validate", 1);
    assert_eq!(error(grow(3, growing(&topic.name, 5), true).error_code), None);
    assert_eq!(client.metadata(12, &[&topic.name]).topics[0].partitions.len(), 1);
}
