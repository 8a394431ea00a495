//! JoinGroup: becoming a member of a group's next generation. May take as long as a rebalance.
//!
//! v1 rebalance timeout; v4 the member id first (KIP-394); v5 static members (KIP-345); v6
//! flexible; v7 protocol type in the answer; v8 reasons (KIP-800); v9 a static leader that comes
//! back does not assign again (KIP-814).

use std::ops::RangeInclusive;
use std::sync::Arc;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::join_group_response::JoinGroupResponseMember;
use kafka_protocol::messages::{ApiKey, JoinGroupRequest, JoinGroupResponse};
use kafka_protocol::protocol::StrBytes;

use super::group_words::{
    group_id, kept, kept_bytes, kept_maybe, member_id, permit, shown, shown_maybe,
};
use super::{Call, Handler, Outcome, errors};
use crate::auth::Operation;
use crate::groups::{Join, JoinDialect, JoinRefused, Joined, Protocol};

pub(super) struct JoinGroup;

impl Handler for JoinGroup {
    const KEY: ApiKey = ApiKey::JoinGroup;
    const VERSIONS: RangeInclusive<i16> = 0..=9;
    type Request = JoinGroupRequest;
    type Response = JoinGroupResponse;

    async fn handle(call: Call, request: JoinGroupRequest) -> Outcome<JoinGroupResponse> {
        let version = call.version;
        let permit = match permit(&call, Operation::Read, &request.group_id) {
            Ok(permit) => permit,
            Err(error) => return Outcome::Now(refused(version, error, StrBytes::default())),
        };
        let group = group_id(&request.group_id);
        let answer = call.broker.groups().join(&permit, &group, join(&call, &request));
        Outcome::Later(Box::pin(async move {
            match answer.await {
                Ok(joined) => response(version, joined),
                Err(JoinRefused { error, member }) => {
                    refused(version, errors::groups::group(error), shown(member.as_str()))
                }
            }
        }))
    }
}

fn join(call: &Call, request: &JoinGroupRequest) -> Join {
    let protocols = request.protocols.iter().map(|protocol| Protocol {
        name: kept(&protocol.name),
        metadata: kept_bytes(&protocol.metadata),
    });
    Join {
        member: member_id(&request.member_id),
        instance: kept_maybe(request.group_instance_id.as_ref()),
        client_id: call.client_id.as_ref().map(kept).unwrap_or_default(),
        client_host: Arc::from(format!("/{}", call.caller.peer.ip())),
        session_timeout_ms: request.session_timeout_ms,
        // v0 has one timeout for both.
        rebalance_timeout_ms: match call.version {
            0 => request.session_timeout_ms,
            _ => request.rebalance_timeout_ms,
        },
        protocol_type: kept(&request.protocol_type),
        protocols: protocols.collect(),
        random: Arc::default(),
        dialect: JoinDialect {
            knows_its_id_first: call.version >= 4,
            can_skip_assignment: call.version >= 9,
        },
        reason: kept_maybe(request.reason.as_ref()),
    }
}

fn response(version: i16, joined: Joined) -> JoinGroupResponse {
    let members = joined.members.iter().map(|(id, instance, metadata)| {
        JoinGroupResponseMember::default()
            .with_member_id(shown(id.as_str()))
            .with_group_instance_id(shown_maybe(instance.as_ref()))
            .with_metadata(metadata.clone())
    });
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(shown_maybe(joined.protocol_type.as_ref()))
        .with_protocol_name(protocol_name(version, joined.protocol.as_ref()))
        .with_leader(shown(joined.leader.as_str()))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(shown(joined.member.as_str()))
        .with_members(members.collect())
}

fn refused(version: i16, error: ResponseError, member: StrBytes) -> JoinGroupResponse {
    JoinGroupResponse::default()
        .with_error_code(error.code())
        .with_protocol_name(protocol_name(version, None))
        .with_member_id(member)
}

/// Below v7 it cannot be null.
fn protocol_name(version: i16, name: Option<&Arc<str>>) -> Option<StrBytes> {
    match shown_maybe(name) {
        None if version < 7 => Some(StrBytes::default()),
        name => name,
    }
}
