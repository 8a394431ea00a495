//! From what a client calls a topic to the topic itself, for the APIs that read and write logs.

use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use uuid::Uuid;

use crate::base::TopicId;
use crate::broker::Broker;
use crate::broker::cell::PartitionCell;
use crate::catalog::Topic;

use super::errors;

/// The topic of that name.
pub(super) fn by_name(broker: &Broker, name: &TopicName) -> Result<Arc<Topic>, ResponseError> {
    broker.catalog().topic(name.as_str()).ok_or(ResponseError::UnknownTopicOrPartition)
}

/// The topic with that id.
pub(super) fn by_id(broker: &Broker, id: Uuid) -> Result<Arc<Topic>, ResponseError> {
    broker.catalog().topic_by_id(TopicId(*id.as_bytes())).ok_or(ResponseError::UnknownTopicId)
}

/// One of a topic's partitions.
pub(super) async fn partition(
    broker: &Broker,
    topic: &Topic,
    partition: i32,
) -> Result<Arc<PartitionCell>, ResponseError> {
    match broker.partitions().cell(topic, partition).await {
        Ok(Some(cell)) => Ok(cell),
        Ok(None) => Err(ResponseError::UnknownTopicOrPartition),
        Err(error) => Err(errors::store(&error)),
    }
}
