//! The embedded engine: one RocksDB database in the data folder.
//!
//! ```text
//! submit ---> writer.rs ---> WAL --fsync--> durable          (tails.rs: sparse index on the way)
//! read   ---> a blocking thread: seek, then go forward
//! end, find_time, find_size, size ---> view.rs: index, then a few batches
//! reclaim --> range tombstones through the writer ---> sweeper.rs: the space comes back
//! ```
//! Reading order: `folder.rs`, `families.rs`, `writer.rs`, `tails.rs`, `view.rs`, `sweeper.rs`,
//! `figures.rs`. ADR 0001 says why partitions share column families.

mod families;
mod figures;
mod folder;
mod read;
mod sweeper;
mod tails;
mod view;
mod writer;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use rocksdb::WriteOptions;
use rustix::fs::statvfs;
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

use crate::base::{LogId, Offset};
use crate::store::pool::Pool;
use crate::store::rocks::families::{Database, OWN, store_error};
use crate::store::rocks::figures::SyncTimes;
use crate::store::rocks::folder::Folder;
use crate::store::rocks::sweeper::Sweeper;
use crate::store::rocks::view::View;
use crate::store::rocks::writer::{Erase, Writer};
use crate::store::{
    Chunk, Dead, Engine, Figure, LogEnd, Page, Progress, ReadHint, Seq, Space, StoreError, Write,
};

/// Where the epoch stands, in the family of the engine's own facts.
const EPOCH_KEY: &[u8] = b"epoch";

/// Reads that may wait for the disk at once. Each holds a thread; more would only queue there.
const READERS_MAX: usize = 64;

/// Below this a clean close leaves write buffers to the WAL: replaying them takes no longer than
/// flushing them.
const CLOSE_FLUSH_BYTES: u64 = 2 << 20;

/// How to open the store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Column families to choose from. A folder that has more keeps them.
    pub pool: Pool,
    /// Whether `durable` waits for the disk. Without, it means no more than `written`.
    pub fsync: bool,
    /// Write buffers of all column families together; also what a start may have to replay.
    pub memtable_bytes_max: usize,
    /// Keys, index and small state kept in memory.
    pub block_cache_bytes: usize,
    /// Whether flushes and compactions go around the page cache.
    pub direct_io_flush: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            pool: Pool::default(),
            fsync: true,
            memtable_bytes_max: 128 << 20,
            block_cache_bytes: 32 << 20,
            direct_io_flush: false,
        }
    }
}

/// A store in a folder.
pub struct RocksEngine {
    epoch: u32,
    database: Arc<Database>,
    writer: Arc<Writer>,
    sweeper: Arc<Sweeper>,
    readers: Arc<Semaphore>,
    times: Arc<SyncTimes>,
}

impl RocksEngine {
    /// Opens the store in `path`, making it if there is none. Blocks.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        let folder = Folder::open(path)?;
        let database = Arc::new(Database::open(folder, &options)?);
        let epoch = next_epoch(&database)?;
        let times = Arc::new(SyncTimes::default());
        let writer = Writer::start(database.clone(), options.fsync, times.clone())?;
        let sweeper = Sweeper::start(database.clone())?;
        Ok(Self {
            epoch,
            database,
            writer: Arc::new(writer),
            sweeper: Arc::new(sweeper),
            readers: Arc::new(Semaphore::new(READERS_MAX)),
            times,
        })
    }

    /// Runs `look` where it may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.readers.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let database = self.database.clone();
        let looked = spawn_blocking(move || {
            let found = look(&database);
            drop((database, permit));
            found
        });
        looked.await.unwrap_or_else(|error| Err(StoreError::Io(format!("a read ended: {error}"))))
    }

    /// Asks one log, if it can exist.
    async fn view<T: Send + Default + 'static>(
        &self,
        log: LogId,
        ask: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.blocking(move |database| match View::of(database, log) {
            Some(mut view) => ask(&mut view),
            None => Ok(T::default()),
        })
        .await
    }

    /// Waits until all that was submitted so far is durable.
    async fn durable(&self) -> Result<(), StoreError> {
        let last = self.writer.last();
        let mut progress = self.writer.progress();
        let reached = progress
            .wait_for(|progress| progress.durable >= last || progress.failed.is_some())
            .await
            .map_err(|_| StoreError::closed())?;
        match &reached.failed {
            Some(error) if reached.durable < last => Err(error.clone()),
            _ => Ok(()),
        }
    }

    async fn erase(&self, dead: Dead) -> Result<(), StoreError> {
        // The state must call it dead for good before it goes: freed space does not come back.
        self.durable().await?;
        let log = match dead {
            Dead::Below { log, .. } | Dead::Log { log } => log,
        };
        let Some((erase, bytes)) = self.view(log, move |view| plan(view, dead)).await? else {
            return Ok(());
        };
        if self.writer.erase(erase).await.is_err() {
            let failed = self.writer.progress().borrow().failed.clone();
            return Err(failed.unwrap_or_else(StoreError::closed));
        }
        self.sweeper.erased(log, bytes);
        Ok(())
    }
}

/// Counts the epoch up before anything else happens, durably: no two owners share one.
fn next_epoch(database: &Database) -> Result<u32, StoreError> {
    let describe = |error: rocksdb::Error| store_error("the epoch", &error);
    let own = database.family(OWN);
    let stored = database.db.get_cf(own, EPOCH_KEY).map_err(describe)?;
    let last = match stored.as_deref().map(<[u8; 4]>::try_from) {
        None => 0,
        Some(Ok(bytes)) => u32::from_be_bytes(bytes),
        Some(Err(_)) => return Err(StoreError::Corrupt("the epoch cannot be read".to_owned())),
    };
    // Kafka's leader epoch is an i32.
    let epoch = last.checked_add(1).filter(|epoch| i32::try_from(*epoch).is_ok());
    let epoch =
        epoch.ok_or_else(|| StoreError::Corrupt("the epoch has no successor".to_owned()))?;
    let mut sync = WriteOptions::default();
    sync.set_sync(true);
    database.db.put_cf_opt(own, EPOCH_KEY, epoch.to_be_bytes(), &sync).map_err(describe)?;
    Ok(epoch)
}

/// What to erase, and how many bytes that frees; `None` when there is nothing left to erase.
fn plan(view: &mut View<'_>, dead: Dead) -> Result<Option<(Erase, u64)>, StoreError> {
    let first = view.batch_from(0)?;
    match (dead, first) {
        (Dead::Log { log }, Some(first)) => {
            let bytes = view.size(first.base)?;
            Ok(Some((Erase { log, upto: None }, bytes)))
        }
        (Dead::Log { log }, None) => {
            let entry = view.entry_at(Offset::MAX)?;
            Ok(entry.map(|_| (Erase { log, upto: None }, 0)))
        }
        (Dead::Below { log, start }, Some(first)) => {
            let next = view.tail()?.next.unwrap_or(0);
            let batch = view.containing(start)?.min(next);
            if batch <= first.base {
                return Ok(None);
            }
            let entry = view.entry_for(batch)?;
            let bytes = entry.bytes_before.saturating_sub(view.entry_for(first.base)?.bytes_before);
            Ok(Some((Erase { log, upto: Some((batch, entry)) }, bytes)))
        }
        (Dead::Below { .. }, None) => Ok(None),
    }
}

/// Ends the threads, in the order of what they need. Blocks.
fn shut(database: &Database, writer: &Writer, sweeper: &Sweeper) -> Result<(), StoreError> {
    sweeper.stop();
    let closed = writer.close();
    let buffered = figures::buffered_bytes(database);
    let flushed =
        if closed.is_ok() && buffered >= CLOSE_FLUSH_BYTES { database.flush() } else { Ok(()) };
    // Ends a compaction that the sweeper waits for.
    database.db.cancel_all_background_work(true);
    sweeper.join();
    closed.and(flushed)
}

impl Drop for RocksEngine {
    fn drop(&mut self) {
        self.sweeper.stop();
        // Failures were told through `progress`.
        let _ = self.writer.close();
        self.database.db.cancel_all_background_work(true);
        self.sweeper.join();
    }
}

impl Engine for RocksEngine {
    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn submit(&self, batch: Vec<Write>) -> Seq {
        self.writer.submit(batch)
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.writer.progress()
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        upto: Offset,
        max_bytes: usize,
        hint: ReadHint,
    ) -> BoxFuture<'_, Result<Vec<Chunk>, StoreError>> {
        Box::pin(self.blocking(move |database| {
            read::batches(database, log, read::Stretch { from, upto, max_bytes }, hint)
        }))
    }

    fn end(&self, log: LogId) -> BoxFuture<'_, Result<Option<LogEnd>, StoreError>> {
        Box::pin(self.view(log, |view| view.end()))
    }

    fn find_time(
        &self,
        log: LogId,
        from: Offset,
        at_ms: i64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>> {
        Box::pin(self.view(log, move |view| view.find_time(from, at_ms)))
    }

    fn find_size(
        &self,
        log: LogId,
        keep_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>> {
        Box::pin(self.view(log, move |view| view.find_size(keep_bytes)))
    }

    fn size(&self, log: LogId, from: Offset) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.view(log, move |view| view.size(from)))
    }

    fn get(&self, space: Space, key: &[u8]) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        let key = key.to_vec();
        Box::pin(self.blocking(move |database| read::value(database, space, &key)))
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page, StoreError>> {
        let prefix = prefix.to_vec();
        let after = after.map(<[u8]>::to_vec);
        Box::pin(self.blocking(move |database| {
            read::page(database, space, &prefix, after.as_deref(), limit)
        }))
    }

    fn reclaim(&self, dead: Dead) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.erase(dead))
    }

    fn figures(&self) -> Vec<Figure> {
        figures::figures(&self.database, &self.times)
    }

    fn volume(&self) -> Option<(u64, u64)> {
        let volume = statvfs(self.database.db.path()).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(volume.f_frsize);
        Some((bytes(volume.f_blocks), bytes(volume.f_bavail)))
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let (database, writer) = (self.database.clone(), self.writer.clone());
        let sweeper = self.sweeper.clone();
        Box::pin(async move {
            spawn_blocking(move || shut(&database, &writer, &sweeper))
                .await
                .unwrap_or_else(|error| Err(StoreError::Io(format!("closing ended: {error}"))))
        })
    }
}
