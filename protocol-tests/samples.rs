//! One well-formed request for each API and version that Klamm serves, as bytes.

use crate::harness::{groups::*, *};
use bytes::BytesMut;
use kafka_protocol::{
    messages::{
        alter_configs_request as alter, alter_partition_reassignments_request as reassign,
        create_partitions_request::CreatePartitionsTopic,
        delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic},
        delete_topics_request::DeleteTopicState,
        describe_configs_request::DescribeConfigsResource,
        describe_log_dirs_request::DescribableLogDirTopic,
        describe_producers_request as producers, describe_quorum_request as quorum,
        describe_topic_partitions_request as partitions,
        elect_leaders_request::TopicPartitions,
        incremental_alter_configs_request as incremental,
        leave_group_request::MemberIdentity,
        list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic},
        list_partition_reassignments_request::ListPartitionReassignmentsTopics,
        metadata_request::MetadataRequestTopic,
        offset_delete_request as offset_delete, offset_fetch_request as offset_fetch,
        offset_for_leader_epoch_request::{OffsetForLeaderPartition, OffsetForLeaderTopic},
        *,
    },
    protocol::Request,
};
use uuid::Uuid;

/// An API as Apache Kafka 4.3 serves it (`max` no further than the codec crate can go).
pub(crate) struct Sample {
    pub(crate) key: i16,
    pub(crate) min: i16,
    pub(crate) max: i16,
    body: fn(i16) -> Vec<u8>,
}

impl Sample {
    /// The request of this version. Topics and groups it names do not exist.
    pub(crate) fn body(&self, version: i16) -> Vec<u8> {
        (self.body)(version)
    }
}

fn bytes<R: Request>(version: i16, request: R) -> Vec<u8> {
    let mut out = BytesMut::new();
    request.encode(&mut out, version).expect("the version can say this");
    out.to_vec()
}

fn sample(key: ApiKey, min: i16, max: i16, body: fn(i16) -> Vec<u8>) -> Sample {
    Sample { key: key as i16, min, max, body }
}

fn nowhere() -> Topic {
    Topic { name: "no-such-topic".into(), id: Uuid::from_u128(77) }
}

fn nobody() -> Member {
    Member { group: "no-such-group".into(), id: "nobody".into(), instance: None, generation: 3 }
}

/// All of them, by key.
pub(crate) fn samples() -> Vec<Sample> {
    use ApiKey::*;
    vec![
        sample(Produce, 3, 13, |v| {
            bytes(v, produce_request(v, -1, &nowhere(), 0, Some(Batch::of(["value"]).bytes())))
        }),
        sample(Fetch, 4, 18, |v| bytes(v, fetch_request(v, &nowhere(), &[(0, 0)]))),
        sample(ListOffsets, 1, 10, |v| {
            let topic = ListOffsetsTopic::default()
                .with_name(topic_name("no-such-topic"))
                .with_partitions(vec![ListOffsetsPartition::default()]);
            bytes(v, ListOffsetsRequest::default().with_topics(vec![topic]))
        }),
        sample(Metadata, 0, 13, |v| {
            let topic =
                MetadataRequestTopic::default().with_name(Some(topic_name("no/such/topic")));
            bytes(v, MetadataRequest::default().with_topics(Some(vec![topic])))
        }),
        sample(OffsetCommit, 2, 9, |v| bytes(v, commit_request("no-group", &nowhere(), 1))),
        sample(OffsetFetch, 1, 9, |v| bytes(v, offset_fetch_sample(v))),
        sample(FindCoordinator, 0, 6, |v| {
            let request = FindCoordinatorRequest::default();
            let request = match v {
                0..4 => request.with_key(text("a-group")),
                _ => request.with_coordinator_keys(vec![text("a-group")]),
            };
            bytes(v, request)
        }),
        sample(JoinGroup, 0, 9, |v| {
            let instance = (v >= 5).then_some("an-instance");
            let request = join_request("no-such-group", "nobody", instance);
            bytes(v, if v == 0 { request.with_rebalance_timeout_ms(-1) } else { request })
        }),
        sample(Heartbeat, 0, 4, |v| bytes(v, heartbeat_request(&nobody()))),
        sample(LeaveGroup, 0, 5, |v| {
            let request = LeaveGroupRequest::default().with_group_id(group_id("no-such-group"));
            let who = MemberIdentity::default().with_member_id(text("nobody"));
            let request = match v {
                0..3 => request.with_member_id(text("nobody")),
                _ => request.with_members(vec![who]),
            };
            bytes(v, request)
        }),
        sample(SyncGroup, 0, 5, |v| {
            let request = sync_request(&nobody(), &[("nobody", "share")]);
            let old = request.clone().with_protocol_type(None).with_protocol_name(None);
            bytes(v, if v < 5 { old } else { request })
        }),
        sample(DescribeGroups, 0, 6, |v| {
            bytes(v, DescribeGroupsRequest::default().with_groups(vec![group_id("no-such-group")]))
        }),
        sample(ListGroups, 0, 5, |v| {
            let states = if v >= 4 { vec![text("Stable")] } else { vec![] };
            bytes(v, ListGroupsRequest::default().with_states_filter(states))
        }),
        sample(ApiVersions, 0, 4, |v| {
            let request = ApiVersionsRequest::default();
            let named = request.clone().with_client_software_name(text("tests"));
            let named = named.with_client_software_version(text("1"));
            bytes(v, if v < 3 { request } else { named })
        }),
        sample(CreateTopics, 2, 7, |v| {
            let topic = creatable("no/such/name", 1).with_configs(vec![setting("a", "b")]);
            bytes(v, CreateTopicsRequest::default().with_topics(vec![topic]))
        }),
        sample(DeleteTopics, 1, 6, |v| {
            let request = DeleteTopicsRequest::default();
            let topic = DeleteTopicState::default().with_name(Some(topic_name("no-such-topic")));
            let request = match v {
                0..6 => request.with_topic_names(vec![topic_name("no-such-topic")]),
                _ => request.with_topics(vec![topic]),
            };
            bytes(v, request)
        }),
        sample(DeleteRecords, 0, 2, |v| {
            let topic = DeleteRecordsTopic::default()
                .with_name(topic_name("no-such-topic"))
                .with_partitions(vec![DeleteRecordsPartition::default().with_offset(1)]);
            bytes(v, DeleteRecordsRequest::default().with_topics(vec![topic]))
        }),
        sample(InitProducerId, 0, 5, |v| {
            bytes(v, InitProducerIdRequest::default().with_transaction_timeout_ms(60_000))
        }),
        sample(OffsetForLeaderEpoch, 2, 4, |v| {
            let topic = OffsetForLeaderTopic::default()
                .with_topic(topic_name("no-such-topic"))
                .with_partitions(vec![OffsetForLeaderPartition::default()]);
            bytes(v, OffsetForLeaderEpochRequest::default().with_topics(vec![topic]))
        }),
        sample(DescribeConfigs, 1, 4, |v| {
            let resource = DescribeConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("no-such-topic"))
                .with_configuration_keys(Some(vec![text("retention.ms")]));
            bytes(v, DescribeConfigsRequest::default().with_resources(vec![resource]))
        }),
        sample(AlterConfigs, 0, 2, |v| {
            let config =
                alter::AlterableConfig::default().with_name(text("a")).with_value(Some(text("b")));
            let resource = alter::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("no-such-topic"))
                .with_configs(vec![config]);
            bytes(v, AlterConfigsRequest::default().with_resources(vec![resource]))
        }),
        sample(DescribeLogDirs, 1, 4, |v| {
            let topic = DescribableLogDirTopic::default()
                .with_topic(topic_name("no-such-topic"))
                .with_partitions(vec![0, 1]);
            bytes(v, DescribeLogDirsRequest::default().with_topics(Some(vec![topic])))
        }),
        sample(CreatePartitions, 0, 3, |v| {
            let topic = CreatePartitionsTopic::default()
                .with_name(topic_name("no-such-topic"))
                .with_count(3)
                .with_assignments(None);
            bytes(v, CreatePartitionsRequest::default().with_topics(vec![topic]))
        }),
        sample(DeleteGroups, 0, 2, |v| {
            let groups = vec![group_id("no-such-group")];
            bytes(v, DeleteGroupsRequest::default().with_groups_names(groups))
        }),
        sample(ElectLeaders, 0, 2, |v| {
            let topic = TopicPartitions::default()
                .with_topic(topic_name("no-such-topic"))
                .with_partitions(vec![0]);
            bytes(v, ElectLeadersRequest::default().with_topic_partitions(Some(vec![topic])))
        }),
        sample(IncrementalAlterConfigs, 0, 1, |v| {
            let config = incremental::AlterableConfig::default()
                .with_name(text("a"))
                .with_value(Some(text("b")));
            let resource = incremental::AlterConfigsResource::default()
                .with_resource_type(2)
                .with_resource_name(text("no-such-topic"))
                .with_configs(vec![config]);
            bytes(v, IncrementalAlterConfigsRequest::default().with_resources(vec![resource]))
        }),
        sample(AlterPartitionReassignments, 0, 1, |v| {
            let partition =
                reassign::ReassignablePartition::default().with_replicas(Some(vec![9.into()]));
            let topic = reassign::ReassignableTopic::default()
                .with_name(topic_name("no-such-topic"))
                .with_partitions(vec![partition]);
            bytes(v, AlterPartitionReassignmentsRequest::default().with_topics(vec![topic]))
        }),
        sample(ListPartitionReassignments, 0, 0, |v| {
            let topic = ListPartitionReassignmentsTopics::default()
                .with_name(topic_name("no-such-topic"))
                .with_partition_indexes(vec![0]);
            bytes(v, ListPartitionReassignmentsRequest::default().with_topics(Some(vec![topic])))
        }),
        sample(OffsetDelete, 0, 0, |v| {
            let topic = offset_delete::OffsetDeleteRequestTopic::default()
                .with_name(topic_name("no-such-topic"))
                .with_partitions(vec![Default::default()]);
            let request = OffsetDeleteRequest::default().with_group_id(group_id("no-such-group"));
            bytes(v, request.with_topics(vec![topic]))
        }),
        sample(DescribeQuorum, 0, 2, |v| {
            let topic = quorum::TopicData::default()
                .with_topic_name(topic_name("no-such-topic"))
                .with_partitions(vec![quorum::PartitionData::default()]);
            bytes(v, DescribeQuorumRequest::default().with_topics(vec![topic]))
        }),
        sample(DescribeCluster, 0, 2, |v| bytes(v, DescribeClusterRequest::default())),
        sample(DescribeProducers, 0, 0, |v| {
            let topic = producers::TopicRequest::default()
                .with_name(topic_name("no-such-topic"))
                .with_partition_indexes(vec![0]);
            bytes(v, DescribeProducersRequest::default().with_topics(vec![topic]))
        }),
        sample(ListConfigResources, 0, 1, |v| {
            let types = if v > 0 { vec![2] } else { vec![] };
            bytes(v, ListConfigResourcesRequest::default().with_resource_types(types))
        }),
        sample(DescribeTopicPartitions, 0, 0, |v| {
            let topic = partitions::TopicRequest::default().with_name(topic_name("no-such-topic"));
            bytes(v, DescribeTopicPartitionsRequest::default().with_topics(vec![topic]))
        }),
    ]
}

fn offset_fetch_sample(version: i16) -> OffsetFetchRequest {
    let request = OffsetFetchRequest::default();
    if version < 8 {
        let topic = offset_fetch::OffsetFetchRequestTopic::default()
            .with_name(topic_name("no-such-topic"))
            .with_partition_indexes(vec![0]);
        return request.with_group_id(group_id("no-group")).with_topics(Some(vec![topic]));
    }
    let topic = offset_fetch::OffsetFetchRequestTopics::default()
        .with_name(topic_name("no-such-topic"))
        .with_partition_indexes(vec![0]);
    let group = offset_fetch::OffsetFetchRequestGroup::default()
        .with_group_id(group_id("no-group"))
        .with_topics(Some(vec![topic]));
    request.with_groups(vec![group])
}
