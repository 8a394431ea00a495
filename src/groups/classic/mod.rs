//! The classic protocol: the state of a group's membership, and what all its verbs share.
//!
//! See the module above for the drawing. Reading order: `mod.rs` (state, members in and out),
//! `join.rs`, `rebalance.rs`, `sync.rs`, `heartbeat.rs`, `leave.rs`, `expire.rs`, `record.rs`.

mod expire;
mod heartbeat;
mod join;
mod leave;
mod rebalance;
mod record;
mod sync;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::answers::{Answer, Event, GroupError, JoinRefused, Joined};
use super::inputs::{Generation, Presence, Ticket};
use super::members::Member;
use super::protocols::{self, CONSUMER, Supported};
use super::timers::{Alarm, Timers};
use super::{Step, records};
use crate::base::MemberId;

/// Where a group is in the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// There is no such group.
    #[default]
    Dead,
    /// No members; perhaps committed offsets.
    Empty,
    /// Members are awaited.
    PreparingRebalance,
    /// The leader's assignment is awaited.
    CompletingRebalance,
    /// Everyone knows what to do.
    Stable,
}

impl State {
    /// Kafka's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dead => "Dead",
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// What DescribeGroups shows of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its state.
    pub state: State,
    /// The kind of group, empty for none.
    pub protocol_type: Arc<str>,
    /// What the members have agreed on; empty unless the group is Stable.
    pub protocol: Arc<str>,
    /// Its members.
    pub members: Vec<DescribedMember>,
}

/// What DescribeGroups shows of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member: MemberId,
    /// Its static name.
    pub instance: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it comes from.
    pub client_host: Arc<str>,
    /// What it wants; empty unless the group is Stable.
    pub metadata: Bytes,
    /// What it got.
    pub assignment: Bytes,
}

/// How an empty group's first rebalance is drawn out while members keep coming.
#[derive(Clone, Copy, Debug)]
struct InitialDelay {
    delay_ms: i32,
    remaining_ms: i32,
    /// Somebody came since the delay was set.
    joined_meanwhile: bool,
}

/// The membership of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Classic {
    state: State,
    /// When it came into that state.
    since_ms: i64,
    generation: Generation,
    protocol_type: Option<Arc<str>>,
    protocol: Option<Arc<str>>,
    leader: Option<MemberId>,
    members: BTreeMap<MemberId, Member>,
    /// Static name to member id.
    statics: BTreeMap<Arc<str>, MemberId>,
    /// Ids given out to clients that have not come back with them.
    pending_joins: BTreeSet<MemberId>,
    /// Members of this generation that have not asked for their assignment.
    pending_syncs: BTreeSet<MemberId>,
    /// How many members have a join that waits.
    joining: usize,
    supported: Supported,
    /// Topics that members subscribe to; `None` when unknown.
    subscribed: Option<BTreeSet<Arc<str>>>,
    /// Set while the first rebalance of an empty group is prepared.
    initial: Option<InitialDelay>,
    timers: Timers,
}

impl Classic {
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// When the group came into its state.
    pub(super) fn since_ms(&self) -> i64 {
        self.since_ms
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    pub(super) fn protocol_type(&self) -> &str {
        self.protocol_type.as_deref().unwrap_or("")
    }

    /// Whether membership was ever used.
    pub(super) fn has_protocol_type(&self) -> bool {
        self.protocol_type.is_some()
    }

    pub(super) fn is_consumer(&self) -> bool {
        self.protocol_type() == CONSUMER
    }

    pub(super) fn knows_subscriptions(&self) -> bool {
        self.subscribed.is_some()
    }

    /// Whether somebody may come who was told a member id.
    pub(super) fn expects_joins(&self) -> bool {
        !self.pending_joins.is_empty()
    }

    /// Whether members subscribe to the topic. Consumers whose subscriptions cannot be read are
    /// taken to subscribe to everything.
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.is_consumer(), |topics| topics.contains(topic))
    }

    pub(super) fn describe(&self) -> Described {
        let stable = self.state == State::Stable;
        let protocol = self.protocol.as_ref().filter(|_| stable);
        let members = self.members.iter().map(|(id, member)| DescribedMember {
            member: id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.metadata(protocol),
            assignment: member.assignment.clone(),
        });
        Described {
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            protocol: protocol.cloned().unwrap_or_default(),
            members: members.collect(),
        }
    }

    /// Makes the group if it does not exist. Tells whether it did that.
    pub(super) fn exist(&mut self, step: &Step<'_>) -> bool {
        let made = self.state == State::Dead;
        if made {
            self.enter(step, State::Empty);
        }
        made
    }

    /// Ends the group; it has no members.
    pub(super) fn die(&mut self, step: &mut Step<'_>) {
        step.write(records::delete_group(step.id));
        step.tell(Event::Died);
        *self = Self::default();
    }

    /// Answers whoever waits: nothing can be decided any more.
    pub(super) fn give_up(&mut self, step: &mut Step<'_>) {
        self.timers.clear();
        let members: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in members {
            self.refuse_waiting(step, &id, GroupError::StoreFailed, &id.clone());
        }
    }

    /// Whether the speaker is the member it says it is.
    pub(super) fn check_member(&self, presence: &Presence) -> Result<(), GroupError> {
        if let Some(instance) = &presence.instance {
            match self.statics.get(instance) {
                None => return Err(GroupError::UnknownMember),
                Some(member) if *member != presence.member => {
                    return Err(GroupError::FencedInstance);
                }
                Some(_) => {}
            }
        }
        match self.members.contains_key(&presence.member) {
            true => Ok(()),
            false => Err(GroupError::UnknownMember),
        }
    }

    /// Whether a commit of this speaker counts (Kafka's `validateOffsetCommit`).
    pub(super) fn check_commit(&self, presence: &Presence) -> Result<(), GroupError> {
        if presence.generation < 0 && self.state == State::Empty {
            // An administrator, or a consumer that assigns itself.
            return Ok(());
        }
        let claims_membership = presence.generation >= 0 || !presence.member.as_str().is_empty();
        if claims_membership || presence.instance.is_some() {
            self.check_member(presence)?;
            if presence.generation != self.generation {
                return Err(GroupError::OtherGeneration);
            }
        } else if self.state != State::Empty {
            return Err(GroupError::UnknownMember);
        }
        match self.state {
            // The member knows the generation but not its part in it.
            State::CompletingRebalance => Err(GroupError::Rebalancing),
            State::Dead | State::Empty | State::PreparingRebalance | State::Stable => Ok(()),
        }
    }

    /// A member was heard of: its session begins anew.
    pub(super) fn touch(&mut self, step: &Step<'_>, id: &MemberId) {
        if let Some(member) = self.members.get(id) {
            let at = step.after_ms(member.session_timeout_ms);
            self.timers.set(Alarm::Session(id.clone()), at);
        }
    }

    fn enter(&mut self, step: &Step<'_>, state: State) {
        self.state = state;
        self.since_ms = step.now.wall_ms;
    }

    fn is_leader(&self, id: &MemberId) -> bool {
        self.leader.as_ref() == Some(id)
    }

    fn all_joined(&self) -> bool {
        self.joining == self.members.len() && self.pending_joins.is_empty()
    }

    /// The longest that any member asks for.
    fn rebalance_timeout_ms(&self) -> i32 {
        let timeouts = self.members.values().map(|member| member.rebalance_timeout_ms);
        timeouts.max().unwrap_or(0).max(0)
    }

    fn add(&mut self, id: MemberId, member: Member, protocol_type: &Arc<str>) {
        if self.members.is_empty() {
            self.protocol_type = Some(protocol_type.clone());
        }
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), id.clone());
        }
        self.leader.get_or_insert_with(|| id.clone());
        self.supported.add(&member.protocols);
        self.joining += usize::from(member.joining.is_some());
        self.pending_joins.remove(&id);
        self.members.insert(id, member);
    }

    /// Takes a member out and answers what of it waits; also one that only has an id so far.
    fn remove(&mut self, step: &mut Step<'_>, id: &MemberId) {
        self.refuse_waiting(step, id, GroupError::UnknownMember, &MemberId::from(""));
        if let Some(member) = self.members.remove(id) {
            self.supported.remove(&member.protocols);
            if let Some(instance) = &member.instance {
                self.statics.remove(instance);
            }
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        self.pending_joins.remove(id);
        self.pending_syncs.remove(id);
        self.timers.cancel(&Alarm::Session(id.clone()));
    }

    /// Answers what waits of a member with an error.
    fn refuse_waiting(
        &mut self,
        step: &mut Step<'_>,
        id: &MemberId,
        error: GroupError,
        answer_as: &MemberId,
    ) {
        let Some(member) = self.members.get_mut(id) else { return };
        if let Some(ticket) = member.joining.take() {
            self.joining = self.joining.saturating_sub(1);
            refuse_join(step, ticket, error, answer_as.clone());
        }
        if let Some(ticket) = member.syncing.take() {
            step.answer(ticket, Answer::Sync(Err(error)));
        }
    }

    /// The answer to a member that has a place in this generation.
    fn place(&self, id: &MemberId) -> Joined {
        let leads = self.is_leader(id);
        Joined {
            member: id.clone(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_else(|| MemberId::from("")),
            skip_assignment: false,
            members: if leads { self.roll() } else { Vec::new() },
        }
    }

    /// Every member, for the leader.
    fn roll(&self) -> Vec<(MemberId, Option<Arc<str>>, Bytes)> {
        let member = |(id, member): (&MemberId, &Member)| {
            (id.clone(), member.instance.clone(), member.metadata(self.protocol.as_ref()))
        };
        self.members.iter().map(member).collect()
    }

    /// The topics that members subscribe to, as far as that can be known.
    fn read_subscriptions(&self) -> Option<BTreeSet<Arc<str>>> {
        if !self.is_consumer() {
            return None;
        }
        if self.members.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol.as_ref()?;
        let mut topics = BTreeSet::new();
        for member in self.members.values() {
            topics.extend(protocols::subscription(&member.metadata(Some(protocol)))?);
        }
        Some(topics)
    }
}

fn refuse_join(step: &mut Step<'_>, ticket: Ticket, error: GroupError, member: MemberId) {
    step.answer(ticket, Answer::Join(Err(JoinRefused { error, member })));
}
