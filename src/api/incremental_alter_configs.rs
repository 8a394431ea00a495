//! IncrementalAlterConfigs (44): some of a resource's settings set, deleted, or, where they are
//! lists, extended and reduced (KIP-339).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    ApiKey, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use super::config_resources::{Asked, alter, without_value};
use super::errors::Refusal;
use super::words::text;
use super::{Call, Handler, Outcome};
use crate::catalog::alter::{Edit, Edits};

pub(crate) struct IncrementalAlterConfigs;

/// Kafka's `AlterConfigOp.OpType`.
const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

impl Handler for IncrementalAlterConfigs {
    const KEY: ApiKey = ApiKey::IncrementalAlterConfigs;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const NOTE: &'static str = "Topics and brokers only.";
    type Request = IncrementalAlterConfigsRequest;
    type Response = IncrementalAlterConfigsResponse;

    async fn handle(
        call: Call,
        request: IncrementalAlterConfigsRequest,
    ) -> Outcome<IncrementalAlterConfigsResponse> {
        let asked = request.resources.into_iter().map(asked).collect();
        let answers = alter(&call, asked, request.validate_only).await;
        let responses = answers.into_iter().map(|altered| {
            AlterConfigsResourceResponse::default()
                .with_resource_type(altered.kind)
                .with_resource_name(altered.name)
                .with_error_code(altered.refusal.as_ref().map_or(0, |refusal| refusal.code()))
                .with_error_message(altered.refusal.and_then(|refusal| refusal.message).map(text))
        });
        Outcome::Now(IncrementalAlterConfigsResponse::default().with_responses(responses.collect()))
    }
}

fn asked(resource: AlterConfigsResource) -> Asked {
    let valueless = resource
        .configs
        .iter()
        .filter(|config| config.config_operation != DELETE && config.value.is_none());
    let refusal = without_value(valueless.map(|config| &config.name));
    let keys = resource.configs.iter().map(|config| config.name.clone()).collect();
    let edits = match refusal {
        Some(refusal) => Err(refusal),
        None => resource.configs.iter().map(edit).collect::<Result<_, _>>().map(Edits::Some),
    };
    Asked { kind: resource.resource_type, name: resource.resource_name, keys, edits }
}

fn edit(config: &AlterableConfig) -> Result<(String, Edit), Refusal> {
    let value = || config.value.as_ref().map(|value| value.to_string()).unwrap_or_default();
    let edit = match config.config_operation {
        SET => Edit::Set(value()),
        DELETE => Edit::Delete,
        APPEND => Edit::Append(value()),
        SUBTRACT => Edit::Subtract(value()),
        other => {
            let message = format!("Unknown operation type {other}.");
            return Err(Refusal::because(ResponseError::InvalidRequest, message));
        }
    };
    Ok((config.name.to_string(), edit))
}
