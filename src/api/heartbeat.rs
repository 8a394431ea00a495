//! Heartbeat: a group member lives.
//!
//! v3 static members (KIP-345); v4 flexible.

use std::ops::RangeInclusive;

use kafka_protocol::messages::{ApiKey, HeartbeatRequest, HeartbeatResponse};

use super::group_words::{code, group_id, permit, presence};
use super::{Call, Handler, Outcome};
use crate::auth::Operation;

pub(super) struct Heartbeat;

impl Handler for Heartbeat {
    const KEY: ApiKey = ApiKey::Heartbeat;
    const VERSIONS: RangeInclusive<i16> = 0..=4;
    type Request = HeartbeatRequest;
    type Response = HeartbeatResponse;

    async fn handle(call: Call, request: HeartbeatRequest) -> Outcome<HeartbeatResponse> {
        let response = HeartbeatResponse::default();
        let permit = match permit(&call, Operation::Read, &request.group_id) {
            Ok(permit) => permit,
            Err(error) => return Outcome::Now(response.with_error_code(error.code())),
        };
        let instance = request.group_instance_id.as_ref();
        let presence = presence(&request.member_id, instance, request.generation_id);
        let group = group_id(&request.group_id);
        let answer = call.broker.groups().heartbeat(&permit, &group, presence);
        Outcome::Later(Box::pin(async move { response.with_error_code(code(answer.await)) }))
    }
}
