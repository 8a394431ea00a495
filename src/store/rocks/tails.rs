//! What the writer keeps of each log it has appended to since the start: enough to write the
//! sparse index and to refuse a batch that does not follow the last one.
//!
//! Nothing of it is stored: `view.rs` works it out again from the last index entry and the few
//! batches behind it. It grows with the logs that are written to, which the catalog bounds.

use crate::base::Offset;
use crate::store::keys::{IndexEntry, NO_TIME};

/// Bytes appended between two index entries (Kafka's `index.interval.bytes`).
pub(super) const GRAIN_BYTES: u64 = 4096;

/// The end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// Offset that the next record gets; `None` when the log holds nothing.
    pub(super) next: Option<Offset>,
    /// Bytes ever appended.
    pub(super) bytes: u64,
    /// The largest timestamp ever appended and the first batch that has it.
    pub(super) max_time_ms: i64,
    /// See `max_time_ms`.
    pub(super) max_time_base: Offset,
    /// The largest timestamp since the last index entry.
    pub(super) gap_time_ms: i64,
    /// Bytes since the last index entry; `None` when there is no entry.
    pub(super) since_entry: Option<u64>,
}

impl Tail {
    /// A log without a batch and without an index.
    pub(super) const EMPTY: Self = Self {
        next: None,
        bytes: 0,
        max_time_ms: NO_TIME,
        max_time_base: 0,
        gap_time_ms: NO_TIME,
        since_entry: None,
    };

    /// The log as it was before the batch at which `entry` stands.
    pub(super) fn at(entry: &IndexEntry) -> Self {
        Self {
            next: None,
            bytes: entry.bytes_before,
            max_time_ms: entry.max_time_ms,
            max_time_base: entry.max_time_base,
            gap_time_ms: NO_TIME,
            since_entry: Some(0),
        }
    }

    /// The index entry to write with the next batch, if one is due.
    pub(super) fn entry_due(&mut self) -> Option<IndexEntry> {
        if self.since_entry.is_some_and(|bytes| bytes < GRAIN_BYTES) {
            return None;
        }
        let entry = IndexEntry {
            bytes_before: self.bytes,
            gap_time_ms: self.gap_time_ms,
            max_time_ms: self.max_time_ms,
            max_time_base: self.max_time_base,
        };
        self.gap_time_ms = NO_TIME;
        self.since_entry = Some(0);
        Some(entry)
    }

    /// Counts a batch in.
    pub(super) fn push(&mut self, base: Offset, last: Offset, max_time_ms: i64, bytes: u64) {
        self.next = Some(last.saturating_add(1));
        self.bytes += bytes;
        self.since_entry = self.since_entry.map(|since| since + bytes);
        self.gap_time_ms = self.gap_time_ms.max(max_time_ms);
        if max_time_ms > self.max_time_ms {
            (self.max_time_ms, self.max_time_base) = (max_time_ms, base);
        }
    }
}
