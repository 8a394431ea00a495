//! The engine's figures for the metrics page.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::histogram;
use rocksdb::properties;

use crate::store::Figure;
use crate::store::rocks::families::Database;

/// How long the syncs of the WAL took.
#[derive(Default)]
pub(super) struct SyncTimes {
    count: AtomicU64,
    sum_us: AtomicU64,
    max_us: AtomicU64,
}

impl SyncTimes {
    /// Counts one sync.
    pub(super) fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
        self.max_us.fetch_max(us, Ordering::Relaxed);
        histogram!("klamm_wal_sync_seconds").record(took.as_secs_f64());
    }
}

/// Figures that RocksDB keeps per column family, added up here.
const SUMMED: [(&str, &str, &str); 9] = [
    (
        "rocksdb.cur-size-all-mem-tables",
        "rocksdb_memtable_bytes",
        "Bytes in write buffers that are not flushed yet.",
    ),
    (
        "rocksdb.num-immutable-mem-table",
        "rocksdb_immutable_memtables",
        "Write buffers that wait to be flushed.",
    ),
    (
        "rocksdb.estimate-table-readers-mem",
        "rocksdb_table_readers_bytes",
        "Memory of open tables outside the block cache.",
    ),
    ("rocksdb.live-sst-files-size", "rocksdb_live_sst_bytes", "Bytes of tables in use."),
    ("rocksdb.num-files-at-level0", "rocksdb_level0_files", "Tables that are not sorted in yet."),
    ("rocksdb.num-blob-files", "rocksdb_blob_files", "Files that hold record batches."),
    (
        "rocksdb.live-blob-file-size",
        "rocksdb_live_blob_bytes",
        "Bytes of the files that hold record batches.",
    ),
    (
        "rocksdb.live-blob-file-garbage-size",
        "rocksdb_blob_garbage_bytes",
        "Bytes in those files that belong to freed batches.",
    ),
    (
        "rocksdb.estimate-pending-compaction-bytes",
        "rocksdb_pending_compaction_bytes",
        "Bytes that compactions have yet to rewrite.",
    ),
];

/// Figures that RocksDB keeps once for the database.
const WHOLE: [(&str, &str, &str); 5] = [
    ("rocksdb.num-running-flushes", "rocksdb_running_flushes", "Flushes at work."),
    ("rocksdb.num-running-compactions", "rocksdb_running_compactions", "Compactions at work."),
    (
        "rocksdb.background-errors",
        "rocksdb_background_errors",
        "Flushes and compactions that failed since the start.",
    ),
    (
        "rocksdb.block-cache-usage",
        "rocksdb_block_cache_bytes",
        "Bytes in the block cache, which all column families share.",
    ),
    ("rocksdb.is-write-stopped", "rocksdb_write_stopped", "1 while writes wait for the disk."),
];

/// All figures as they are now.
pub(super) fn figures(database: &Database, times: &SyncTimes) -> Vec<Figure> {
    let families = database.all();
    let summed = SUMMED.iter().map(|(property, name, help)| {
        let values = families.iter().filter_map(|family| {
            database.db.property_int_value_cf(*family, *property).ok().flatten()
        });
        Figure { name, help, value: values.sum::<u64>() as f64 }
    });
    let whole = WHOLE.iter().filter_map(|(property, name, help)| {
        let value = database.db.property_int_value(*property).ok().flatten()?;
        Some(Figure { name, help, value: value as f64 })
    });
    let load = |number: &AtomicU64| number.load(Ordering::Relaxed) as f64;
    let syncs = [
        Figure {
            name: "klamm_wal_syncs",
            help: "Syncs of the write-ahead log since the start.",
            value: load(&times.count),
        },
        Figure {
            name: "klamm_wal_sync_seconds_total",
            help: "Time spent in them.",
            value: load(&times.sum_us) / 1e6,
        },
        Figure {
            name: "klamm_wal_sync_seconds_max",
            help: "The longest of them.",
            value: load(&times.max_us) / 1e6,
        },
    ];
    summed.chain(whole).chain(syncs).collect()
}

/// Bytes of the family's blob files, and how many of them belong to freed batches.
pub(super) fn blob_garbage(database: &Database, ordinal: u8) -> Option<(u64, u64)> {
    let family = database.log(ordinal)?;
    let value = |property: &str| database.db.property_int_value_cf(family, property).ok().flatten();
    Some((value("rocksdb.live-blob-file-size")?, value("rocksdb.live-blob-file-garbage-size")?))
}

/// Bytes of the family's tables.
pub(super) fn table_bytes(database: &Database, ordinal: u8) -> u64 {
    let value = database.log(ordinal).and_then(|family| {
        database.db.property_int_value_cf(family, properties::LIVE_SST_FILES_SIZE).ok().flatten()
    });
    value.unwrap_or(0)
}

/// Bytes that are in write buffers only.
pub(super) fn buffered_bytes(database: &Database) -> u64 {
    let sizes = database.all().into_iter().filter_map(|family| {
        let size = properties::CUR_SIZE_ALL_MEM_TABLES;
        database.db.property_int_value_cf(family, size).ok().flatten()
    });
    sizes.sum()
}
