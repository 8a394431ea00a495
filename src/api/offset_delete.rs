//! OffsetDelete: a group forgets how far it has read topics that nobody in it reads (KIP-496).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_delete_request::OffsetDeleteRequestTopic;
use kafka_protocol::messages::offset_delete_response::{
    OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use kafka_protocol::messages::{ApiKey, OffsetDeleteRequest, OffsetDeleteResponse};

use super::group_words::{code, group_id, kept, permit};
use super::{Call, Handler, Outcome, errors, lookup};
use crate::auth::{Operation, Resource};
use crate::groups::{GroupError, OffsetKey};

pub(super) struct OffsetDelete;

impl Handler for OffsetDelete {
    const KEY: ApiKey = ApiKey::OffsetDelete;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    type Request = OffsetDeleteRequest;
    type Response = OffsetDeleteResponse;

    async fn handle(call: Call, request: OffsetDeleteRequest) -> Outcome<OffsetDeleteResponse> {
        let response = OffsetDeleteResponse::default();
        let permit = match permit(&call, Operation::Delete, &request.group_id) {
            Ok(permit) => permit,
            Err(error) => return Outcome::Now(response.with_error_code(error.code())),
        };
        let mut keys = Vec::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            topics.push(sort_out(&call, topic, &mut keys));
        }
        let group = group_id(&request.group_id);
        let answer = call.broker.groups().delete_offsets(&permit, &group, keys);
        Outcome::Later(Box::pin(async move {
            match answer.await {
                Ok(answers) => response.with_topics(fill_in(topics, answers)),
                Err(error) => response.with_error_code(errors::groups::group(error).code()),
            }
        }))
    }
}

/// Puts what exists into `keys`, and refuses the rest in the response.
fn sort_out(
    call: &Call,
    topic: &OffsetDeleteRequestTopic,
    keys: &mut Vec<OffsetKey>,
) -> OffsetDeleteResponseTopic {
    let count = find(call, topic);
    let name = kept(&topic.name);
    let partitions = topic.partitions.iter().map(|partition| {
        let index = partition.partition_index;
        let exists = count.and_then(|count| match usize::try_from(index) {
            Ok(index) if index < count => Ok(()),
            Ok(_) | Err(_) => Err(ResponseError::UnknownTopicOrPartition),
        });
        if exists.is_ok() {
            keys.push(OffsetKey { topic: name.clone(), partition: index });
        }
        OffsetDeleteResponsePartition::default()
            .with_partition_index(index)
            .with_error_code(exists.map_or_else(|error| error.code(), |()| 0))
    });
    OffsetDeleteResponseTopic::default()
        .with_name(topic.name.clone())
        .with_partitions(partitions.collect())
}

/// How many partitions the topic has.
fn find(call: &Call, topic: &OffsetDeleteRequestTopic) -> Result<usize, ResponseError> {
    let resource = Resource::Topic(topic.name.as_str());
    call.caller.permit(Operation::Read, resource).map_err(|_| errors::denied(&resource))?;
    lookup::by_name(&call.broker, &topic.name).map(|topic| topic.partitions.len())
}

/// Gives the partitions that have no code yet theirs, in the order in which they were asked for.
fn fill_in(
    mut topics: Vec<OffsetDeleteResponseTopic>,
    answers: Vec<Result<(), GroupError>>,
) -> Vec<OffsetDeleteResponseTopic> {
    let partitions = topics.iter_mut().flat_map(|topic| &mut topic.partitions);
    let open = partitions.filter(|partition| partition.error_code == 0);
    for (partition, answer) in open.zip(answers) {
        partition.error_code = code(answer);
    }
    topics
}
