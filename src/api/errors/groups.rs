//! What groups say, in Kafka's codes.

use kafka_protocol::ResponseError;

use crate::groups::GroupError;
use crate::store::StoreError;

/// A group refused.
pub(crate) fn group(error: GroupError) -> ResponseError {
    use ResponseError as E;
    match error {
        GroupError::NoName => E::InvalidGroupId,
        GroupError::NoSuchGroup | GroupError::NoSuchGeneration => E::GroupIdNotFound,
        GroupError::NotEmpty => E::NonEmptyGroup,
        GroupError::Full => E::GroupMaxSizeReached,
        GroupError::UnknownMember => E::UnknownMemberId,
        GroupError::FencedInstance => E::FencedInstanceId,
        GroupError::IdFirst => E::MemberIdRequired,
        GroupError::SessionTimeout => E::InvalidSessionTimeout,
        GroupError::InconsistentProtocol => E::InconsistentGroupProtocol,
        GroupError::OtherGeneration => E::IllegalGeneration,
        GroupError::Rebalancing => E::RebalanceInProgress,
        GroupError::MetadataTooLarge => E::OffsetMetadataTooLarge,
        GroupError::Subscribed => E::GroupSubscribedToTopic,
        // Retriable: groups that nobody uses are forgotten after a while.
        GroupError::TooManyGroups => E::CoordinatorNotAvailable,
        GroupError::StoreFailed => E::NotCoordinator,
    }
}

/// A commit was refused. Clients below v9 do not know that a group can be missing.
pub(crate) fn commit(error: GroupError, version: i16) -> ResponseError {
    match error {
        GroupError::NoSuchGeneration if version < 9 => ResponseError::IllegalGeneration,
        error => group(error),
    }
}

/// The store failed while a group was read: clients look for another coordinator, or for this one
/// after a restart (Kafka's `appendGroupMetadataErrorToResponseError`).
pub(crate) fn unreadable(error: &StoreError) -> ResponseError {
    match error {
        StoreError::Io(_)
        | StoreError::Corrupt(_)
        | StoreError::Fenced
        | StoreError::Locked(_)
        | StoreError::NewerFormat(_) => ResponseError::NotCoordinator,
    }
}
