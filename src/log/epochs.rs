//! Which leader epoch wrote which offsets (Kafka's `LeaderEpochFileCache`).
//!
//! An epoch is one run of the store. It starts at the log end of the moment the partition is
//! loaded, and is saved together with the first batch that it adds; epochs that wrote nothing
//! leave no trace. The history grows by one entry per restart, not by anything a client does.

use crate::base::Offset;

/// An epoch and the offset of its first record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// The leader epoch.
    pub epoch: i32,
    /// Where it began.
    pub start: Offset,
}

/// The epochs of a log, ascending in both epoch and offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochHistory {
    entries: Vec<EpochStart>,
}

impl EpochHistory {
    /// A history as it was saved; `None` when it is out of order.
    pub fn restore(entries: Vec<EpochStart>) -> Option<Self> {
        let ascending = entries
            .windows(2)
            .all(|two| two[0].epoch < two[1].epoch && two[0].start < two[1].start);
        ascending.then_some(Self { entries })
    }

    /// The entries, ascending.
    pub fn entries(&self) -> &[EpochStart] {
        &self.entries
    }

    /// True when `epoch` is the latest one.
    pub fn is_latest(&self, epoch: i32) -> bool {
        self.entries.last().is_some_and(|last| last.epoch == epoch)
    }

    /// Begins `epoch` at `start`. Entries that contradict it wrote nothing and are dropped.
    pub fn begin(&mut self, epoch: i32, start: Offset) {
        if self.is_latest(epoch) {
            return;
        }
        while self.entries.pop_if(|last| last.epoch >= epoch || last.start >= start).is_some() {}
        self.entries.push(EpochStart { epoch, start });
    }

    /// Forgets what lies before `start`; the epoch that holds `start` begins there from now on.
    pub fn trim(&mut self, start: Offset) {
        let gone = self.entries.partition_point(|entry| entry.start <= start);
        if let Some(holder) = gone.checked_sub(1) {
            self.entries[holder].start = start;
            self.entries.drain(..holder);
        }
    }

    /// The epoch that wrote `offset`; of what lies before the history, its first.
    pub fn at(&self, offset: Offset) -> Option<i32> {
        let after = self.entries.partition_point(|entry| entry.start <= offset);
        self.entries.get(after.saturating_sub(1)).map(|entry| entry.epoch)
    }

    /// The largest known epoch up to the one asked for, and where it ended
    /// (`LeaderEpochFileCache.endOffsetFor`).
    pub fn end_of(&self, epoch: i32, log_end: Offset) -> Option<(i32, Offset)> {
        if epoch < 0 {
            return None;
        }
        if self.is_latest(epoch) {
            return Some((epoch, log_end));
        }
        let after = self.entries.partition_point(|entry| entry.epoch <= epoch);
        // Later than any known epoch: there is no answer.
        let next = self.entries.get(after)?;
        // Earlier than any known epoch: its records are gone, and the log begins where the first
        // known epoch does.
        let found = after.checked_sub(1).map_or(epoch, |floor| self.entries[floor].epoch);
        Some((found, next.start))
    }
}

#[cfg(test)]
mod tests;
