//! Facts into Kafka's error codes. Nowhere else does a fact become a code.
//!
//! Each area has a file with exhaustive matches, so that a new fact does not compile until its
//! code is chosen.

pub(crate) mod catalog;
pub(crate) mod groups;
pub(crate) mod log;

use kafka_protocol::ResponseError;

use crate::auth::Resource;
use crate::store::StoreError;

/// A code with the words that go with it, for responses that carry a message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) error: ResponseError,
    pub(crate) message: Option<String>,
}

impl Refusal {
    /// A code and why.
    pub(crate) fn because(error: ResponseError, message: impl Into<String>) -> Self {
        Self { error, message: Some(message.into()) }
    }

    /// The code on the wire.
    pub(crate) fn code(&self) -> i16 {
        self.error.code()
    }
}

impl From<ResponseError> for Refusal {
    fn from(error: ResponseError) -> Self {
        Self { error, message: None }
    }
}

/// The store refused. All but corruption are retriable for clients: they ask another broker, or
/// this one after a restart.
pub(crate) fn store(error: &StoreError) -> ResponseError {
    match error {
        StoreError::Io(_) | StoreError::Locked(_) | StoreError::NewerFormat(_) => {
            ResponseError::KafkaStorageError
        }
        StoreError::Corrupt(_) => ResponseError::CorruptMessage,
        StoreError::Fenced => ResponseError::NotLeaderOrFollower,
    }
}

/// The caller may not.
pub(crate) fn denied(resource: &Resource<'_>) -> ResponseError {
    match resource {
        Resource::Topic(_) => ResponseError::TopicAuthorizationFailed,
        Resource::Group(_) => ResponseError::GroupAuthorizationFailed,
        Resource::Cluster => ResponseError::ClusterAuthorizationFailed,
        Resource::TransactionalId(_) => ResponseError::TransactionalIdAuthorizationFailed,
    }
}
