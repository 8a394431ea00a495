//! What happens when a deadline has come.

use super::super::Step;
use super::super::answers::Event;
use super::super::timers::Alarm;
use super::{Classic, State};
use crate::base::MemberId;

impl Classic {
    /// Rings what is due. An early or late call does no harm.
    pub(in super::super) fn alarm(&mut self, step: &mut Step<'_>) {
        for (at, alarm) in self.timers.due(step.now.tick) {
            if !self.timers.take(at, &alarm) {
                continue;
            }
            match alarm {
                Alarm::Session(id) => self.session_alarm(step, &id),
                Alarm::Join => self.join_alarm(step),
                Alarm::Sync => self.sync_alarm(step),
            }
        }
    }

    /// A member was silent for too long.
    fn session_alarm(&mut self, step: &mut Step<'_>, id: &MemberId) {
        // What waits shows that it lives; its session begins anew with the answer.
        if self.members.get(id).is_some_and(|member| member.is_excused()) {
            return;
        }
        let was_member = self.members.contains_key(id);
        self.remove(step, id);
        let reason = "its session timed out".to_owned();
        step.tell(Event::Removed { member: id.clone(), reason });
        match self.state {
            State::Stable | State::CompletingRebalance if was_member => {
                self.prepare_rebalance(step, format!("member {id} timed out"));
            }
            State::PreparingRebalance if self.all_joined() => self.complete_join(step),
            State::Dead
            | State::Empty
            | State::PreparingRebalance
            | State::CompletingRebalance
            | State::Stable => {}
        }
    }

    /// Members joined this generation and never asked for their assignment.
    fn sync_alarm(&mut self, step: &mut Step<'_>) {
        let in_generation = matches!(self.state, State::CompletingRebalance | State::Stable);
        if !in_generation || self.pending_syncs.is_empty() {
            return;
        }
        let late: Vec<MemberId> = self.pending_syncs.iter().cloned().collect();
        let reason = format!("{} did not sync in time", late.len());
        for id in late {
            self.remove(step, &id);
            step.tell(Event::Removed { member: id, reason: "did not sync in time".to_owned() });
        }
        self.prepare_rebalance(step, reason);
    }
}
