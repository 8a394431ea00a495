//! What is on disk, byte by byte. Everything in here is for ever: a change needs a new
//! [`FORMAT`] and code that still reads the old one.
//!
//! ```text
//! family          key                                     value
//! default         "epoch"                                 u32: counted up at every open
//! state           space u8 | the caller's key             the caller's value
//! log-<ordinal>   topic u32 | partition u32 | base i64    kind u8 | last i64 | max time i64
//!                                                         | batch
//! index           topic u32 | partition u32 | base i64    bytes u64 | gap time i64
//!                                                         | max time i64 | its base i64
//! ```
//! Numbers are big-endian, so that RocksDB's order is the order of offsets. Offsets are never
//! negative; a negative one is treated as 0. The family is no part of a key: a topic's number is
//! never used twice, so topic and partition name a log in whichever family it lies.

use crate::base::{LogId, Offset};
use crate::store::Space;

/// The number of this layout, in the data folder's `format` file.
pub const FORMAT: u32 = 1;

/// Bytes of the key of a batch or an index entry.
pub const LOG_KEY_LEN: usize = 16;

/// Bytes before the batch in a stored value.
pub const BATCH_HEADER_LEN: usize = 17;

/// The only kind of stored batch so far: as it was appended.
const KIND_PLAIN: u8 = 0;

/// The largest timestamp of a batch that has none.
pub const NO_TIME: i64 = -1;

/// The key of the batch of `log` that starts at `base`.
pub fn log_key(log: LogId, base: Offset) -> [u8; LOG_KEY_LEN] {
    let mut key = [0; LOG_KEY_LEN];
    key[..4].copy_from_slice(&log.topic.to_be_bytes());
    key[4..8].copy_from_slice(&log.partition.to_be_bytes());
    key[8..].copy_from_slice(&base.max(0).to_be_bytes());
    key
}

/// The first key after all those of `log`.
pub fn log_key_end(log: LogId) -> [u8; LOG_KEY_LEN] {
    let mut key = log_key(log, 0);
    key[8..].fill(0xff);
    key
}

/// The base offset in a batch's key; `None` for a key of the wrong length.
pub fn base_of(key: &[u8]) -> Option<Offset> {
    (key.len() == LOG_KEY_LEN).then(|| i64_at(key, 8))
}

/// The key of an item of small state.
pub fn state_key(space: Space, key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(1 + key.len());
    whole.push(space as u8);
    whole.extend_from_slice(key);
    whole
}

/// What stands before a stored batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHeader {
    /// Offset of the batch's last record.
    pub last: Offset,
    /// The largest timestamp of its records.
    pub max_time_ms: i64,
}

impl StoredHeader {
    /// Appends the header to `value`.
    pub fn write(&self, value: &mut Vec<u8>) {
        value.push(KIND_PLAIN);
        value.extend_from_slice(&self.last.to_be_bytes());
        value.extend_from_slice(&self.max_time_ms.to_be_bytes());
    }

    /// Reads the header of a stored value; `None` when it is none of ours.
    pub fn read(value: &[u8]) -> Option<Self> {
        if value.len() < BATCH_HEADER_LEN || value[0] != KIND_PLAIN {
            return None;
        }
        Some(Self { last: i64_at(value, 1), max_time_ms: i64_at(value, 9) })
    }
}

/// An entry of a log's sparse index; it stands at the base offset of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// Bytes appended to the log before this batch.
    pub bytes_before: u64,
    /// The largest timestamp from the entry before this one up to this batch.
    pub gap_time_ms: i64,
    /// The largest timestamp of all that came before this batch.
    pub max_time_ms: i64,
    /// The base offset of the first batch that has it.
    pub max_time_base: Offset,
}

impl IndexEntry {
    const LEN: usize = 32;

    /// The stored form.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut value = [0; Self::LEN];
        value[..8].copy_from_slice(&self.bytes_before.to_be_bytes());
        value[8..16].copy_from_slice(&self.gap_time_ms.to_be_bytes());
        value[16..24].copy_from_slice(&self.max_time_ms.to_be_bytes());
        value[24..].copy_from_slice(&self.max_time_base.to_be_bytes());
        value
    }

    /// Reads the stored form; `None` when it is none of ours.
    pub fn read(value: &[u8]) -> Option<Self> {
        (value.len() == Self::LEN).then(|| Self {
            bytes_before: i64_at(value, 0) as u64,
            gap_time_ms: i64_at(value, 8),
            max_time_ms: i64_at(value, 16),
            max_time_base: i64_at(value, 24),
        })
    }
}

/// The number at `start`; callers have checked the length.
fn i64_at(bytes: &[u8], start: usize) -> i64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[start..start + 8]);
    i64::from_be_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_topic_then_partition_then_offset() {
        let log = |topic, partition| LogId { family: 0, topic, partition };
        let keys = [
            log_key(log(1, 2), 0),
            log_key(log(1, 2), 255),
            log_key(log(1, 2), 256),
            log_key(log(1, 2), i64::MAX),
            log_key_end(log(1, 2)),
            log_key(log(1, 3), 0),
            log_key(log(2, 0), 0),
        ];
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let header = StoredHeader { last: 41, max_time_ms: NO_TIME };
        let mut value = Vec::new();
        header.write(&mut value);
        assert_eq!(value.len(), BATCH_HEADER_LEN);
        assert_eq!(StoredHeader::read(&value), Some(header));

        let entry =
            IndexEntry { bytes_before: 7, gap_time_ms: -1, max_time_ms: 9, max_time_base: 3 };
        assert_eq!(IndexEntry::read(&entry.encode()), Some(entry));
        assert_eq!(base_of(&log_key(LogId { family: 9, topic: 1, partition: 1 }, 77)), Some(77));
    }

    #[test]
    fn foreign_bytes_are_refused() {
        assert_eq!(StoredHeader::read(&[0; BATCH_HEADER_LEN - 1]), None);
        assert_eq!(StoredHeader::read(&[1; BATCH_HEADER_LEN]), None);
        assert_eq!(IndexEntry::read(&[0; 31]), None);
        assert_eq!(base_of(b"short"), None);
    }
}
