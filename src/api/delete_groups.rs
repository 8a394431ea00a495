//! DeleteGroups: groups without members are forgotten, with what they have committed (KIP-229).
//!
//! v2 flexible.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use futures::future::join_all;
use kafka_protocol::messages::delete_groups_response::DeletableGroupResult;
use kafka_protocol::messages::{ApiKey, DeleteGroupsRequest, DeleteGroupsResponse};

use super::group_words::{code, group_id, permit};
use super::{Call, Handler, Outcome};
use crate::auth::Operation;

pub(super) struct DeleteGroups;

impl Handler for DeleteGroups {
    const KEY: ApiKey = ApiKey::DeleteGroups;
    const VERSIONS: RangeInclusive<i16> = 0..=2;
    type Request = DeleteGroupsRequest;
    type Response = DeleteGroupsResponse;

    async fn handle(call: Call, request: DeleteGroupsRequest) -> Outcome<DeleteGroupsResponse> {
        let mut seen = HashSet::new();
        let mut groups = request.groups_names;
        groups.retain(|group| seen.insert(group.clone()));
        let results = groups.into_iter().map(|id| {
            let deleting = permit(&call, Operation::Delete, &id)
                .map(|permit| call.broker.groups().delete(&permit, &group_id(&id)));
            async move {
                let code = match deleting {
                    Ok(deleting) => code(deleting.await),
                    Err(error) => error.code(),
                };
                DeletableGroupResult::default().with_group_id(id).with_error_code(code)
            }
        });
        let results = join_all(results.collect::<Vec<_>>());
        Outcome::Later(Box::pin(async move {
            DeleteGroupsResponse::default().with_results(results.await)
        }))
    }
}
