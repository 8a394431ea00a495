//! DeleteRecords: moves a log's start (KIP-107).
//!
//! v2 flexible. Offset -1 means the high watermark.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsTopicResult,
};
use kafka_protocol::messages::{ApiKey, DeleteRecordsRequest, DeleteRecordsResponse, TopicName};

use crate::auth::{Operation, Resource};
use crate::base::Offset;
use crate::broker::partitions::TrimFault;

use super::{Call, Handler, Outcome, errors, lookup};

pub(super) struct DeleteRecords;

impl Handler for DeleteRecords {
    const KEY: ApiKey = ApiKey::DeleteRecords;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    type Request = DeleteRecordsRequest;
    type Response = DeleteRecordsResponse;

    async fn handle(call: Call, request: DeleteRecordsRequest) -> Outcome<DeleteRecordsResponse> {
        Outcome::Later(Box::pin(async move {
            let mut topics = Vec::with_capacity(request.topics.len());
            for topic in request.topics {
                topics.push(answer_topic(&call, topic).await);
            }
            DeleteRecordsResponse::default().with_topics(topics)
        }))
    }
}

async fn answer_topic(call: &Call, topic: DeleteRecordsTopic) -> DeleteRecordsTopicResult {
    let mut partitions = Vec::with_capacity(topic.partitions.len());
    for asked in &topic.partitions {
        let result =
            DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
        partitions.push(match trim(call, &topic.name, asked).await {
            Ok(start) => result.with_low_watermark(start),
            Err(error) => result.with_low_watermark(-1).with_error_code(error.code()),
        });
    }
    DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions)
}

async fn trim(
    call: &Call,
    topic: &TopicName,
    asked: &DeleteRecordsPartition,
) -> Result<Offset, ResponseError> {
    let resource = Resource::Topic(topic.as_str());
    let permit =
        call.caller.permit(Operation::Delete, resource).map_err(|_| errors::denied(&resource))?;
    let topic = lookup::by_name(&call.broker, topic)?;
    let cell = lookup::partition(&call.broker, &topic, asked.partition_index).await?;
    let trimmed = call.broker.partitions().trim(permit, &topic, &cell, asked.offset).await;
    trimmed.map_err(|fault| match fault {
        TrimFault::OutOfRange => ResponseError::OffsetOutOfRange,
        TrimFault::Compacted => ResponseError::PolicyViolation,
        TrimFault::Store(error) => errors::store(&error),
    })
}
