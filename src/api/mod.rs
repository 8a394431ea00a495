//! The Kafka APIs: one file each, and the table that lists them.
//!
//! ```text
//! frame --> header --> table look-up --> version bounds --> decode (guarded) --> Handler::handle
//!                                                                                     |
//!           connection <-- Dispatched <-- header + body encoded <-- Outcome <---------'
//! ```
//! A [`Handler`] turns a request into calls of the broker and the broker's answer into a response;
//! version branches live there and nowhere else. Everything else about an API (ApiVersions, version
//! errors, metrics, docs/PROTOCOL.md) is derived from its line in the table.
//!
//! Invariants:
//! A1. Handlers of one connection start in request order; what must keep its order happens before
//!     `handle` returns, what may overlap happens in [`Outcome::Later`].
//! A2. Only a [`Fault`] closes a connection, and it is logged once, by the connection.
//! A3. No request makes the process allocate much more than its own size, or end: see `guard.rs`.
//!
//! Reading order: `mod.rs`, `table.rs`, `dispatch.rs`, `guard.rs`, `reply.rs`, `meter.rs`,
//! `errors/`, `document.rs` (docs/PROTOCOL.md); then any API's file.

mod dispatch;
#[cfg(test)]
mod document;
pub(crate) mod errors;
mod guard;
mod meter;
mod reply;
mod table;

mod alter_configs;
mod alter_partition_reassignments;
mod api_versions;
mod config_resources;
mod create_partitions;
mod create_topics;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_log_dirs;
mod describe_producers;
mod describe_quorum;
mod describe_topic_partitions;
mod elect_leaders;
mod fetch;
mod find_coordinator;
mod group_words;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_partition_reassignments;
mod lookup;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sync_group;
mod words;

use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;

use futures::future::BoxFuture;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, StrBytes};

use crate::auth::Caller;
use crate::broker::Broker;

pub use dispatch::{Dispatched, Dispatcher, Fault};
pub use reply::Reply;

/// A request's circumstances: everything but its body.
#[derive(Clone)]
pub struct Call {
    /// The running broker.
    pub broker: Arc<Broker>,
    /// Who calls, and through which listener.
    pub caller: Arc<Caller>,
    /// Version of the request, within the handler's `VERSIONS`.
    pub version: i16,
    /// The client's number for this request.
    pub correlation_id: i32,
    /// What the client calls itself.
    pub client_id: Option<StrBytes>,
}

/// What a handler gives back.
pub enum Outcome<R> {
    /// The answer.
    Now(R),
    /// The answer will come; later requests of the connection are started meanwhile.
    Later(BoxFuture<'static, R>),
    /// No answer is expected (Produce with acks=0).
    Silent,
    /// The connection is to be closed, as Kafka does when it cannot answer otherwise.
    Close,
}

/// One Kafka API.
pub(crate) trait Handler {
    /// Its key.
    const KEY: ApiKey;
    /// The versions that are served.
    const VERSIONS: RangeInclusive<i16>;
    /// The versions that ApiVersions tells: those served, but for what clients' bugs require.
    const ADVERTISED: RangeInclusive<i16> = Self::VERSIONS;
    /// What differs from Apache Kafka, for docs/PROTOCOL.md; one sentence, or nothing.
    const NOTE: &'static str = "";
    /// Its request message. (Tests make requests of it, so it is encodable too.)
    type Request: Decodable + Encodable + Default + HeaderVersion + Send + 'static;
    /// Its response message.
    type Response: Encodable + HeaderVersion + Send + 'static;

    /// Awaited in request order per connection (A1).
    fn handle(
        call: Call,
        request: Self::Request,
    ) -> impl Future<Output = Outcome<Self::Response>> + Send;
}
