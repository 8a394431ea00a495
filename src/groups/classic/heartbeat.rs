//! Heartbeat: a member lives, and learns that it has to join anew.

use super::super::Step;
use super::super::answers::GroupError;
use super::super::inputs::Presence;
use super::{Classic, State};

impl Classic {
    pub(in super::super) fn heartbeat(
        &mut self,
        step: &Step<'_>,
        presence: &Presence,
    ) -> Result<(), GroupError> {
        self.check_member(presence)?;
        if presence.generation != self.generation {
            return Err(GroupError::OtherGeneration);
        }
        match self.state {
            State::Dead | State::Empty => Err(GroupError::UnknownMember),
            State::PreparingRebalance => {
                self.touch(step, &presence.member);
                Err(GroupError::Rebalancing)
            }
            State::CompletingRebalance | State::Stable => {
                self.touch(step, &presence.member);
                Ok(())
            }
        }
    }
}
