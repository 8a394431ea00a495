//! Reading for consumers: what a fetch finds, how much it may take, and the long poll.
//!
//! The rules are those of Kafka's `ReplicaManager.readFromLog` and `DelayedFetch`: partitions are
//! read in the order they were asked for; the first batch of the first partition that has any is
//! given whatever its size; an error in any partition answers at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::auth::Permit;
use crate::base::Offset;
use crate::broker::cell::{Bounds, Glance, Isolation, PartitionCell};
use crate::broker::partitions::Partitions;
use crate::broker::waiters::Waiter;
use crate::catalog::Topic;
use crate::store::{Chunk, ReadHint, StoreError};

/// One partition of a fetch.
#[derive(Clone)]
pub struct Want {
    /// The caller may read the topic.
    pub permit: Permit,
    /// Its topic.
    pub topic: Arc<Topic>,
    /// Its index.
    pub partition: i32,
    /// The first offset wanted.
    pub from: Offset,
    /// How many bytes of this partition.
    pub max_bytes: usize,
    /// The leader epoch that the client believes in; -1 for none (KIP-320).
    pub current_epoch: i32,
    /// The epoch of the last batch that the client read; -1 for none (KIP-595).
    pub last_fetched_epoch: i32,
}

/// How long and for how much a fetch waits.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long at most.
    pub max_wait: Duration,
    /// Answer as soon as there is this much.
    pub min_bytes: usize,
    /// Never more than this in all, but for the first batch.
    pub max_bytes: usize,
    /// Which records may be seen.
    pub isolation: Isolation,
}

/// What was found in one partition.
#[derive(Debug)]
pub struct Found {
    /// The log's bounds at the time of reading.
    pub bounds: Bounds,
    /// Batches with the leader epoch they carry.
    pub chunks: Vec<(Chunk, i32)>,
    /// Where the client's log parts from this one (KIP-595).
    pub diverging: Option<(i32, Offset)>,
}

impl Found {
    /// Bytes of the batches.
    pub fn bytes(&self) -> usize {
        self.chunks.iter().map(|(chunk, _)| chunk.records.len()).sum()
    }
}

/// Why a partition could not be read.
#[derive(Debug)]
pub enum ReadFault {
    /// The topic or partition does not exist (any more).
    UnknownPartition,
    /// The offset lies outside the log.
    OutOfRange(Bounds),
    /// The client believes in an older leader epoch.
    FencedEpoch,
    /// The client believes in a leader epoch that has not begun.
    UnknownEpoch,
    /// The store failed.
    Store(StoreError),
}

impl Partitions {
    /// Reads `wants` in order, waiting until there is enough or `patience` has run out. A want
    /// that is `None` is one that the caller has already found wrong: it ends the waiting.
    pub async fn fetch(
        &self,
        wants: &[Option<Want>],
        patience: Patience,
    ) -> Vec<Result<Found, ReadFault>> {
        let deadline = tokio::time::sleep(patience.max_wait);
        tokio::pin!(deadline);
        let hurry = patience.max_wait.is_zero() || wants.is_empty();
        let found = self.read_all(wants, patience).await;
        if hurry || enough(&found, patience.min_bytes) {
            return found;
        }
        loop {
            let waiter = Waiter::new();
            let _watched = self.watch(wants, &waiter).await;
            // What arrived between the last reading and the watching is seen by reading again.
            let found = self.read_all(wants, patience).await;
            if enough(&found, patience.min_bytes) {
                return found;
            }
            waiter.needs(patience.min_bytes.saturating_sub(total(&found)));
            tokio::select! {
                () = waiter.woken() => {}
                () = &mut deadline => return self.read_all(wants, patience).await,
            }
        }
    }

    async fn read_all(
        &self,
        wants: &[Option<Want>],
        patience: Patience,
    ) -> Vec<Result<Found, ReadFault>> {
        let mut left = patience.max_bytes;
        let mut at_least_one = true;
        let mut results = Vec::with_capacity(wants.len());
        for want in wants {
            let Some(want) = want else {
                results.push(Err(ReadFault::UnknownPartition));
                continue;
            };
            let room = Room { bytes: want.max_bytes.min(left), at_least_one };
            let result = self.read_one(want, patience.isolation, room).await;
            if let Ok(found) = &result {
                let bytes = found.bytes();
                left = left.saturating_sub(bytes);
                at_least_one &= bytes == 0;
            }
            results.push(result);
        }
        results
    }

    async fn read_one(
        &self,
        want: &Want,
        isolation: Isolation,
        room: Room,
    ) -> Result<Found, ReadFault> {
        let cell = self
            .cell(&want.topic, want.partition)
            .await
            .map_err(ReadFault::Store)?
            .ok_or(ReadFault::UnknownPartition)?;
        check_epoch(cell.bounds().epoch, want.current_epoch)?;
        if let Some(diverging) = diverging(&cell, want)? {
            let bounds = cell.bounds();
            return Ok(Found { bounds, chunks: Vec::new(), diverging: Some(diverging) });
        }
        let (bounds, chunks) =
            match cell.glance(want.from, isolation, room.bytes, room.at_least_one) {
                Glance::Forgotten => return Err(ReadFault::UnknownPartition),
                Glance::OutOfRange(bounds) => return Err(ReadFault::OutOfRange(bounds)),
                Glance::Found(bounds, chunks) => (bounds, chunks),
                Glance::AskStore(bounds, upto) => {
                    (bounds, self.read_stored(&cell, want.from, upto, room).await?)
                }
            };
        let chunks = chunks.into_iter().map(|chunk| with_epoch(&cell, chunk)).collect();
        Ok(Found { bounds, chunks, diverging: None })
    }

    async fn read_stored(
        &self,
        cell: &PartitionCell,
        from: Offset,
        upto: Offset,
        room: Room,
    ) -> Result<Vec<Chunk>, ReadFault> {
        if room.bytes == 0 && !room.at_least_one {
            return Ok(Vec::new());
        }
        let engine = &self.core().engine;
        let read = engine.read(cell.log(), from, upto, room.bytes, ReadHint::Stream).await;
        let mut chunks = read.map_err(ReadFault::Store)?;
        let too_large = |first: &Chunk| first.records.len() > room.bytes;
        if !room.at_least_one && chunks.first().is_some_and(too_large) {
            chunks.clear();
        }
        Ok(chunks)
    }

    async fn watch(&self, wants: &[Option<Want>], waiter: &Arc<Waiter>) -> Watched {
        let mut watched =
            Watched { waiter: waiter.clone(), cells: Vec::with_capacity(wants.len()) };
        for want in wants.iter().flatten() {
            if let Ok(Some(cell)) = self.cell(&want.topic, want.partition).await {
                cell.watch(waiter);
                watched.cells.push(cell);
            }
        }
        watched
    }

    /// Counts what is given to a consumer of a topic.
    pub fn count_out(&self, topic: &Topic, found: &Found) {
        if found.chunks.is_empty() {
            return;
        }
        let totals = self.totals(topic);
        totals.bytes_out.fetch_add(found.bytes() as u64, Ordering::Relaxed);
        let records = |(chunk, _): &(Chunk, i32)| chunk.last.abs_diff(chunk.base) + 1;
        let records = found.chunks.iter().map(records).sum();
        totals.records_out.fetch_add(records, Ordering::Relaxed);
    }
}

/// Compares the epoch that a client believes in with the one there is (KIP-320).
pub fn check_epoch(epoch: i32, believed: i32) -> Result<(), ReadFault> {
    if believed < 0 || believed == epoch {
        Ok(())
    } else if believed < epoch {
        Err(ReadFault::FencedEpoch)
    } else {
        Err(ReadFault::UnknownEpoch)
    }
}

/// What one partition may take of the answer.
#[derive(Clone, Copy)]
struct Room {
    bytes: usize,
    at_least_one: bool,
}

/// Ends a waiter's watch when it goes out of scope, also when the client has gone.
struct Watched {
    waiter: Arc<Waiter>,
    cells: Vec<Arc<PartitionCell>>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.cells.iter().for_each(|cell| cell.unwatch(&self.waiter));
    }
}

fn diverging(cell: &PartitionCell, want: &Want) -> Result<Option<(i32, Offset)>, ReadFault> {
    if want.last_fetched_epoch < 0 {
        return Ok(None);
    }
    // An epoch that has not come, or that the log has forgotten, ends nowhere.
    let ended = cell.end_of_epoch(want.last_fetched_epoch);
    let (epoch, end) = ended.ok_or_else(|| ReadFault::OutOfRange(cell.bounds()))?;
    Ok((epoch < want.last_fetched_epoch || end < want.from).then_some((epoch, end)))
}

fn enough(results: &[Result<Found, ReadFault>], min_bytes: usize) -> bool {
    let ends_waiting = |result: &Result<Found, ReadFault>| {
        result.as_ref().map_or(true, |found| found.diverging.is_some())
    };
    results.iter().any(ends_waiting) || total(results) >= min_bytes
}

fn total(results: &[Result<Found, ReadFault>]) -> usize {
    results.iter().flatten().map(Found::bytes).sum()
}

fn with_epoch(cell: &PartitionCell, chunk: Chunk) -> (Chunk, i32) {
    let epoch = cell.epoch_at(chunk.base);
    (chunk, epoch)
}
