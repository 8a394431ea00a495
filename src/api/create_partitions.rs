//! CreatePartitions (37): more partitions for a topic (KIP-195).

use std::collections::HashSet;
use std::ops::RangeInclusive;

use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::{ApiKey, CreatePartitionsRequest, CreatePartitionsResponse};

use super::errors::Refusal;
use super::words::{text, topic_name, within};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::catalog::Mode;
use crate::catalog::create::repeated;
use crate::catalog::grow::Growth;

pub(crate) struct CreatePartitions;

impl Handler for CreatePartitions {
    const KEY: ApiKey = ApiKey::CreatePartitions;
    const VERSIONS: RangeInclusive<i16> = 0..=3;
    type Request = CreatePartitionsRequest;
    type Response = CreatePartitionsResponse;

    async fn handle(
        call: Call,
        request: CreatePartitionsRequest,
    ) -> Outcome<CreatePartitionsResponse> {
        let mode = if request.validate_only { Mode::Validate } else { Mode::Apply };
        let mut permit = None;
        let mut wanted = Vec::new();
        let mut results = Vec::new();
        for topic in request.topics {
            let name = Resource::Topic(&topic.name);
            match call.caller.permit(Operation::Alter, name) {
                Ok(granted) => {
                    permit = Some(granted);
                    wanted.push(growth(topic));
                }
                Err(_) => results.push(result(&topic.name, Some(errors::denied(&name).into()))),
            }
        }
        let Some(permit) = permit else {
            return Outcome::Now(CreatePartitionsResponse::default().with_results(results));
        };
        let repeated = repeated(wanted.iter().map(|growth| growth.name.as_str()));
        let mut told = HashSet::new();
        let grown = call.broker.catalog().grow(&permit, wanted.clone(), mode);
        let refusal = match within(request.timeout_ms, grown).await {
            Some(Ok(answers)) => {
                for (growth, answer) in wanted.iter().zip(answers) {
                    let name = &growth.name;
                    let refusal = answer.err().map(|error| errors::catalog::grow(name, &error));
                    if !repeated.contains(name) || told.insert(name) {
                        results.push(result(name, refusal));
                    }
                }
                return Outcome::Now(CreatePartitionsResponse::default().with_results(results));
            }
            Some(Err(error)) => Refusal::from(errors::store(&error)),
            None => errors::catalog::too_late(),
        };
        results.extend(wanted.iter().map(|growth| result(&growth.name, Some(refusal.clone()))));
        Outcome::Now(CreatePartitionsResponse::default().with_results(results))
    }
}

fn growth(topic: CreatePartitionsTopic) -> Growth {
    let assignments = topic.assignments.map(|assignments| {
        let brokers = assignments.into_iter().map(|assignment| assignment.broker_ids);
        brokers.map(|brokers| brokers.into_iter().map(|broker| broker.0).collect()).collect()
    });
    Growth { name: topic.name.to_string(), count: topic.count, assignments }
}

fn result(name: &str, refusal: Option<Refusal>) -> CreatePartitionsTopicResult {
    CreatePartitionsTopicResult::default()
        .with_name(topic_name(name))
        .with_error_code(refusal.as_ref().map_or(0, Refusal::code))
        .with_error_message(refusal.and_then(|refusal| refusal.message).map(text))
}
