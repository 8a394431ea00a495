//! LeaveGroup: members go, or an administrator sends them away.
//!
//! v3 several members, static ones by name (KIP-345); v4 flexible; v5 reasons (KIP-800).

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::leave_group_response::MemberResponse;
use kafka_protocol::messages::{ApiKey, LeaveGroupRequest, LeaveGroupResponse};

use super::group_words::{code, group_id, kept_maybe, member_id, permit};
use super::{Call, Handler, Outcome, errors};
use crate::auth::Operation;
use crate::groups::{GroupError, Leaver};

pub(super) struct LeaveGroup;

impl Handler for LeaveGroup {
    const KEY: ApiKey = ApiKey::LeaveGroup;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    type Request = LeaveGroupRequest;
    type Response = LeaveGroupResponse;

    async fn handle(call: Call, request: LeaveGroupRequest) -> Outcome<LeaveGroupResponse> {
        let version = call.version;
        let permit = match permit(&call, Operation::Read, &request.group_id) {
            Ok(permit) => permit,
            Err(error) => return Outcome::Now(refused(error)),
        };
        // Below v3 a request is about one member.
        let members = match version {
            ..3 => vec![MemberIdentity::default().with_member_id(request.member_id)],
            3.. => request.members,
        };
        let group = group_id(&request.group_id);
        let leavers = members.iter().map(leaver).collect();
        let answer = call.broker.groups().leave(&permit, &group, leavers);
        Outcome::Later(Box::pin(async move {
            match answer.await {
                Ok(answers) => response(version, members, answers),
                Err(error) => refused(errors::groups::group(error)),
            }
        }))
    }
}

fn leaver(member: &MemberIdentity) -> Leaver {
    Leaver {
        member: member_id(&member.member_id),
        instance: kept_maybe(member.group_instance_id.as_ref()),
        reason: kept_maybe(member.reason.as_ref()),
    }
}

fn response(
    version: i16,
    members: Vec<MemberIdentity>,
    answers: Vec<Result<(), GroupError>>,
) -> LeaveGroupResponse {
    if version < 3 {
        let only = answers.first().copied().unwrap_or(Ok(()));
        return LeaveGroupResponse::default().with_error_code(code(only));
    }
    let members = members.into_iter().zip(answers).map(|(member, answer)| {
        MemberResponse::default()
            .with_member_id(member.member_id)
            .with_group_instance_id(member.group_instance_id)
            .with_error_code(code(answer))
    });
    LeaveGroupResponse::default().with_members(members.collect())
}

fn refused(error: ResponseError) -> LeaveGroupResponse {
    LeaveGroupResponse::default().with_error_code(error.code())
}
