//! ElectLeaders (43): on one broker every partition has its leader, so nothing is ever elected.
//!
//! v1: unclean elections, and a code for the whole answer (KIP-460).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::elect_leaders_request::TopicPartitions;
use kafka_protocol::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use kafka_protocol::messages::{ApiKey, ElectLeadersRequest, ElectLeadersResponse};

use super::errors::Refusal;
use super::words::{text, topic_name};
use super::{Call, Handler, Outcome};
use crate::auth::{Operation, Resource};

pub(crate) struct ElectLeaders;

/// Kafka's `ElectionType`: preferred and unclean.
const ELECTION_TYPES: RangeInclusive<i8> = 0..=1;

impl Handler for ElectLeaders {
    const KEY: ApiKey = ApiKey::ElectLeaders;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    type Request = ElectLeadersRequest;
    type Response = ElectLeadersResponse;

    async fn handle(call: Call, request: ElectLeadersRequest) -> Outcome<ElectLeadersResponse> {
        if call.caller.permit(Operation::Alter, Resource::Cluster).is_err() {
            let denied = ResponseError::ClusterAuthorizationFailed.into();
            return Outcome::Now(refuse(call.version, request.topic_partitions, &denied));
        }
        if !ELECTION_TYPES.contains(&request.election_type) {
            let message = format!("Unknown election type {}", request.election_type);
            let refusal = Refusal::because(ResponseError::InvalidRequest, message);
            return Outcome::Now(refuse(call.version, request.topic_partitions, &refusal));
        }
        let results = match request.topic_partitions {
            Some(topics) => topics.into_iter().map(|topic| elect(&call, topic)).collect(),
            // When all are asked for, those that need no election are left out: all of them.
            None => {
                let topics = call.broker.catalog().topics();
                let empty =
                    |name: &str| ReplicaElectionResult::default().with_topic(topic_name(name));
                topics.iter().map(|topic| empty(&topic.name)).collect()
            }
        };
        Outcome::Now(ElectLeadersResponse::default().with_replica_election_results(results))
    }
}

fn elect(call: &Call, asked: TopicPartitions) -> ReplicaElectionResult {
    let topic = call.broker.catalog().topic(&asked.topic);
    let results = asked.partitions.iter().map(|partition| {
        let index = usize::try_from(*partition).ok();
        let known = |count: usize| index.is_some_and(|index| index < count);
        let (error, message) = match &topic {
            None => (ResponseError::UnknownTopicOrPartition, "There is no such topic."),
            Some(topic) if !known(topic.partitions.len()) => {
                (ResponseError::UnknownTopicOrPartition, "There is no such partition.")
            }
            Some(_) => {
                (ResponseError::ElectionNotNeeded, "The only replica leads this partition already.")
            }
        };
        PartitionResult::default()
            .with_partition_id(*partition)
            .with_error_code(error.code())
            .with_error_message(Some(text(message)))
    });
    ReplicaElectionResult::default()
        .with_partition_result(results.collect())
        .with_topic(asked.topic)
}

fn refuse(
    version: i16,
    asked: Option<Vec<TopicPartitions>>,
    refusal: &Refusal,
) -> ElectLeadersResponse {
    let partition = |partition| {
        PartitionResult::default()
            .with_partition_id(partition)
            .with_error_code(refusal.code())
            .with_error_message(refusal.message.clone().map(text))
    };
    let topic = |topic: TopicPartitions| {
        ReplicaElectionResult::default()
            .with_topic(topic.topic)
            .with_partition_result(topic.partitions.into_iter().map(partition).collect())
    };
    // v0 has no code for the whole answer.
    let code = if version >= 1 { refusal.code() } else { 0 };
    ElectLeadersResponse::default()
        .with_error_code(code)
        .with_replica_election_results(asked.into_iter().flatten().map(topic).collect())
}
