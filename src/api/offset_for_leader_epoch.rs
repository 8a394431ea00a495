//! OffsetForLeaderEpoch: where a leader epoch ended, for consumers that check whether what they
//! read is still there (KIP-320).
//!
//! v3 replica id; v4 flexible.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderPartition, OffsetForLeaderTopic,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    ApiKey, OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, TopicName,
};

use crate::auth::{Operation, Resource};
use crate::base::Offset;
use crate::broker::fetch::check_epoch;

use super::{Call, Handler, Outcome, errors, lookup};

pub(super) struct OffsetForLeaderEpoch;

impl Handler for OffsetForLeaderEpoch {
    const KEY: ApiKey = ApiKey::OffsetForLeaderEpoch;
    const VERSIONS: RangeInclusive<i16> = 2..=4;
    type Request = OffsetForLeaderEpochRequest;
    type Response = OffsetForLeaderEpochResponse;

    async fn handle(
        call: Call,
        request: OffsetForLeaderEpochRequest,
    ) -> Outcome<OffsetForLeaderEpochResponse> {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            topics.push(answer_topic(&call, topic).await);
        }
        Outcome::Now(OffsetForLeaderEpochResponse::default().with_topics(topics))
    }
}

async fn answer_topic(call: &Call, topic: OffsetForLeaderTopic) -> OffsetForLeaderTopicResult {
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for asked in &topic.partitions {
        let response = EpochEndOffset::default()
            .with_partition(asked.partition)
            .with_leader_epoch(-1)
            .with_end_offset(-1);
        partitions.push(match find(call, &topic.topic, asked).await {
            Ok(Some((epoch, end))) => response.with_leader_epoch(epoch).with_end_offset(end),
            Ok(None) => response,
            Err(error) => response.with_error_code(error.code()),
        });
    }
    OffsetForLeaderTopicResult::default().with_topic(topic.topic).with_partitions(partitions)
}

async fn find(
    call: &Call,
    topic: &TopicName,
    asked: &OffsetForLeaderPartition,
) -> Result<Option<(i32, Offset)>, ResponseError> {
    let resource = Resource::Topic(topic.as_str());
    call.caller.permit(Operation::Describe, resource).map_err(|_| errors::denied(&resource))?;
    let topic = lookup::by_name(&call.broker, topic)?;
    let cell = lookup::partition(&call.broker, &topic, asked.partition).await?;
    check_epoch(cell.bounds().epoch, asked.current_leader_epoch)
        .map_err(|fault| errors::log::read(&fault))?;
    Ok(cell.end_of_epoch(asked.leader_epoch))
}
