//! The tests that every engine passes, bare and wrapped in [`Faulty`]: the seam's contracts.
//!
//! `suite!` makes one test of each case for one kind of place. A place outlives its engines,
//! so a case can close one and open the next. Cases compare with `model.rs`, which does by
//! brute force what an engine does with an index.

mod cases;
mod model;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::base::{LogId, Offset};
use crate::store::faulty::Faulty;
use crate::store::mem::MemEngine;
use crate::store::rocks::{Options, RocksEngine};
use crate::store::{Engine, Seq, StoreError, Write};

/// Where a store lives.
pub(crate) trait Place: Send + Sync {
    /// Opens it; engines that were opened before are gone.
    fn open(&self) -> Arc<dyn Engine>;
}

/// In memory.
struct Memory(Mutex<MemEngine>);

impl Place for Memory {
    fn open(&self) -> Arc<dyn Engine> {
        let mut last = self.0.lock();
        let next = last.reopen();
        // Two more: one to remember the store by, and the opened one must be the newest.
        let opened = next.reopen();
        *last = next;
        Arc::new(opened)
    }
}

/// In a folder, with small write buffers so that flushes and compactions happen.
struct Disk {
    folder: TempDir,
    options: Options,
}

impl Place for Disk {
    fn open(&self) -> Arc<dyn Engine> {
        let engine = RocksEngine::open(self.folder.path(), self.options.clone());
        Arc::new(engine.expect("the folder is ours"))
    }
}

/// Any other, wrapped.
struct Wrapped<P>(P);

impl<P: Place> Place for Wrapped<P> {
    fn open(&self) -> Arc<dyn Engine> {
        Arc::new(Faulty::new(self.0.open()))
    }
}

fn memory() -> Memory {
    Memory(Mutex::new(MemEngine::new()))
}

fn disk(fsync: bool) -> Disk {
    let options = Options { fsync, memtable_bytes_max: 4 << 20, ..Options::default() };
    Disk { folder: tempfile::tempdir().expect("a folder for the test"), options }
}

macro_rules! suite {
    ($name:ident, $place:expr, $($case:ident),* $(,)?) => {
        mod $name {
            $(
                #[tokio::test]
                async fn $case() {
                    super::cases::$case(&$place).await;
                }
            )*
        }
    };
}

macro_rules! suites {
    ($($name:ident: $place:expr),* $(,)?) => {
        $(suite!(
            $name,
            $place,
            lists_are_counted_and_reached_in_order,
            batches_are_read_back,
            a_read_starts_at_the_batch_that_contains_its_offset,
            a_read_gives_at_least_one_batch,
            a_read_sees_what_was_written,
            a_list_is_there_whole_or_not_at_all,
            after_a_failure_nothing_is_accepted_and_reads_go_on,
            state_is_kept_by_space_and_key,
            state_is_scanned_in_pages,
            a_log_that_is_not_there_is_empty,
            the_end_knows_the_first_batch_with_the_largest_time,
            times_and_sizes_are_found_as_by_brute_force,
            what_is_below_a_start_is_freed,
            a_log_trimmed_to_nothing_goes_on,
            a_dead_log_is_freed_and_its_neighbours_are_not,
            a_reopened_store_has_everything_and_a_greater_epoch,
            times_and_sizes_survive_a_restart_and_a_trim,
            a_closed_store_accepts_nothing,
            concurrent_lists_recover_in_the_order_of_their_numbers,
        );)*
    };
}

suites! {
    mem: super::memory(),
    rocks: super::disk(true),
    rocks_without_fsync: super::disk(false),
    faulty_mem: super::Wrapped(super::memory()),
    faulty_rocks: super::Wrapped(super::disk(false)),
}

/// A log of the default pool.
pub(crate) fn log(topic: u32) -> LogId {
    LogId { family: 1, topic, partition: 3 }
}

/// An append of `bytes` bytes that can be told from others.
pub(crate) fn append(log: LogId, base: Offset, last: Offset, time: i64, bytes: usize) -> Write {
    let records = Bytes::from(vec![(base % 251) as u8; bytes]);
    Write::Append { log, base, last, max_time_ms: time, records }
}

/// Waits until `seq` is durable.
pub(crate) async fn durable(engine: &dyn Engine, seq: Seq) -> Result<(), StoreError> {
    let mut progress = engine.progress();
    let reached = progress
        .wait_for(|progress| progress.durable >= seq || progress.failed.is_some())
        .await
        .expect("the engine is alive");
    match &reached.failed {
        Some(error) if reached.durable < seq => Err(error.clone()),
        _ => Ok(()),
    }
}

/// Submits one list and waits until it is durable.
pub(crate) async fn store(engine: &dyn Engine, batch: Vec<Write>) {
    let seq = engine.submit(batch);
    durable(engine, seq).await.expect("nothing is wrong with the store");
}
