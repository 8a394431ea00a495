//! Metadata (3): which topics there are, and whom to ask for their partitions.
//!
//! v0: an empty list means all topics; from v1 on null does, and empty means none. v4: the client
//! says whether missing topics are to be made. v8-v10: authorized operations of the cluster, which
//! moved to DescribeCluster (KIP-700). v10: topic ids in answers, v12: in questions (KIP-516).
//! v13: a code for the whole answer (KIP-1102), which one broker never has a use for.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{ApiKey, BrokerId, MetadataRequest, MetadataResponse};
use kafka_protocol::protocol::StrBytes;
use tracing::warn;

use super::words::{authorized_operations, own_endpoint, own_id, text, topic_id, topic_name, uuid};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::base::TopicId;
use crate::catalog::create::{CreateError, NewTopic};
use crate::catalog::{Mode, Topic, names};
use crate::config::keys;

pub(crate) struct Metadata;

impl Handler for Metadata {
    const KEY: ApiKey = ApiKey::Metadata;
    const VERSIONS: RangeInclusive<i16> = 0..=13;
    const NOTE: &'static str = "A topic made on demand is answered with its leaders at once, \
        where Kafka's first answer is an error that clients retry; one that cannot be made is \
        answered with the reason's code at once. Kafka's internal topics are never made.";
    type Request = MetadataRequest;
    type Response = MetadataResponse;

    async fn handle(call: Call, request: MetadataRequest) -> Outcome<MetadataResponse> {
        let topics = match asked(call.version, request.topics) {
            Asked::Malformed(topics) => {
                let topics = topics.into_iter().map(malformed).collect();
                let mut response = MetadataResponse::default().with_topics(topics);
                if call.version >= 13 {
                    response.error_code = ResponseError::InvalidRequest.code();
                }
                return Outcome::Now(response);
            }
            Asked::All => all(&call),
            Asked::Ids(ids) => ids.into_iter().map(|id| by_id(&call, id)).collect(),
            Asked::Names(names) => by_name(&call, names, request.allow_auto_topic_creation).await,
        };
        let mut topics = topics;
        if call.version >= 8 && request.include_topic_authorized_operations {
            for topic in topics.iter_mut().filter(|topic| topic.name.is_some()) {
                let name = topic.name.as_ref().map_or("", |name| name.as_str());
                topic.topic_authorized_operations =
                    authorized_operations(&call.caller, Resource::Topic(name));
            }
        }
        let mut response = cluster(&call).with_topics(topics);
        if (8..=10).contains(&call.version) && request.include_cluster_authorized_operations {
            response.cluster_authorized_operations =
                authorized_operations(&call.caller, Resource::Cluster);
        }
        Outcome::Now(response)
    }
}

/// What a request asks for.
enum Asked {
    All,
    Names(Vec<StrBytes>),
    Ids(Vec<TopicId>),
    /// Ids in a version that has none, or neither name nor id.
    Malformed(Vec<MetadataRequestTopic>),
}

fn asked(version: i16, topics: Option<Vec<MetadataRequestTopic>>) -> Asked {
    let Some(topics) = topics else { return Asked::All };
    if version == 0 && topics.is_empty() {
        return Asked::All;
    }
    let by_id = |topic: &MetadataRequestTopic| topic.name.is_none() || !topic.topic_id.is_nil();
    if version < 12 && topics.iter().any(by_id) {
        return Asked::Malformed(topics);
    }
    // One id is enough for Kafka to look at ids only.
    let ids = topics.iter().map(|topic| topic_id(topic.topic_id)).filter(|id| *id != TopicId::NONE);
    let ids = once(ids);
    if !ids.is_empty() {
        return Asked::Ids(ids);
    }
    if topics.iter().any(|topic| topic.name.is_none()) {
        return Asked::Malformed(topics);
    }
    Asked::Names(once(topics.into_iter().filter_map(|topic| topic.name.map(|name| name.0))))
}

fn once<T: Clone + Eq + std::hash::Hash>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// The broker's part of an answer.
fn cluster(call: &Call) -> MetadataResponse {
    let rack = call.broker.settings().get(keys::BROKER_RACK).map(|rack| text(&*rack));
    let own = own_endpoint(call).map(|endpoint| {
        MetadataResponseBroker::default()
            .with_node_id(own_id(call))
            .with_host(text(&*endpoint.host))
            .with_port(i32::from(endpoint.port))
            .with_rack(rack)
    });
    MetadataResponse::default()
        .with_brokers(own.into_iter().collect())
        .with_cluster_id(Some(text(call.broker.cluster_id())))
        .with_controller_id(own_id(call))
}

fn all(call: &Call) -> Vec<MetadataResponseTopic> {
    let leader = Leader::of(call);
    let topics = call.broker.catalog().topics();
    let seen = topics.iter().filter(|topic| may_describe(call, &topic.name));
    seen.map(|topic| describe(topic, &leader)).collect()
}

fn by_id(call: &Call, id: TopicId) -> MetadataResponseTopic {
    let Some(topic) = call.broker.catalog().topic_by_id(id) else {
        return failed(ResponseError::UnknownTopicId).with_topic_id(uuid(id)).with_name(None);
    };
    if !may_describe(call, &topic.name) {
        // A topic's id is no secret, its name is.
        let denied = errors::denied(&Resource::Topic(&topic.name));
        return failed(denied).with_topic_id(uuid(id)).with_name(None);
    }
    describe(&topic, &Leader::of(call))
}

async fn by_name(call: &Call, names: Vec<StrBytes>, create: bool) -> Vec<MetadataResponseTopic> {
    let leader = Leader::of(call);
    let create = create && call.broker.settings().get(keys::AUTO_CREATE_TOPICS_ENABLE);
    let missing = |name: &&StrBytes| call.broker.catalog().topic(name).is_none();
    let to_make = names.iter().filter(|_| create).filter(missing);
    let refused = make(call, to_make.cloned().collect()).await;
    let answer = |name: &StrBytes| {
        let named = |error| {
            failed(error)
                .with_name(Some(name.clone().into()))
                .with_is_internal(names::is_internal(name))
        };
        if !may_describe(call, name) {
            return named(errors::denied(&Resource::Topic(name)));
        }
        if let Some(topic) = call.broker.catalog().topic(name) {
            return describe(&topic, &leader);
        }
        if let Some((_, error)) = refused.iter().find(|(refused, _)| refused == name) {
            return named(*error);
        }
        match names::check(name) {
            Ok(()) => named(ResponseError::UnknownTopicOrPartition),
            Err(_) => named(ResponseError::InvalidTopicException),
        }
    };
    names.iter().map(answer).collect()
}

/// Makes the topics that a client asked for and that are not there; says which were not made.
async fn make(call: &Call, missing: Vec<StrBytes>) -> Vec<(StrBytes, ResponseError)> {
    let mut refused = Vec::new();
    let mut wanted = Vec::new();
    let mut permit = None;
    for name in missing {
        // Kafka makes its internal topics when it needs them; here nothing would be in them.
        if names::is_internal(&name) || &*name == names::CLUSTER_METADATA {
            continue;
        }
        let asked = call.caller.permit(Operation::Create, Resource::Cluster);
        match asked.or_else(|_| call.caller.permit(Operation::Create, Resource::Topic(&name))) {
            Ok(granted) => {
                permit = Some(granted);
                wanted.push(name);
            }
            Err(_) => {
                let denied = errors::denied(&Resource::Topic(&name));
                refused.push((name, denied));
            }
        }
    }
    let Some(permit) = permit else { return refused };
    let topics = wanted.iter().map(|name| NewTopic {
        name: name.to_string(),
        partitions: -1,
        replication_factor: -1,
        ..NewTopic::default()
    });
    match call.broker.catalog().create(&permit, topics.collect(), Mode::Apply).await {
        Ok(answers) => {
            for (name, answer) in wanted.into_iter().zip(answers) {
                match answer {
                    // Another client was faster.
                    Ok(_) | Err(CreateError::Exists) => {}
                    Err(error) => {
                        let refusal = errors::catalog::create(&name, &error);
                        warn!(topic = %name, reason = ?refusal.message, "topic not made on demand");
                        refused.push((name, refusal.error));
                    }
                }
            }
        }
        Err(error) => {
            let code = errors::store(&error);
            refused.extend(wanted.into_iter().map(|name| (name, code)));
        }
    }
    refused
}

/// Who leads every partition, as this caller is told.
struct Leader {
    id: BrokerId,
    epoch: i32,
    /// The caller's listener has no advertised address.
    unreachable: Option<ResponseError>,
}

impl Leader {
    fn of(call: &Call) -> Self {
        let unreachable = match own_endpoint(call) {
            Some(_) => None,
            None if call.version >= 6 => Some(ResponseError::ListenerNotFound),
            None => Some(ResponseError::LeaderNotAvailable),
        };
        Self { id: own_id(call), epoch: call.broker.leader_epoch(), unreachable }
    }
}

fn describe(topic: &Arc<Topic>, leader: &Leader) -> MetadataResponseTopic {
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_error_code(leader.unreachable.map_or(0, |error| error.code()))
            .with_partition_index(index)
            .with_leader_id(leader.unreachable.map_or(leader.id, |_| BrokerId(-1)))
            .with_leader_epoch(leader.epoch)
            .with_replica_nodes(vec![leader.id])
            .with_isr_nodes(vec![leader.id])
    };
    MetadataResponseTopic::default()
        .with_name(Some(topic_name(&topic.name)))
        .with_topic_id(uuid(topic.id))
        .with_is_internal(topic.internal)
        .with_partitions((0..).zip(&topic.partitions).map(|(index, _)| partition(index)).collect())
}

fn failed(error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default().with_error_code(error.code())
}

fn malformed(topic: MetadataRequestTopic) -> MetadataResponseTopic {
    failed(ResponseError::InvalidRequest)
        .with_name(Some(topic.name.unwrap_or_default()))
        .with_topic_id(topic.topic_id)
}

fn may_describe(call: &Call, name: &str) -> bool {
    call.caller.permit(Operation::Describe, Resource::Topic(name)).is_ok()
}
