//! One group at run time: its state machine, its lock, and who waits for it.
//!
//! The recipe is the broker's everywhere: lock, apply, submit, unlock. Nothing in here waits.
//!
//! Invariants:
//! G1. What was submitted last is never ahead of `last_seq`, and every answer carries it.
//! G2. A cell is taken out of the map only when its group is Dead, that is durable, and nobody
//!     waits; after that (`gone`) it takes no input.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tracing::info;

use super::Shared;
use super::timers::Arm;
use crate::base::GroupId;
use crate::broker::core::Core;
use crate::broker::journal::OnDurable;
use crate::groups::{Answer, Effects, Event, Group, Input, Rules, State, Ticket};
use crate::store::Seq;

/// The answer to a ticket, and what must be durable before anybody learns of it.
pub(super) type Waiting = oneshot::Receiver<(Answer, Seq)>;

/// A group of the running broker.
pub(super) struct Cell {
    id: GroupId,
    shared: Weak<Shared>,
    state: Mutex<CellState>,
}

struct CellState {
    group: Group,
    tickets: HashMap<Ticket, oneshot::Sender<(Answer, Seq)>>,
    next_ticket: Ticket,
    last_seq: Seq,
    /// The deadline that the timers know of.
    armed: Option<Duration>,
    gone: bool,
}

/// What is left to do after an input.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The group's deadline has come nearer.
    pub(super) arm: Option<Arm>,
    /// The cell is no longer needed.
    pub(super) gone: bool,
}

impl Cell {
    pub(super) fn new(group: Group, shared: Weak<Shared>) -> Arc<Self> {
        let id = group.id().clone();
        let state = CellState {
            group,
            tickets: HashMap::new(),
            next_ticket: 1,
            last_seq: 0,
            armed: None,
            gone: false,
        };
        Arc::new(Self { id, shared, state: Mutex::new(state) })
    }

    pub(super) fn id(&self) -> &GroupId {
        &self.id
    }

    /// Applies an input that is to be answered. `None` (and the input is left) when this cell is
    /// no longer the group's.
    pub(super) fn ask<F: FnOnce(Ticket) -> Input>(
        self: &Arc<Self>,
        core: &Core,
        rules: &Rules,
        input: &mut Option<F>,
    ) -> Option<(Waiting, Applied)> {
        let mut state = self.state.lock();
        if state.gone {
            return None;
        }
        let input = input.take()?;
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let (sender, receiver) = oneshot::channel();
        state.tickets.insert(ticket, sender);
        let applied = self.apply(&mut state, core, rules, input(ticket));
        Some((receiver, applied))
    }

    /// Applies an input that nobody waits for.
    pub(super) fn tell(self: &Arc<Self>, core: &Core, rules: &Rules, input: Input) -> Applied {
        let mut state = self.state.lock();
        if state.gone {
            return Applied::default();
        }
        self.apply(&mut state, core, rules, input)
    }

    /// A deadline that the timers knew of has come: rings the group if it is really due, and tells
    /// the next one.
    pub(super) fn ring(self: &Arc<Self>, core: &Core, rules: &Rules, at: Duration) -> Applied {
        let mut state = self.state.lock();
        if state.gone || state.armed != Some(at) {
            return Applied::default();
        }
        state.armed = None;
        if state.group.deadline().is_some_and(|deadline| deadline <= core.now().tick) {
            return self.apply(&mut state, core, rules, Input::Alarm);
        }
        Applied { arm: state.arm(), gone: false }
    }

    /// Looks at the group. What was seen is durable when the Seq is.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Group) -> T) -> (T, Seq) {
        let state = self.state.lock();
        (look(&state.group), state.last_seq)
    }

    /// Arms the timers for a group that was just restored.
    pub(super) fn first_arm(&self) -> Option<Arm> {
        self.state.lock().arm()
    }

    fn apply(
        self: &Arc<Self>,
        state: &mut CellState,
        core: &Core,
        rules: &Rules,
        input: Input,
    ) -> Applied {
        let Effects { writes, answers, events } = state.group.apply(core.now(), rules, input);
        let dead = state.group.state() == State::Dead;
        if !writes.is_empty() {
            state.last_seq = if dead {
                core.journal.submit_then(writes, self.clone())
            } else {
                core.journal.submit(writes)
            };
        }
        for (ticket, answer) in answers {
            if let Some(waiting) = state.tickets.remove(&ticket) {
                // A client that has gone does not listen any more.
                let _gone = waiting.send((answer, state.last_seq));
            }
        }
        events.iter().for_each(|event| log(&self.id, event));
        // What was never written needs no waiting for.
        state.gone = dead && state.last_seq == 0 && state.tickets.is_empty();
        Applied { arm: state.arm(), gone: state.gone }
    }
}

impl CellState {
    /// A deadline that moved away is noticed when the old one comes.
    fn arm(&mut self) -> Option<Arm> {
        let at = self.group.deadline()?;
        if self.armed.is_some_and(|armed| armed <= at) {
            return None;
        }
        let replaces = self.armed.replace(at);
        Some(Arm { at, replaces })
    }
}

impl OnDurable for Cell {
    /// The end of the group is durable: unless it has come to life again, the cell can go.
    fn durable(&self, seq: Seq) {
        let gone = {
            let mut state = self.state.lock();
            let over = state.group.state() == State::Dead && state.last_seq <= seq;
            state.gone = state.gone || (over && state.tickets.is_empty());
            state.gone
        };
        if let (true, Some(shared)) = (gone, self.shared.upgrade()) {
            shared.cells.remove_if(&self.id, |_, kept| std::ptr::eq(&**kept, self));
        }
    }
}

fn log(group: &GroupId, event: &Event) {
    match event {
        Event::Rebalancing { generation, reason } => {
            info!(%group, generation, reason, "rebalance begins");
        }
        Event::Joined { generation, members } => {
            info!(%group, generation, members, "generation begins");
        }
        Event::Assigned { generation } => info!(%group, generation, "rebalance finished"),
        Event::Emptied { generation } => info!(%group, generation, "group is empty"),
        Event::Removed { member, reason } => info!(%group, %member, reason, "member removed"),
        Event::Replaced { instance, old, new } => {
            info!(%group, instance = %instance, %old, %new, "static member replaced");
        }
        Event::Died => info!(%group, "group deleted"),
    }
}
