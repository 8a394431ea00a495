//! DescribeCluster (60): the brokers and the controller (KIP-700).
//!
//! v1: whose endpoints are asked for (KIP-919). v2: fenced brokers (KIP-1073), of which a single
//! broker has none.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{ApiKey, DescribeClusterRequest, DescribeClusterResponse};

use super::words::{authorized_operations, own_endpoint, own_id, text};
use super::{Call, Handler, Outcome};
use crate::auth::Resource;
use crate::config::keys;

pub(crate) struct DescribeCluster;

/// Kafka's `EndpointType`.
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

impl Handler for DescribeCluster {
    const KEY: ApiKey = ApiKey::DescribeCluster;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    type Request = DescribeClusterRequest;
    type Response = DescribeClusterResponse;

    async fn handle(
        call: Call,
        request: DescribeClusterRequest,
    ) -> Outcome<DescribeClusterResponse> {
        // v0 knows brokers only.
        let asked = if call.version == 0 { BROKERS } else { request.endpoint_type };
        if asked != BROKERS {
            return Outcome::Now(refuse(asked));
        }
        let mut response = describe(&call);
        if request.include_cluster_authorized_operations {
            response.cluster_authorized_operations =
                authorized_operations(&call.caller, Resource::Cluster);
        }
        Outcome::Now(response)
    }
}

fn describe(call: &Call) -> DescribeClusterResponse {
    let rack = call.broker.settings().get(keys::BROKER_RACK).map(|rack| text(&*rack));
    let own = own_endpoint(call).map(|endpoint| {
        DescribeClusterBroker::default()
            .with_broker_id(own_id(call))
            .with_host(text(&*endpoint.host))
            .with_port(i32::from(endpoint.port))
            .with_rack(rack)
    });
    DescribeClusterResponse::default()
        .with_endpoint_type(BROKERS)
        .with_cluster_id(text(call.broker.cluster_id()))
        .with_controller_id(own_id(call))
        .with_brokers(own.into_iter().collect())
}

/// Controllers have listeners of their own in Kafka; here there are none.
fn refuse(asked: i8) -> DescribeClusterResponse {
    let (error, message) = match asked {
        CONTROLLERS => (
            ResponseError::MismatchedEndpointType,
            "This listener is one for brokers, not for controllers.".to_owned(),
        ),
        _ => (
            ResponseError::UnsupportedEndpointType,
            format!("Endpoint type {asked} is not known here."),
        ),
    };
    DescribeClusterResponse::default()
        .with_error_code(error.code())
        .with_error_message(Some(text(message)))
}
