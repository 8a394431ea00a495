//! Fetch: reads record batches.
//!
//! v7 sessions (KIP-227); v9 the leader epoch that the client believes in (KIP-320); v10 zstd
//! (KIP-110); v11 rack (KIP-392, one replica here); v12 flexible, diverging epochs (KIP-595);
//! v13 topics by id (KIP-516); v15 replica state (KIP-903); v16 endpoints (KIP-951); v17 and v18
//! add what only followers send, and no follower of this broker exists.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::fetch_response::{
    EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_protocol::messages::{ApiKey, BrokerId, FetchRequest, FetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::auth::{Operation, Permit, Resource};
use crate::base::TopicId;
use crate::broker::cell::Isolation;
use crate::broker::fetch::{Found, Patience, ReadFault, Want};
use crate::broker::sessions::{Asked, PartitionRef, Plan, SessionRequest, Shown, TopicRef};
use crate::catalog::Topic;
use crate::config::keys;
use crate::wire::batch::write_patched;

use super::{Call, Handler, Outcome, errors, lookup};

pub(super) struct Fetch;

impl Handler for Fetch {
    const KEY: ApiKey = ApiKey::Fetch;
    const VERSIONS: RangeInclusive<i16> = 4..=18;
    type Request = FetchRequest;
    type Response = FetchResponse;

    async fn handle(call: Call, request: FetchRequest) -> Outcome<FetchResponse> {
        let patience = patience(&call, &request);
        let reader = reader(&request);
        let sessions = call.broker.sessions();
        match sessions.plan(call.broker.core().now(), session_request(call.version, request)) {
            Ok(plan) => Outcome::Later(Box::pin(fetch(call, plan, patience, reader))),
            Err(error) => Outcome::Now(
                FetchResponse::default().with_error_code(errors::log::session(error).code()),
            ),
        }
    }
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Consumer,
    /// A broker that copies a partition; none is assigned to do so.
    Replica,
}

fn reader(request: &FetchRequest) -> Reader {
    // v15: the replica's state in place of its id (KIP-903).
    let replica = request.replica_id.0.max(request.replica_state.replica_id.0);
    if replica >= 0 { Reader::Replica } else { Reader::Consumer }
}

fn patience(call: &Call, request: &FetchRequest) -> Patience {
    let ceiling = call.broker.settings().get(keys::FETCH_MAX_BYTES);
    let max_bytes = request.max_bytes.min(ceiling);
    Patience {
        max_wait: Duration::from_millis(u64::try_from(request.max_wait_ms).unwrap_or(0)),
        min_bytes: usize::try_from(request.min_bytes.min(max_bytes)).unwrap_or(0),
        max_bytes: usize::try_from(max_bytes).unwrap_or(0),
        isolation: match request.isolation_level {
            1 => Isolation::ReadCommitted,
            _ => Isolation::ReadUncommitted,
        },
    }
}

fn session_request(version: i16, request: FetchRequest) -> SessionRequest {
    // v13: topics by id (KIP-516).
    let by_id = version >= 13;
    let topic = |name: &TopicName, id: Uuid| {
        if by_id {
            TopicRef::Id(TopicId(*id.as_bytes()))
        } else {
            TopicRef::Name(Arc::from(name.as_str()))
        }
    };
    let mut asked = Vec::new();
    for data in &request.topics {
        let topic = topic(&data.topic, data.topic_id);
        asked.extend(data.partitions.iter().map(|part| {
            let partition = PartitionRef { topic: topic.clone(), partition: part.partition };
            let asked = Asked {
                from: part.fetch_offset,
                max_bytes: part.partition_max_bytes,
                current_epoch: part.current_leader_epoch,
                last_fetched_epoch: part.last_fetched_epoch,
            };
            (partition, asked)
        }));
    }
    let mut forgotten = Vec::new();
    for data in &request.forgotten_topics_data {
        let topic = topic(&data.topic, data.topic_id);
        let partition = |index: &i32| PartitionRef { topic: topic.clone(), partition: *index };
        forgotten.extend(data.partitions.iter().map(partition));
    }
    // v7: sessions (KIP-227). Before, every fetch names all it wants.
    let (session, epoch) =
        if version >= 7 { (request.session_id, request.session_epoch) } else { (0, -1) };
    SessionRequest { session, epoch, by_id, asked, forgotten }
}

async fn fetch(call: Call, plan: Plan, patience: Patience, reader: Reader) -> FetchResponse {
    let mut wants = Vec::with_capacity(plan.wants.len());
    let mut refused = Vec::with_capacity(plan.wants.len());
    let mut topics = HashMap::new();
    for (partition, asked) in &plan.wants {
        let topic = topics
            .entry(partition.topic.clone())
            .or_insert_with(|| readable_topic(&call, &partition.topic, reader));
        refused.push(topic.as_ref().err().copied());
        wants.push(topic.as_ref().ok().map(|topic| want(topic.clone(), partition, asked)));
    }
    let results = call.broker.partitions().fetch(&wants, patience).await;
    respond(&call, plan, &wants, &refused, results, patience.isolation)
}

/// A topic that the caller may read.
type Readable = (Arc<Topic>, Permit);

fn readable_topic(
    call: &Call,
    topic: &TopicRef,
    reader: Reader,
) -> Result<Readable, ResponseError> {
    let topic = match topic {
        TopicRef::Id(id) => lookup::by_id(&call.broker, Uuid::from_bytes(id.0))?,
        TopicRef::Name(name) => {
            let name = TopicName(StrBytes::from_string(name.to_string()));
            lookup::by_name(&call.broker, &name)?
        }
    };
    if reader == Reader::Replica {
        return Err(ResponseError::NotLeaderOrFollower);
    }
    let resource = Resource::Topic(&topic.name);
    match call.caller.permit(Operation::Read, resource) {
        Ok(permit) => Ok((topic.clone(), permit)),
        Err(_) => Err(errors::denied(&resource)),
    }
}

fn want((topic, permit): Readable, partition: &PartitionRef, asked: &Asked) -> Want {
    Want {
        permit,
        topic,
        partition: partition.partition,
        from: asked.from,
        max_bytes: usize::try_from(asked.max_bytes).unwrap_or(0),
        current_epoch: asked.current_epoch,
        last_fetched_epoch: asked.last_fetched_epoch,
    }
}

fn respond(
    call: &Call,
    plan: Plan,
    wants: &[Option<Want>],
    refused: &[Option<ResponseError>],
    results: Vec<Result<Found, ReadFault>>,
    isolation: Isolation,
) -> FetchResponse {
    let broker = &call.broker;
    let mut leader_changed = false;
    let mut shown = Vec::with_capacity(results.len());
    let mut answers = Vec::with_capacity(results.len());
    let asked = plan.wants.iter().map(|(partition, _)| partition.clone());
    for (((partition, want), refused), result) in asked.zip(wants).zip(refused).zip(results) {
        let data = match (refused, result) {
            (Some(error), _) => failed(partition.partition, *error),
            (None, Ok(found)) => {
                if let Some(want) = want {
                    broker.partitions().count_out(&want.topic, &found);
                }
                found_data(partition.partition, found, isolation)
            }
            (None, Err(fault)) => {
                let data = failed(partition.partition, errors::log::read(&fault));
                let fenced = matches!(fault, ReadFault::FencedEpoch);
                // v12: tells a client with an old leader epoch of the present one (KIP-951).
                if fenced && call.version >= 12 {
                    leader_changed = true;
                    data.with_current_leader(current_leader(call))
                } else {
                    data
                }
            }
        };
        shown.push(as_shown(&data));
        answers.push((partition.topic, data));
    }
    let told = broker.sessions().tell(broker.core().now(), plan, &shown, fresh_session_id());
    let named = answers.into_iter().zip(told.named).filter(|(_, named)| *named).map(|(a, _)| a);
    let response = FetchResponse::default().with_responses(grouped(named)).with_session_id(
        // v7: before, the field does not exist.
        if call.version >= 7 { told.session } else { 0 },
    );
    // v16: where the leader is (KIP-951).
    if leader_changed && call.version >= 16 {
        response.with_node_endpoints(endpoint(call))
    } else {
        response
    }
}

fn current_leader(call: &Call) -> LeaderIdAndEpoch {
    LeaderIdAndEpoch::default()
        .with_leader_id(BrokerId(call.broker.node_id()))
        .with_leader_epoch(call.broker.leader_epoch())
}

fn endpoint(call: &Call) -> Vec<NodeEndpoint> {
    let same = |endpoint: &&crate::broker::Endpoint| endpoint.listener == call.caller.listener;
    let endpoint = call.broker.endpoints().iter().find(same);
    endpoint
        .map(|endpoint| {
            NodeEndpoint::default()
                .with_node_id(BrokerId(call.broker.node_id()))
                .with_host(StrBytes::from_string(endpoint.host.clone()))
                .with_port(i32::from(endpoint.port))
        })
        .into_iter()
        .collect()
}

fn failed(index: i32, error: ResponseError) -> PartitionData {
    PartitionData::default()
        .with_partition_index(index)
        .with_error_code(error.code())
        .with_high_watermark(-1)
        .with_last_stable_offset(-1)
        .with_log_start_offset(-1)
        .with_preferred_read_replica(BrokerId(-1))
        .with_aborted_transactions(None)
        .with_records(Some(Bytes::new()))
}

fn found_data(index: i32, found: Found, isolation: Isolation) -> PartitionData {
    let mut records = BytesMut::with_capacity(found.bytes());
    for (chunk, epoch) in &found.chunks {
        write_patched(&mut records, &chunk.records, chunk.base, *epoch);
    }
    let data = PartitionData::default()
        .with_partition_index(index)
        .with_high_watermark(found.bounds.high_watermark)
        .with_last_stable_offset(found.bounds.last_stable)
        .with_log_start_offset(found.bounds.log_start)
        .with_preferred_read_replica(BrokerId(-1))
        // There are no aborted transactions; without isolation Kafka leaves the list out.
        .with_aborted_transactions((isolation == Isolation::ReadCommitted).then(Vec::new))
        .with_records(Some(records.freeze()));
    match found.diverging {
        Some((epoch, end_offset)) => data.with_diverging_epoch(
            EpochEndOffset::default().with_epoch(epoch).with_end_offset(end_offset),
        ),
        None => data,
    }
}

fn as_shown(data: &PartitionData) -> Shown {
    let failed = data.error_code != 0;
    let has_records = data.records.as_ref().is_some_and(|records| !records.is_empty());
    let diverging = data.diverging_epoch.epoch >= 0;
    Shown {
        high_watermark: data.high_watermark,
        log_start: data.log_start_offset,
        must_tell: failed || has_records || diverging,
        failed,
        has_records,
    }
}

/// Partitions by topic, in order; a topic stands as often as its partitions are interrupted.
fn grouped(
    answers: impl Iterator<Item = (TopicRef, PartitionData)>,
) -> Vec<FetchableTopicResponse> {
    let mut topics: Vec<FetchableTopicResponse> = Vec::new();
    let mut last: Option<TopicRef> = None;
    for (topic, data) in answers {
        if last.as_ref() != Some(&topic) {
            let response = FetchableTopicResponse::default();
            topics.push(match &topic {
                TopicRef::Id(id) => response.with_topic_id(Uuid::from_bytes(id.0)),
                TopicRef::Name(name) => {
                    response.with_topic(TopicName(StrBytes::from_string(name.to_string())))
                }
            });
            last = Some(topic);
        }
        topics.last_mut().expect("one was just pushed").partitions.push(data);
    }
    topics
}

/// A random positive number that names a new session.
#[expect(clippy::disallowed_methods, reason = "sessions must not be guessable from one another")]
fn fresh_session_id() -> i32 {
    (rand::random::<u32>() >> 1).max(1).cast_signed()
}
