//! OffsetFetch: how far groups have read.
//!
//! v2 all topics of a group (null), an error for the group; v5 leader epochs; v6 flexible; v7 only
//! stable offsets (KIP-447: nothing is ever pending here, there are no transactions yet); v8
//! several groups (KIP-709); v9 the member's epoch (of no meaning for classic groups).

use std::future::Future;
use std::ops::RangeInclusive;

use futures::future::join_all;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_protocol::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_protocol::messages::{ApiKey, OffsetFetchRequest, OffsetFetchResponse, TopicName};

use super::group_words::{group_id, kept, permit, shown};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::broker::groups::{FetchedOffset, Wanted};
use crate::groups::OffsetKey;

pub(super) struct OffsetFetch;

impl Handler for OffsetFetch {
    const KEY: ApiKey = ApiKey::OffsetFetch;
    const VERSIONS: RangeInclusive<i16> = 1..=9;
    type Request = OffsetFetchRequest;
    type Response = OffsetFetchResponse;

    async fn handle(call: Call, request: OffsetFetchRequest) -> Outcome<OffsetFetchResponse> {
        // v8: several groups (KIP-709).
        if call.version >= 8 {
            let groups = request.groups.into_iter().map(|group| fetch(&call, group));
            let answers = join_all(groups.collect::<Vec<_>>());
            return Outcome::Later(Box::pin(async move {
                OffsetFetchResponse::default().with_groups(answers.await)
            }));
        }
        let version = call.version;
        let asked = request.topics;
        let group = OffsetFetchRequestGroup::default()
            .with_group_id(request.group_id)
            .with_topics(asked.as_ref().map(|topics| topics.iter().map(newer).collect()));
        let answer = fetch(&call, group);
        Outcome::Later(Box::pin(async move { single(version, answer.await, asked) }))
    }
}

fn newer(topic: &OffsetFetchRequestTopic) -> OffsetFetchRequestTopics {
    OffsetFetchRequestTopics::default()
        .with_name(topic.name.clone())
        .with_partition_indexes(topic.partition_indexes.clone())
}

/// Reads one group at once; the future waits until what was read is durable.
fn fetch(
    call: &Call,
    asked: OffsetFetchRequestGroup,
) -> impl Future<Output = OffsetFetchResponseGroup> + Send + use<> {
    let response = OffsetFetchResponseGroup::default().with_group_id(asked.group_id.clone());
    let reading = permit(call, Operation::Describe, &asked.group_id).map(|permit| {
        let wanted = wanted(call, asked.topics.as_deref());
        call.broker.groups().offsets(&permit, &group_id(&asked.group_id), wanted)
    });
    let may_see = seer(call);
    async move {
        let found = match reading {
            Ok(reading) => reading.await.map_err(|error| errors::groups::unreadable(&error)),
            Err(error) => Err(error),
        };
        match found {
            Ok(found) => response.with_topics(match asked.topics {
                Some(topics) => answer_asked(topics, found, &may_see),
                None => answer_all(found, &may_see),
            }),
            Err(error) => response.with_error_code(error.code()),
        }
    }
}

/// Tells whether the caller may see a topic.
fn seer(call: &Call) -> impl Fn(&str) -> bool + Send + use<> {
    let caller = call.caller.clone();
    move |topic| caller.permit(Operation::Describe, Resource::Topic(topic)).is_ok()
}

fn wanted(call: &Call, topics: Option<&[OffsetFetchRequestTopics]>) -> Wanted {
    let Some(topics) = topics else { return Wanted::All };
    let may_see = seer(call);
    let mut keys = Vec::new();
    for topic in topics.iter().filter(|topic| may_see(&topic.name)) {
        let name = kept(&topic.name);
        let partitions = topic.partition_indexes.iter();
        keys.extend(partitions.map(|index| OffsetKey { topic: name.clone(), partition: *index }));
    }
    Wanted::These(keys)
}

/// What was found, topic by topic as it was asked for.
fn answer_asked(
    topics: Vec<OffsetFetchRequestTopics>,
    found: Vec<FetchedOffset>,
    may_see: &impl Fn(&str) -> bool,
) -> Vec<OffsetFetchResponseTopics> {
    let mut found = found.into_iter();
    let mut answers = Vec::with_capacity(topics.len());
    for topic in topics {
        let visible = may_see(&topic.name);
        let partitions = topic.partition_indexes.iter().map(|index| match visible {
            true => found.next().map_or_else(|| none(*index), partition),
            false => none(*index).with_error_code(ResponseError::TopicAuthorizationFailed.code()),
        });
        answers.push(
            OffsetFetchResponseTopics::default()
                .with_partitions(partitions.collect())
                .with_name(topic.name),
        );
    }
    answers
}

/// Everything the group has committed and the caller may see.
fn answer_all(
    found: Vec<FetchedOffset>,
    may_see: &impl Fn(&str) -> bool,
) -> Vec<OffsetFetchResponseTopics> {
    let mut answers: Vec<OffsetFetchResponseTopics> = Vec::new();
    for offset in found {
        let topic = offset.0.topic.clone();
        if !may_see(&topic) {
            continue;
        }
        match answers.last_mut() {
            Some(last) if last.name.as_str() == &*topic => last.partitions.push(partition(offset)),
            Some(_) | None => answers.push(
                OffsetFetchResponseTopics::default()
                    .with_name(TopicName(shown(&topic)))
                    .with_partitions(vec![partition(offset)]),
            ),
        }
    }
    answers
}

fn partition((key, committed): FetchedOffset) -> OffsetFetchResponsePartitions {
    match committed {
        None => none(key.partition),
        Some(committed) => OffsetFetchResponsePartitions::default()
            .with_partition_index(key.partition)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(shown(&committed.metadata))),
    }
}

/// Nothing is committed. This is no error, also when there is no such topic.
fn none(index: i32) -> OffsetFetchResponsePartitions {
    OffsetFetchResponsePartitions::default()
        .with_partition_index(index)
        .with_committed_offset(-1)
        .with_committed_leader_epoch(-1)
}

/// Below v8: one group.
fn single(
    version: i16,
    group: OffsetFetchResponseGroup,
    asked: Option<Vec<OffsetFetchRequestTopic>>,
) -> OffsetFetchResponse {
    // v1 has no place for an error of the group: each partition carries it.
    if version < 2 && group.error_code != 0 {
        let topics = asked.unwrap_or_default().into_iter().map(|topic| {
            let partitions = topic
                .partition_indexes
                .iter()
                .map(|index| older(none(*index).with_error_code(group.error_code)));
            OffsetFetchResponseTopic::default()
                .with_partitions(partitions.collect())
                .with_name(topic.name)
        });
        return OffsetFetchResponse::default().with_topics(topics.collect());
    }
    let topics = group.topics.into_iter().map(|topic| {
        OffsetFetchResponseTopic::default()
            .with_name(topic.name)
            .with_partitions(topic.partitions.into_iter().map(older).collect())
    });
    OffsetFetchResponse::default().with_error_code(group.error_code).with_topics(topics.collect())
}

fn older(partition: OffsetFetchResponsePartitions) -> OffsetFetchResponsePartition {
    OffsetFetchResponsePartition::default()
        .with_partition_index(partition.partition_index)
        .with_committed_offset(partition.committed_offset)
        .with_committed_leader_epoch(partition.committed_leader_epoch)
        .with_metadata(partition.metadata)
        .with_error_code(partition.error_code)
}
