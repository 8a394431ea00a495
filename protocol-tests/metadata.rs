//! Metadata and DescribeTopicPartitions: which topics there are and who leads them.

use crate::harness::*;
use kafka_protocol::messages::{
    DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, MetadataRequest,
    describe_topic_partitions_request::{Cursor, TopicRequest},
    metadata_request::MetadataRequestTopic,
};
use uuid::Uuid;

#[test]
fn every_version_describes_a_topic() {
    let mut client = connect();
    let topic = client.topic("metadata-versions", 3);
    for version in 0..=13 {
        let answer = client.metadata(version, &[&topic.name]);
        assert_eq!(error(answer.error_code), None);
        assert_eq!(answer.brokers.len(), 1, "v{version}");
        let broker = &answer.brokers[0];
        assert!(broker.port > 0 && !broker.host.is_empty(), "v{version}");
        if version >= 1 {
            assert!(!answer.topics[0].is_internal);
        }
        if version >= 2 {
            assert!(answer.cluster_id.as_ref().is_some_and(|id| !id.is_empty()), "v{version}");
        }
        let found = &answer.topics[0];
        assert_eq!(error(found.error_code), None, "v{version}");
        assert_eq!(found.name, Some(topic_name(&topic.name)));
        assert_eq!(found.topic_id, if version >= 10 { topic.id } else { Uuid::nil() });
        let mut indexes: Vec<i32> = found.partitions.iter().map(|p| p.partition_index).collect();
        indexes.sort();
        assert_eq!(indexes, [0, 1, 2], "v{version}");
        for partition in &found.partitions {
            assert_eq!(error(partition.error_code), None, "v{version}");
            assert_eq!(partition.leader_id, broker.node_id, "v{version}");
            assert_eq!(partition.replica_nodes, [broker.node_id], "v{version}");
            assert_eq!(partition.isr_nodes, [broker.node_id], "v{version}");
            assert_eq!(partition.offline_replicas.len(), 0);
            assert!(version < 7 || partition.leader_epoch >= 0, "v{version}");
        }
    }
}

#[test]
fn all_topics_are_listed_when_none_is_named() {
    let mut client = connect();
    let topic = client.topic("metadata-all", 1);
    for version in [0, 1, 9, 12] {
        // Version 0 says "all" with an empty list, the others with null.
        let wanted = if version == 0 { Some(vec![]) } else { None };
        let answer = client.call(version, &MetadataRequest::default().with_topics(wanted));
        let found = answer.topics.iter().any(|t| t.name == Some(topic_name(&topic.name)));
        assert!(found, "v{version}");
    }
}

#[test]
fn no_topic_is_listed_when_an_empty_list_is_asked_for() {
    for version in [1, 9, 12] {
        let answer = connect().metadata(version, &[]);
        assert_eq!((answer.topics.len(), answer.brokers.len()), (0, 1), "v{version}");
    }
}

#[test]
fn an_unknown_topic_is_not_created_unless_asked_for() {
    let name = unique("metadata-unknown");
    let mut client = connect();
    for version in [4, 9, 12] {
        let answer = client.metadata(version, &[&name]);
        let code = error(answer.topics[0].error_code);
        assert_eq!(code, Some(E::UnknownTopicOrPartition), "v{version}");
        assert_eq!(answer.topics[0].partitions.len(), 0);
    }
}

#[test]
fn a_topic_is_created_when_it_is_asked_for() {
    for version in [1, 4, 12] {
        let name = unique("metadata-auto");
        let wanted = MetadataRequestTopic::default().with_name(Some(topic_name(&name)));
        let request = MetadataRequest::default().with_topics(Some(vec![wanted]));
        let request = request.with_allow_auto_topic_creation(true);
        let mut client = connect();
        // Kafka answers the first request with an error while it creates the topic; Klamm
        // may have it at once. A client asks again.
        let first = error(client.call(version, &request).topics[0].error_code);
        let may_be = [None, Some(E::UnknownTopicOrPartition), Some(E::LeaderNotAvailable)];
        assert!(may_be.contains(&first), "v{version}: {first:?}");
        eventually("the topic is there", || {
            let answer = client.call(version, &request);
            (error(answer.topics[0].error_code).is_none()).then_some(())
        });
    }
}

#[test]
fn a_name_that_cannot_be_a_topics_is_invalid() {
    let mut client = connect();
    let long = "x".repeat(250);
    for name in ["no/such", "", ".", "..", "a b", "ü", &long] {
        let answer = client.metadata(12, &[name]);
        let code = error(answer.topics[0].error_code);
        assert_eq!(code, Some(E::InvalidTopicException), "{name:?}");
    }
}

#[test]
fn a_topic_can_be_asked_for_by_its_id() {
    let mut client = connect();
    let topic = client.topic("metadata-id", 2);
    for version in 12..=13 {
        let by_id = |id| {
            let wanted = MetadataRequestTopic::default().with_name(None).with_topic_id(id);
            MetadataRequest::default().with_topics(Some(vec![wanted]))
        };
        let found = client.call(version, &by_id(topic.id)).topics.remove(0);
        assert_eq!(error(found.error_code), None);
        assert_eq!(found.name, Some(topic_name(&topic.name)));
        assert_eq!(found.partitions.len(), 2);
        let id = Uuid::new_v4();
        let unknown = client.call(version, &by_id(id)).topics.remove(0);
        assert_eq!(error(unknown.error_code), Some(E::UnknownTopicId));
        assert_eq!((unknown.name, unknown.topic_id), (None, id));
    }
}

#[test]
fn operations_are_told_to_those_who_ask() {
    let mut client = connect();
    let topic = client.topic("metadata-operations", 1);
    let wanted = MetadataRequestTopic::default().with_name(Some(topic_name(&topic.name)));
    let request = MetadataRequest::default()
        .with_topics(Some(vec![wanted]))
        .with_include_cluster_authorized_operations(true)
        .with_include_topic_authorized_operations(true);
    let answer = client.call(10, &request);
    // A bit for each operation (KIP-430): read, write, create, delete, alter, describe,
    // describe configs, alter configs; and what belongs to a cluster.
    assert_eq!(answer.topics[0].topic_authorized_operations, 0b1101_1111_1000);
    assert_eq!(answer.cluster_authorized_operations, 0b1_1111_1010_0000);
    let answer = client.metadata(10, &[&topic.name]);
    assert_eq!(answer.topics[0].topic_authorized_operations, i32::MIN);
    assert_eq!(answer.cluster_authorized_operations, i32::MIN);
}

fn describe(
    client: &mut Client,
    names: &[&str],
    limit: i32,
    cursor: Option<(&str, i32)>,
) -> DescribeTopicPartitionsResponse {
    let topics = names.iter().map(|name| TopicRequest::default().with_name(topic_name(name)));
    let cursor = cursor.map(|(name, at)| {
        Cursor::default().with_topic_name(topic_name(name)).with_partition_index(at)
    });
    let request = DescribeTopicPartitionsRequest::default()
        .with_topics(topics.collect())
        .with_response_partition_limit(limit)
        .with_cursor(cursor);
    client.call(0, &request)
}

#[test]
fn partitions_are_described_in_pages() {
    let mut client = connect();
    let topic = client.topic("describe-pages", 5);
    let first = describe(&mut client, &[&topic.name], 3, None);
    let found = &first.topics[0];
    assert_eq!((error(found.error_code), found.topic_id), (None, topic.id));
    let indexes = |answer: &DescribeTopicPartitionsResponse| {
        answer.topics[0].partitions.iter().map(|p| p.partition_index).collect::<Vec<_>>()
    };
    assert_eq!(indexes(&first), [0, 1, 2]);
    let next = first.next_cursor.expect("there is more");
    assert_eq!((&**next.topic_name, next.partition_index), (topic.name.as_str(), 3));
    let second = describe(&mut client, &[&topic.name], 3, Some((&topic.name, 3)));
    assert_eq!(indexes(&second), [3, 4]);
    assert_eq!(second.next_cursor, None);
}

#[test]
fn topics_are_described_in_the_order_of_their_names() {
    let mut client = connect();
    let mut names = [client.topic("describe-b", 1).name, client.topic("describe-a", 1).name];
    let wanted: Vec<&str> = names.iter().map(String::as_str).collect();
    let answer = describe(&mut client, &wanted, 2000, None);
    names.sort();
    let found: Vec<_> = answer.topics.iter().map(|t| t.name.clone().expect("a name")).collect();
    assert_eq!(found, [topic_name(&names[0]), topic_name(&names[1])]);
}

#[test]
fn unknown_and_impossible_topics_are_not_described() {
    let mut client = connect();
    let answer = describe(&mut client, &["no-such-topic"], 2000, None);
    assert_eq!(error(answer.topics[0].error_code), Some(E::UnknownTopicOrPartition));
    let answer = describe(&mut client, &["no/such/topic"], 2000, None);
    assert_eq!(error(answer.topics[0].error_code), Some(E::InvalidTopicException));
}
