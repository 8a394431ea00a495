//! DeleteTopics (20): by name, and from v6 on by id too (KIP-516).
//!
//! v3: TOPIC_DELETION_DISABLED, which was INVALID_REQUEST. v5: messages (KIP-599).

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{ApiKey, DeleteTopicsRequest, DeleteTopicsResponse};

use super::errors::Refusal;
use super::words::{text, topic_id, topic_name, uuid};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Permit, Resource};
use crate::base::TopicId;
use crate::catalog::{NoSuchTopic, Topic};
use crate::config::keys;

pub(crate) struct DeleteTopics;

impl Handler for DeleteTopics {
    const KEY: ApiKey = ApiKey::DeleteTopics;
    const VERSIONS: RangeInclusive<i16> = 1..=6;
    type Request = DeleteTopicsRequest;
    type Response = DeleteTopicsResponse;

    async fn handle(call: Call, request: DeleteTopicsRequest) -> Outcome<DeleteTopicsResponse> {
        let named = request.topic_names.into_iter().map(|name| Asked::Name(name.to_string()));
        let asked: Vec<_> = named.chain(request.topics.into_iter().map(asked)).collect();
        let enabled = call.broker.settings().get(keys::DELETE_TOPIC_ENABLE);
        // A deletion that has begun is seen through, so only a timeout that leaves no time counts.
        if !enabled || request.timeout_ms <= 0 {
            let refusal =
                if enabled { errors::catalog::too_late() } else { disabled(call.version) };
            let refused = asked.iter().map(|asked| asked.refused(&refusal)).collect();
            return Outcome::Now(DeleteTopicsResponse::default().with_responses(refused));
        }
        let mut responses = Vec::with_capacity(asked.len());
        let mut permit = None;
        let mut wanted = Vec::new();
        for topic in resolve(&call, asked, &mut responses) {
            match may_delete(&call, &topic) {
                Ok(granted) => {
                    permit = Some(granted);
                    wanted.push(topic);
                }
                Err(refusal) => responses.push(refused(Some(&topic.name), topic.id, &refusal)),
            }
        }
        if let Some(permit) = permit {
            delete(&call, &permit, wanted, &mut responses).await;
        }
        Outcome::Now(DeleteTopicsResponse::default().with_responses(responses))
    }
}

/// How a topic is called in the request.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Asked {
    Name(String),
    Id(TopicId),
    Both(String, TopicId),
    Neither,
}

fn asked(topic: DeleteTopicState) -> Asked {
    match (topic.name, topic_id(topic.topic_id)) {
        (None, TopicId::NONE) => Asked::Neither,
        (None, id) => Asked::Id(id),
        (Some(name), TopicId::NONE) => Asked::Name(name.to_string()),
        (Some(name), id) => Asked::Both(name.to_string(), id),
    }
}

impl Asked {
    fn refused(&self, refusal: &Refusal) -> DeletableTopicResult {
        match self {
            Self::Name(name) => refused(Some(name), TopicId::NONE, refusal),
            Self::Id(id) => refused(None, *id, refusal),
            Self::Both(name, id) => refused(Some(name), *id, refusal),
            Self::Neither => refused(None, TopicId::NONE, refusal),
        }
    }
}

/// The topics to delete; what cannot be deleted is answered at once.
fn resolve(
    call: &Call,
    asked: Vec<Asked>,
    responses: &mut Vec<DeletableTopicResult>,
) -> Vec<Arc<Topic>> {
    let invalid = |message: &str| Refusal::because(ResponseError::InvalidRequest, message);
    let mut counts = HashMap::new();
    asked.iter().for_each(|asked| *counts.entry(asked.clone()).or_insert(0_usize) += 1);
    let catalog = call.broker.catalog();
    let mut told = HashSet::new();
    let mut found: Vec<(Arc<Topic>, Asked)> = Vec::new();
    for asked in asked {
        let named = matches!(asked, Asked::Name(_) | Asked::Id(_));
        let repeated = named && counts.get(&asked).is_some_and(|count| *count > 1);
        let topic = match &asked {
            Asked::Neither => Err(invalid("A topic needs a name or an id.")),
            Asked::Both(..) => Err(invalid("A topic may have a name or an id, not both.")),
            Asked::Name(_) if repeated => Err(invalid("Duplicate topic name.")),
            Asked::Id(_) if repeated => Err(invalid("Duplicate topic id.")),
            Asked::Name(name) => {
                catalog.topic(name).ok_or_else(|| errors::catalog::no_such_name(NoSuchTopic))
            }
            Asked::Id(id) => {
                catalog.topic_by_id(*id).ok_or_else(|| errors::catalog::no_such_id(NoSuchTopic))
            }
        };
        match topic {
            Ok(topic) => found.push((topic, asked)),
            Err(refusal) if !repeated || told.insert(asked.clone()) => {
                responses.push(asked.refused(&refusal));
            }
            Err(_) => {}
        }
    }
    once(found, responses)
}

/// A topic that was given by its name and by its id is refused, as Kafka does.
fn once(
    found: Vec<(Arc<Topic>, Asked)>,
    responses: &mut Vec<DeletableTopicResult>,
) -> Vec<Arc<Topic>> {
    let mut counts = HashMap::new();
    found.iter().for_each(|(topic, _)| *counts.entry(topic.id).or_insert(0_usize) += 1);
    let mut topics = Vec::new();
    for (topic, asked) in found {
        if counts.get(&topic.id).is_none_or(|count| *count == 1) {
            topics.push(topic);
        } else if let Asked::Name(name) = &asked {
            let message = "The topic's id was given as well as its name.";
            let refusal = Refusal::because(ResponseError::InvalidRequest, message);
            responses.push(refused(Some(name), topic.id, &refusal));
        }
    }
    topics
}

fn may_delete(call: &Call, topic: &Topic) -> Result<Permit, Refusal> {
    let name = Resource::Topic(&topic.name);
    call.caller
        .permit(Operation::Delete, Resource::Cluster)
        .or_else(|_| call.caller.permit(Operation::Delete, name))
        .map_err(|_| errors::denied(&name).into())
}

async fn delete(
    call: &Call,
    permit: &Permit,
    wanted: Vec<Arc<Topic>>,
    responses: &mut Vec<DeletableTopicResult>,
) {
    let ids: Vec<_> = wanted.iter().map(|topic| topic.id).collect();
    let answers = call.broker.delete_topics(permit, &ids).await;
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => {
            let refusal = Refusal::from(errors::store(&error));
            let refused = |topic: &Arc<Topic>| refused(Some(&topic.name), topic.id, &refusal);
            responses.extend(wanted.iter().map(refused));
            return;
        }
    };
    for (topic, answer) in wanted.iter().zip(answers) {
        responses.push(match answer {
            Ok(_) => DeletableTopicResult::default()
                .with_name(Some(topic_name(&topic.name)))
                .with_topic_id(uuid(topic.id)),
            // Another client was faster.
            Err(gone) => refused(Some(&topic.name), topic.id, &errors::catalog::no_such_id(gone)),
        });
    }
}

fn disabled(version: i16) -> Refusal {
    let error = match version {
        ..3 => ResponseError::InvalidRequest,
        _ => ResponseError::TopicDeletionDisabled,
    };
    Refusal::because(error, "Topic deletion is disabled.")
}

fn refused(name: Option<&str>, id: TopicId, refusal: &Refusal) -> DeletableTopicResult {
    DeletableTopicResult::default()
        .with_name(name.map(topic_name))
        .with_topic_id(uuid(id))
        .with_error_code(refusal.code())
        .with_error_message(refusal.message.clone().map(text))
}
