//! ListGroups: every group of this broker.
//!
//! v3 flexible; v4 states and a filter for them (KIP-518); v5 types and a filter for them
//! (KIP-848).

use std::ops::RangeInclusive;

use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{ApiKey, ListGroupsRequest, ListGroupsResponse};
use kafka_protocol::protocol::StrBytes;

use super::group_words::{kafka_group_id, permit, shown};
use super::{Call, Handler, Outcome, errors};
use crate::auth::{Operation, Resource};
use crate::broker::groups::Listed;

/// Kafka's name for groups of the classic protocol.
const CLASSIC: &str = "classic";

pub(super) struct ListGroups;

impl Handler for ListGroups {
    const KEY: ApiKey = ApiKey::ListGroups;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    type Request = ListGroupsRequest;
    type Response = ListGroupsResponse;

    async fn handle(call: Call, request: ListGroupsRequest) -> Outcome<ListGroupsResponse> {
        // Who may not see the cluster still sees the groups that it may see.
        let (sees_all, permit) = match call.caller.permit(Operation::Describe, Resource::Cluster) {
            Ok(permit) => (true, permit),
            Err(_) => match permit(&call, Operation::Describe, &Default::default()) {
                Ok(permit) => (false, permit),
                Err(_) => return Outcome::Now(ListGroupsResponse::default()),
            },
        };
        let listing = call.broker.groups().list(&permit);
        Outcome::Later(Box::pin(async move {
            match listing.await {
                Ok(groups) => {
                    let visible = groups
                        .into_iter()
                        .filter(|group| is_wanted(group, &request))
                        .filter(|group| sees_all || may_see(&call, group));
                    ListGroupsResponse::default().with_groups(visible.map(line).collect())
                }
                Err(error) => ListGroupsResponse::default()
                    .with_error_code(errors::groups::unreadable(&error).code()),
            }
        }))
    }
}

fn may_see(call: &Call, group: &Listed) -> bool {
    call.caller.permit(Operation::Describe, Resource::Group(group.group.as_str())).is_ok()
}

/// Empty filters let all through; names that mean nothing let nothing through.
fn is_wanted(group: &Listed, request: &ListGroupsRequest) -> bool {
    let states = &request.states_filter;
    let types = &request.types_filter;
    let is_state = |wanted: &StrBytes| wanted.trim().eq_ignore_ascii_case(group.state.name());
    let is_type = |wanted: &StrBytes| wanted.eq_ignore_ascii_case(CLASSIC);
    (states.is_empty() || states.iter().any(is_state))
        && (types.is_empty() || types.iter().any(is_type))
}

fn line(group: Listed) -> ListedGroup {
    ListedGroup::default()
        .with_group_id(kafka_group_id(&group.group))
        .with_protocol_type(shown(&group.protocol_type))
        .with_group_state(StrBytes::from_static_str(group.state.name()))
        .with_group_type(StrBytes::from_static_str(CLASSIC))
}
