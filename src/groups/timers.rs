//! The deadlines of one group, by what they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::base::MemberId;

/// What a deadline is for. There is at most one of each.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// A member's silence, or that of a client that was told its member id.
    Session(MemberId),
    /// The end of PreparingRebalance.
    Join,
    /// The end of the patience with members that joined and do not ask for their assignment.
    Sync,
}

/// Deadlines in the order of time; those of the same time in a fixed order.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Duration, Alarm)>,
    by_alarm: BTreeMap<Alarm, Duration>,
}

impl Timers {
    /// Sets a deadline; an earlier one for the same is forgotten.
    pub(super) fn set(&mut self, alarm: Alarm, at: Duration) {
        self.cancel(&alarm);
        self.by_alarm.insert(alarm.clone(), at);
        self.by_time.insert((at, alarm));
    }

    /// Forgets a deadline. Tells whether there was one.
    pub(super) fn cancel(&mut self, alarm: &Alarm) -> bool {
        let Some(at) = self.by_alarm.remove(alarm) else { return false };
        self.by_time.remove(&(at, alarm.clone()))
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.by_time.clear();
        self.by_alarm.clear();
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Those that have come, in order. They stay set until they are cancelled: ringing one may
    /// cancel or move another.
    pub(super) fn due(&self, now: Duration) -> Vec<(Duration, Alarm)> {
        self.by_time.iter().take_while(|(at, _)| *at <= now).cloned().collect()
    }

    /// Takes a deadline that was due, unless it has been cancelled or moved since.
    pub(super) fn take(&mut self, at: Duration, alarm: &Alarm) -> bool {
        self.by_alarm.get(alarm) == Some(&at) && self.cancel(alarm)
    }
}
