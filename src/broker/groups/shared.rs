//! From a group's name to its cell, and what is to be done after a cell's lock was given back.

use std::sync::Arc;

use super::cell::{Applied, Cell, Waiting};
use super::{Missing, Shared};
use crate::base::{GroupId, limits};
use crate::groups::{Group, GroupError, Input, Ticket};

impl Shared {
    pub(super) fn all(&self) -> Vec<Arc<Cell>> {
        self.cells.iter().map(|entry| Arc::clone(entry.value())).collect()
    }

    /// Applies an input that somebody waits for.
    pub(super) fn ask(
        self: &Arc<Self>,
        id: &GroupId,
        missing: Missing,
        input: impl FnOnce(Ticket) -> Input,
    ) -> Result<Waiting, GroupError> {
        if self.core.journal.failure().is_some() {
            return Err(GroupError::StoreFailed);
        }
        let mut input = Some(input);
        loop {
            let cell = self.find(id, missing)?;
            let asked = cell.ask(&self.core, &self.rules, &mut input);
            // A cell that was taken out meanwhile takes nothing more: look again.
            if let Some((waiting, applied)) = asked {
                self.follow(&cell, applied);
                return Ok(waiting);
            }
        }
    }

    /// Applies an input that nobody waits for.
    pub(super) fn tell(self: &Arc<Self>, cell: &Arc<Cell>, input: Input) {
        let applied = cell.tell(&self.core, &self.rules, input);
        self.follow(cell, applied);
    }

    /// The group's cell. One that does not exist and is not to be made gets a cell of its own that
    /// nobody else sees: the machine knows what to answer.
    fn find(self: &Arc<Self>, id: &GroupId, missing: Missing) -> Result<Arc<Cell>, GroupError> {
        if let Some(cell) = self.cells.get(id) {
            return Ok(Arc::clone(&cell));
        }
        let new = || Cell::new(Group::new(id.clone()), Arc::downgrade(self));
        match missing {
            Missing::StayAway => Ok(new()),
            Missing::Make if self.cells.len() >= limits::GROUPS_MAX => {
                Err(GroupError::TooManyGroups)
            }
            Missing::Make => Ok(Arc::clone(&self.cells.entry(id.clone()).or_insert_with(new))),
        }
    }

    /// What is to be done after the cell's lock was given back.
    pub(super) fn follow(&self, cell: &Arc<Cell>, applied: Applied) {
        if let Some(arm) = applied.arm {
            self.timers.arm(cell.id(), arm);
        }
        if applied.gone {
            self.take_out(cell);
        }
    }

    fn take_out(&self, cell: &Arc<Cell>) {
        self.cells.remove_if(cell.id(), |_, kept| Arc::ptr_eq(kept, cell));
    }
}
