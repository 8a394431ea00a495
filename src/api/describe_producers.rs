//! DescribeProducers: the producers that a partition remembers (KIP-664).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_response::{
    PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::messages::{
    ApiKey, DescribeProducersRequest, DescribeProducersResponse, ProducerId, TopicName,
};

use crate::auth::{Operation, Resource};
use crate::catalog::names;
use crate::log::ProducerView;

use super::{Call, Handler, Outcome, errors, lookup};

pub(super) struct DescribeProducers;

impl Handler for DescribeProducers {
    const KEY: ApiKey = ApiKey::DescribeProducers;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    type Request = DescribeProducersRequest;
    type Response = DescribeProducersResponse;

    async fn handle(
        call: Call,
        request: DescribeProducersRequest,
    ) -> Outcome<DescribeProducersResponse> {
        let mut topics = Vec::with_capacity(request.topics.len());
        for topic in request.topics {
            let mut partitions = Vec::with_capacity(topic.partition_indexes.len());
            for index in topic.partition_indexes {
                let response = PartitionResponse::default().with_partition_index(index);
                partitions.push(match find(&call, &topic.name, index).await {
                    Ok(producers) => response
                        .with_active_producers(producers.into_iter().map(producer_state).collect()),
                    Err(error) => response.with_error_code(error.code()),
                });
            }
            topics.push(TopicResponse::default().with_name(topic.name).with_partitions(partitions));
        }
        Outcome::Now(DescribeProducersResponse::default().with_topics(topics))
    }
}

async fn find(
    call: &Call,
    topic: &TopicName,
    index: i32,
) -> Result<Vec<ProducerView>, ResponseError> {
    let resource = Resource::Topic(topic.as_str());
    call.caller.permit(Operation::Read, resource).map_err(|_| errors::denied(&resource))?;
    names::check(topic.as_str()).map_err(|_| ResponseError::InvalidTopicException)?;
    let topic = lookup::by_name(&call.broker, topic)?;
    let cell = lookup::partition(&call.broker, &topic, index).await?;
    let producers = cell.producers();
    // What a crash could take back is not shown.
    let durable = call.broker.core().journal.durable(cell.last_seq()).await;
    durable.map_err(|error| errors::store(&error))?;
    Ok(producers)
}

fn producer_state(producer: ProducerView) -> ProducerState {
    ProducerState::default()
        .with_producer_id(ProducerId(producer.id))
        .with_producer_epoch(i32::from(producer.epoch))
        .with_last_sequence(producer.last_sequence)
        .with_last_timestamp(producer.last_timestamp_ms)
        // No transaction is ever open.
        .with_coordinator_epoch(-1)
        .with_current_txn_start_offset(-1)
}
