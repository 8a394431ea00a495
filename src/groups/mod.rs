//! Consumer groups: who is a member, who reads what, and how far each group has read.
//!
//! A [`Group`] is a state machine. It is given the time, the rules and an input and gives back
//! effects; it never waits, locks, logs or reads a clock. `broker::groups` runs it.
//!
//! ```text
//!           join                        all joined, or rebalance timeout
//!   Empty --------> PreparingRebalance -----------------------------> CompletingRebalance
//!     ^  ^                ^       |                                            |
//!     |  '----------------|-------' nobody is left                            |
//!     |                   | a member joins, leaves, changes, expires           | leader's sync
//!     |                 Stable <-----------------------------------------------'
//!   Dead: there is no such group (never made, deleted, or expired)
//! ```
//! The state names are Kafka's: DescribeGroups shows them to clients.
//!
//! Invariants (checked after every step in `sim`):
//! I1. Every ticket is answered exactly once.
//! I2. The generation grows by one when PreparingRebalance ends, and at no other time.
//! I3. In Stable every member has an assignment from the current generation.
//! I4. Replaying the writes rebuilds the group, as it was when it last was Stable or Empty.
//!
//! Reading order: `mod.rs` (inputs, answers), `classic/` (the protocol: `mod.rs`, `join.rs`,
//! `rebalance.rs`, `sync.rs`, `heartbeat.rs`, `leave.rs`, `expire.rs`), `members.rs`,
//! `protocols.rs`, `timers.rs`, `offsets.rs`, `records.rs`.
//! Kafka's behaviour: GroupMetadataManager, ClassicGroup, OffsetMetadataManager; KIP-394 (member
//! id first), KIP-345 (static members), KIP-800 (reasons), KIP-814 (static leader skips).
//! Where we differ: a ticket that the same member's next request replaces is answered with
//! "rebalance in progress" (Kafka never answers it).

mod answers;
pub mod classic;
mod inputs;
mod members;
pub mod offsets;
mod protocols;
pub mod records;
mod timers;

#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::base::{GroupId, Now};
use crate::store::Write;

pub use answers::{Answer, CommitAnswer, Effects, Event, GroupError, JoinRefused, Joined, Synced};
pub use classic::{Described, DescribedMember, State};
pub use inputs::{
    Commit, CommitItem, Generation, Input, Join, JoinDialect, Leaver, OffsetKey, Presence,
    Protocol, Rules, Sync, Ticket,
};
pub use offsets::Committed;
pub use records::{Corrupt, Record};

use classic::Classic;
use offsets::Offsets;

/// One consumer group.
#[derive(Clone, Debug)]
pub struct Group {
    id: GroupId,
    classic: Classic,
    offsets: Offsets,
}

/// One application of an input: what the verbs need, and what they bring about.
pub(crate) struct Step<'a> {
    pub(crate) id: &'a GroupId,
    pub(crate) now: Now,
    pub(crate) rules: &'a Rules,
    pub(crate) effects: Effects,
}

impl Step<'_> {
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        self.effects.answers.push((ticket, answer));
    }

    pub(crate) fn write(&mut self, write: Write) {
        self.effects.writes.push(write);
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.effects.events.push(event);
    }

    /// The moment `ms` milliseconds from now; what clients give may be negative.
    pub(crate) fn after_ms(&self, ms: i32) -> Duration {
        let ms = u64::try_from(ms).unwrap_or(0);
        self.now.tick.saturating_add(Duration::from_millis(ms))
    }
}

impl Group {
    /// A group that does not exist: it is Dead until an input makes it.
    pub fn new(id: GroupId) -> Self {
        Self { id, classic: Classic::default(), offsets: Offsets::default() }
    }

    /// Builds the group from what was written. Members get their session timeouts anew.
    pub fn restore(
        id: GroupId,
        now: Now,
        rules: &Rules,
        records: impl Iterator<Item = Record>,
    ) -> Result<Self, Corrupt> {
        let mut group = Self::new(id);
        let mut step = Step { id: &group.id, now, rules, effects: Effects::default() };
        for record in records {
            match record {
                Record::Group(saved) => group.classic = Classic::restore(&mut step, saved)?,
                Record::Offset(key, committed) => group.offsets.insert(key, committed),
            }
        }
        if !group.offsets.is_empty() {
            // Offsets without a group record: nobody ever used membership ("simple" group).
            group.classic.exist(&step);
        }
        Ok(group)
    }

    /// The only way its state changes.
    pub fn apply(&mut self, now: Now, rules: &Rules, input: Input) -> Effects {
        let id = self.id.clone();
        let mut step = Step { id: &id, now, rules, effects: Effects::default() };
        match input {
            Input::Join(ticket, join) => self.classic.join(&mut step, ticket, *join),
            Input::Sync(ticket, sync) => self.classic.sync(&mut step, ticket, sync),
            Input::Heartbeat(ticket, presence) => {
                let answer = self.classic.heartbeat(&step, &presence);
                step.answer(ticket, Answer::Heartbeat(answer));
            }
            Input::Leave(ticket, leavers) => {
                let answers = self.classic.leave(&mut step, &leavers);
                step.answer(ticket, Answer::Leave(answers));
            }
            Input::Commit(ticket, commit) => {
                let answer = self.commit(&mut step, commit);
                step.answer(ticket, Answer::Commit(answer));
            }
            Input::DeleteOffsets(ticket, keys) => {
                let answer = self.delete_offsets(&mut step, &keys);
                step.answer(ticket, Answer::DeleteOffsets(answer));
            }
            Input::Delete(ticket) => {
                let answer = self.delete(&mut step);
                step.answer(ticket, Answer::Delete(answer));
            }
            Input::TopicDeleted(topic) => self.offsets.forget_topic(&mut step, &topic),
            Input::Alarm => self.classic.alarm(&mut step),
            Input::ExpireOffsets => self.expire_offsets(&mut step),
            Input::StoreFailed => self.classic.give_up(&mut step),
        }
        step.effects
    }

    /// When the next [`Input::Alarm`] is due.
    pub fn deadline(&self) -> Option<Duration> {
        self.classic.deadline()
    }

    /// The group's name.
    pub fn id(&self) -> &GroupId {
        &self.id
    }

    /// Where it is in the protocol; [`State::Dead`] means that there is no such group.
    pub fn state(&self) -> State {
        self.classic.state()
    }

    /// The kind of group its members say it is: "consumer" for consumers; empty for none.
    pub fn protocol_type(&self) -> &str {
        self.classic.protocol_type()
    }

    /// What DescribeGroups shows.
    pub fn describe(&self) -> Described {
        self.classic.describe()
    }

    /// The committed offset of a partition.
    pub fn committed(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.offsets.get(topic, partition)
    }

    /// Every committed offset, by topic and partition.
    pub fn all_committed(&self) -> impl Iterator<Item = (&str, i32, &Committed)> {
        self.offsets.iter()
    }

    fn delete(&mut self, step: &mut Step<'_>) -> Result<(), GroupError> {
        match self.classic.state() {
            State::Dead => Err(GroupError::NoSuchGroup),
            State::Empty => {
                self.offsets.forget_all(step);
                self.classic.die(step);
                Ok(())
            }
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {
                Err(GroupError::NotEmpty)
            }
        }
    }
}
