//! Who calls, and what that caller may do.
//!
//! Every broker method that touches user data takes a [`Permit`], and only [`Caller::permit`]
//! makes one: a handler cannot forget to ask. There are no ACLs yet, so it always grants, as
//! Apache Kafka does without an authorizer.

use std::net::SocketAddr;
use std::sync::Arc;

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Kafka's principal, such as `User:ANONYMOUS`.
    pub principal: Arc<str>,
    /// Where the connection comes from.
    pub peer: SocketAddr,
    /// Name of the listener that accepted it, such as `PLAINTEXT`.
    pub listener: Arc<str>,
}

/// What is to be done (Kafka's `AclOperation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read records, or a group's offsets.
    Read,
    /// Write records.
    Write,
    /// Make a topic.
    Create,
    /// Delete topics, records or groups.
    Delete,
    /// Add partitions, elect leaders, move replicas.
    Alter,
    /// See that it is there.
    Describe,
    /// Change settings.
    AlterConfigs,
    /// See settings.
    DescribeConfigs,
    /// Speak as a broker.
    ClusterAction,
    /// Get a producer id.
    IdempotentWrite,
}

/// What it is to be done to (Kafka's `ResourceType` and name).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A topic by name.
    Topic(&'a str),
    /// A consumer group.
    Group(&'a str),
    /// The cluster as a whole.
    Cluster,
    /// A transactional producer.
    TransactionalId(&'a str),
}

/// Proof that a caller was asked about. It cannot be made elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Permit(());

/// The caller may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Denied;

impl Caller {
    /// Grants `operation` on `resource`, or refuses it.
    pub fn permit(&self, operation: Operation, resource: Resource<'_>) -> Result<Permit, Denied> {
        let _ = (operation, resource);
        Ok(Permit(()))
    }
}
