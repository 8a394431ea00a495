//! What a group says.

use std::sync::Arc;

use bytes::Bytes;

use super::inputs::{Generation, Ticket};
use crate::base::MemberId;
use crate::store::Write;

/// What one input brought about.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// To be submitted as one atomic list. The answers must wait until it is durable.
    pub writes: Vec<Write>,
    /// Answers to this and to earlier inputs.
    pub answers: Vec<(Ticket, Answer)>,
    /// What is worth a line in the log.
    pub events: Vec<Event>,
}

/// An answer; its kind is that of the input which brought the ticket.
#[derive(Clone, Debug)]
pub enum Answer {
    /// To a join.
    Join(Result<Joined, JoinRefused>),
    /// To a sync.
    Sync(Result<Synced, GroupError>),
    /// To a heartbeat.
    Heartbeat(Result<(), GroupError>),
    /// To a leave: one for each member named.
    Leave(Vec<Result<(), GroupError>>),
    /// To a commit.
    Commit(CommitAnswer),
    /// To a deletion of offsets: one for each partition named.
    DeleteOffsets(Result<Vec<Result<(), GroupError>>, GroupError>),
    /// To a deletion of the group.
    Delete(Result<(), GroupError>),
}

/// To a commit: an error for all of it, or one answer for each item.
pub type CommitAnswer = Result<Vec<Result<(), GroupError>>, GroupError>;

/// A place in a generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The client's id.
    pub member: MemberId,
    /// The generation.
    pub generation: Generation,
    /// The kind of group.
    pub protocol_type: Option<Arc<str>>,
    /// What the members have agreed on.
    pub protocol: Option<Arc<str>>,
    /// Who is to assign.
    pub leader: MemberId,
    /// The leader has nothing to assign this time (KIP-814).
    pub skip_assignment: bool,
    /// For the leader: id, static name and metadata of every member.
    pub members: Vec<(MemberId, Option<Arc<str>>, Bytes)>,
}

/// A join that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRefused {
    /// Why.
    pub error: GroupError,
    /// The member id to answer with.
    pub member: MemberId,
}

/// A member's assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synced {
    /// The kind of group.
    pub protocol_type: Option<Arc<str>>,
    /// What the members have agreed on.
    pub protocol: Option<Arc<str>>,
    /// As the leader gave it.
    pub assignment: Bytes,
}

/// Why a group refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupError {
    /// The group's name is empty, and this verb needs one.
    NoName,
    /// There is no such group.
    NoSuchGroup,
    /// There is no such group to commit to: the client's generation is of another life.
    NoSuchGeneration,
    /// The group has members.
    NotEmpty,
    /// The group has as many members as it may.
    Full,
    /// The member is not in the group.
    UnknownMember,
    /// Another client has taken over the static name.
    FencedInstance,
    /// The client must come back with the id it is given.
    IdFirst,
    /// The session timeout is out of bounds.
    SessionTimeout,
    /// No protocol that all members know, or another kind of group.
    InconsistentProtocol,
    /// The member's generation is not the group's.
    OtherGeneration,
    /// Members are about to join anew.
    Rebalancing,
    /// The note that came with an offset is too long.
    MetadataTooLarge,
    /// Members subscribe to the topic.
    Subscribed,
    /// There are as many groups as there may be.
    TooManyGroups,
    /// The store takes nothing more: this broker can coordinate nothing.
    StoreFailed,
}

/// What is worth a line in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Members have to join anew.
    Rebalancing {
        /// The generation that ends.
        generation: Generation,
        /// Why, with the client's own reason if it gave one.
        reason: String,
    },
    /// A generation began; its leader is to assign.
    Joined {
        /// The generation.
        generation: Generation,
        /// How many there are.
        members: usize,
    },
    /// The leader has assigned.
    Assigned {
        /// The generation.
        generation: Generation,
    },
    /// Nobody is left.
    Emptied {
        /// The generation that began with nobody in it.
        generation: Generation,
    },
    /// A member is no longer in the group.
    Removed {
        /// Who.
        member: MemberId,
        /// Why.
        reason: String,
    },
    /// A static member came back under a new id.
    Replaced {
        /// Its static name.
        instance: Arc<str>,
        /// The id that is fenced from now on.
        old: MemberId,
        /// The id that counts.
        new: MemberId,
    },
    /// The group is gone.
    Died,
}
