//! The partitions of the running broker: loading, appending, and what is known of each.
//!
//! A partition is loaded when it is first asked for: its log start, epochs and producers from
//! the small state, its end from the store. Nothing is replayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use dashmap::DashMap;
use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use crate::auth::Permit;
use crate::base::limits::APPEND_QUEUE_BYTES_MAX;
use crate::base::{LogId, Now, Offset};
use crate::broker::cell::{CellAppendError, PartitionCell, Placed};
use crate::broker::core::Core;
use crate::broker::tail::TailBudget;
use crate::catalog::Topic;
use crate::config::{CompressionType, TopicConfig, keys};
use crate::log::{AppendError, OutOfRange, Partition, log_prefix, records};
use crate::store::{Dead, Space, StoreError, Write};
use crate::wire::batch::{BatchError, BatchHeader, Codec, Rules, ValidBatch, validate};

/// One permit of the append queue stands for this many bytes.
const ROOM_UNIT: usize = 1 << 10;

/// Compressed batches of this size and more are checked on a thread of their own: a hostile one
/// may unfold for a second.
const UNFOLD_BESIDE: usize = 32 << 10;

/// How many producers' records are read at once while a partition is loaded.
const PRODUCERS_PAGE: usize = 1_000;

/// All partitions, loaded as they are needed.
pub struct Partitions {
    core: Arc<Core>,
    cells: DashMap<LogId, Arc<OnceCell<Arc<PartitionCell>>>>,
    tails: TailBudget,
    room: Arc<Semaphore>,
    totals: DashMap<u32, Arc<Totals>>,
    /// Numbers of deleted topics and when they were: a request that still holds such a topic must
    /// not load its partitions anew. Kept for [`FORGOTTEN_FOR`].
    forgotten: DashMap<u32, Duration>,
}

/// How long a deleted topic's number is remembered: far longer than any request lives.
const FORGOTTEN_FOR: Duration = Duration::from_secs(3600);

/// What has gone through a topic since the start, for metrics.
#[derive(Debug, Default)]
pub struct Totals {
    /// Bytes of record batches appended.
    pub bytes_in: AtomicU64,
    /// Records appended.
    pub records_in: AtomicU64,
    /// Bytes of record batches given to consumers.
    pub bytes_out: AtomicU64,
    /// Records given to consumers.
    pub records_out: AtomicU64,
}

/// One partition's part of a produce request.
pub struct ToAppend {
    /// The caller may write to the topic.
    pub permit: Permit,
    /// Its topic.
    pub topic: Arc<Topic>,
    /// Its partition; one that the topic does not have is an error.
    pub partition: i32,
    /// The records as they came.
    pub records: Bytes,
}

/// When a produce request is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// Never.
    None,
    /// When the record survives the end of the process.
    Leader,
    /// When it survives the end of the machine's power.
    All,
}

/// Why one partition's records were not appended.
#[derive(Debug)]
pub enum AppendFault {
    /// The topic or partition does not exist (any more).
    UnknownPartition,
    /// The records are not what Kafka accepts.
    Batch(BatchError),
    /// Their sequence, epoch or producer is not.
    Producer(AppendError),
    /// The store failed.
    Store(StoreError),
}

/// Why a log's start was not moved.
#[derive(Debug)]
pub enum TrimFault {
    /// The offset lies outside the log.
    OutOfRange,
    /// The topic is only compacted: its records go when newer ones replace them.
    Compacted,
    /// The store failed.
    Store(StoreError),
}

impl Partitions {
    /// No partition is loaded yet.
    pub fn new(core: Arc<Core>) -> Self {
        let tail_bytes = core.settings().get(keys::TAIL_CACHE_BYTES);
        Self {
            core,
            cells: DashMap::new(),
            tails: TailBudget::new(usize::try_from(tail_bytes).unwrap_or(0)),
            room: Arc::new(Semaphore::new(APPEND_QUEUE_BYTES_MAX / ROOM_UNIT)),
            totals: DashMap::new(),
            forgotten: DashMap::new(),
        }
    }

    /// What this room shares.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The cell of one of a topic's partitions; `None` when the topic has no such partition.
    pub async fn cell(
        &self,
        topic: &Topic,
        partition: i32,
    ) -> Result<Option<Arc<PartitionCell>>, StoreError> {
        let index = usize::try_from(partition).ok();
        match index.and_then(|index| topic.partitions.get(index)) {
            Some(log) if !self.forgotten.contains_key(&topic.number) => {
                self.load(*log).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The cell of a log that the catalog knows.
    pub async fn load(&self, log: LogId) -> Result<Arc<PartitionCell>, StoreError> {
        if let Some(slot) = self.cells.get(&log)
            && let Some(cell) = slot.get()
        {
            return Ok(cell.clone());
        }
        let slot = self.cells.entry(log).or_default().clone();
        slot.get_or_try_init(|| self.restore(log)).await.cloned()
    }

    async fn restore(&self, log: LogId) -> Result<Arc<PartitionCell>, StoreError> {
        let engine = &self.core.engine;
        let prefix = log_prefix(log);
        let saved = engine.get(Space::LogStarts, &prefix).await?;
        let end = engine.end(log).await?;
        let mut producers = Vec::new();
        let mut after = None;
        loop {
            let page =
                engine.scan(Space::Producers, &prefix, after.as_deref(), PRODUCERS_PAGE).await?;
            after = page.items.last().map(|(key, _)| key.clone());
            producers.extend(page.items);
            if !page.more {
                break;
            }
        }
        let epoch = leader_epoch(engine.epoch());
        let partition = Partition::restore(log, epoch, saved.as_deref(), end, &producers)
            .map_err(|corrupt| StoreError::Corrupt(format!("partition {log}: {corrupt}")))?;
        Ok(PartitionCell::new(partition))
    }

    /// Checks and appends one partition's part of a produce request. What is accepted has been
    /// submitted when this returns; wait with [`Partitions::acknowledged`].
    pub async fn append(&self, part: ToAppend, zstd_allowed: bool) -> Result<Placed, AppendFault> {
        if let Some(failure) = self.core.journal.failure() {
            return Err(AppendFault::Store(failure));
        }
        let cell = self
            .cell(&part.topic, part.partition)
            .await
            .map_err(AppendFault::Store)?
            .ok_or(AppendFault::UnknownPartition)?;
        let config = &part.topic.config;
        let now = self.core.now();
        let rules = rules(config, now, zstd_allowed);
        let batch = checked(part.records, rules).await.map_err(AppendFault::Batch)?;
        let room = self.room_for(&batch).await?;
        let (bytes, records) = (batch.records.len(), batch.header.record_count);
        let placed =
            cell.append(&self.core, &self.tails, batch, room).map_err(|error| match error {
                CellAppendError::Forgotten => AppendFault::UnknownPartition,
                CellAppendError::Refused(refusal) => AppendFault::Producer(refusal),
            })?;
        let totals = self.totals(&part.topic);
        totals.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
        totals.records_in.fetch_add(u64::try_from(records).unwrap_or(0), Ordering::Relaxed);
        Ok(placed)
    }

    /// Waits until there is room for the batch in the queue before the store's writer.
    async fn room_for(&self, batch: &ValidBatch) -> Result<OwnedSemaphorePermit, AppendFault> {
        let units = (batch.records.len() / ROOM_UNIT + 1).min(APPEND_QUEUE_BYTES_MAX / ROOM_UNIT);
        let units = u32::try_from(units).expect("the queue is counted in fewer units than that");
        tokio::select! {
            room = self.room.clone().acquire_many_owned(units) => {
                Ok(room.expect("the semaphore is never closed"))
            }
            failure = self.core.journal.failed() => Err(AppendFault::Store(failure)),
        }
    }

    /// Waits until everything in `accepted` may be acknowledged.
    pub async fn acknowledged(
        &self,
        accepted: impl Iterator<Item = &Placed>,
        acks: Acks,
    ) -> Result<(), StoreError> {
        let Some(seq) = accepted.map(|placed| placed.seq).max() else { return Ok(()) };
        match acks {
            Acks::None => Ok(()),
            Acks::Leader => self.core.journal.written(seq).await,
            Acks::All => self.core.journal.durable(seq).await,
        }
    }

    /// A topic is deleted for good: nothing is appended to it any more, and who waits is woken.
    pub fn forget(&self, topic: &Topic) {
        self.forgotten.insert(topic.number, self.core.now().tick);
        self.totals.remove(&topic.number);
        for log in &topic.partitions {
            let slot = self.cells.remove(log);
            if let Some(cell) = slot.as_ref().and_then(|(_, slot)| slot.get()) {
                cell.forget();
            }
        }
    }

    /// Gives back the disk space and the small state of logs that no topic has any more.
    pub async fn reclaim(&self, logs: &[LogId]) -> Result<(), StoreError> {
        for log in logs {
            self.core.engine.reclaim(Dead::Log { log: *log }).await?;
            let mut writes = vec![records::delete_start(*log)];
            loop {
                let page = self.core.engine.scan(
                    Space::Producers,
                    &log_prefix(*log),
                    None,
                    PRODUCERS_PAGE,
                );
                let page = page.await?;
                let delete = |(key, _)| Write::Delete { space: Space::Producers, key };
                writes.extend(page.items.into_iter().map(delete));
                let seq = self.core.journal.submit(std::mem::take(&mut writes));
                self.core.journal.written(seq).await?;
                if !page.more {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Forgets which topics were deleted long ago.
    pub fn tidy(&self, now: Now) {
        self.forgotten.retain(|_, when| now.tick.saturating_sub(*when) < FORGOTTEN_FOR);
    }

    /// Moves a log's start to `before` (-1: the high watermark) and gives back the new start. The
    /// space is given back behind the answer.
    pub async fn trim(
        &self,
        _permit: Permit,
        topic: &Topic,
        cell: &Arc<PartitionCell>,
        before: Offset,
    ) -> Result<Offset, TrimFault> {
        if !topic.config.cleanup.deletes() {
            return Err(TrimFault::Compacted);
        }
        self.move_start(cell, before).await
    }

    /// The same for the broker itself: retention asks nobody.
    pub(super) async fn move_start(
        &self,
        cell: &Arc<PartitionCell>,
        before: Offset,
    ) -> Result<Offset, TrimFault> {
        let (start, seq) =
            cell.trim(&self.core, before).map_err(|OutOfRange { .. }| TrimFault::OutOfRange)?;
        let Some(seq) = seq else { return Ok(start) };
        self.core.journal.durable(seq).await.map_err(TrimFault::Store)?;
        let log = cell.log();
        if cell.max_time().is_none() {
            let end = self.core.engine.end(log).await.map_err(TrimFault::Store)?;
            cell.learn_max_time(end.and_then(|end| end.max_time));
        }
        let core = self.core.clone();
        self.core.spawn(async move {
            if let Err(error) = core.engine.reclaim(Dead::Below { log, start }).await {
                tracing::warn!(%log, %error, "deleted records are not given back yet");
            }
        });
        Ok(start)
    }

    /// The traffic of one topic.
    pub fn totals(&self, topic: &Topic) -> Arc<Totals> {
        if let Some(totals) = self.totals.get(&topic.number) {
            return totals.clone();
        }
        self.totals.entry(topic.number).or_default().clone()
    }

    /// Bytes that the tails of all partitions hold.
    pub fn tail_bytes(&self) -> usize {
        self.tails.bytes()
    }

    /// The cells that are loaded now.
    pub fn loaded(&self) -> Vec<Arc<PartitionCell>> {
        self.cells.iter().filter_map(|slot| slot.get().cloned()).collect()
    }
}

/// Kafka's leader epochs are signed; a store that was opened two thousand million times ends here.
pub fn leader_epoch(store_epoch: u32) -> i32 {
    i32::try_from(store_epoch).unwrap_or(i32::MAX)
}

/// Checks a batch; one that may take long to unfold on a thread that others do not wait for.
async fn checked(records: Bytes, rules: Rules) -> Result<ValidBatch, BatchError> {
    let compressed = BatchHeader::read(&records)
        .is_ok_and(|header| header.compression().is_ok_and(|codec| codec != Codec::None));
    if !compressed || records.len() < UNFOLD_BESIDE {
        return validate(&records, &rules);
    }
    let checked = tokio::task::spawn_blocking(move || validate(&records, &rules)).await;
    checked.unwrap_or_else(|error| Err(BatchError::Undecodable { reason: error.to_string() }))
}

fn rules(config: &TopicConfig, now: Now, zstd_allowed: bool) -> Rules {
    Rules {
        now_ms: now.wall_ms,
        max_bytes: config.max_message_bytes,
        log_append_time: config.log_append_time,
        before_max_ms: config.timestamp_before_max_ms,
        after_max_ms: config.timestamp_after_max_ms,
        target: config.compression.map(|target| match target {
            CompressionType::Uncompressed => Codec::None,
            CompressionType::Gzip => Codec::Gzip,
            CompressionType::Snappy => Codec::Snappy,
            CompressionType::Lz4 => Codec::Lz4,
            CompressionType::Zstd => Codec::Zstd,
        }),
        keys_required: config.cleanup.compacts(),
        zstd_allowed,
    }
}
