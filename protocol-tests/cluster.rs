//! The cluster as one broker can tell of it: itself, its log folders, elections, reassignments.

use crate::harness::*;
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, BrokerId, DescribeClusterRequest, DescribeLogDirsRequest,
    DescribeLogDirsResponse, DescribeQuorumRequest, ElectLeadersRequest, ElectLeadersResponse,
    ListPartitionReassignmentsRequest,
    alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic},
    describe_log_dirs_request::DescribableLogDirTopic,
    describe_quorum_request as quorum,
    elect_leaders_request::TopicPartitions,
    list_partition_reassignments_request::ListPartitionReassignmentsTopics,
};

#[test]
fn every_version_describes_the_cluster() {
    let mut client = connect();
    let metadata = client.metadata(12, &[]);
    for version in 0..=2 {
        let answer = client.call(version, &DescribeClusterRequest::default());
        assert_eq!(error(answer.error_code), None, "v{version}");
        assert_eq!(Some(answer.cluster_id), metadata.cluster_id);
        assert_eq!(answer.brokers.len(), 1);
        let broker = &answer.brokers[0];
        assert_eq!(broker.broker_id, metadata.brokers[0].node_id);
        assert_eq!(
            (&broker.host, broker.port),
            (&metadata.brokers[0].host, metadata.brokers[0].port)
        );
        assert_eq!(answer.controller_id, broker.broker_id, "v{version}");
        assert_eq!(answer.cluster_authorized_operations, i32::MIN);
        assert!(!broker.is_fenced);
    }
}

#[test]
fn the_operations_on_the_cluster_are_told_to_those_who_ask() {
    let request =
        DescribeClusterRequest::default().with_include_cluster_authorized_operations(true);
    let answer = connect().call(1, &request);
    assert_eq!(answer.cluster_authorized_operations, 0b1_1111_1010_0000);
}

/// A broker's listener knows the brokers (type 1) and not the controllers (type 2).
#[test]
fn another_endpoint_type_is_refused() {
    for (kind, code) in [
        (2, E::MismatchedEndpointType),
        (0, E::UnsupportedEndpointType),
        (3, E::UnsupportedEndpointType),
        (-1, E::UnsupportedEndpointType),
    ] {
        let request = DescribeClusterRequest::default().with_endpoint_type(kind);
        let answer = connect().call(1, &request);
        assert_eq!(error(answer.error_code), Some(code), "type {kind}");
        assert!(answer.error_message.is_some());
    }
}

fn log_dirs(
    client: &mut Client,
    version: i16,
    topics: Option<&[(&str, &[i32])]>,
) -> DescribeLogDirsResponse {
    let topics = topics.map(|topics| {
        let wanted = topics.iter().map(|(name, partitions)| {
            DescribableLogDirTopic::default()
                .with_topic(topic_name(name))
                .with_partitions(partitions.to_vec())
        });
        wanted.collect()
    });
    client.call(version, &DescribeLogDirsRequest::default().with_topics(topics))
}

#[test]
fn every_version_describes_the_log_folder() {
    let mut client = connect();
    let topic = client.topic("cluster-dirs", 2);
    client.append(&topic, ["x".repeat(10_000)]);
    for version in 1..=4 {
        let answer = log_dirs(&mut client, version, Some(&[(&topic.name, &[0, 1])]));
        assert_eq!(error(answer.error_code), None);
        assert_eq!(answer.results.len(), 1, "one folder");
        let dir = &answer.results[0];
        assert_eq!(error(dir.error_code), None);
        assert!(dir.log_dir.starts_with('/'), "{}", dir.log_dir);
        assert_eq!(*dir.topics[0].name.0, *topic.name);
        let mut partitions = dir.topics[0].partitions.clone();
        partitions.sort_by_key(|p| p.partition_index);
        assert_eq!(partitions.len(), 2);
        assert!(partitions[0].partition_size >= 10_000, "v{version}: {partitions:?}");
        assert_eq!(partitions[1].partition_size, 0);
        assert!(partitions.iter().all(|p| p.offset_lag == 0 && !p.is_future_key));
        if version >= 4 {
            assert!(dir.total_bytes >= dir.usable_bytes && dir.usable_bytes > 0);
        }
    }
}

#[test]
fn all_partitions_are_described_when_no_topic_is_named() {
    let mut client = connect();
    let topic = client.topic("cluster-dirs-all", 1);
    let answer = log_dirs(&mut client, 4, None);
    assert!(answer.results[0].topics.iter().any(|t| *t.name.0 == *topic.name));
}

#[test]
fn unknown_partitions_are_left_out_of_the_log_folder() {
    let mut client = connect();
    let topic = client.topic("cluster-dirs-some", 1);
    let wanted: [(&str, &[i32]); 2] = [(&topic.name, &[0, 5]), ("no-such-topic", &[0])];
    let answer = log_dirs(&mut client, 4, Some(&wanted));
    let dir = &answer.results[0];
    assert_eq!((error(answer.error_code), dir.topics.len()), (None, 1));
    assert_eq!(dir.topics[0].partitions.len(), 1);
    let none = log_dirs(&mut client, 4, Some(&[]));
    assert_eq!(none.results[0].topics.len(), 0);
}

fn elect(
    client: &mut Client,
    version: i16,
    kind: i8,
    partitions: Option<(&str, &[i32])>,
) -> ElectLeadersResponse {
    let partitions = partitions.map(|(name, partitions)| {
        let wanted = TopicPartitions::default()
            .with_topic(topic_name(name))
            .with_partitions(partitions.to_vec());
        vec![wanted]
    });
    let request = ElectLeadersRequest::default()
        .with_election_type(kind)
        .with_topic_partitions(partitions)
        .with_timeout_ms(30_000);
    client.call(version, &request)
}

/// The preferred leader leads already: there is no other.
#[test]
fn an_election_is_not_needed() {
    let mut client = connect();
    let topic = client.topic("cluster-elect", 2);
    for (version, kind) in [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1)] {
        let answer = elect(&mut client, version, kind, Some((&topic.name, &[0, 1])));
        assert_eq!(error(answer.error_code), None, "v{version}");
        let results = &answer.replica_election_results[0];
        assert_eq!(*results.topic.0, *topic.name);
        assert_eq!(results.partition_result.len(), 2);
        for result in &results.partition_result {
            assert_eq!(error(result.error_code), Some(E::ElectionNotNeeded), "v{version}");
        }
    }
}

#[test]
fn unknown_partitions_elect_nobody() {
    let mut client = connect();
    let topic = client.topic("cluster-elect-unknown", 1);
    for wanted in [(topic.name.as_str(), &[7][..]), ("no-such-topic", &[0])] {
        let answer = elect(&mut client, 2, 0, Some(wanted));
        let result = &answer.replica_election_results[0].partition_result[0];
        assert_eq!(error(result.error_code), Some(E::UnknownTopicOrPartition), "{}", wanted.0);
    }
}

/// When all partitions are meant, those that need no election are not named.
#[test]
fn an_election_of_all_partitions_names_none() {
    let mut client = connect();
    client.topic("cluster-elect-all", 1);
    let answer = elect(&mut client, 2, 0, None);
    assert_eq!(error(answer.error_code), None);
    // Kafka lists the topics all the same, without partitions.
    assert!(answer.replica_election_results.iter().all(|t| t.partition_result.is_empty()));
}

#[test]
fn an_election_of_no_kind_is_refused() {
    let mut client = connect();
    let topic = client.topic("cluster-elect-kind", 1);
    let answer = elect(&mut client, 2, 9, Some((&topic.name, &[0])));
    assert_eq!(error(answer.error_code), Some(E::InvalidRequest));
}

/// Asks to move partition 0; the error of the request, then the partition's.
fn reassign(
    client: &mut Client,
    version: i16,
    name: &str,
    partition: i32,
    replicas: Option<&[i32]>,
) -> Option<E> {
    let replicas = replicas.map(|r| r.iter().map(|b| BrokerId(*b)).collect());
    let partition =
        ReassignablePartition::default().with_partition_index(partition).with_replicas(replicas);
    let topic =
        ReassignableTopic::default().with_name(topic_name(name)).with_partitions(vec![partition]);
    let request = AlterPartitionReassignmentsRequest::default()
        .with_timeout_ms(30_000)
        .with_topics(vec![topic]);
    let answer = client.call(version, &request);
    assert_eq!(error(answer.error_code), None);
    error(answer.responses[0].partitions[0].error_code)
}

#[test]
fn a_partition_can_be_moved_to_where_it_is_and_nowhere_else() {
    let mut client = connect();
    let node = client.node();
    let topic = client.topic("cluster-reassign", 1);
    for version in 0..=1 {
        let mut code = |partition, replicas: Option<&[i32]>| {
            reassign(&mut client, version, &topic.name, partition, replicas)
        };
        assert_eq!(code(0, Some(&[node])), None, "v{version}");
        let elsewhere = code(0, Some(&[node + 1000]));
        assert_eq!(elsewhere, Some(E::InvalidReplicaAssignment), "v{version}");
        let twice = code(0, Some(&[node, node]));
        assert_eq!(twice, Some(E::InvalidReplicaAssignment), "v{version}");
        assert_eq!(code(0, Some(&[])), Some(E::InvalidReplicaAssignment), "v{version}");
        // Null cancels a move, and there is none.
        assert_eq!(code(0, None), Some(E::NoReassignmentInProgress), "v{version}");
        assert_eq!(code(9, Some(&[node])), Some(E::UnknownTopicOrPartition), "v{version}");
    }
    let unknown = reassign(&mut client, 0, "no-such-topic", 0, Some(&[node]));
    assert_eq!(unknown, Some(E::UnknownTopicOrPartition));
}

#[test]
fn no_partition_is_on_the_move() {
    let mut client = connect();
    let topic = client.topic("cluster-moves", 1);
    let wanted = |name: &str, partition| {
        ListPartitionReassignmentsTopics::default()
            .with_name(topic_name(name))
            .with_partition_indexes(vec![partition])
    };
    for topics in [
        None,
        Some(vec![]),
        Some(vec![wanted(&topic.name, 0)]),
        Some(vec![wanted(&topic.name, 9)]),
        Some(vec![wanted("no-such-topic", 0)]),
    ] {
        let request = ListPartitionReassignmentsRequest::default().with_topics(topics.clone());
        let answer = client.call(0, &request.with_timeout_ms(30_000));
        assert_eq!((error(answer.error_code), answer.topics.len()), (None, 0), "{topics:?}");
    }
}

/// The answer's partition, after what the answer says as a whole.
fn describe_quorum(
    client: &mut Client,
    version: i16,
    name: &str,
    partition: i32,
) -> kafka_protocol::messages::DescribeQuorumResponse {
    let partition = quorum::PartitionData::default().with_partition_index(partition);
    let topic = quorum::TopicData::default()
        .with_topic_name(topic_name(name))
        .with_partitions(vec![partition]);
    client.call(version, &DescribeQuorumRequest::default().with_topics(vec![topic]))
}

#[test]
fn the_quorum_is_this_broker() {
    let mut client = connect();
    let node = client.node();
    for version in 0..=2 {
        let answer = describe_quorum(&mut client, version, "__cluster_metadata", 0);
        assert_eq!(error(answer.error_code), None, "v{version}");
        let partition = &answer.topics[0].partitions[0];
        assert_eq!((error(partition.error_code), partition.leader_id.0), (None, node));
        assert!(partition.leader_epoch >= 0 && partition.high_watermark >= 0);
        let voters: Vec<i32> = partition.current_voters.iter().map(|v| v.replica_id.0).collect();
        assert_eq!(voters, [node], "v{version}");
        assert!(partition.current_voters[0].log_end_offset >= partition.high_watermark);
        if version >= 2 {
            assert_eq!(answer.nodes.len(), 1);
            assert_eq!(answer.nodes[0].node_id.0, node);
            assert!(!answer.nodes[0].listeners.is_empty());
        }
    }
}

#[test]
fn another_topic_has_no_quorum() {
    let mut client = connect();
    let topic = client.topic("cluster-quorum", 1);
    for (name, partition) in [(topic.name.as_str(), 0), ("__cluster_metadata", 1)] {
        let answer = describe_quorum(&mut client, 2, name, partition);
        let code = answer.topics[0].partitions[0].error_code;
        assert_eq!(error(code), Some(E::UnknownTopicOrPartition), "{name}");
    }
}
