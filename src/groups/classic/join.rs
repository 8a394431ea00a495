//! JoinGroup: new members, members that come back, static members that replace themselves.
//!
//! ```text
//!   no member id --+-- static name known --> the old id is fenced, the new one takes its place
//!                  +-- static name new ----> member
//!                  +-- v4 and up ----------> an id to come back with (KIP-394)
//!                  '-- below v4 -----------> member
//!   member id -----+-- was given out ------> member
//!                  '-- member -------------> the current generation, or the next one
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::super::answers::{Answer, Event, GroupError};
use super::super::inputs::{Join, JoinDialect, Presence, Protocol, Rules, Ticket};
use super::super::members::Member;
use super::super::timers::Alarm;
use super::super::{Step, protocols};
use super::{Classic, State, refuse_join};
use crate::base::MemberId;

/// How long a new member's join may wait. It does not know its id, so it cannot send heartbeats,
/// and its client may have gone (Kafka's CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS).
const NEW_MEMBER_TIMEOUT_MS: i32 = 5 * 60 * 1000;

impl Classic {
    pub(in super::super) fn join(&mut self, step: &mut Step<'_>, ticket: Ticket, mut join: Join) {
        keep_first_of_each(&mut join.protocols);
        let bounds = step.rules.session_timeout_min_ms..=step.rules.session_timeout_max_ms;
        if !bounds.contains(&join.session_timeout_ms) {
            return refuse_join(step, ticket, GroupError::SessionTimeout, join.member);
        }
        let is_new = join.member.as_str().is_empty();
        if self.state == State::Dead && !is_new {
            return refuse_join(step, ticket, GroupError::UnknownMember, join.member);
        }
        if self.exist(step) {
            self.save(step);
        }
        if !self.has_room_for(&join.member, step.rules) {
            self.remove(step, &join.member);
            refuse_join(step, ticket, GroupError::Full, MemberId::from(""));
            self.complete_join_if_ready(step);
        } else if !self.supports(&join) {
            refuse_join(step, ticket, GroupError::InconsistentProtocol, join.member);
        } else if is_new {
            self.join_new(step, ticket, join);
        } else {
            self.join_known(step, ticket, join);
        }
    }

    /// While members are awaited those count that have come, so that a group which has become too
    /// large sends the last ones away.
    fn has_room_for(&self, id: &MemberId, rules: &Rules) -> bool {
        let member = self.members.get(id);
        let pending = self.pending_joins.len();
        if member.is_none() && !self.pending_joins.contains(id) && pending >= rules.members_max {
            return false;
        }
        match self.state {
            State::Dead | State::Empty => true,
            State::PreparingRebalance => {
                member.is_some_and(|member| member.joining.is_some())
                    || self.joining < rules.members_max
            }
            State::CompletingRebalance | State::Stable => {
                member.is_some() || self.members.len() < rules.members_max
            }
        }
    }

    /// Whether all members would still have a protocol in common.
    fn supports(&self, join: &Join) -> bool {
        if self.state == State::Empty {
            return !join.protocol_type.is_empty() && !join.protocols.is_empty();
        }
        self.protocol_type.as_ref() == Some(&join.protocol_type)
            && self.supported.has_common(&join.protocols, self.members.len())
    }

    fn join_new(&mut self, step: &mut Step<'_>, ticket: Ticket, join: Join) {
        let prefix = join.instance.as_ref().unwrap_or(&join.client_id);
        let id = MemberId(Arc::from(format!("{prefix}-{}", join.random)));
        let known = join.instance.as_ref().and_then(|instance| self.statics.get(instance));
        if let Some(old) = known.cloned() {
            self.replace(step, ticket, join, (&old, id));
        } else if join.instance.is_none() && join.dialect.knows_its_id_first {
            self.pending_joins.insert(id.clone());
            let at = step.after_ms(join.session_timeout_ms);
            self.timers.set(Alarm::Session(id.clone()), at);
            refuse_join(step, ticket, GroupError::IdFirst, id);
        } else {
            self.join_added(step, ticket, join, id);
        }
    }

    fn join_known(&mut self, step: &mut Step<'_>, ticket: Ticket, join: Join) {
        if join.instance.is_none() && self.pending_joins.contains(&join.member) {
            let id = join.member.clone();
            return self.join_added(step, ticket, join, id);
        }
        let presence = Presence {
            member: join.member.clone(),
            instance: join.instance.clone(),
            generation: self.generation,
        };
        if let Err(error) = self.check_member(&presence) {
            return refuse_join(step, ticket, error, join.member);
        }
        let same = self.members.get(&join.member).is_some_and(|m| m.protocols == join.protocols);
        let why = match self.state {
            State::Dead | State::Empty => {
                return refuse_join(step, ticket, GroupError::UnknownMember, join.member);
            }
            State::PreparingRebalance => "is joining again",
            // The answer to its first join may have been lost.
            State::CompletingRebalance if same => return self.answer_place(step, ticket, &join),
            // A leader joins again when what it assigns has changed, such as a topic's partitions.
            State::Stable if self.is_leader(&join.member) => "leads and is joining again",
            State::Stable if same => return self.answer_place(step, ticket, &join),
            State::CompletingRebalance | State::Stable => "has other metadata",
        };
        let reason = reason(&format!("member {} {why}", join.member), join.reason.as_ref());
        let id = join.member.clone();
        self.update(step, ticket, &id, join);
        self.rebalance_or_complete(step, reason);
    }

    fn answer_place(&self, step: &mut Step<'_>, ticket: Ticket, join: &Join) {
        let mut place = self.place(&join.member);
        if self.state == State::Stable {
            place.members = Vec::new();
        }
        step.answer(ticket, Answer::Join(Ok(place)));
    }

    fn join_added(&mut self, step: &mut Step<'_>, ticket: Ticket, join: Join, id: MemberId) {
        if let Some(initial) = &mut self.initial {
            initial.joined_meanwhile = true;
        }
        let reason = reason(&format!("member {id} is new"), join.reason.as_ref());
        let member = Member {
            instance: join.instance,
            client_id: join.client_id,
            client_host: join.client_host,
            rebalance_timeout_ms: join.rebalance_timeout_ms,
            session_timeout_ms: join.session_timeout_ms,
            protocols: join.protocols,
            assignment: Bytes::new(),
            joining: Some(ticket),
            syncing: None,
            new: true,
        };
        self.add(id.clone(), member, &join.protocol_type);
        let at = step.after_ms(NEW_MEMBER_TIMEOUT_MS);
        self.timers.set(Alarm::Session(id), at);
        self.rebalance_or_complete(step, reason);
    }

    /// A member's join from now on is this one.
    fn update(&mut self, step: &mut Step<'_>, ticket: Ticket, id: &MemberId, join: Join) {
        // The request that waited is replaced by this one; its client no longer looks for it.
        self.refuse_waiting(step, id, GroupError::Rebalancing, id);
        let Some(member) = self.members.get_mut(id) else { return };
        self.supported.remove(&member.protocols);
        self.supported.add(&join.protocols);
        member.protocols = join.protocols;
        member.rebalance_timeout_ms = join.rebalance_timeout_ms;
        member.session_timeout_ms = join.session_timeout_ms;
        member.joining = Some(ticket);
        self.joining += 1;
    }

    /// A static member came back without its id: it gets a new one, the old one is fenced.
    fn replace(
        &mut self,
        step: &mut Step<'_>,
        ticket: Ticket,
        join: Join,
        (old, new): (&MemberId, MemberId),
    ) {
        let leader_before = self.leader.clone();
        self.rename(step, old, &new);
        let dialect = join.dialect;
        let reason = reason(&format!("static member {new} has come back"), join.reason.as_ref());
        self.update(step, ticket, &new, join);
        self.touch(step, &new);
        match self.state {
            State::Stable if protocols::select(&self.members, &self.supported) == self.protocol => {
                // The assignment stays right, so nobody else needs to hear of it; but the new id
                // must outlive a restart (KIP-345).
                self.keep_place(step, &new, dialect, leader_before);
                self.save(step);
            }
            // The leader may be assigning to the old id: that would leave the new one with nothing.
            State::Stable | State::CompletingRebalance => self.rebalance_or_complete(step, reason),
            State::Dead | State::Empty | State::PreparingRebalance => {
                self.complete_join_if_ready(step);
            }
        }
    }

    /// Answers a member that has come back into a Stable group: nothing is to be assigned.
    fn keep_place(
        &mut self,
        step: &mut Step<'_>,
        id: &MemberId,
        dialect: JoinDialect,
        leader_before: Option<MemberId>,
    ) {
        let mut place = self.place(id);
        if dialect.can_skip_assignment {
            place.skip_assignment = self.is_leader(id);
        } else {
            // Below v9 a leader cannot be told to leave the assignment alone: it is made to
            // believe that it follows.
            place.leader = leader_before.unwrap_or(place.leader);
            place.members = Vec::new();
        }
        let Some(member) = self.members.get_mut(id) else { return };
        if let Some(ticket) = member.joining.take() {
            self.joining = self.joining.saturating_sub(1);
            step.answer(ticket, Answer::Join(Ok(place)));
        }
    }

    /// Gives a static member another id; requests that came under the old one are fenced.
    fn rename(&mut self, step: &mut Step<'_>, old: &MemberId, new: &MemberId) {
        self.refuse_waiting(step, old, GroupError::FencedInstance, old);
        let Some(member) = self.members.remove(old) else { return };
        if let Some(instance) = &member.instance {
            self.statics.insert(instance.clone(), new.clone());
            let instance = instance.clone();
            step.tell(Event::Replaced { instance, old: old.clone(), new: new.clone() });
        }
        self.members.insert(new.clone(), member);
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        if self.pending_syncs.remove(old) {
            self.pending_syncs.insert(new.clone());
        }
        self.timers.cancel(&Alarm::Session(old.clone()));
    }
}

/// Why members have to join anew: what happened, and what the client says (KIP-800).
fn reason(what: &str, said: Option<&Arc<str>>) -> String {
    match said {
        Some(said) if !said.is_empty() => format!("{what}; client reason: {said}"),
        Some(_) | None => what.to_owned(),
    }
}

fn keep_first_of_each(protocols: &mut Vec<Protocol>) {
    let mut seen = BTreeSet::new();
    protocols.retain(|protocol| seen.insert(protocol.name.clone()));
}
