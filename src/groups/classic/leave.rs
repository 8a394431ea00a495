//! LeaveGroup: members go, or an administrator sends static members away by name.

use super::super::Step;
use super::super::answers::{Event, GroupError};
use super::super::inputs::{Leaver, Presence};
use super::{Classic, State};
use crate::base::MemberId;

impl Classic {
    pub(in super::super) fn leave(
        &mut self,
        step: &mut Step<'_>,
        leavers: &[Leaver],
    ) -> Vec<Result<(), GroupError>> {
        let answers: Vec<_> = leavers.iter().map(|leaver| self.leave_one(step, leaver)).collect();
        let gone = answers.iter().filter(|answer| answer.is_ok()).count();
        if gone > 0 {
            match self.state {
                State::Stable | State::CompletingRebalance => {
                    self.prepare_rebalance(step, format!("{gone} left"));
                }
                State::PreparingRebalance => self.complete_join_if_ready(step),
                State::Dead | State::Empty => {}
            }
        }
        answers
    }

    fn leave_one(&mut self, step: &mut Step<'_>, leaver: &Leaver) -> Result<(), GroupError> {
        let id = self.leaver_id(leaver)?;
        self.remove(step, &id);
        let said = leaver.reason.as_deref().unwrap_or("not provided");
        let reason = format!("left; client reason: {said}");
        step.tell(Event::Removed { member: id, reason });
        Ok(())
    }

    fn leaver_id(&self, leaver: &Leaver) -> Result<MemberId, GroupError> {
        if leaver.member.as_str().is_empty() {
            let known = leaver.instance.as_ref().and_then(|instance| self.statics.get(instance));
            return known.cloned().ok_or(GroupError::UnknownMember);
        }
        if !self.pending_joins.contains(&leaver.member) {
            self.check_member(&Presence {
                member: leaver.member.clone(),
                instance: leaver.instance.clone(),
                generation: self.generation,
            })?;
        }
        Ok(leaver.member.clone())
    }
}
