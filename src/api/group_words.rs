//! Small translations that the group APIs share.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages as kafka;
use kafka_protocol::protocol::StrBytes;

use super::{Call, errors};
use crate::auth::{Operation, Permit, Resource};
use crate::base::{GroupId, MemberId};
use crate::groups::{Generation, GroupError, Presence};

/// A group's name as the broker holds it.
pub(super) fn group_id(id: &kafka::GroupId) -> GroupId {
    GroupId::from(id.as_str())
}

/// A group's name as the protocol crate holds it.
pub(super) fn kafka_group_id(id: &GroupId) -> kafka::GroupId {
    kafka::GroupId(shown(id.as_str()))
}

/// A member's id as the broker holds it.
pub(super) fn member_id(id: &StrBytes) -> MemberId {
    MemberId::from(id.as_str())
}

/// Text that is kept: a copy, so that it does not keep the request's frame.
pub(super) fn kept(text: &StrBytes) -> Arc<str> {
    Arc::from(text.as_str())
}

/// Text that is kept, if there is any.
pub(super) fn kept_maybe(text: Option<&StrBytes>) -> Option<Arc<str>> {
    text.map(kept)
}

/// Bytes that are kept: a copy, so that they do not keep the request's frame.
pub(super) fn kept_bytes(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes)
}

/// Text for a response.
pub(super) fn shown(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// Text for a response, if there is any.
pub(super) fn shown_maybe(text: Option<&Arc<str>>) -> Option<StrBytes> {
    text.map(|text| shown(text))
}

/// Who speaks.
pub(super) fn presence(
    member: &StrBytes,
    instance: Option<&StrBytes>,
    generation: Generation,
) -> Presence {
    Presence { member: member_id(member), instance: kept_maybe(instance), generation }
}

/// Asks whether the caller may do this to the group.
pub(super) fn permit(
    call: &Call,
    operation: Operation,
    group: &kafka::GroupId,
) -> Result<Permit, ResponseError> {
    let resource = Resource::Group(group.as_str());
    call.caller.permit(operation, resource).map_err(|_| errors::denied(&resource))
}

/// The code of an answer that has nothing else to say.
pub(super) fn code(answer: Result<(), GroupError>) -> i16 {
    answer.map_or_else(|error| errors::groups::group(error).code(), |()| 0)
}
