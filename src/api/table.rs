//! The list of APIs: one line each. Nothing else has to be edited to serve one more.

use std::ops::RangeInclusive;

use bytes::Bytes;
use futures::future::BoxFuture;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::HeaderVersion;

use super::dispatch::{self, Dispatched};
use super::{Call, Handler};
use super::{
    alter_configs, alter_partition_reassignments, api_versions, create_partitions, create_topics,
    delete_groups, delete_records, delete_topics, describe_cluster, describe_configs,
    describe_groups, describe_log_dirs, describe_producers, describe_quorum,
    describe_topic_partitions, elect_leaders, fetch, find_coordinator, heartbeat,
    incremental_alter_configs, init_producer_id, join_group, leave_group, list_config_resources,
    list_groups, list_offsets, list_partition_reassignments, metadata, offset_commit,
    offset_delete, offset_fetch, offset_for_leader_epoch, produce, sync_group,
};

/// Every API that is served, by key.
pub(crate) static APIS: &[Api] = &[
    Api::of::<produce::Produce>(),                                   // 0
    Api::of::<fetch::Fetch>(),                                       // 1
    Api::of::<list_offsets::ListOffsets>(),                          // 2
    Api::of::<metadata::Metadata>(),                                 // 3
    Api::of::<offset_commit::OffsetCommit>(),                        // 8
    Api::of::<offset_fetch::OffsetFetch>(),                          // 9
    Api::of::<find_coordinator::FindCoordinator>(),                  // 10
    Api::of::<join_group::JoinGroup>(),                              // 11
    Api::of::<heartbeat::Heartbeat>(),                               // 12
    Api::of::<leave_group::LeaveGroup>(),                            // 13
    Api::of::<sync_group::SyncGroup>(),                              // 14
    Api::of::<describe_groups::DescribeGroups>(),                    // 15
    Api::of::<list_groups::ListGroups>(),                            // 16
    Api::of::<api_versions::ApiVersions>(),                          // 18
    Api::of::<create_topics::CreateTopics>(),                        // 19
    Api::of::<delete_topics::DeleteTopics>(),                        // 20
    Api::of::<delete_records::DeleteRecords>(),                      // 21
    Api::of::<init_producer_id::InitProducerId>(),                   // 22
    Api::of::<offset_for_leader_epoch::OffsetForLeaderEpoch>(),      // 23
    Api::of::<describe_configs::DescribeConfigs>(),                  // 32
    Api::of::<alter_configs::AlterConfigs>(),                        // 33
    Api::of::<describe_log_dirs::DescribeLogDirs>(),                 // 35
    Api::of::<create_partitions::CreatePartitions>(),                // 37
    Api::of::<delete_groups::DeleteGroups>(),                        // 42
    Api::of::<elect_leaders::ElectLeaders>(),                        // 43
    Api::of::<incremental_alter_configs::IncrementalAlterConfigs>(), // 44
    Api::of::<alter_partition_reassignments::AlterPartitionReassignments>(), // 45
    Api::of::<list_partition_reassignments::ListPartitionReassignments>(), // 46
    Api::of::<offset_delete::OffsetDelete>(),                        // 47
    Api::of::<describe_quorum::DescribeQuorum>(),                    // 55
    Api::of::<describe_cluster::DescribeCluster>(),                  // 60
    Api::of::<describe_producers::DescribeProducers>(),              // 61
    Api::of::<list_config_resources::ListConfigResources>(),         // 74
    Api::of::<describe_topic_partitions::DescribeTopicPartitions>(), // 75
];

/// What the table keeps of a handler.
pub(crate) struct Api {
    pub(crate) key: ApiKey,
    pub(crate) served: RangeInclusive<i16>,
    pub(crate) advertised: RangeInclusive<i16>,
    /// What differs from Kafka.
    #[cfg_attr(not(test), expect(dead_code, reason = "for docs/PROTOCOL.md, written by a test"))]
    pub(crate) note: &'static str,
    /// Which header a request of this version has (1 or 2).
    pub(crate) request_header: fn(i16) -> i16,
    pub(super) serve: fn(Call, Bytes) -> BoxFuture<'static, Dispatched>,
    /// The body of a request in which nothing is set.
    #[cfg(test)]
    pub(crate) sample: fn(i16) -> Option<Bytes>,
}

#[cfg(test)]
fn sample<R: Default + kafka_protocol::protocol::Encodable>(version: i16) -> Option<Bytes> {
    let mut body = bytes::BytesMut::new();
    R::default().encode(&mut body, version).ok()?;
    Some(body.freeze())
}

impl Api {
    const fn of<H: Handler>() -> Self {
        Self {
            key: H::KEY,
            served: H::VERSIONS,
            advertised: H::ADVERTISED,
            note: H::NOTE,
            request_header: <H::Request as HeaderVersion>::header_version,
            serve: dispatch::serve::<H>,
            #[cfg(test)]
            sample: sample::<H::Request>,
        }
    }

    /// Kafka's name for it.
    pub(crate) fn name(&self) -> String {
        format!("{:?}", self.key)
    }
}

/// Finds an API's line by the key on the wire.
pub(crate) fn find(key: i16) -> Option<(usize, &'static Api)> {
    APIS.iter().enumerate().find(|(_, api)| api.key as i16 == key)
}
