//! FindCoordinator: which broker coordinates a group. Here it is always this one.
//!
//! v1 key types and error messages; v3 flexible; v4 several keys (KIP-699); v6 share groups
//! (KIP-932).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::find_coordinator_response::Coordinator;
use kafka_protocol::messages::{ApiKey, BrokerId, FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use super::errors::{self, Refusal};
use super::{Call, Handler, Outcome, words};
use crate::auth::{Operation, Resource};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
const SHARE: i8 = 2;

pub(super) struct FindCoordinator;

/// Where a coordinator is.
struct Place {
    host: StrBytes,
    port: i32,
    node: BrokerId,
}

impl Handler for FindCoordinator {
    const KEY: ApiKey = ApiKey::FindCoordinator;
    const VERSIONS: RangeInclusive<i16> = 0..=6;
    const NOTE: &'static str =
        "Coordinators of transactions and of share groups are refused with INVALID_REQUEST.";
    type Request = FindCoordinatorRequest;
    type Response = FindCoordinatorResponse;

    async fn handle(
        call: Call,
        request: FindCoordinatorRequest,
    ) -> Outcome<FindCoordinatorResponse> {
        // v4: several keys (KIP-699).
        Outcome::Now(if call.version >= 4 {
            let keys = request.coordinator_keys.into_iter();
            let coordinators = keys.map(|key| {
                let found = find(&call, request.key_type, &key);
                coordinator(key, found)
            });
            FindCoordinatorResponse::default().with_coordinators(coordinators.collect())
        } else {
            single(find(&call, request.key_type, &request.key))
        })
    }
}

fn find(call: &Call, key_type: i8, key: &StrBytes) -> Result<Place, Refusal> {
    let refuse = |why: &str| Err(Refusal::because(ResponseError::InvalidRequest, why));
    match key_type {
        GROUP => {
            let group = Resource::Group(key.as_str());
            let permit = call.caller.permit(Operation::Describe, group);
            permit.map_err(|_| Refusal::from(errors::denied(&group)))?;
        }
        // A retriable code would keep a producer asking until its patience ends.
        TRANSACTION => return refuse("Transactions are not supported yet."),
        SHARE => return refuse("Share groups are not supported yet."),
        _ => return refuse("Unknown coordinator type."),
    }
    let endpoint = words::own_endpoint(call).ok_or(ResponseError::CoordinatorNotAvailable)?;
    Ok(Place {
        host: words::text(endpoint.host.clone()),
        port: i32::from(endpoint.port),
        node: words::own_id(call),
    })
}

fn coordinator(key: StrBytes, found: Result<Place, Refusal>) -> Coordinator {
    let response = Coordinator::default().with_key(key);
    match found {
        Ok(place) => response.with_node_id(place.node).with_host(place.host).with_port(place.port),
        Err(refusal) => response
            .with_node_id(BrokerId(-1))
            .with_port(-1)
            .with_error_code(refusal.code())
            .with_error_message(refusal.message.map(words::text)),
    }
}

/// Below v4. Kafka says "NONE" where there is nothing to say.
fn single(found: Result<Place, Refusal>) -> FindCoordinatorResponse {
    let response = FindCoordinatorResponse::default();
    match found {
        Ok(place) => response
            .with_error_message(Some(StrBytes::from_static_str("NONE")))
            .with_node_id(place.node)
            .with_host(place.host)
            .with_port(place.port),
        Err(refusal) => response
            .with_error_code(refusal.code())
            .with_error_message(refusal.message.map(words::text))
            .with_node_id(BrokerId(-1))
            .with_port(-1),
    }
}
