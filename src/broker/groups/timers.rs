//! The deadlines of all groups: one ordered set, one task that sleeps until the first of them.
//!
//! A group has one entry, its earliest deadline when it was made. Heartbeats move deadlines away
//! all the time; nobody tells the set, the group is asked again when the old deadline comes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Shared;
use crate::base::GroupId;
use crate::config::keys;
use crate::groups::Input;

/// Groups looked at between two chances for other tasks.
const BREATH: usize = 256;

/// A deadline for the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    /// When.
    pub(super) at: Duration,
    /// The deadline that it takes the place of.
    pub(super) replaces: Option<Duration>,
}

#[derive(Default)]
pub(super) struct Timers {
    due: Mutex<BTreeSet<(Duration, GroupId)>>,
    sooner: Notify,
}

impl Timers {
    /// Sets a group's deadline.
    pub(super) fn arm(&self, id: &GroupId, arm: Arm) {
        let is_first = {
            let mut due = self.due.lock();
            if let Some(replaced) = arm.replaces {
                due.remove(&(replaced, id.clone()));
            }
            due.insert((arm.at, id.clone()));
            due.first().is_some_and(|(at, _)| *at == arm.at)
        };
        if is_first {
            self.sooner.notify_one();
        }
    }

    fn next(&self) -> Option<Duration> {
        self.due.lock().first().map(|(at, _)| *at)
    }

    fn take(&self, now: Duration) -> Option<(Duration, GroupId)> {
        let mut due = self.due.lock();
        let is_due = due.first().is_some_and(|(at, _)| *at <= now);
        if is_due { due.pop_first() } else { None }
    }
}

/// Rings the groups at their deadlines, and has them look for old offsets now and then, for ever.
pub(super) async fn run(shared: Arc<Shared>) {
    let interval_ms = shared.core.settings().get(keys::OFFSETS_RETENTION_CHECK_INTERVAL_MS);
    let interval = Duration::from_millis(u64::try_from(interval_ms).unwrap_or(u64::MAX));
    let mut next_look = shared.core.now().tick.saturating_add(interval);
    loop {
        let now = shared.core.now().tick;
        let next = shared.timers.next().map_or(next_look, |at| at.min(next_look));
        if next > now {
            tokio::select! {
                () = tokio::time::sleep(next - now) => {}
                () = shared.timers.sooner.notified() => {}
            }
            continue;
        }
        let mut rung = 0;
        while let Some((at, id)) = shared.timers.take(now) {
            shared.ring(&id, at);
            rung += 1;
            if rung % BREATH == 0 {
                tokio::task::yield_now().await;
            }
        }
        if now >= next_look {
            expire_offsets(&shared).await;
            next_look = now.saturating_add(interval);
        }
    }
}

async fn expire_offsets(shared: &Arc<Shared>) {
    for (index, cell) in shared.all().into_iter().enumerate() {
        shared.tell(&cell, Input::ExpireOffsets);
        if index % BREATH == BREATH - 1 {
            tokio::task::yield_now().await;
        }
    }
}

impl Shared {
    fn ring(self: &Arc<Self>, id: &GroupId, at: Duration) {
        let cell = self.cells.get(id).map(|cell| Arc::clone(&cell));
        if let Some(cell) = cell {
            let applied = cell.ring(&self.core, &self.rules, at);
            self.follow(&cell, applied);
        }
    }
}
