//! DescribeQuorum (55): who keeps the cluster's metadata (KIP-595). Here it is this node alone, and
//! the metadata log is the list of changes ever made to the catalog.
//!
//! v1: when voters last fetched (KIP-836). v2: nodes and directory ids (KIP-853).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_quorum_request::TopicData as Asked;
use kafka_protocol::messages::describe_quorum_response::{
    Listener, Node, PartitionData, ReplicaState, TopicData,
};
use kafka_protocol::messages::{ApiKey, DescribeQuorumRequest, DescribeQuorumResponse};

use super::words::{own_id, text, topic_name};
use super::{Call, Handler, Outcome};
use crate::auth::{Operation, Resource};
use crate::catalog::names::CLUSTER_METADATA;

pub(crate) struct DescribeQuorum;

impl Handler for DescribeQuorum {
    const KEY: ApiKey = ApiKey::DescribeQuorum;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const NOTE: &'static str = "The metadata log's end is the number of changes ever made to \
        topics and settings, and the listeners are those for clients.";
    type Request = DescribeQuorumRequest;
    type Response = DescribeQuorumResponse;

    async fn handle(call: Call, request: DescribeQuorumRequest) -> Outcome<DescribeQuorumResponse> {
        if call.caller.permit(Operation::Describe, Resource::Cluster).is_err() {
            let denied = ResponseError::ClusterAuthorizationFailed.code();
            return Outcome::Now(DescribeQuorumResponse::default().with_error_code(denied));
        }
        let response = DescribeQuorumResponse::default();
        if !is_metadata_log(&request.topics) {
            let topics = request.topics.into_iter().map(unknown).collect();
            return Outcome::Now(response.with_topics(topics));
        }
        let log = TopicData::default()
            .with_topic_name(topic_name(CLUSTER_METADATA))
            .with_partitions(vec![quorum(&call)]);
        let nodes = if call.version >= 2 { vec![node(&call)] } else { Vec::new() };
        Outcome::Now(response.with_topics(vec![log]).with_nodes(nodes))
    }
}

/// Kafka answers for exactly this one partition.
fn is_metadata_log(topics: &[Asked]) -> bool {
    match topics {
        [topic] => {
            let [partition] = topic.partitions.as_slice() else { return false };
            topic.topic_name.as_str() == CLUSTER_METADATA && partition.partition_index == 0
        }
        _ => false,
    }
}

fn quorum(call: &Call) -> PartitionData {
    let end = i64::try_from(call.broker.catalog().changes()).unwrap_or(i64::MAX);
    let now_ms = call.broker.core().now().wall_ms;
    let mut voter = ReplicaState::default().with_replica_id(own_id(call)).with_log_end_offset(end);
    if call.version >= 1 {
        voter.last_fetch_timestamp = now_ms;
        voter.last_caught_up_timestamp = now_ms;
    }
    PartitionData::default()
        .with_partition_index(0)
        .with_leader_id(own_id(call))
        .with_leader_epoch(call.broker.leader_epoch())
        .with_high_watermark(end)
        .with_current_voters(vec![voter])
}

fn node(call: &Call) -> Node {
    let listeners = call.broker.endpoints().iter().map(|endpoint| {
        Listener::default()
            .with_name(text(&*endpoint.listener))
            .with_host(text(&*endpoint.host))
            .with_port(endpoint.port)
    });
    Node::default().with_node_id(own_id(call)).with_listeners(listeners.collect())
}

fn unknown(asked: Asked) -> TopicData {
    let partition = |index| {
        PartitionData::default()
            .with_partition_index(index)
            .with_error_code(ResponseError::UnknownTopicOrPartition.code())
            .with_error_message(Some(text("This node keeps no such log.")))
    };
    let partitions = asked.partitions.iter().map(|asked| partition(asked.partition_index));
    TopicData::default().with_partitions(partitions.collect()).with_topic_name(asked.topic_name)
}
