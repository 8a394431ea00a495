//! Produce: appends record batches.
//!
//! v3-v8 rigid, v9 flexible; v7 zstd (KIP-110); v8 record errors (KIP-467); v10 the leader in
//! errors (KIP-951); v12 belongs to transactions; v13 topics by id (KIP-516).
//! Versions 0-2 are advertised, because librdkafka otherwise believes that the broker does not
//! know its message format (KAFKA-18659), and refused like Apache Kafka does.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_protocol::messages::{ApiKey, ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::StrBytes;

use crate::auth::{Operation, Resource};
use crate::broker::Broker;
use crate::broker::cell::Placed;
use crate::broker::partitions::{Acks, AppendFault, ToAppend};
use crate::catalog::Topic;
use crate::store::StoreError;
use crate::wire::batch::BatchHeader;

use super::errors::{self, log::Rejection};
use super::{Call, Handler, Outcome, lookup};

pub(super) struct Produce;

impl Handler for Produce {
    const KEY: ApiKey = ApiKey::Produce;
    const VERSIONS: RangeInclusive<i16> = 3..=13;
    const ADVERTISED: RangeInclusive<i16> = 0..=13;
    const NOTE: &'static str = "Transactional batches are refused with INVALID_TXN_STATE.";
    type Request = ProduceRequest;
    type Response = ProduceResponse;

    async fn handle(call: Call, request: ProduceRequest) -> Outcome<ProduceResponse> {
        let acks = match request.acks {
            0 => Some(Acks::None),
            1 => Some(Acks::Leader),
            -1 => Some(Acks::All),
            _ => None,
        };
        let timeout = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        let refused = needs_transactional_id(&request)
            .then_some(ResponseError::TransactionalIdAuthorizationFailed)
            .or(acks.is_none().then_some(ResponseError::InvalidRequiredAcks));
        let mut topics = Vec::with_capacity(request.topic_data.len());
        for topic in request.topic_data {
            topics.push(append_topic(&call, refused, topic).await);
        }
        match acks {
            // Without a reply, closing the connection is the only way to tell of an error.
            Some(Acks::None) if topics.iter().any(TopicResult::failed) => Outcome::Close,
            Some(Acks::None) => Outcome::Silent,
            _ => {
                let acks = acks.unwrap_or(Acks::None);
                Outcome::Later(Box::pin(acknowledge(call, topics, acks, timeout)))
            }
        }
    }
}

/// One topic's part of the request, appended and not yet acknowledged.
struct TopicResult {
    head: TopicProduceResponse,
    partitions: Vec<(i32, Result<Placed, Rejection>)>,
}

impl TopicResult {
    fn failed(&self) -> bool {
        self.partitions.iter().any(|(_, result)| result.is_err())
    }
}

/// Transactional records without a transactional id: Kafka refuses the whole request.
fn needs_transactional_id(request: &ProduceRequest) -> bool {
    let is_transactional =
        |records: &Bytes| BatchHeader::read(records).is_ok_and(|header| header.is_transactional());
    let mut records = request
        .topic_data
        .iter()
        .flat_map(|topic| &topic.partition_data)
        .filter_map(|part| part.records.as_ref());
    request.transactional_id.is_none() && records.any(is_transactional)
}

async fn append_topic(
    call: &Call,
    refused: Option<ResponseError>,
    data: TopicProduceData,
) -> TopicResult {
    let head =
        TopicProduceResponse::default().with_name(data.name.clone()).with_topic_id(data.topic_id);
    // v13: topics by id (KIP-516).
    let topic = if call.version >= 13 {
        lookup::by_id(&call.broker, data.topic_id)
    } else {
        lookup::by_name(&call.broker, &data.name)
    };
    let mut partitions = Vec::with_capacity(data.partition_data.len());
    for part in data.partition_data {
        let index = part.index;
        let result = match (&topic, refused) {
            (Err(error), _) => Err(Rejection::from(*error)),
            (Ok(topic), _) if !has_partition(topic, index) => {
                Err(Rejection::from(ResponseError::UnknownTopicOrPartition))
            }
            (Ok(_), Some(error)) => Err(Rejection::from(error)),
            (Ok(topic), None) => append_partition(call, topic, part).await,
        };
        partitions.push((index, result));
    }
    TopicResult { head, partitions }
}

fn has_partition(topic: &Topic, index: i32) -> bool {
    usize::try_from(index).is_ok_and(|index| index < topic.partitions.len())
}

async fn append_partition(
    call: &Call,
    topic: &Arc<Topic>,
    data: PartitionProduceData,
) -> Result<Placed, Rejection> {
    let resource = Resource::Topic(&topic.name);
    let permit = call
        .caller
        .permit(Operation::Write, resource)
        .map_err(|_| Rejection::from(errors::denied(&resource)))?;
    let part = ToAppend {
        permit,
        topic: topic.clone(),
        partition: data.index,
        records: data.records.unwrap_or_default(),
    };
    // v7: the first version whose clients know zstd (KIP-110).
    let zstd_allowed = call.version >= 7;
    call.broker.partitions().append(part, zstd_allowed).await.map_err(|fault| {
        if let AppendFault::Store(error) = &fault {
            tracing::error!(topic = %topic.name, partition = data.index, %error, "append failed");
        }
        errors::log::append(&fault)
    })
}

async fn acknowledge(
    call: Call,
    topics: Vec<TopicResult>,
    acks: Acks,
    timeout: Duration,
) -> ProduceResponse {
    let waited = wait(&call.broker, &topics, acks, timeout).await;
    let responses = topics
        .into_iter()
        .map(|topic| {
            let answer = |(index, result)| partition_response(call.version, index, result, &waited);
            topic.head.with_partition_responses(topic.partitions.into_iter().map(answer).collect())
        })
        .collect();
    ProduceResponse::default().with_responses(responses)
}

/// Why what was appended cannot be acknowledged.
enum Unacknowledged {
    TimedOut,
    Store(StoreError),
}

async fn wait(
    broker: &Broker,
    topics: &[TopicResult],
    acks: Acks,
    timeout: Duration,
) -> Result<(), Unacknowledged> {
    let accepted =
        topics.iter().flat_map(|topic| &topic.partitions).filter_map(|(_, r)| r.as_ref().ok());
    let acknowledged = broker.partitions().acknowledged(accepted, acks);
    match acks {
        // Kafka's timeout counts for acks=all only.
        Acks::All => match tokio::time::timeout(timeout, acknowledged).await {
            Ok(result) => result.map_err(Unacknowledged::Store),
            Err(_) => Err(Unacknowledged::TimedOut),
        },
        Acks::Leader | Acks::None => acknowledged.await.map_err(Unacknowledged::Store),
    }
}

fn partition_response(
    version: i16,
    index: i32,
    result: Result<Placed, Rejection>,
    waited: &Result<(), Unacknowledged>,
) -> PartitionProduceResponse {
    let response = PartitionProduceResponse::default()
        .with_index(index)
        .with_base_offset(-1)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(-1);
    let rejection = match (result, waited) {
        (Ok(placed), Ok(())) => {
            return response
                .with_base_offset(placed.base)
                .with_log_append_time_ms(placed.append_time_ms)
                .with_log_start_offset(placed.log_start);
        }
        (Ok(_), Err(Unacknowledged::TimedOut)) => Rejection::from(ResponseError::RequestTimedOut),
        (Ok(_), Err(Unacknowledged::Store(error))) => Rejection::from(errors::store(error)),
        (Err(rejection), _) => rejection,
    };
    let response = response.with_error_code(rejection.error.code());
    // v8: which records, and why (KIP-467).
    if version < 8 {
        return response;
    }
    let record_error = |(batch_index, why): (i32, String)| {
        BatchIndexAndErrorMessage::default()
            .with_batch_index(batch_index)
            .with_batch_index_error_message(Some(StrBytes::from_string(why)))
    };
    response
        .with_record_errors(rejection.records.into_iter().map(record_error).collect())
        .with_error_message(rejection.message.map(StrBytes::from_string))
}
