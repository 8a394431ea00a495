//! SyncGroup: the leader brings everyone's assignment, the others wait for theirs.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::Step;
use super::super::answers::{Answer, Event, GroupError, Synced};
use super::super::inputs::{Sync, Ticket};
use super::super::timers::Alarm;
use super::{Classic, State};
use crate::base::MemberId;

impl Classic {
    pub(in super::super) fn sync(&mut self, step: &mut Step<'_>, ticket: Ticket, sync: Sync) {
        if let Err(error) = self.check_sync(&sync) {
            return step.answer(ticket, Answer::Sync(Err(error)));
        }
        let id = sync.presence.member;
        match self.state {
            State::Dead | State::Empty => {
                step.answer(ticket, Answer::Sync(Err(GroupError::UnknownMember)));
            }
            State::PreparingRebalance => {
                step.answer(ticket, Answer::Sync(Err(GroupError::Rebalancing)));
            }
            State::CompletingRebalance => {
                // A request that waited is replaced by this one.
                self.refuse_waiting(step, &id, GroupError::Rebalancing, &id);
                if let Some(member) = self.members.get_mut(&id) {
                    member.syncing = Some(ticket);
                }
                self.synced(&id);
                if self.is_leader(&id) {
                    self.assign(step, sync.assignments);
                }
            }
            State::Stable => {
                self.synced(&id);
                let answer = self.assignment_of(&id);
                step.answer(ticket, Answer::Sync(answer));
            }
        }
    }

    fn check_sync(&self, sync: &Sync) -> Result<(), GroupError> {
        if matches!(self.state, State::Dead | State::Empty) {
            return Err(GroupError::UnknownMember);
        }
        self.check_member(&sync.presence)?;
        if sync.presence.generation != self.generation {
            return Err(GroupError::OtherGeneration);
        }
        // Clients below v5 do not say what they believe in.
        let differs = |said: Option<&str>, ours: Option<&str>| {
            said.zip(ours).is_some_and(|(said, ours)| said != ours)
        };
        if differs(sync.protocol_type.as_deref(), self.protocol_type.as_deref())
            || differs(sync.protocol.as_deref(), self.protocol.as_deref())
        {
            return Err(GroupError::InconsistentProtocol);
        }
        Ok(())
    }

    /// The member has asked for its assignment; when all have, nobody is waited for any more.
    fn synced(&mut self, id: &MemberId) {
        self.pending_syncs.remove(id);
        if self.pending_syncs.is_empty() {
            self.timers.cancel(&Alarm::Sync);
        }
    }

    /// The leader has spoken. Members it did not think of get an empty assignment.
    fn assign(&mut self, step: &mut Step<'_>, assignments: Vec<(MemberId, Bytes)>) {
        let mut by_member: BTreeMap<MemberId, Bytes> = assignments.into_iter().collect();
        for (id, member) in &mut self.members {
            member.assignment = by_member.remove(id).unwrap_or_default();
        }
        self.enter(step, State::Stable);
        step.tell(Event::Assigned { generation: self.generation });
        self.save(step);
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            let answer = self.assignment_of(&id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            if let Some(ticket) = member.syncing.take() {
                step.answer(ticket, Answer::Sync(answer));
                // Its session may have ended unnoticed while its request waited.
                self.touch(step, &id);
            }
        }
    }

    fn assignment_of(&self, id: &MemberId) -> Result<Synced, GroupError> {
        let member = self.members.get(id).ok_or(GroupError::UnknownMember)?;
        Ok(Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.assignment.clone(),
        })
    }
}
