//! DescribeConfigs (32): the settings of topics and brokers, and where each value comes from.
//!
//! v1: synonyms (KIP-226). v3: types and documentation (KIP-569).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{ApiKey, DescribeConfigsRequest, DescribeConfigsResponse};

use super::config_resources::{Kind, broker_scope};
use super::errors::Refusal;
use super::words::text;
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::catalog::{Scope, names};
use crate::config::describe::{self, Entry, Source};
use crate::config::{self};

pub(crate) struct DescribeConfigs;

/// What of each setting is asked for.
#[derive(Clone, Copy)]
struct Detail {
    synonyms: bool,
    documentation: bool,
}

impl Handler for DescribeConfigs {
    const KEY: ApiKey = ApiKey::DescribeConfigs;
    const VERSIONS: RangeInclusive<i16> = 1..=4;
    const NOTE: &'static str =
        "Broker loggers, groups and client metrics have no settings here and are refused.";
    type Request = DescribeConfigsRequest;
    type Response = DescribeConfigsResponse;

    async fn handle(
        call: Call,
        request: DescribeConfigsRequest,
    ) -> Outcome<DescribeConfigsResponse> {
        let detail = Detail {
            synonyms: request.include_synonyms,
            documentation: request.include_documentation,
        };
        let results =
            request.resources.into_iter().map(|resource| describe(&call, resource, detail));
        Outcome::Now(DescribeConfigsResponse::default().with_results(results.collect()))
    }
}

fn describe(
    call: &Call,
    resource: DescribeConfigsResource,
    detail: Detail,
) -> DescribeConfigsResult {
    let result = DescribeConfigsResult::default()
        .with_resource_type(resource.resource_type)
        .with_resource_name(resource.resource_name.clone());
    match entries(call, &resource) {
        Ok(mut entries) => {
            let keys = resource.configuration_keys.filter(|keys| !keys.is_empty());
            if let Some(keys) = keys {
                entries.retain(|entry| keys.iter().any(|key| **key == *entry.name));
            }
            let configs = entries.into_iter().map(|entry| shown(entry, detail));
            result.with_error_message(Some(text(""))).with_configs(configs.collect())
        }
        Err(refusal) => result
            .with_error_code(refusal.code())
            .with_error_message(Some(text(refusal.message.unwrap_or_default()))),
    }
}

fn entries(call: &Call, resource: &DescribeConfigsResource) -> Result<Vec<Entry>, Refusal> {
    let name: &str = &resource.resource_name;
    let kind = Kind::of(resource.resource_type)?;
    let subject = if kind == Kind::Topic { Resource::Topic(name) } else { Resource::Cluster };
    call.caller
        .permit(Operation::DescribeConfigs, subject)
        .map_err(|_| errors::denied(&subject))?;
    let settings = call.broker.settings();
    match kind {
        Kind::Topic => {
            names::check(name).map_err(|fault| errors::catalog::illegal_name(name, fault))?;
            let topic = call.broker.catalog().topic(name);
            let topic = topic.ok_or(ResponseError::UnknownTopicOrPartition)?;
            Ok(describe::topic(&topic.overrides, &settings))
        }
        Kind::Broker => match broker_scope(name, settings.node_id())? {
            Scope::Cluster => Ok(describe::cluster(&settings)),
            Scope::Node(_) => Ok(describe::broker(&settings)),
        },
    }
}

fn shown(entry: Entry, detail: Detail) -> DescribeConfigsResourceResult {
    let synonyms = entry.synonyms.into_iter().filter(|_| detail.synonyms).map(|synonym| {
        DescribeConfigsSynonym::default()
            .with_name(text(synonym.name))
            .with_value(synonym.value.map(text))
            .with_source(source_code(synonym.source))
    });
    DescribeConfigsResourceResult::default()
        .with_name(text(entry.name))
        .with_value(entry.value.map(text))
        .with_read_only(entry.read_only)
        .with_config_source(source_code(entry.source))
        .with_is_sensitive(entry.sensitive)
        .with_synonyms(synonyms.collect())
        .with_config_type(kind_code(entry.kind))
        .with_documentation(detail.documentation.then(|| text(entry.documentation)))
}

/// Kafka's `ConfigSource`.
pub(super) fn source_code(source: Source) -> i8 {
    match source {
        Source::DynamicTopic => 1,
        Source::DynamicBroker => 2,
        Source::DynamicDefaultBroker => 3,
        Source::StaticBroker => 4,
        Source::Default => 5,
    }
}

/// Kafka's `ConfigType`.
fn kind_code(kind: config::Kind) -> i8 {
    match kind {
        config::Kind::Boolean => 1,
        config::Kind::String => 2,
        config::Kind::Int => 3,
        config::Kind::Short => 4,
        config::Kind::Long => 5,
        config::Kind::Double => 6,
        config::Kind::List => 7,
        config::Kind::Class => 8,
        config::Kind::Password => 9,
    }
}
