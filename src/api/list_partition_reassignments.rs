//! ListPartitionReassignments (46): with one broker there are never any.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiKey, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};

use super::{Call, Handler, Outcome};
use crate::auth::{Operation, Resource};

pub(crate) struct ListPartitionReassignments;

impl Handler for ListPartitionReassignments {
    const KEY: ApiKey = ApiKey::ListPartitionReassignments;
    const VERSIONS: RangeInclusive<i16> = 0..=0;
    type Request = ListPartitionReassignmentsRequest;
    type Response = ListPartitionReassignmentsResponse;

    async fn handle(
        call: Call,
        _request: ListPartitionReassignmentsRequest,
    ) -> Outcome<ListPartitionReassignmentsResponse> {
        let denied = call.caller.permit(Operation::Describe, Resource::Cluster).is_err();
        let code = if denied { ResponseError::ClusterAuthorizationFailed.code() } else { 0 };
        let response = ListPartitionReassignmentsResponse::default().with_error_code(code);
        Outcome::Now(response.with_error_message(None))
    }
}
