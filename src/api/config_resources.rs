//! What AlterConfigs, IncrementalAlterConfigs and DescribeConfigs share: which resources have
//! settings, and the checks of a request's form before the catalog is asked.

use std::collections::{HashMap, HashSet};

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::Call;
use super::errors::{self, Refusal};
use crate::auth::{Operation, Resource};
use crate::catalog::alter::{self, Alteration, Edits};
use crate::catalog::{Mode, Scope};

/// Kinds of resources that have settings here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Topic,
    Broker,
}

impl Kind {
    /// Kafka's `ConfigResource.Type`, those that Kafka has and this broker has not being refused.
    pub(super) fn of(code: i8) -> Result<Self, Refusal> {
        let missing = match code {
            TOPIC => return Ok(Self::Topic),
            BROKER => return Ok(Self::Broker),
            BROKER_LOGGER => "Log levels cannot be altered here: start with another RUST_LOG.",
            CLIENT_METRICS => "Client metrics subscriptions are not served here.",
            GROUP => "Groups have no configs of their own here.",
            _ => {
                let message = format!("Unknown resource type {code}.");
                return Err(Refusal::because(ResponseError::InvalidRequest, message));
            }
        };
        Err(Refusal::because(ResponseError::InvalidRequest, missing))
    }
}

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
pub(super) const BROKER_LOGGER: i8 = 8;
pub(super) const CLIENT_METRICS: i8 = 16;
pub(super) const GROUP: i8 = 32;

/// Which brokers a resource's name means: none is all of them.
pub(super) fn broker_scope(name: &str, node_id: i32) -> Result<Scope, Refusal> {
    if name.is_empty() {
        return Ok(Scope::Cluster);
    }
    let refuse = |message| Err(Refusal::because(ResponseError::InvalidRequest, message));
    match name.parse::<i32>() {
        Ok(id) if id == node_id => Ok(Scope::Node(id)),
        Ok(_) => refuse(format!("Unexpected broker id {name}: this is broker {node_id}.")),
        Err(_) => refuse(format!("The broker id must be an integer, but it is: {name}")),
    }
}

/// One resource of a request that alters settings.
pub(super) struct Asked {
    pub(super) kind: i8,
    pub(super) name: StrBytes,
    /// The keys that are named, for they may be named once only.
    pub(super) keys: Vec<StrBytes>,
    /// What is to be done, if that much is clear.
    pub(super) edits: Result<Edits, Refusal>,
}

/// What became of one resource.
pub(super) struct Altered {
    pub(super) kind: i8,
    pub(super) name: StrBytes,
    pub(super) refusal: Option<Refusal>,
}

/// Alters settings: form first, then rights, then the catalog's rules.
pub(super) async fn alter(call: &Call, asked: Vec<Asked>, validate_only: bool) -> Vec<Altered> {
    let mode = if validate_only { Mode::Validate } else { Mode::Apply };
    let mut seen = HashMap::new();
    for one in &asked {
        *seen.entry((one.kind, one.name.clone())).or_insert(0_usize) += 1;
    }
    let mut permit = None;
    let mut wanted = Vec::new();
    let mut answers: Vec<Altered> = Vec::with_capacity(asked.len());
    for one in asked {
        let repeated = seen.get(&(one.kind, one.name.clone())).is_some_and(|count| *count > 1);
        let (kind, name) = (one.kind, one.name.clone());
        let refusal = match alteration(call, one, repeated) {
            Ok((granted, alteration)) => {
                permit = Some(granted);
                wanted.push((answers.len(), alteration));
                None
            }
            Err(refusal) => Some(refusal),
        };
        answers.push(Altered { kind, name, refusal });
    }
    let Some(permit) = permit else { return answers };
    let (places, wanted): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    match call.broker.catalog().alter(&permit, wanted.clone(), mode).await {
        Ok(results) => {
            for ((place, wanted), result) in places.into_iter().zip(&wanted).zip(results) {
                answers[place].refusal =
                    result.err().map(|error| errors::catalog::alter(&wanted.resource, &error));
            }
        }
        Err(error) => {
            let refusal = Refusal::from(errors::store(&error));
            places.into_iter().for_each(|at| answers[at].refusal = Some(refusal.clone()));
        }
    }
    answers
}

fn alteration(
    call: &Call,
    asked: Asked,
    repeated: bool,
) -> Result<(crate::auth::Permit, Alteration), Refusal> {
    let refuse = |message: &str| Err(Refusal::because(ResponseError::InvalidRequest, message));
    if repeated {
        return refuse("Each resource must appear at most once.");
    }
    let mut keys = HashSet::new();
    if !asked.keys.iter().all(|key| keys.insert(key)) {
        return refuse("A config key is given more than once.");
    }
    let edits = asked.edits?;
    let (resource, subject) = match Kind::of(asked.kind)? {
        Kind::Topic => {
            (alter::Resource::Topic(asked.name.to_string()), Resource::Topic(&asked.name))
        }
        Kind::Broker => {
            let scope = broker_scope(&asked.name, call.broker.settings().node_id())?;
            (alter::Resource::Broker(scope), Resource::Cluster)
        }
    };
    let permit = call
        .caller
        .permit(Operation::AlterConfigs, subject)
        .map_err(|_| errors::denied(&subject))?;
    Ok((permit, Alteration { resource, edits }))
}

/// The keys that have no value.
pub(super) fn without_value<'a>(keys: impl Iterator<Item = &'a StrBytes>) -> Option<Refusal> {
    let keys = keys.map(|key| key.as_str()).collect::<Vec<_>>();
    let message = || format!("Null value not supported for : {}", keys.join(", "));
    (!keys.is_empty()).then(|| Refusal::because(ResponseError::InvalidRequest, message()))
}
