//! Gives the disk space of erased batches back.
//!
//! Erasing writes range tombstones. The space returns when a compaction drops the keys they
//! cover: a blob file none of whose batches has a key any more is deleted. RocksDB compacts when
//! much is written, not when much is erased, so this thread asks for it. A compaction of the erased
//! ranges rewrites at most the family's tables, which hold keys only; it is due when
//! half as many bytes were erased.
//!
//! Files that dead batches share with living ones stay. When a third of a family's blob
//! bytes is dead, all its living batches are moved to new files.
//!
//! (`DeleteFilesInRange` is not used: it drops tables without telling the blob files that their
//! batches are gone, and those files would then outlive their last key.)

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rocksdb::{BottommostLevelCompaction, CompactOptions};
use tracing::{debug, warn};

use crate::base::LogId;
use crate::store::StoreError;
use crate::store::keys::{LOG_KEY_LEN, log_key, log_key_end};
use crate::store::rocks::families::{Database, INDEX};
use crate::store::rocks::figures::{blob_garbage, table_bytes};

/// Below this nobody misses the space.
const DUE_BYTES_MIN: u64 = 1 << 20;
/// Garbage below this is not worth moving what lies beside it.
const GARBAGE_BYTES_MIN: u64 = 16 << 20;
/// Retention erases in bursts: wait for the rest of one.
const BURST: Duration = Duration::from_millis(500);
/// Ranges compacted one by one; more of them become one that spans all.
const RANGES_MAX: usize = 32;

/// Asks RocksDB to compact what was erased.
pub(super) struct Sweeper {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    database: Arc<Database>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    erased: BTreeMap<u8, Erased>,
    busy: bool,
    closed: bool,
    /// Sweep however little there is (in tests).
    force: bool,
}

/// What was erased in one family since its last sweep. By topic, whose partitions lie together.
#[derive(Default)]
struct Erased {
    bytes: u64,
    ranges: BTreeMap<u32, Range>,
}

#[derive(Clone, Copy)]
struct Range {
    start: [u8; LOG_KEY_LEN],
    end: [u8; LOG_KEY_LEN],
}

impl Sweeper {
    /// Starts the thread.
    pub(super) fn start(database: Arc<Database>) -> Result<Self, StoreError> {
        let state = Mutex::default();
        let shared = Arc::new(Shared { database, state, changed: Condvar::new() });
        let thread = Builder::new()
            .name("klamm-sweeper".to_owned())
            .spawn({
                let shared = shared.clone();
                move || shared.run()
            })
            .map_err(|error| StoreError::Io(format!("cannot start a thread: {error}")))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Tells that `bytes` of `log` were erased.
    pub(super) fn erased(&self, log: LogId, bytes: u64) {
        let range = Range { start: log_key(log, 0), end: log_key_end(log) };
        let mut state = self.shared.state.lock();
        let erased = state.erased.entry(log.family).or_default();
        erased.bytes += bytes;
        erased
            .ranges
            .entry(log.topic)
            .and_modify(|known| {
                known.start = known.start.min(range.start);
                known.end = known.end.max(range.end);
            })
            .or_insert(range);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Sweeps all there is, however little, and waits until it is done.
    #[cfg(test)]
    pub(super) fn settle(&self) {
        let mut state = self.shared.state.lock();
        state.force = true;
        self.shared.changed.notify_all();
        while state.busy || !state.erased.is_empty() {
            self.shared.changed.wait(&mut state);
        }
        state.force = false;
    }

    /// No sweep begins any more.
    pub(super) fn stop(&self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
    }

    /// Waits for the thread to end.
    pub(super) fn join(&self) {
        if self.thread.lock().take().is_some_and(|thread| thread.join().is_err()) {
            warn!("the thread that frees disk space panicked");
        }
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let mut state = self.state.lock();
            while !state.closed
                && !state
                    .erased
                    .iter()
                    .any(|(ordinal, erased)| state.force || self.is_due(*ordinal, erased))
            {
                self.changed.wait(&mut state);
            }
            if !state.force && !state.closed {
                let _ = self.changed.wait_while_for(
                    &mut state,
                    |state| !state.closed && !state.force,
                    BURST,
                );
            }
            if state.closed {
                return;
            }
            state.busy = true;
            let all = take(&mut state.erased);
            let (due, later) =
                all.into_iter().partition::<BTreeMap<_, _>, _>(|(ordinal, erased)| {
                    state.force || self.is_due(*ordinal, erased)
                });
            state.erased = later;
            drop(state);
            for (ordinal, erased) in due {
                self.sweep(ordinal, erased);
            }
            self.state.lock().busy = false;
            self.changed.notify_all();
        }
    }

    fn is_due(&self, ordinal: u8, erased: &Erased) -> bool {
        let worth = (table_bytes(&self.database, ordinal) / 2).max(DUE_BYTES_MIN);
        erased.bytes >= worth
    }

    fn sweep(&self, ordinal: u8, erased: Erased) {
        let Some(family) = self.database.log(ordinal) else { return };
        let options = CompactOptions::default();
        let ranges = erased.merged();
        for range in &ranges {
            if self.state.lock().closed {
                return;
            }
            for family in [family, self.database.family(INDEX)] {
                let (start, end) = (Some(range.start), Some(range.end));
                self.database.db.compact_range_cf_opt(family, start, end, &options);
            }
        }
        debug!(ordinal, bytes = erased.bytes, ranges = ranges.len(), "erased batches swept");
        if blob_garbage(&self.database, ordinal)
            .is_some_and(|(total, garbage)| garbage >= GARBAGE_BYTES_MIN && garbage >= total / 3)
        {
            self.collect(ordinal);
        }
    }

    /// Moves all living batches of the family, so that the files they share with dead ones go.
    fn collect(&self, ordinal: u8) {
        let Some(family) = self.database.log(ordinal) else { return };
        let switch = |on: &str, cutoff: &str| {
            let values = [
                ("enable_blob_garbage_collection", on),
                ("blob_garbage_collection_age_cutoff", cutoff),
            ];
            self.database.db.set_options_cf(family, &values)
        };
        if let Err(error) = switch("true", "1.0") {
            warn!(ordinal, %error, "blob garbage collection cannot be switched on");
            return;
        }
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        self.database.db.compact_range_cf_opt(family, None::<&[u8]>, None::<&[u8]>, &options);
        if let Err(error) = switch("false", "0.25") {
            warn!(ordinal, %error, "blob garbage collection cannot be switched off");
        }
        debug!(ordinal, "living batches moved away from dead ones");
    }
}

impl Erased {
    fn merged(&self) -> Vec<Range> {
        let ranges = self.ranges.values().copied().collect::<Vec<_>>();
        if ranges.len() <= RANGES_MAX {
            return ranges;
        }
        let start = ranges.iter().map(|range| range.start).min();
        let end = ranges.iter().map(|range| range.end).max();
        start.zip(end).map(|(start, end)| Range { start, end }).into_iter().collect()
    }
}
