//! CreateTopics (19).
//!
//! v4: -1 partitions or replicas mean the broker's defaults (KIP-464). v5: the answer has the
//! settings in force (KIP-525). v6: quota errors (KIP-599). v7: topic ids (KIP-516).

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use kafka_protocol::messages::{ApiKey, CreateTopicsRequest, CreateTopicsResponse};

use super::describe_configs::source_code;
use super::errors::Refusal;
use super::words::{text, topic_name, uuid, within};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::catalog::create::{Assignment, CreateError, NewTopic, repeated};
use crate::catalog::{Mode, Topic};
use crate::config::describe;

pub(crate) struct CreateTopics;

impl Handler for CreateTopics {
    const KEY: ApiKey = ApiKey::CreateTopics;
    const VERSIONS: RangeInclusive<i16> = 2..=7;
    type Request = CreateTopicsRequest;
    type Response = CreateTopicsResponse;

    async fn handle(call: Call, request: CreateTopicsRequest) -> Outcome<CreateTopicsResponse> {
        let mode = if request.validate_only { Mode::Validate } else { Mode::Apply };
        let mut permit = None;
        let mut wanted = Vec::new();
        let mut results = Vec::new();
        for topic in request.topics {
            let asked = call.caller.permit(Operation::Create, Resource::Cluster);
            let name = Resource::Topic(&topic.name);
            match asked.or_else(|_| call.caller.permit(Operation::Create, name)) {
                Ok(granted) => {
                    permit = Some(granted);
                    wanted.push(new_topic(topic));
                }
                Err(_) => results.push(refused(&topic.name, &errors::denied(&name).into())),
            }
        }
        if let Some(permit) = permit {
            let made = call.broker.catalog().create(&permit, wanted.clone(), mode);
            let refusal = match within(request.timeout_ms, made).await {
                Some(Ok(answers)) => {
                    results.extend(answer(&call, &wanted, answers));
                    return Outcome::Now(CreateTopicsResponse::default().with_topics(results));
                }
                Some(Err(error)) => errors::store(&error).into(),
                None => errors::catalog::too_late(),
            };
            results.extend(wanted.iter().map(|topic| refused(&topic.name, &refusal)));
        }
        Outcome::Now(CreateTopicsResponse::default().with_topics(results))
    }
}

fn new_topic(topic: CreatableTopic) -> NewTopic {
    let assignments = topic.assignments.into_iter().map(|assignment| Assignment {
        partition: assignment.partition_index,
        brokers: assignment.broker_ids.into_iter().map(|broker| broker.0).collect(),
    });
    let configs = topic
        .configs
        .into_iter()
        .map(|config| (config.name.to_string(), config.value.map(|value| value.to_string())));
    NewTopic {
        name: topic.name.to_string(),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: assignments.collect(),
        configs: configs.collect(),
        ..NewTopic::default()
    }
}

/// One result for each topic; a topic that was named more than once has one at the end.
fn answer(
    call: &Call,
    wanted: &[NewTopic],
    answers: Vec<Result<Arc<Topic>, CreateError>>,
) -> Vec<CreatableTopicResult> {
    let repeated = repeated(wanted.iter().map(|topic| topic.name.as_str()));
    let (mut results, mut last, mut told) = (Vec::new(), Vec::new(), HashSet::new());
    for (topic, answer) in wanted.iter().zip(answers) {
        match answer {
            Ok(made) => results.push(describe_made(call, &made)),
            Err(error) => {
                let result = refused(&topic.name, &errors::catalog::create(&topic.name, &error));
                if !repeated.contains(&topic.name) {
                    results.push(result);
                } else if told.insert(topic.name.as_str()) {
                    last.push(result);
                }
            }
        }
    }
    results.append(&mut last);
    results
}

fn describe_made(call: &Call, topic: &Topic) -> CreatableTopicResult {
    let result = CreatableTopicResult::default()
        .with_name(topic_name(&topic.name))
        .with_topic_id(uuid(topic.id))
        .with_error_message(None);
    // Before v5 there is no place for settings in the answer: they need not be resolved.
    if call.version < 5 {
        return result;
    }
    if call.caller.permit(Operation::DescribeConfigs, Resource::Topic(&topic.name)).is_err() {
        let denied = ResponseError::TopicAuthorizationFailed.code();
        return result.with_topic_config_error_code(denied).with_configs(None);
    }
    let entries = describe::topic(&topic.overrides, &call.broker.settings());
    let configs = entries.into_iter().map(|entry| {
        CreatableTopicConfigs::default()
            .with_name(text(entry.name))
            .with_value(entry.value.map(text))
            .with_read_only(entry.read_only)
            .with_config_source(source_code(entry.source))
            .with_is_sensitive(entry.sensitive)
    });
    result
        .with_num_partitions(i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX))
        .with_replication_factor(1)
        .with_configs(Some(configs.collect()))
}

fn refused(name: &str, refusal: &Refusal) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(topic_name(name))
        .with_error_code(refusal.code())
        .with_error_message(refusal.message.clone().map(text))
}
