//! AlterConfigs (33): a resource's settings replaced by those given, the others going back to
//! their defaults. Old: clients use IncrementalAlterConfigs (KIP-339) where they can.

use std::ops::RangeInclusive;

use kafka_protocol::messages::alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse, ApiKey};

use super::config_resources::{Asked, alter, without_value};
use super::words::text;
use super::{Call, Handler, Outcome};
use crate::catalog::alter::Edits;

pub(crate) struct AlterConfigs;

impl Handler for AlterConfigs {
    const KEY: ApiKey = ApiKey::AlterConfigs;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    const NOTE: &'static str = "Topics and brokers only.";
    type Request = AlterConfigsRequest;
    type Response = AlterConfigsResponse;

    async fn handle(call: Call, request: AlterConfigsRequest) -> Outcome<AlterConfigsResponse> {
        let asked = request.resources.into_iter().map(asked).collect();
        let answers = alter(&call, asked, request.validate_only).await;
        let responses = answers.into_iter().map(|altered| {
            AlterConfigsResourceResponse::default()
                .with_resource_type(altered.kind)
                .with_resource_name(altered.name)
                .with_error_code(altered.refusal.as_ref().map_or(0, |refusal| refusal.code()))
                .with_error_message(altered.refusal.and_then(|refusal| refusal.message).map(text))
        });
        Outcome::Now(AlterConfigsResponse::default().with_responses(responses.collect()))
    }
}

fn asked(resource: AlterConfigsResource) -> Asked {
    let valueless = resource.configs.iter().filter(|config| config.value.is_none());
    let refusal = without_value(valueless.map(|config| &config.name));
    let keys = resource.configs.iter().map(|config| config.name.clone()).collect();
    let all = resource
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())));
    let edits = match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(Edits::All(all.collect())),
    };
    Asked { kind: resource.resource_type, name: resource.resource_name, keys, edits }
}
