//! OffsetCommit: how far a group has read.
//!
//! v2-v4 the client says how long to keep the offsets; v6 leader epochs; v7 static members
//! (KIP-345); v8 flexible; v9 a missing group is told as such (for the classic protocol the rest
//! of v9 is as before: what may be a member's epoch is its generation).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use kafka_protocol::messages::{ApiKey, OffsetCommitRequest, OffsetCommitResponse};

use super::group_words::{group_id, kept, permit, presence};
use super::{Call, Handler, Outcome, errors, lookup};
use crate::auth::{Operation, Resource};
use crate::groups::{Commit, CommitAnswer, CommitItem, OffsetKey};

pub(super) struct OffsetCommit;

impl Handler for OffsetCommit {
    const KEY: ApiKey = ApiKey::OffsetCommit;
    const VERSIONS: RangeInclusive<i16> = 2..=9;
    type Request = OffsetCommitRequest;
    type Response = OffsetCommitResponse;

    async fn handle(call: Call, request: OffsetCommitRequest) -> Outcome<OffsetCommitResponse> {
        let version = call.version;
        let permit = match permit(&call, Operation::Read, &request.group_id) {
            Ok(permit) => permit,
            Err(error) => return Outcome::Now(all_refused(&request, error)),
        };
        let mut items = Vec::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            topics.push(sort_out(&call, topic, &mut items));
        }
        if items.is_empty() {
            return Outcome::Now(OffsetCommitResponse::default().with_topics(topics));
        }
        let commit = Commit {
            presence: presence(
                &request.member_id,
                request.group_instance_id.as_ref(),
                request.generation_id_or_member_epoch,
            ),
            retention_ms: Some(request.retention_time_ms).filter(|ms| *ms != -1),
            items,
        };
        let group = group_id(&request.group_id);
        let answer = call.broker.groups().commit(&permit, &group, commit);
        Outcome::Later(Box::pin(async move { fill_in(topics, &answer.await, version) }))
    }
}

/// Puts what can be committed into `items`, and refuses the rest in the response. What is to be
/// filled in later has no code yet.
fn sort_out(
    call: &Call,
    topic: &OffsetCommitRequestTopic,
    items: &mut Vec<CommitItem>,
) -> OffsetCommitResponseTopic {
    let partitions = find(call, topic);
    let answer = |partition: &OffsetCommitRequestPartition| {
        let index = partition.partition_index;
        let exists = partitions.and_then(|count| match usize::try_from(index) {
            Ok(index) if index < count => Ok(()),
            Ok(_) | Err(_) => Err(ResponseError::UnknownTopicOrPartition),
        });
        if exists.is_ok() {
            items.push(item(topic, partition));
        }
        OffsetCommitResponsePartition::default()
            .with_partition_index(index)
            .with_error_code(exists.map_or_else(|error| error.code(), |()| 0))
    };
    OffsetCommitResponseTopic::default()
        .with_name(topic.name.clone())
        .with_partitions(topic.partitions.iter().map(answer).collect())
}

/// How many partitions the topic has.
fn find(call: &Call, topic: &OffsetCommitRequestTopic) -> Result<usize, ResponseError> {
    let resource = Resource::Topic(topic.name.as_str());
    call.caller.permit(Operation::Read, resource).map_err(|_| errors::denied(&resource))?;
    lookup::by_name(&call.broker, &topic.name).map(|topic| topic.partitions.len())
}

fn item(topic: &OffsetCommitRequestTopic, partition: &OffsetCommitRequestPartition) -> CommitItem {
    CommitItem {
        key: OffsetKey { topic: kept(&topic.name), partition: partition.partition_index },
        offset: partition.committed_offset,
        leader_epoch: partition.committed_leader_epoch,
        metadata: partition.committed_metadata.as_ref().map(kept).unwrap_or_default(),
    }
}

/// Gives the partitions that have no code yet theirs, in the order in which they were asked for.
fn fill_in(
    mut topics: Vec<OffsetCommitResponseTopic>,
    answer: &CommitAnswer,
    version: i16,
) -> OffsetCommitResponse {
    let mut each = answer.iter().flatten();
    let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    for partition in partitions.filter(|partition| partition.error_code == 0) {
        let result = match answer {
            Err(error) => Err(*error),
            Ok(_) => each.next().copied().unwrap_or(Ok(())),
        };
        if let Err(error) = result {
            partition.error_code = errors::groups::commit(error, version).code();
        }
    }
    OffsetCommitResponse::default().with_topics(topics)
}

fn all_refused(request: &OffsetCommitRequest, error: ResponseError) -> OffsetCommitResponse {
    let topics = request.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(partition.partition_index)
                .with_error_code(error.code())
        });
        OffsetCommitResponseTopic::default()
            .with_name(topic.name.clone())
            .with_partitions(partitions.collect())
    });
    OffsetCommitResponse::default().with_topics(topics.collect())
}
