//! One member of a group.

use std::sync::Arc;

use bytes::Bytes;

use super::inputs::{Protocol, Ticket};

/// A member, and which of its requests wait.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) instance: Option<Arc<str>>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
    pub(super) assignment: Bytes,
    /// The join that waits for the next generation.
    pub(super) joining: Option<Ticket>,
    /// The sync that waits for the leader's.
    pub(super) syncing: Option<Ticket>,
    /// It has not been in a generation yet, so it does not know its id and cannot send heartbeats.
    pub(super) new: bool,
}

impl Member {
    /// What it wants under a protocol; empty when it does not know the protocol.
    pub(super) fn metadata(&self, protocol: Option<&Arc<str>>) -> Bytes {
        let known = self.protocols.iter().find(|known| Some(&known.name) == protocol);
        known.map(|known| known.metadata.clone()).unwrap_or_default()
    }

    /// A request of it that waits shows that it lives; not so for a new member, whose client may
    /// be gone: nobody would ever notice.
    pub(super) fn is_excused(&self) -> bool {
        !self.new && (self.joining.is_some() || self.syncing.is_some())
    }
}
