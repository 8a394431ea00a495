//! A log as a list, and what an engine is to find in it.

use crate::base::{LogId, Offset};
use crate::store::Write;
use crate::store::conformance::append;

/// Bytes by which an engine's index may be off: one window and the batch that ends it.
pub(super) const GRAIN_BYTES: u64 = 4096 + 6000;

/// A log whose batches have sizes, gaps and times of all kinds; always the same for one seed.
pub(super) struct Model {
    pub(super) log: LogId,
    pub(super) batches: Vec<Batch>,
    random: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) base: Offset,
    pub(super) last: Offset,
    pub(super) time: i64,
    pub(super) bytes: usize,
}

impl Model {
    pub(super) fn new(log: LogId, seed: u64) -> Self {
        Self { log, batches: Vec::new(), random: seed }
    }

    /// The next batches of the log, as lists to submit.
    pub(super) fn grow(&mut self, count: usize) -> Vec<Vec<Write>> {
        (0..count).map(|_| vec![self.next()]).collect()
    }

    fn next(&mut self) -> Write {
        let next = self.batches.last().map_or(0, |batch| batch.last + 1);
        let base = next + self.below(8).saturating_sub(6) as i64;
        let last = base + self.below(5) as i64;
        let bytes = [1, 100, 300, 3000, 6000][self.below(5) as usize];
        // Mostly rising, sometimes far off, sometimes none.
        let time = match self.below(12) {
            0 => -1,
            1 => self.below(40_000) as i64,
            _ => 10 * base + self.below(300) as i64,
        };
        self.batches.push(Batch { base, last, time, bytes });
        append(self.log, base, last, time, bytes)
    }

    /// A number below `limit` (a linear congruential generator is random enough here).
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 33) % limit
    }

    /// Forgets the batches that end below `start`.
    pub(super) fn trim(&mut self, start: Offset) {
        self.batches.retain(|batch| batch.last >= start);
    }

    pub(super) fn next_offset(&self) -> Offset {
        self.batches.last().map_or(0, |batch| batch.last + 1)
    }

    pub(super) fn find_time(&self, from: Offset, at: i64) -> Option<Offset> {
        let found = self.batches.iter().find(|batch| batch.last >= from && batch.time >= at);
        found.map(|batch| batch.base)
    }

    pub(super) fn size(&self, from: Offset) -> u64 {
        let batches = self.batches.iter().filter(|batch| batch.last >= from);
        batches.map(|batch| batch.bytes as u64).sum()
    }

    pub(super) fn max_time(&self) -> Option<(i64, Offset)> {
        let timed = self.batches.iter().filter(|batch| batch.time >= 0);
        let best = timed.max_by_key(|batch| (batch.time, std::cmp::Reverse(batch.base)));
        best.map(|batch| (batch.time, batch.base))
    }
}
