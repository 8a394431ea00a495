//! From one generation to the next: preparing, and what ends it.

use super::super::Step;
use super::super::answers::{Answer, Event, GroupError};
use super::super::protocols;
use super::super::timers::Alarm;
use super::{Classic, InitialDelay, State};
use crate::base::MemberId;
use bytes::Bytes;

/// While static members do not come back the end of the preparation is tried again; a client's
/// rebalance timeout of 0 must not make that a busy loop.
const RETRY_MIN_MS: i32 = 100;

impl Classic {
    /// Begins a rebalance, or goes on with the one that is under way.
    pub(super) fn rebalance_or_complete(&mut self, step: &mut Step<'_>, reason: String) {
        match self.state {
            State::Empty | State::CompletingRebalance | State::Stable => {
                self.prepare_rebalance(step, reason);
            }
            State::Dead | State::PreparingRebalance => self.complete_join_if_ready(step),
        }
    }

    /// Members have to join anew.
    pub(super) fn prepare_rebalance(&mut self, step: &mut Step<'_>, reason: String) {
        if self.state == State::CompletingRebalance {
            self.withdraw_assignments(step);
        }
        self.pending_syncs.clear();
        self.timers.cancel(&Alarm::Sync);
        let from_empty = self.state == State::Empty;
        self.enter(step, State::PreparingRebalance);
        step.tell(Event::Rebalancing { generation: self.generation, reason });
        if from_empty {
            // More members are likely to come: wait for them, rather than rebalance for each.
            let delay_ms = step.rules.initial_rebalance_delay_ms.max(0);
            let remaining_ms = self.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
            self.initial = Some(InitialDelay { delay_ms, remaining_ms, joined_meanwhile: false });
            self.timers.set(Alarm::Join, step.after_ms(delay_ms));
        } else if self.all_joined() {
            self.complete_join(step);
        } else {
            let at = step.after_ms(self.rebalance_timeout_ms());
            self.timers.set(Alarm::Join, at);
        }
    }

    /// Ends the preparation if all are there. The first rebalance of an empty group always lasts
    /// as long as its delay.
    pub(super) fn complete_join_if_ready(&mut self, step: &mut Step<'_>) {
        let preparing = self.state == State::PreparingRebalance && self.initial.is_none();
        if preparing && self.all_joined() {
            self.complete_join(step);
        }
    }

    /// The time to join is over.
    pub(super) fn join_alarm(&mut self, step: &mut Step<'_>) {
        if self.state != State::PreparingRebalance {
            return;
        }
        match self.initial {
            Some(initial) if initial.joined_meanwhile && initial.remaining_ms > 0 => {
                let delay_ms =
                    step.rules.initial_rebalance_delay_ms.max(0).min(initial.remaining_ms);
                let remaining_ms = (initial.remaining_ms - initial.delay_ms).max(0);
                let next = InitialDelay { delay_ms, remaining_ms, joined_meanwhile: false };
                self.initial = Some(next);
                self.timers.set(Alarm::Join, step.after_ms(delay_ms));
            }
            Some(_) | None => self.complete_join(step),
        }
    }

    /// Ends the preparation: who has not come is out, but for static members, who have until
    /// their session ends. The next generation begins.
    pub(super) fn complete_join(&mut self, step: &mut Step<'_>) {
        self.timers.cancel(&Alarm::Join);
        self.initial = None;
        let late: Vec<MemberId> = self
            .members
            .iter()
            .filter(|(_, member)| member.joining.is_none() && member.instance.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            self.remove(step, &id);
            step.tell(Event::Removed { member: id, reason: "did not join in time".to_owned() });
        }
        if !self.members.is_empty() && !self.elect_leader() {
            let retry_ms = self.rebalance_timeout_ms().max(RETRY_MIN_MS);
            self.timers.set(Alarm::Join, step.after_ms(retry_ms));
            return;
        }
        self.begin_generation(step);
    }

    /// Makes somebody leader who has joined. Tells whether there is one.
    fn elect_leader(&mut self) -> bool {
        let joined =
            |id: &MemberId| self.members.get(id).is_some_and(|member| member.joining.is_some());
        if !self.leader.as_ref().is_some_and(joined) {
            match self.members.keys().find(|id| joined(id)).cloned() {
                Some(id) => self.leader = Some(id),
                None => return false,
            }
        }
        true
    }

    fn begin_generation(&mut self, step: &mut Step<'_>) {
        let generation = self.generation.checked_add(1).unwrap_or(0);
        self.generation = generation;
        self.pending_syncs.clear();
        self.protocol = protocols::select(&self.members, &self.supported);
        self.subscribed = self.read_subscriptions();
        if self.members.is_empty() {
            self.enter(step, State::Empty);
            step.tell(Event::Emptied { generation });
            self.save(step);
            return;
        }
        self.enter(step, State::CompletingRebalance);
        step.tell(Event::Joined { generation, members: self.members.len() });
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            let place = self.place(&id);
            self.touch(step, &id);
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.new = false;
            if let Some(ticket) = member.joining.take() {
                step.answer(ticket, Answer::Join(Ok(place)));
            }
            self.pending_syncs.insert(id);
        }
        self.joining = 0;
        self.timers.set(Alarm::Sync, step.after_ms(self.rebalance_timeout_ms()));
    }

    /// Nothing comes of this generation: whoever waits for an assignment has to join anew.
    fn withdraw_assignments(&mut self, step: &mut Step<'_>) {
        let ids: Vec<MemberId> = self.members.keys().cloned().collect();
        for id in ids {
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.assignment = Bytes::new();
            if let Some(ticket) = member.syncing.take() {
                step.answer(ticket, Answer::Sync(Err(GroupError::Rebalancing)));
                self.touch(step, &id);
            }
        }
    }
}
