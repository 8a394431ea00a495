//! What a group is told.

use std::sync::Arc;

use bytes::Bytes;

use crate::base::{MemberId, Offset};

/// Names a request that is to be answered; the broker chooses it. A join and a sync may be
/// answered by a later input.
pub type Ticket = u64;

/// The settings that the machine goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long an empty group waits for more members (`group.initial.rebalance.delay.ms`).
    pub initial_rebalance_delay_ms: i32,
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max_ms: i32,
    /// Members of one group (`group.max.size`, and never above our own bound).
    pub members_max: usize,
    /// `offset.metadata.max.bytes`.
    pub offset_metadata_max: usize,
    /// `offsets.retention.minutes`, in milliseconds.
    pub offsets_retention_ms: i64,
}

/// An input.
#[derive(Clone, Debug)]
pub enum Input {
    /// A client wants to be a member of the next generation.
    Join(Ticket, Box<Join>),
    /// A member asks for its assignment; the leader brings everyone's.
    Sync(Ticket, Sync),
    /// A member lives.
    Heartbeat(Ticket, Presence),
    /// Members go, or are made to.
    Leave(Ticket, Vec<Leaver>),
    /// Offsets are committed.
    Commit(Ticket, Commit),
    /// Committed offsets are to be forgotten.
    DeleteOffsets(Ticket, Vec<OffsetKey>),
    /// The group is to be forgotten.
    Delete(Ticket),
    /// A topic is gone, and with it what was committed for it.
    TopicDeleted(Arc<str>),
    /// A deadline has come (see `Group::deadline`).
    Alarm,
    /// Time to look for offsets that have outlived their retention.
    ExpireOffsets,
    /// The store takes nothing more: whoever waits must be told to look elsewhere.
    StoreFailed,
}

/// One way of assigning that a member knows, with what it wants under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its name, such as "range".
    pub name: Arc<str>,
    /// Opaque here, but for consumers' subscriptions.
    pub metadata: Bytes,
}

/// What a client's version of JoinGroup can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinDialect {
    /// It must come back with the member id that it is given (v4, KIP-394).
    pub knows_its_id_first: bool,
    /// A static leader that comes back can be told not to assign again (v9, KIP-814).
    pub can_skip_assignment: bool,
}

/// A JoinGroup request.
#[derive(Clone, Debug)]
pub struct Join {
    /// Empty for a client that was never a member.
    pub member: MemberId,
    /// Names a static member (KIP-345).
    pub instance: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it comes from, as DescribeGroups shows it.
    pub client_host: Arc<str>,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// How long it may take to join again.
    pub rebalance_timeout_ms: i32,
    /// "consumer" for consumers.
    pub protocol_type: Arc<str>,
    /// Those it knows, the best first.
    pub protocols: Vec<Protocol>,
    /// Random, for a member id that may have to be made.
    pub random: Arc<str>,
    /// What its version can do.
    pub dialect: JoinDialect,
    /// Why it joins, in its own words (KIP-800).
    pub reason: Option<Arc<str>>,
}

/// A generation of a group; -1 when a client does not use membership.
pub type Generation = i32;

/// Who speaks, and of which generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The member; may be empty in commits.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<Arc<str>>,
    /// The generation that it is in.
    pub generation: Generation,
}

/// A SyncGroup request.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Who speaks.
    pub presence: Presence,
    /// The protocol type that it believes in (v5).
    pub protocol_type: Option<Arc<str>>,
    /// The protocol that it believes in (v5).
    pub protocol: Option<Arc<str>>,
    /// From the leader: what each member is to do.
    pub assignments: Vec<(MemberId, Bytes)>,
}

/// One member that leaves; an administrator names static members by instance only.
#[derive(Clone, Debug)]
pub struct Leaver {
    /// The member; empty when only the instance is named.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<Arc<str>>,
    /// Why, in its own words (KIP-800).
    pub reason: Option<Arc<str>>,
}

/// A partition as groups know it: by the topic's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OffsetKey {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's index.
    pub partition: i32,
}

/// An OffsetCommit request.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Who speaks.
    pub presence: Presence,
    /// How long to keep the offsets, when the client says (v2 to v4).
    pub retention_ms: Option<i64>,
    /// What is committed.
    pub items: Vec<CommitItem>,
}

/// One partition's commit.
#[derive(Clone, Debug)]
pub struct CommitItem {
    /// Of which partition.
    pub key: OffsetKey,
    /// The next offset to read.
    pub offset: Offset,
    /// The leader epoch of the last record read; -1 for unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: Arc<str>,
}
