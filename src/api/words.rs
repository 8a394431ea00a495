//! Small translations that many handlers need: names, ids, who leads, what a caller may do.

use std::time::Duration;

use kafka_protocol::messages::{BrokerId, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::Call;
use crate::auth::{Caller, Operation, Resource};
use crate::base::TopicId;
use crate::broker::Endpoint;

/// Text as the protocol crate holds it.
pub(crate) fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}

/// A topic's name as the protocol crate holds it.
pub(crate) fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

/// A topic's id as the protocol crate holds it.
pub(crate) fn uuid(id: TopicId) -> Uuid {
    Uuid::from_bytes(id.0)
}

/// A topic's id as the broker holds it.
pub(crate) fn topic_id(id: Uuid) -> TopicId {
    TopicId(*id.as_bytes())
}

/// This node, the only leader, replica and controller there is.
pub(crate) fn own_id(call: &Call) -> BrokerId {
    BrokerId(call.broker.node_id())
}

/// Where the caller reaches this broker: the advertised address of the listener that it came in by.
pub(crate) fn own_endpoint(call: &Call) -> Option<&Endpoint> {
    let of_listener = |endpoint: &&Endpoint| endpoint.listener == call.caller.listener;
    call.broker.endpoints().iter().find(of_listener)
}

/// Waits for `work` as long as the client gives it, as Kafka's controller does: without time it is
/// not begun. What was begun goes on, only its answer is not waited for.
pub(crate) async fn within<T>(timeout_ms: i32, work: impl Future<Output = T>) -> Option<T> {
    let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
    if timeout.is_zero() {
        return None;
    }
    tokio::time::timeout(timeout, work).await.ok()
}

/// What can be done to a topic (Kafka's `AclEntry.supportedOperations`).
const TOPIC_OPERATIONS: &[Operation] = &[
    Operation::Read,
    Operation::Write,
    Operation::Create,
    Operation::Delete,
    Operation::Alter,
    Operation::Describe,
    Operation::DescribeConfigs,
    Operation::AlterConfigs,
];

/// What can be done to a group.
const GROUP_OPERATIONS: &[Operation] = &[
    Operation::Read,
    Operation::Delete,
    Operation::Describe,
    Operation::DescribeConfigs,
    Operation::AlterConfigs,
];

/// What can be done to the cluster.
const CLUSTER_OPERATIONS: &[Operation] = &[
    Operation::Create,
    Operation::Alter,
    Operation::Describe,
    Operation::ClusterAction,
    Operation::DescribeConfigs,
    Operation::AlterConfigs,
    Operation::IdempotentWrite,
];

/// What can be done to a transactional id.
const TRANSACTIONAL_ID_OPERATIONS: &[Operation] = &[Operation::Write, Operation::Describe];

/// What the caller may do to a resource, as the bit field that clients ask for (KIP-430).
pub(crate) fn authorized_operations(caller: &Caller, resource: Resource<'_>) -> i32 {
    let operations = match resource {
        Resource::Topic(_) => TOPIC_OPERATIONS,
        Resource::Group(_) => GROUP_OPERATIONS,
        Resource::Cluster => CLUSTER_OPERATIONS,
        Resource::TransactionalId(_) => TRANSACTIONAL_ID_OPERATIONS,
    };
    let granted =
        operations.iter().filter(|operation| caller.permit(**operation, resource).is_ok());
    granted.fold(0, |bits, operation| bits | 1 << code(*operation))
}

/// Kafka's number for an operation (`AclOperation`).
fn code(operation: Operation) -> u32 {
    match operation {
        Operation::Read => 3,
        Operation::Write => 4,
        Operation::Create => 5,
        Operation::Delete => 6,
        Operation::Alter => 7,
        Operation::Describe => 8,
        Operation::ClusterAction => 9,
        Operation::DescribeConfigs => 10,
        Operation::AlterConfigs => 11,
        Operation::IdempotentWrite => 12,
    }
}
