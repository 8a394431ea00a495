//! The hot tail: the newest batches of every partition, kept in memory for live consumers.
//!
//! Each partition's cell holds its own [`TailLog`]; [`TailBudget`] bounds them all together. The
//! oldest batch of the whole broker goes first, so a quiet partition's tail makes room for a busy
//! one's. A batch smaller than [`COPY_BELOW`] is copied: a slice would keep the whole request
//! alive that brought it.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::base::Offset;
use crate::store::Chunk;

/// Batches up to this size are copied out of the request that brought them.
const COPY_BELOW: usize = 16 << 10;

/// What a kept batch costs beside its bytes.
const ENTRY_OVERHEAD: usize = 128;

/// The cached end of one log: contiguous, and ending where the log ends.
#[derive(Debug, Default)]
pub struct TailLog {
    chunks: VecDeque<Chunk>,
}

impl TailLog {
    /// Adds the batch that was just appended. `chunk.base` must follow what is here.
    pub fn push(&mut self, chunk: Chunk) {
        if self.chunks.back().is_some_and(|last| last.last + 1 != chunk.base) {
            self.chunks.clear();
        }
        self.chunks.push_back(chunk);
    }

    /// The batches that overlap `[from, upto)`, at most `max_bytes` of them unless `at_least_one`;
    /// `None` when `from` lies before what is kept.
    pub fn read(&self, want: TailRead) -> Option<Vec<Chunk>> {
        let first = self.chunks.front()?;
        if want.from < first.base {
            return None;
        }
        let start = self.chunks.partition_point(|chunk| chunk.last < want.from);
        let mut left = want.max_bytes;
        let mut found = Vec::new();
        for chunk in self.chunks.range(start..).take_while(|chunk| chunk.last < want.upto) {
            let forced = found.is_empty() && want.at_least_one;
            if chunk.records.len() > left && !forced {
                break;
            }
            left = left.saturating_sub(chunk.records.len());
            found.push(chunk.clone());
        }
        Some(found)
    }

    /// Forgets every batch up to and including the one at `base`.
    pub fn evict_through(&mut self, base: Offset) {
        let upto = self.chunks.partition_point(|chunk| chunk.base <= base);
        self.chunks.drain(..upto);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.chunks = VecDeque::new();
    }
}

/// What to read of a tail.
#[derive(Clone, Copy, Debug)]
pub struct TailRead {
    /// The first offset wanted.
    pub from: Offset,
    /// Where to stop: the high watermark.
    pub upto: Offset,
    /// How many bytes at most.
    pub max_bytes: usize,
    /// Give the first batch even when it is larger than `max_bytes`.
    pub at_least_one: bool,
}

/// Somebody who holds a [`TailLog`] and can be told to forget its beginning.
pub trait TailHolder: Send + Sync {
    /// Forgets every batch up to and including the one at `base`.
    fn evict_through(&self, base: Offset);
}

struct Kept {
    holder: Weak<dyn TailHolder>,
    base: Offset,
    cost: usize,
}

/// Bounds all tails together.
pub struct TailBudget {
    bytes_max: usize,
    kept: Mutex<(VecDeque<Kept>, usize)>,
}

impl TailBudget {
    /// A budget of `bytes_max` for the whole broker.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// Counts a batch that `holder` has just kept, and evicts the oldest ones above the bound.
    /// Call it without the holder's lock.
    pub fn note(&self, holder: &Arc<dyn TailHolder>, base: Offset, bytes: usize) {
        let over = {
            let (queue, total) = &mut *self.kept.lock();
            let cost = bytes + ENTRY_OVERHEAD;
            queue.push_back(Kept { holder: Arc::downgrade(holder), base, cost });
            *total += cost;
            let mut over = Vec::new();
            while *total > self.bytes_max {
                let Some(oldest) = queue.pop_front() else { break };
                *total -= oldest.cost;
                over.push(oldest);
            }
            over
        };
        for oldest in over {
            if let Some(holder) = oldest.holder.upgrade() {
                holder.evict_through(oldest.base);
            }
        }
    }

    /// Bytes that the kept batches cost.
    pub fn bytes(&self) -> usize {
        self.kept.lock().1
    }
}

/// `records` in a form that can be kept without keeping much more alive.
pub fn keepable(records: &Bytes) -> Bytes {
    if records.len() < COPY_BELOW { Bytes::copy_from_slice(records) } else { records.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(base: Offset, last: Offset, size: usize) -> Chunk {
        Chunk { base, last, records: Bytes::from(vec![0; size]) }
    }

    fn bases(found: Option<Vec<Chunk>>) -> Option<Vec<Offset>> {
        found.map(|chunks| chunks.iter().map(|chunk| chunk.base).collect())
    }

    fn read(tail: &TailLog, from: Offset, upto: Offset, max_bytes: usize) -> Option<Vec<Offset>> {
        bases(tail.read(TailRead { from, upto, max_bytes, at_least_one: true }))
    }

    fn three() -> TailLog {
        let mut tail = TailLog::default();
        tail.push(chunk(10, 14, 100));
        tail.push(chunk(15, 15, 100));
        tail.push(chunk(16, 19, 100));
        tail
    }

    #[test]
    fn a_read_in_the_middle_of_a_batch_begins_with_that_batch() {
        assert_eq!(read(&three(), 12, 20, 1000), Some(vec![10, 15, 16]));
        assert_eq!(read(&three(), 19, 20, 1000), Some(vec![16]));
        assert_eq!(read(&three(), 20, 20, 1000), Some(vec![]));
    }

    #[test]
    fn what_lies_before_the_tail_is_not_answered_here() {
        assert_eq!(read(&three(), 9, 20, 1000), None);
        assert_eq!(read(&TailLog::default(), 0, 20, 1000), None);
    }

    #[test]
    fn a_batch_that_is_not_durable_as_a_whole_is_not_shown() {
        assert_eq!(read(&three(), 10, 16, 1000), Some(vec![10, 15]));
        assert_eq!(read(&three(), 10, 10, 1000), Some(vec![]));
    }

    #[test]
    fn the_first_batch_is_given_whatever_its_size_and_then_the_bound_counts() {
        assert_eq!(read(&three(), 10, 20, 1), Some(vec![10]));
        assert_eq!(read(&three(), 10, 20, 200), Some(vec![10, 15]));
        let none = TailRead { from: 10, upto: 20, max_bytes: 1, at_least_one: false };
        assert_eq!(bases(three().read(none)), Some(vec![]));
    }

    #[test]
    fn a_gap_forgets_what_was_before_it() {
        let mut tail = three();
        tail.push(chunk(30, 30, 1));
        assert_eq!(read(&tail, 10, 40, 1000), None);
        assert_eq!(read(&tail, 30, 40, 1000), Some(vec![30]));
    }

    struct Holder(Mutex<TailLog>);

    impl TailHolder for Holder {
        fn evict_through(&self, base: Offset) {
            self.0.lock().evict_through(base);
        }
    }

    #[test]
    fn the_oldest_batches_of_all_make_room() {
        let budget = TailBudget::new(3 * (100 + ENTRY_OVERHEAD));
        let holders: Vec<Arc<Holder>> =
            (0..2).map(|_| Arc::new(Holder(Mutex::default()))).collect();
        for base in 0..4 {
            let holder = &holders[usize::from(base > 0)];
            holder.0.lock().push(chunk(base, base, 100));
            budget.note(&(holder.clone() as Arc<dyn TailHolder>), base, 100);
        }
        assert_eq!(read(&holders[0].0.lock(), 0, 9, 1000), None);
        assert_eq!(read(&holders[1].0.lock(), 1, 9, 1000), Some(vec![1, 2, 3]));
        assert!(budget.bytes() <= 3 * (100 + ENTRY_OVERHEAD));
    }
}
