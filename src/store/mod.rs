//! The storage seam: what the broker asks of a store, and nothing of Kafka.
//!
//! An [`Engine`] keeps logs (ordered batches of records) and small keyed state. One submitted
//! list of writes is atomic across both. Offsets, sequences, log starts and retention decisions
//! are made above this seam; group commit and the freeing of space are the engine's own affair.
//!
//! Contracts (each is a test in `conformance.rs`):
//! C1. The order of `submit` calls is the order of `Seq`s and the order of recovery.
//! C2. Prefix-closed: if the writes of `n` survive a crash, so do those of every `m < n`.
//! C3. A list of writes is there whole or not at all.
//! C4. What `progress` calls written survives the end of the process; durable, of the machine.
//! C5. After a failure nothing more is accepted: `progress` keeps the error, reads go on.
//! C6. A read sees every write up to `progress().written`, and may see later ones.
//! C7. `reclaim` is idempotent and never touches what is alive.
//!
//! Reading order: `mod.rs`, `pool.rs`, `keys.rs`, `mem.rs`, `rocks/`, `faulty.rs`,
//! `conformance.rs`.

pub mod pool;

pub mod keys;

pub mod mem;

pub mod rocks;

pub mod faulty;

#[cfg(test)]
mod conformance;

use bytes::Bytes;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::base::{LogId, Offset};

/// Counts the submitted lists of writes of one open store, from 1.
pub type Seq = u64;

/// One change; a submitted list of them is atomic.
#[derive(Clone, Debug)]
pub enum Write {
    /// Adds one record batch at the end of a log. `base` must follow the last batch of the log.
    Append {
        /// The log that grows.
        log: LogId,
        /// Offset of the batch's first record.
        base: Offset,
        /// Offset of the batch's last record.
        last: Offset,
        /// The largest timestamp of its records, -1 for none.
        max_time_ms: i64,
        /// The batch as the client sent it.
        records: Bytes,
    },
    /// Sets a key of the small state.
    Put {
        /// Which kind of state.
        space: Space,
        /// Its key within the space.
        key: Bytes,
        /// What is kept.
        value: Bytes,
    },
    /// Removes a key of the small state; a missing key is no error.
    Delete {
        /// Which kind of state.
        space: Space,
        /// Its key within the space.
        key: Bytes,
    },
}

/// The kinds of small state. The ordinals are on disk: they are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Space {
    /// Facts about the data folder itself: cluster id, counters.
    Meta = 0,
    /// Topics, partitions, settings.
    Catalog = 1,
    /// One record per partition whose log start was moved.
    LogStarts = 2,
    /// Idempotent producers' state, by log and producer id.
    Producers = 3,
    /// Consumer groups: members, generation, assignments.
    Groups = 4,
    /// Committed offsets.
    Offsets = 5,
    /// Transactions.
    Txns = 6,
}

/// How far a store has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Every list up to this one survives the end of the process.
    pub written: Seq,
    /// Every list up to this one survives the end of the machine's power.
    pub durable: Seq,
    /// Why nothing more is accepted.
    pub failed: Option<StoreError>,
}

/// What went wrong below the seam.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk or the database refused.
    #[error("storage failed: {0}")]
    Io(String),
    /// Stored bytes are not what was written.
    #[error("stored data is corrupt: {0}")]
    Corrupt(String),
    /// Another owner has taken the store over.
    #[error("another process owns this store now")]
    Fenced,
    /// The folder is in use by a running process.
    #[error("{0}")]
    Locked(String),
    /// The folder was written by a newer format.
    #[error("{0}")]
    NewerFormat(String),
}

impl StoreError {
    /// What a submit after `close` comes to.
    pub(crate) fn closed() -> Self {
        Self::Io("the store is closed".to_owned())
    }
}

/// A stored batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Offset of its first record.
    pub base: Offset,
    /// Offset of its last record.
    pub last: Offset,
    /// The batch's bytes as they were appended.
    pub records: Bytes,
}

/// What a reader is about to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadHint {
    /// It will go on from where this read ends: read ahead.
    Stream,
    /// It wants this one place.
    Point,
}

/// The end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogEnd {
    /// Offset that the next record gets.
    pub next: Offset,
    /// The largest timestamp in the log and the base offset of the first batch that has it.
    pub max_time: Option<(i64, Offset)>,
    /// Bytes ever appended to the log.
    pub bytes: u64,
}

/// A page of the small state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Keys (whole, prefix included) and values, ascending.
    pub items: Vec<(Bytes, Bytes)>,
    /// More may follow: ask again after the last key.
    pub more: bool,
}

/// What may be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// Batches of the log that end below this offset.
    Below {
        /// The log.
        log: LogId,
        /// Its new start.
        start: Offset,
    },
    /// The whole log.
    Log {
        /// The log.
        log: LogId,
    },
}

/// A figure of the engine's own for the metrics page.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// Metric name, such as `rocksdb_block_cache_usage_bytes`.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Its value now.
    pub value: f64,
}

/// One shard: an ordered store with one owner.
pub trait Engine: Send + Sync + 'static {
    /// Greater at every open; it is the Kafka leader epoch.
    fn epoch(&self) -> u32;

    /// Accepts `batch` atomically and in order, without blocking (callers hold a byte permit
    /// first). After a failure the Seq is still counted but never reached: watch `progress`.
    fn submit(&self, batch: Vec<Write>) -> Seq;

    /// How far the store has come.
    fn progress(&self) -> watch::Receiver<Progress>;

    /// Batches that overlap `[from, upto)`, the first being the one that contains `from` (or the
    /// next one when there is a gap); at least one if there is any, then stops before `max_bytes`.
    fn read(
        &self,
        log: LogId,
        from: Offset,
        upto: Offset,
        max_bytes: usize,
        hint: ReadHint,
    ) -> BoxFuture<'_, Result<Vec<Chunk>, StoreError>>;

    /// The end of a log as far as it was written; `None` when it holds nothing. (Callers keep log
    /// starts in small state: the end of a log that was trimmed to nothing is its start.)
    fn end(&self, log: LogId) -> BoxFuture<'_, Result<Option<LogEnd>, StoreError>>;

    /// The base offset of the first batch that holds a record at `at_ms` or later, beginning with
    /// the batch that contains `from` (or the next one when there is a gap).
    fn find_time(
        &self,
        log: LogId,
        from: Offset,
        at_ms: i64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>>;

    /// The base offset of the last batch such that at least `keep_bytes` lie from it to the end, to
    /// within the grain of the engine's index; `None` when the log has not that many.
    fn find_size(
        &self,
        log: LogId,
        keep_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>>;

    /// Bytes from offset `from` to the end, to within the grain of the engine's index.
    fn size(&self, log: LogId, from: Offset) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// One value of the small state.
    fn get(&self, space: Space, key: &[u8]) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>>;

    /// Up to `limit` items whose key starts with `prefix`, in order, after the key `after`.
    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page, StoreError>>;

    /// Gives back the disk space of what the state already calls dead. Idempotent, repeated after
    /// every open. It must not run ahead of writes that were submitted before it.
    fn reclaim(&self, dead: Dead) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The engine's own figures.
    fn figures(&self) -> Vec<Figure>;

    /// Bytes of the volume the store lies on: total and usable. `None` in memory.
    fn volume(&self) -> Option<(u64, u64)>;

    /// Makes all that was submitted durable and closes. Later submits fail.
    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}
