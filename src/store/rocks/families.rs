//! The database and its column families: names, options, and why these.
//!
//! - Batches of 256 bytes and more go to blob files, so compaction moves keys only and a byte is
//!   written twice in its life: to the WAL and to a blob file. Smaller ones (one or two short
//!   records) would be dwarfed by a blob's own header and key, and are read faster from a block.
//! - Because the tree holds keys, its levels are small: a compaction rewrites a few MiB.
//! - Blob garbage collection is not left to compactions: with it on, each would move live
//!   blobs of the oldest files again and again. `sweeper.rs` asks for it when it pays.
//! - The WAL is one for all families and replayed up to the first torn record
//!   (`PointInTime`), so a crash leaves a prefix. RocksDB syncs closed WAL files before a flush of
//!   one family becomes visible, so a flush never runs ahead of what other families can recover.
//!   Recycled WAL files carry their number in each record: old records end the replay.
//! - What a crash leaves to replay is bounded by `max_total_wal_size` and the write buffers.

use std::path::Path;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DBCompressionType,
    DBRecoveryMode, DBWithThreadMode, Error, ErrorKind, FlushOptions, InfoLogger, LogLevel,
    Options as RocksOptions, SingleThreaded,
};
use tracing::{error, info, warn};

use crate::store::StoreError;
use crate::store::pool::{COMPACT_FROM, Policy};
use crate::store::rocks::Options;
use crate::store::rocks::folder::Folder;

/// Families are never added or dropped while a database is open.
pub(super) type Db = DBWithThreadMode<SingleThreaded>;

/// The engine's own facts.
pub(super) const OWN: &str = "default";
/// Small state.
pub(super) const STATE: &str = "state";
/// The logs' sparse index.
pub(super) const INDEX: &str = "index";
/// Families of batches are named by their ordinal.
const LOG_PREFIX: &str = "log-";

/// Batches from this size on are kept apart from the keys.
const BLOB_BYTES_MIN: u64 = 256;
/// A flush of a full write buffer makes two: deletions free whole files sooner, and a terabyte is
/// still no more than 64,000 files.
const BLOB_FILE_BYTES: u64 = 16 << 20;
/// Write buffers of one log family; four of them may wait for the disk before writers do.
const LOG_BUFFERS: i32 = 4;
/// Files kept open, tables and blobs together: most systems allow a process 1,024, and
/// connections need theirs.
const OPEN_FILES_MAX: i32 = 400;

/// The open database.
pub(super) struct Database {
    /// RocksDB itself.
    pub(super) db: Db,
    /// Names of the log families by ordinal.
    names: Vec<Option<String>>,
    /// Unlocked after the database is closed: fields are dropped in order.
    _folder: Folder,
}

impl Database {
    /// Opens or makes the database with all families that the folder has or the options ask for.
    pub(super) fn open(folder: Folder, options: &Options) -> Result<Self, StoreError> {
        let path = folder.database.as_path();
        let mut names = vec![None; 256];
        for ordinal in options.pool.families() {
            names[usize::from(ordinal)] = Some(format!("{LOG_PREFIX}{ordinal}"));
        }
        for name in existing(path)? {
            let ordinal = name.strip_prefix(LOG_PREFIX).and_then(|text| text.parse::<u8>().ok());
            match ordinal {
                Some(ordinal) => names[usize::from(ordinal)] = Some(name),
                None if [OWN, STATE, INDEX].contains(&name.as_str()) => {}
                None => {
                    return Err(StoreError::Corrupt(format!("unknown column family `{name}`")));
                }
            }
        }
        let cache = Cache::new_lru_cache(options.block_cache_bytes);
        let small = [OWN, STATE, INDEX]
            .map(|name| ColumnFamilyDescriptor::new(name, small_family(options, &cache)));
        let logs = names.iter().enumerate().filter_map(|(ordinal, name)| {
            let policy =
                if ordinal < usize::from(COMPACT_FROM) { Policy::Delete } else { Policy::Compact };
            let name = name.as_ref()?;
            Some(ColumnFamilyDescriptor::new(name, log_family(policy, options, &cache)))
        });
        let descriptors = small.into_iter().chain(logs).collect::<Vec<_>>();
        let db = Db::open_cf_descriptors(&database(options), path, descriptors)
            .map_err(|error| store_error("the database", &error))?;
        Ok(Self { db, names, _folder: folder })
    }

    /// The family of that ordinal; `None` when the folder has none.
    pub(super) fn log(&self, ordinal: u8) -> Option<&ColumnFamily> {
        self.db.cf_handle(self.names[usize::from(ordinal)].as_ref()?)
    }

    /// Ordinals of the log families there are.
    pub(super) fn ordinals(&self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(|ordinal| self.names[usize::from(*ordinal)].is_some())
    }

    /// One of the families that every database has.
    pub(super) fn family(&self, name: &'static str) -> &ColumnFamily {
        self.db.cf_handle(name).expect("opened with the database")
    }

    /// Empties all write buffers. Blocks.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.db
            .flush_cfs_opt(&self.all(), &FlushOptions::default())
            .map_err(|error| store_error("flushing", &error))
    }

    /// Every family.
    pub(super) fn all(&self) -> Vec<&ColumnFamily> {
        let small = [OWN, STATE, INDEX].map(|name| self.family(name));
        small.into_iter().chain(self.ordinals().filter_map(|ordinal| self.log(ordinal))).collect()
    }
}

/// Says what failed in the seam's words.
pub(super) fn store_error(what: &str, error: &Error) -> StoreError {
    match error.kind() {
        ErrorKind::Corruption => StoreError::Corrupt(format!("{what}: {error}")),
        _ => StoreError::Io(format!("{what}: {error}")),
    }
}

/// The families that a folder already has.
fn existing(path: &Path) -> Result<Vec<String>, StoreError> {
    if !path.join("CURRENT").exists() {
        return Ok(Vec::new());
    }
    Db::list_cf(&RocksOptions::default(), path).map_err(|error| store_error("the database", &error))
}

fn database(options: &Options) -> RocksOptions {
    let mut rocks = RocksOptions::default();
    rocks.create_if_missing(true);
    rocks.create_missing_column_families(true);
    rocks.set_info_logger(logger());
    rocks.set_stats_dump_period_sec(0);
    rocks.set_stats_persist_period_sec(0);

    rocks.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    // Overwriting blocks that are allocated already spares the sync a change of metadata.
    rocks.set_recycle_log_file_num(2);
    // A family with little to write would keep old WAL files for ever: it is flushed in time.
    rocks.set_max_total_wal_size(options.memtable_bytes_max as u64 / 2);
    rocks.set_db_write_buffer_size(options.memtable_bytes_max);
    // Each start replays the manifest.
    rocks.set_max_manifest_file_size(16 << 20);

    // There is one writer.
    rocks.set_allow_concurrent_memtable_write(false);
    rocks.set_enable_write_thread_adaptive_yield(false);
    rocks.set_max_background_jobs(4);
    rocks.set_avoid_unnecessary_blocking_io(true);
    rocks.set_use_direct_io_for_flush_and_compaction(options.direct_io_flush);
    // Files that are flushed go to the disk as they are written, not all at once at the end.
    rocks.set_bytes_per_sync(1 << 20);

    rocks.set_max_open_files(OPEN_FILES_MAX);
    // The default starts 15 threads per family at every start.
    rocks.set_max_file_opening_threads(3);
    rocks.set_skip_stats_update_on_db_open(true);
    // Readers of a log go forward: leave read-ahead to the kernel.
    rocks.set_advise_random_on_open(false);
    rocks
}

/// What the families have in common.
fn family(cache: &Cache, buffer_bytes: usize) -> RocksOptions {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_block_size(16 << 10);
    blocks.set_cache_index_and_filter_blocks(true);
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(true);
    blocks.set_bloom_filter(10.0, false);
    let mut rocks = RocksOptions::default();
    rocks.set_block_based_table_factory(&blocks);
    rocks.set_compression_type(DBCompressionType::None);
    rocks.set_write_buffer_size(buffer_bytes);
    rocks.set_arena_block_size(256 << 10);
    rocks.set_target_file_size_base(4 << 20);
    rocks.set_max_bytes_for_level_base(16 << 20);
    // Writes wait for the disk only when write buffers are full, never for compactions of keys.
    rocks.set_level_zero_slowdown_writes_trigger(64);
    rocks.set_level_zero_stop_writes_trigger(256);
    rocks.set_soft_pending_compaction_bytes_limit(0);
    rocks.set_hard_pending_compaction_bytes_limit(0);
    rocks
}

fn small_family(options: &Options, cache: &Cache) -> RocksOptions {
    family(cache, (options.memtable_bytes_max / 16).max(1 << 20))
}

fn log_family(_policy: Policy, options: &Options, cache: &Cache) -> RocksOptions {
    let mut rocks = family(cache, (options.memtable_bytes_max / LOG_BUFFERS as usize).max(1 << 20));
    rocks.set_max_write_buffer_number(LOG_BUFFERS);
    rocks.set_enable_blob_files(true);
    rocks.set_min_blob_size(BLOB_BYTES_MIN);
    rocks.set_blob_file_size(BLOB_FILE_BYTES);
    rocks.set_blob_compression_type(DBCompressionType::None);
    rocks.set_enable_blob_gc(false);
    rocks.set_blob_compaction_readahead_size(2 << 20);
    rocks
}

/// What RocksDB has to say goes where the broker's own log goes.
fn logger() -> InfoLogger {
    InfoLogger::new_callback_logger(LogLevel::Warn, |level, message| match level {
        LogLevel::Warn => warn!(target: "rocksdb", "{}", message.trim_end()),
        LogLevel::Error | LogLevel::Fatal => error!(target: "rocksdb", "{}", message.trim_end()),
        LogLevel::Header => {}
        LogLevel::Debug | LogLevel::Info => info!(target: "rocksdb", "{}", message.trim_end()),
    })
}
