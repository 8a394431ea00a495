//! DescribeTopicPartitions (75): topics with their partitions, page by page (KIP-966).
//!
//! Topics come by name. A page ends when it has as many partitions as the client or
//! `max.request.partition.size.limit` allows; its cursor says where the next one starts.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_topic_partitions_request::Cursor as Start;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::{
    ApiKey, BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse,
};

use super::words::{authorized_operations, own_endpoint, own_id, topic_name, uuid};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::catalog::{Topic, names};
use crate::config::keys;

pub(crate) struct DescribeTopicPartitions;

impl Handler for DescribeTopicPartitions {
    const KEY: ApiKey = ApiKey::DescribeTopicPartitions;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    type Request = DescribeTopicPartitionsRequest;
    type Response = DescribeTopicPartitionsResponse;

    async fn handle(
        call: Call,
        request: DescribeTopicPartitionsRequest,
    ) -> Outcome<DescribeTopicPartitionsResponse> {
        let asked: BTreeSet<&str> =
            request.topics.iter().map(|topic| topic.name.as_str()).collect();
        if let Some(cursor) = &request.cursor {
            let elsewhere = !asked.is_empty() && !asked.contains(cursor.topic_name.as_str());
            if elsewhere || cursor.partition_index < 0 {
                return Outcome::Now(invalid(&asked));
            }
        }
        let limit = call.broker.settings().get(keys::MAX_REQUEST_PARTITION_SIZE_LIMIT);
        let limit = limit.min(request.response_partition_limit).max(1);
        let mut page = Page {
            leader: Leader::of(&call),
            call: &call,
            room: usize::try_from(limit).unwrap_or(1),
            response: DescribeTopicPartitionsResponse::default(),
        };
        if asked.is_empty() {
            let topics = call.broker.catalog().topics();
            page.fill(
                topics.iter().map(|topic| &*topic.name),
                request.cursor.as_ref(),
                Missing::Skip,
            );
        } else {
            page.fill(asked.into_iter(), request.cursor.as_ref(), Missing::Tell);
        }
        Outcome::Now(page.response)
    }
}

/// What becomes of topics that are not there, or not to be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Tell,
    Skip,
}

struct Leader {
    id: BrokerId,
    epoch: i32,
    reachable: bool,
}

impl Leader {
    fn of(call: &Call) -> Self {
        let reachable = own_endpoint(call).is_some();
        Self { id: own_id(call), epoch: call.broker.leader_epoch(), reachable }
    }
}

struct Page<'a> {
    call: &'a Call,
    leader: Leader,
    /// Partitions that still fit.
    room: usize,
    response: DescribeTopicPartitionsResponse,
}

impl Page<'_> {
    fn fill<'n>(
        &mut self,
        names: impl Iterator<Item = &'n str>,
        start: Option<&Start>,
        missing: Missing,
    ) {
        let first = start.map_or("", |start| start.topic_name.as_str());
        for name in names.filter(|name| *name >= first) {
            let subject = Resource::Topic(name);
            if self.call.caller.permit(Operation::Describe, subject).is_err() {
                self.tell(name, errors::denied(&subject), missing);
                continue;
            }
            // Kafka looks at the room before it looks whether the topic is there.
            if self.room == 0 {
                return self.stop(name, 0);
            }
            let Some(topic) = self.call.broker.catalog().topic(name) else {
                let error = match names::check(name) {
                    Ok(()) => ResponseError::UnknownTopicOrPartition,
                    Err(_) => ResponseError::InvalidTopicException,
                };
                self.tell(name, error, missing);
                continue;
            };
            let from = match start {
                Some(start) if name == first => usize::try_from(start.partition_index).unwrap_or(0),
                _ => 0,
            };
            if let Some(next) = self.add(&topic, from) {
                return self.stop(name, next);
            }
        }
    }

    /// Adds a topic's partitions from `from` on, as many as fit; the first that does not, if any.
    fn add(&mut self, topic: &Topic, from: usize) -> Option<usize> {
        let count = topic.partitions.len();
        let upto = count.min(from.saturating_add(self.room));
        let partitions: Vec<_> = (from..upto).map(|index| self.partition(index)).collect();
        self.room -= partitions.len();
        let operations = authorized_operations(&self.call.caller, Resource::Topic(&topic.name));
        self.response.topics.push(
            DescribeTopicPartitionsResponseTopic::default()
                .with_name(Some(topic_name(&topic.name)))
                .with_topic_id(uuid(topic.id))
                .with_is_internal(topic.internal)
                .with_partitions(partitions)
                .with_topic_authorized_operations(operations),
        );
        (upto < count).then_some(upto)
    }

    fn partition(&self, index: usize) -> DescribeTopicPartitionsResponsePartition {
        let Leader { id, epoch, reachable } = self.leader;
        DescribeTopicPartitionsResponsePartition::default()
            .with_partition_index(i32::try_from(index).unwrap_or(i32::MAX))
            .with_leader_id(if reachable { id } else { BrokerId(-1) })
            .with_leader_epoch(epoch)
            .with_replica_nodes(vec![id])
            .with_isr_nodes(vec![id])
            .with_eligible_leader_replicas(Some(Vec::new()))
            .with_last_known_elr(Some(Vec::new()))
    }

    fn tell(&mut self, name: &str, error: ResponseError, missing: Missing) {
        if missing == Missing::Tell {
            let operations = authorized_operations(&self.call.caller, Resource::Topic(name));
            let topic = failed(name, error).with_topic_authorized_operations(operations);
            self.response.topics.push(topic);
        }
    }

    fn stop(&mut self, name: &str, partition: usize) {
        let index = i32::try_from(partition).unwrap_or(i32::MAX);
        let cursor = Cursor::default().with_topic_name(topic_name(name));
        self.response.next_cursor = Some(cursor.with_partition_index(index));
    }
}

fn failed(name: &str, error: ResponseError) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default()
        .with_error_code(error.code())
        .with_name(Some(topic_name(name)))
        .with_is_internal(names::is_internal(name))
}

/// A cursor that points nowhere: every topic gets the code, for there is no other place for it.
fn invalid(asked: &BTreeSet<&str>) -> DescribeTopicPartitionsResponse {
    let topics = asked.iter().map(|name| failed(name, ResponseError::InvalidRequest));
    DescribeTopicPartitionsResponse::default().with_topics(topics.collect())
}
