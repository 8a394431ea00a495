//! ListOffsets: the offset of a place in a log.
//!
//! v2 isolation; v4 leader epochs (KIP-320); v6 flexible; v7 the largest timestamp (KIP-734); v8
//! the local log's start (KIP-405); v9 the end of tiered storage (KIP-1005); v10 a timeout for
//! tiered storage (KIP-1075). Nothing is tiered here: the local log is the log.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::{ApiKey, ListOffsetsRequest, ListOffsetsResponse, TopicName};

use crate::auth::{Operation, Resource};
use crate::broker::cell::Isolation;
use crate::broker::fetch::check_epoch;
use crate::broker::places::{Place, Placement};

use super::{Call, Handler, Outcome, errors, lookup};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

pub(super) struct ListOffsets;

impl Handler for ListOffsets {
    const KEY: ApiKey = ApiKey::ListOffsets;
    const VERSIONS: RangeInclusive<i16> = 1..=10;
    type Request = ListOffsetsRequest;
    type Response = ListOffsetsResponse;

    async fn handle(call: Call, request: ListOffsetsRequest) -> Outcome<ListOffsetsResponse> {
        Outcome::Later(Box::pin(async move {
            let isolation = match request.isolation_level {
                1 => Isolation::ReadCommitted,
                _ => Isolation::ReadUncommitted,
            };
            let repeated = repeated(&request.topics);
            let mut topics = Vec::with_capacity(request.topics.len());
            for topic in request.topics {
                topics.push(answer_topic(&call, isolation, topic, &repeated).await);
            }
            ListOffsetsResponse::default().with_topics(topics)
        }))
    }
}

/// Partitions that the request names more than once: Kafka answers none of them.
fn repeated(topics: &[ListOffsetsTopic]) -> HashSet<(TopicName, i32)> {
    let mut seen = HashSet::new();
    let named = topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|part| (topic.name.clone(), part.partition_index))
    });
    named.filter(|partition| !seen.insert(partition.clone())).collect()
}

async fn answer_topic(
    call: &Call,
    isolation: Isolation,
    topic: ListOffsetsTopic,
    repeated: &HashSet<(TopicName, i32)>,
) -> ListOffsetsTopicResponse {
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for asked in &topic.partitions {
        let index = asked.partition_index;
        let found = if repeated.contains(&(topic.name.clone(), index)) {
            Err(ResponseError::InvalidRequest)
        } else {
            find(call, isolation, &topic.name, asked).await
        };
        partitions.push(partition_response(call.version, index, found));
    }
    ListOffsetsTopicResponse::default().with_name(topic.name).with_partitions(partitions)
}

async fn find(
    call: &Call,
    isolation: Isolation,
    topic: &TopicName,
    asked: &ListOffsetsPartition,
) -> Result<Option<Placement>, ResponseError> {
    let resource = Resource::Topic(topic.as_str());
    let permit =
        call.caller.permit(Operation::Describe, resource).map_err(|_| errors::denied(&resource))?;
    let place = place(call.version, isolation, asked.timestamp)?;
    let topic = lookup::by_name(&call.broker, topic)?;
    let cell = lookup::partition(&call.broker, &topic, asked.partition_index).await?;
    check_epoch(cell.bounds().epoch, asked.current_leader_epoch)
        .map_err(|fault| errors::log::read(&fault))?;
    let Some(place) = place else { return Ok(None) };
    let partitions = call.broker.partitions();
    partitions.place(permit, &cell, place).await.map_err(|fault| errors::log::read(&fault))
}

/// What a timestamp asks for; `None` for what is empty here by nature.
fn place(
    version: i16,
    isolation: Isolation,
    timestamp: i64,
) -> Result<Option<Place>, ResponseError> {
    match timestamp {
        LATEST => Ok(Some(Place::Latest(isolation))),
        EARLIEST => Ok(Some(Place::Earliest)),
        MAX_TIMESTAMP if version >= 7 => Ok(Some(Place::MaxTimestamp)),
        EARLIEST_LOCAL if version >= 8 => Ok(Some(Place::Earliest)),
        LATEST_TIERED if version >= 9 => Ok(None),
        at_ms if at_ms >= 0 => Ok(Some(Place::AtOrAfter(at_ms))),
        _ => Err(ResponseError::UnsupportedVersion),
    }
}

fn partition_response(
    version: i16,
    index: i32,
    found: Result<Option<Placement>, ResponseError>,
) -> ListOffsetsPartitionResponse {
    let response = ListOffsetsPartitionResponse::default()
        .with_partition_index(index)
        .with_timestamp(-1)
        .with_offset(-1);
    match found {
        Ok(Some(placement)) => response
            .with_timestamp(placement.timestamp_ms)
            .with_offset(placement.offset)
            // v4: leader epochs (KIP-320).
            .with_leader_epoch(if version >= 4 { placement.epoch } else { -1 }),
        Ok(None) => response,
        Err(error) => response.with_error_code(error.code()),
    }
}
