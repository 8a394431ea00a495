//! DescribeGroups: the members of groups and what they do.
//!
//! v3 what the caller may do (KIP-430); v4 static members (KIP-345); v5 flexible; v6 a missing
//! group is an error (KIP-1043), before it was a Dead group without one.

use std::ops::RangeInclusive;

use futures::future::join_all;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use kafka_protocol::messages::{ApiKey, DescribeGroupsRequest, DescribeGroupsResponse, GroupId};
use kafka_protocol::protocol::StrBytes;

use super::group_words::{group_id, permit, shown, shown_maybe};
use super::{Call, Handler, Outcome, errors, words};
use crate::auth::{Operation, Resource};
use crate::groups::{Described, DescribedMember, State};
use crate::store::StoreError;

pub(super) struct DescribeGroups;

impl Handler for DescribeGroups {
    const KEY: ApiKey = ApiKey::DescribeGroups;
    const VERSIONS: RangeInclusive<i16> = 0..=6;
    type Request = DescribeGroupsRequest;
    type Response = DescribeGroupsResponse;

    async fn handle(call: Call, request: DescribeGroupsRequest) -> Outcome<DescribeGroupsResponse> {
        let with_operations = call.version >= 3 && request.include_authorized_operations;
        let groups = request.groups.into_iter().map(|id| {
            let looking = permit(&call, Operation::Describe, &id)
                .map(|permit| call.broker.groups().describe(&permit, &group_id(&id)));
            let call = call.clone();
            async move {
                let group = match looking {
                    Ok(looking) => answer(&call, &id, looking.await),
                    Err(error) => DescribedGroup::default().with_error_code(error.code()),
                };
                let group = match with_operations && group.error_code == 0 {
                    true => group.with_authorized_operations(words::authorized_operations(
                        &call.caller,
                        Resource::Group(id.as_str()),
                    )),
                    false => group,
                };
                group.with_group_id(id)
            }
        });
        let groups = join_all(groups.collect::<Vec<_>>());
        Outcome::Later(Box::pin(async move {
            DescribeGroupsResponse::default().with_groups(groups.await)
        }))
    }
}

fn answer(
    call: &Call,
    id: &GroupId,
    found: Result<Option<Described>, StoreError>,
) -> DescribedGroup {
    match found {
        Ok(Some(described)) => group(described),
        Ok(None) => missing(call.version, id),
        Err(error) => {
            DescribedGroup::default().with_error_code(errors::groups::unreadable(&error).code())
        }
    }
}

fn missing(version: i16, id: &GroupId) -> DescribedGroup {
    let group =
        DescribedGroup::default().with_group_state(StrBytes::from_static_str(State::Dead.name()));
    if version < 6 {
        return group;
    }
    group
        .with_error_code(ResponseError::GroupIdNotFound.code())
        .with_error_message(Some(words::text(format!("Group {} not found.", id.as_str()))))
}

fn group(described: Described) -> DescribedGroup {
    DescribedGroup::default()
        .with_group_state(StrBytes::from_static_str(described.state.name()))
        .with_protocol_type(shown(&described.protocol_type))
        .with_protocol_data(shown(&described.protocol))
        .with_members(described.members.into_iter().map(member).collect())
}

fn member(member: DescribedMember) -> DescribedGroupMember {
    DescribedGroupMember::default()
        .with_member_id(shown(member.member.as_str()))
        .with_group_instance_id(shown_maybe(member.instance.as_ref()))
        .with_client_id(shown(&member.client_id))
        .with_client_host(shown(&member.client_host))
        .with_member_metadata(member.metadata)
        .with_member_assignment(member.assignment)
}
