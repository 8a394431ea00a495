//! ListConfigResources (74): whatever has settings.
//!
//! v0 lists client metrics subscriptions only (KIP-714); v1 any kind of resource (KIP-1142).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_config_resources_response::ConfigResource;
use kafka_protocol::messages::{ApiKey, ListConfigResourcesRequest, ListConfigResourcesResponse};

use super::config_resources::{BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC};
use super::words::text;
use super::{Call, Handler, Outcome};
use crate::auth::{Operation, Resource};

pub(crate) struct ListConfigResources;

/// Every kind, in Kafka's order: none of a kind asked for means all of them.
const ALL: [i8; 5] = [TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP];

impl Handler for ListConfigResources {
    const KEY: ApiKey = ApiKey::ListConfigResources;
    const VERSIONS: RangeInclusive<i16> = 0..=1;
    const NOTE: &'static str =
        "Broker loggers, groups and client metrics have no settings here and are never listed.";
    type Request = ListConfigResourcesRequest;
    type Response = ListConfigResourcesResponse;

    async fn handle(
        call: Call,
        request: ListConfigResourcesRequest,
    ) -> Outcome<ListConfigResourcesResponse> {
        if call.caller.permit(Operation::DescribeConfigs, Resource::Cluster).is_err() {
            return Outcome::Now(refuse(ResponseError::ClusterAuthorizationFailed));
        }
        let kinds = match (call.version, request.resource_types) {
            (0, _) => vec![CLIENT_METRICS],
            (_, kinds) if kinds.is_empty() => ALL.to_vec(),
            (_, kinds) => kinds,
        };
        if !kinds.iter().all(|kind| ALL.contains(kind)) {
            return Outcome::Now(refuse(ResponseError::UnsupportedVersion));
        }
        let mut resources = Vec::new();
        for kind in ALL.into_iter().filter(|kind| kinds.contains(kind)) {
            let named = |name: String| {
                ConfigResource::default().with_resource_type(kind).with_resource_name(text(name))
            };
            match kind {
                TOPIC => {
                    let topics = call.broker.catalog().topics();
                    resources.extend(topics.iter().map(|topic| named(topic.name.to_string())));
                }
                BROKER => resources.push(named(call.broker.node_id().to_string())),
                _ => {}
            }
        }
        Outcome::Now(ListConfigResourcesResponse::default().with_config_resources(resources))
    }
}

fn refuse(error: ResponseError) -> ListConfigResourcesResponse {
    ListConfigResourcesResponse::default().with_error_code(error.code())
}
