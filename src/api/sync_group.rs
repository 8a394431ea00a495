//! SyncGroup: the leader hands in everybody's assignment, everybody gets theirs.
//!
//! v3 static members (KIP-345); v4 flexible; v5 protocol type and name, both ways.

use std::ops::RangeInclusive;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::{ApiKey, SyncGroupRequest, SyncGroupResponse};

use super::group_words::{
    group_id, kept_bytes, kept_maybe, member_id, permit, presence, shown_maybe,
};
use super::{Call, Handler, Outcome, errors};
use crate::auth::Operation;
use crate::groups::Sync;

pub(super) struct SyncGroup;

impl Handler for SyncGroup {
    const KEY: ApiKey = ApiKey::SyncGroup;
    const VERSIONS: RangeInclusive<i16> = 0..=5;
    type Request = SyncGroupRequest;
    type Response = SyncGroupResponse;

    async fn handle(call: Call, request: SyncGroupRequest) -> Outcome<SyncGroupResponse> {
        let says_both = request.protocol_type.is_some() && request.protocol_name.is_some();
        if call.version >= 5 && !says_both {
            return Outcome::Now(refused(ResponseError::InconsistentGroupProtocol));
        }
        let permit = match permit(&call, Operation::Read, &request.group_id) {
            Ok(permit) => permit,
            Err(error) => return Outcome::Now(refused(error)),
        };
        let group = group_id(&request.group_id);
        let answer = call.broker.groups().sync(&permit, &group, sync(&request));
        Outcome::Later(Box::pin(async move {
            match answer.await {
                Ok(synced) => SyncGroupResponse::default()
                    .with_protocol_type(shown_maybe(synced.protocol_type.as_ref()))
                    .with_protocol_name(shown_maybe(synced.protocol.as_ref()))
                    .with_assignment(synced.assignment),
                Err(error) => refused(errors::groups::group(error)),
            }
        }))
    }
}

fn sync(request: &SyncGroupRequest) -> Sync {
    let assignments = request
        .assignments
        .iter()
        .map(|assignment| (member_id(&assignment.member_id), kept_bytes(&assignment.assignment)));
    Sync {
        presence: presence(
            &request.member_id,
            request.group_instance_id.as_ref(),
            request.generation_id,
        ),
        protocol_type: kept_maybe(request.protocol_type.as_ref()),
        protocol: kept_maybe(request.protocol_name.as_ref()),
        assignments: assignments.collect(),
    }
}

fn refused(error: ResponseError) -> SyncGroupResponse {
    SyncGroupResponse::default().with_error_code(error.code())
}
