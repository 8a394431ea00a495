//! AlterPartitionReassignments (45): with one broker a partition can only stay where it is.
//!
//! v1: the client may forbid another replication factor (KIP-860); here it never changes.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::alter_partition_reassignments_request::ReassignablePartition;
use kafka_protocol::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use kafka_protocol::messages::{
    AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, ApiKey,
};

use super::errors::Refusal;
use super::words::text;
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::catalog::Topic;
use crate::catalog::create::check_replicas;

pub(crate) struct AlterPartitionReassignments;

impl Handler for AlterPartitionReassignments {
    const KEY: ApiKey = ApiKey::AlterPartitionReassignments;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    type Request = AlterPartitionReassignmentsRequest;
    type Response = AlterPartitionReassignmentsResponse;

    async fn handle(
        call: Call,
        request: AlterPartitionReassignmentsRequest,
    ) -> Outcome<AlterPartitionReassignmentsResponse> {
        let response = AlterPartitionReassignmentsResponse::default()
            .with_allow_replication_factor_change(request.allow_replication_factor_change)
            .with_error_message(None);
        if call.caller.permit(Operation::Alter, Resource::Cluster).is_err() {
            let denied = ResponseError::ClusterAuthorizationFailed.code();
            return Outcome::Now(response.with_error_code(denied));
        }
        let topics = request.topics.into_iter().map(|asked| {
            let topic = call.broker.catalog().topic(&asked.name);
            let node_id = call.broker.node_id();
            let partitions = asked.partitions.into_iter().map(|partition| {
                let refusal = reassign(topic.as_deref(), &partition, node_id).err();
                ReassignablePartitionResponse::default()
                    .with_partition_index(partition.partition_index)
                    .with_error_code(refusal.as_ref().map_or(0, Refusal::code))
                    .with_error_message(refusal.and_then(|refusal| refusal.message).map(text))
            });
            ReassignableTopicResponse::default()
                .with_partitions(partitions.collect())
                .with_name(asked.name)
        });
        Outcome::Now(response.with_responses(topics.collect()))
    }
}

fn reassign(
    topic: Option<&Topic>,
    asked: &ReassignablePartition,
    node_id: i32,
) -> Result<(), Refusal> {
    let unknown = |message| Refusal::because(ResponseError::UnknownTopicOrPartition, message);
    let topic = topic.ok_or_else(|| unknown("There is no such topic."))?;
    let index = usize::try_from(asked.partition_index).ok();
    if index.is_none_or(|index| index >= topic.partitions.len()) {
        return Err(unknown("There is no such partition."));
    }
    let Some(replicas) = &asked.replicas else {
        return Err(ResponseError::NoReassignmentInProgress.into());
    };
    let brokers: Vec<_> = replicas.iter().map(|broker| broker.0).collect();
    check_replicas(&brokers, None, node_id).map_err(|fault| errors::catalog::assignment(&fault))
}
