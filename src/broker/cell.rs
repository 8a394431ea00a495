//! One partition at run time: its state machine, its lock, its tail and its waiting fetches.
//!
//! The recipe is the broker's everywhere: lock, apply, submit, unlock; then somebody awaits the
//! journal and answers. Nothing in this file waits.
//!
//! Invariants:
//! C1. `pending` is in the order of the store, so the high watermark moves batch by batch.
//! C2. The tail holds only batches that were submitted, and ends where the log ends.
//! C3. After `forget` nothing is appended and every waiter has been woken.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::OwnedSemaphorePermit;

use crate::base::{LogId, Now, Offset};
use crate::broker::core::Core;
use crate::broker::journal::OnDurable;
use crate::broker::tail::{TailBudget, TailHolder, TailLog, TailRead, keepable};
use crate::broker::waiters::{Waiter, Waiters};
use crate::log::{AppendError, OutOfRange, Partition, ProducerView};
use crate::store::{Chunk, Seq, Write};
use crate::wire::batch::ValidBatch;

/// A partition of the running broker.
pub struct PartitionCell {
    log: LogId,
    state: Mutex<State>,
}

struct State {
    partition: Partition,
    pending: VecDeque<Pending>,
    tail: TailLog,
    waiters: Waiters,
    last_seq: Seq,
    forgotten: bool,
}

/// A submitted batch that is not durable yet.
struct Pending {
    seq: Seq,
    end: Offset,
    bytes: usize,
    /// Room in the append queue, given back when the batch is durable.
    _room: OwnedSemaphorePermit,
}

/// Where a batch went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Offset of its first record.
    pub base: Offset,
    /// The partition's first offset.
    pub log_start: Offset,
    /// The timestamp that the broker gave its records, -1 when the client's count.
    pub append_time_ms: i64,
    /// What must be reached before the batch may be acknowledged.
    pub seq: Seq,
}

/// Why a batch was not appended.
#[derive(Debug)]
pub enum CellAppendError {
    /// The partition's topic has been deleted.
    Forgotten,
    /// The partition's state machine refused.
    Refused(AppendError),
}

/// The bounds of a log as a client may see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first offset.
    pub log_start: Offset,
    /// What consumers may read up to.
    pub high_watermark: Offset,
    /// What read_committed consumers may read up to.
    pub last_stable: Offset,
    /// The next record's offset.
    pub log_end: Offset,
    /// The leader epoch.
    pub epoch: i32,
}

/// What the tail or the state alone could answer.
pub enum Glance {
    /// The partition's topic has been deleted.
    Forgotten,
    /// `from` lies outside the log.
    OutOfRange(Bounds),
    /// Found in memory (or nothing to read).
    Found(Bounds, Vec<Chunk>),
    /// The store must be asked, up to this offset.
    AskStore(Bounds, Offset),
}

/// Which records a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Up to the high watermark.
    ReadUncommitted,
    /// Up to the last stable offset.
    ReadCommitted,
}

impl PartitionCell {
    /// A cell around a restored partition.
    pub fn new(partition: Partition) -> Arc<Self> {
        let state = State {
            partition,
            pending: VecDeque::new(),
            tail: TailLog::default(),
            waiters: Waiters::default(),
            last_seq: 0,
            forgotten: false,
        };
        Arc::new(Self { log: state.partition.log(), state: Mutex::new(state) })
    }

    /// Where its batches are stored.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// Appends a batch: decides its offset and submits it. `room` is held until it is durable.
    pub fn append(
        self: &Arc<Self>,
        core: &Core,
        tails: &TailBudget,
        batch: ValidBatch,
        room: OwnedSemaphorePermit,
    ) -> Result<Placed, CellAppendError> {
        let records = keepable(&batch.records);
        let bytes = records.len();
        let placed = {
            let mut state = self.state.lock();
            if state.forgotten {
                return Err(CellAppendError::Forgotten);
            }
            let appended =
                state.partition.append(core.now(), batch).map_err(CellAppendError::Refused)?;
            let mut placed = Placed {
                base: appended.base,
                log_start: state.partition.log_start(),
                append_time_ms: appended.append_time_ms,
                // A repetition waits for what its first waits for: that may not be durable yet.
                seq: state.last_seq,
            };
            if appended.duplicate {
                return Ok(placed);
            }
            let seq = core.journal.submit_then(appended.writes, self.clone());
            let end = appended.last + 1;
            state.last_seq = seq;
            state.pending.push_back(Pending { seq, end, bytes, _room: room });
            state.tail.push(Chunk { base: appended.base, last: appended.last, records });
            placed.seq = seq;
            placed
        };
        tails.note(&(self.clone() as Arc<dyn TailHolder>), placed.base, bytes);
        Ok(placed)
    }

    /// The bounds of the log.
    pub fn bounds(&self) -> Bounds {
        self.state.lock().bounds()
    }

    /// Tries to read from memory.
    pub fn glance(
        &self,
        from: Offset,
        isolation: Isolation,
        max_bytes: usize,
        at_least_one: bool,
    ) -> Glance {
        let state = self.state.lock();
        let bounds = state.bounds();
        if state.forgotten {
            return Glance::Forgotten;
        }
        if from < bounds.log_start || from > bounds.log_end {
            return Glance::OutOfRange(bounds);
        }
        let upto = match isolation {
            Isolation::ReadUncommitted => bounds.high_watermark,
            Isolation::ReadCommitted => bounds.last_stable,
        };
        if from >= upto {
            return Glance::Found(bounds, Vec::new());
        }
        match state.tail.read(TailRead { from, upto, max_bytes, at_least_one }) {
            Some(chunks) => Glance::Found(bounds, chunks),
            None => Glance::AskStore(bounds, upto),
        }
    }

    /// Has `waiter` told of what becomes visible from now on.
    pub fn watch(&self, waiter: &Arc<Waiter>) {
        let mut state = self.state.lock();
        state.waiters.add(waiter);
        if state.forgotten {
            state.waiters.wake_all();
        }
    }

    /// Ends what `watch` began.
    pub fn unwatch(&self, waiter: &Arc<Waiter>) {
        self.state.lock().waiters.remove(waiter);
    }

    /// Moves the log's start; -1 means the high watermark. Gives the new start, and the Seq to
    /// wait for when it moved.
    pub fn trim(&self, core: &Core, before: Offset) -> Result<(Offset, Option<Seq>), OutOfRange> {
        let mut state = self.state.lock();
        let seq = state.partition.trim(before)?.map(|write| core.journal.submit(vec![write]));
        if let Some(seq) = seq {
            state.last_seq = state.last_seq.max(seq);
            state.waiters.wake_all();
        }
        Ok((state.partition.log_start(), seq))
    }

    /// Forgets idempotent producers that have been silent for `after_ms`.
    pub fn expire_producers(&self, core: &Core, now: Now, after_ms: i64) {
        let mut state = self.state.lock();
        let writes: Vec<Write> = state.partition.expire_producers(now, after_ms);
        if !writes.is_empty() && !state.forgotten {
            core.journal.submit(writes);
        }
    }

    /// The leader epoch that the batch at `offset` carries.
    pub fn epoch_at(&self, offset: Offset) -> i32 {
        self.state.lock().partition.epoch_at(offset)
    }

    /// The end of the largest epoch that is not above `epoch`, as OffsetForLeaderEpoch asks it.
    pub fn end_of_epoch(&self, epoch: i32) -> Option<(i32, Offset)> {
        self.state.lock().partition.end_of_epoch(epoch)
    }

    /// Takes note of the store's largest timestamp, after a trim removed the one known.
    pub fn learn_max_time(&self, found: Option<(i64, Offset)>) {
        self.state.lock().partition.learn_max_time(found);
    }

    /// The largest timestamp and the base offset of its batch.
    pub fn max_time(&self) -> Option<(i64, Offset)> {
        self.state.lock().partition.max_time()
    }

    /// The idempotent producers that the partition remembers.
    pub fn producers(&self) -> Vec<ProducerView> {
        self.state.lock().partition.producers().collect()
    }

    /// What a reader must wait for before it is told of state that is not durable yet.
    pub fn last_seq(&self) -> Seq {
        self.state.lock().last_seq
    }

    /// The topic is gone: nothing is appended any more, and whoever waits is woken.
    pub fn forget(&self) {
        let mut state = self.state.lock();
        state.forgotten = true;
        state.tail.clear();
        state.waiters.wake_all();
    }
}

impl State {
    fn bounds(&self) -> Bounds {
        Bounds {
            log_start: self.partition.log_start(),
            high_watermark: self.partition.high_watermark(),
            last_stable: self.partition.last_stable_offset(),
            log_end: self.partition.log_end(),
            epoch: self.partition.epoch(),
        }
    }
}

impl OnDurable for PartitionCell {
    fn durable(&self, seq: Seq) {
        let mut state = self.state.lock();
        let mut bytes = 0;
        while let Some(done) = state.pending.pop_front_if(|pending| pending.seq <= seq) {
            bytes += done.bytes;
            state.partition.advance(done.end);
        }
        state.waiters.feed(bytes);
    }
}

impl TailHolder for PartitionCell {
    fn evict_through(&self, base: Offset) {
        self.state.lock().tail.evict_through(base);
    }
}
