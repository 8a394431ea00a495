//! A record batch of format 2, the only one that is stored: its 61-byte header, and the two
//! fields that the broker sets.
//!
//! ```text
//!  0 base offset i64      | 17 CRC-32C u32  (of all that follows it)
//!  8 length i32           | 21 attributes i16: bits 0-2 codec, 3 append time, 4 transactional,
//!                         |    5 control
//! 12 leader epoch i32     | 23 last offset delta i32 | 27 base time i64 | 35 max time i64
//! 16 magic i8             | 43 producer id i64, epoch i16, 53 sequence i32 | 57 count i32
//! ```
//! All big-endian. Base offset and leader epoch lie outside the CRC, so a batch is stored as its
//! client sent it and the two are filled in when it is read: see [`write_patched`].

use bytes::{BufMut, BytesMut};

use crate::base::Offset;

pub use crate::wire::lookup::{first_from, max_timestamp};
pub use crate::wire::validate::validate;
pub use crate::wire::validate::{BatchError, RecordFault, RecordFaultKind, Rules, ValidBatch};

/// Bytes before the records.
pub const HEADER_LEN: usize = 61;

/// Bytes that the length field does not count: base offset and the field itself.
pub const LENGTH_OVERHEAD: usize = 12;

/// The one format that is accepted.
pub const MAGIC: i8 = 2;

/// "This record has no timestamp."
pub const NO_TIMESTAMP: i64 = -1;

/// "This batch has no sequence number": it is not from an idempotent producer.
pub const NO_SEQUENCE: i32 = -1;

/// "This batch is not from an idempotent producer."
pub const NO_PRODUCER_ID: i64 = -1;

pub(crate) const LENGTH_AT: usize = 8;
const EPOCH_AT: usize = 12;
pub(crate) const MAGIC_AT: usize = 16;
pub(crate) const CRC_AT: usize = 17;
/// The CRC covers everything from here on.
pub(crate) const ATTRIBUTES_AT: usize = 21;
const LAST_DELTA_AT: usize = 23;
const BASE_TIME_AT: usize = 27;
pub(crate) const MAX_TIME_AT: usize = 35;
const PRODUCER_ID_AT: usize = 43;
const PRODUCER_EPOCH_AT: usize = 51;
const SEQUENCE_AT: usize = 53;
const COUNT_AT: usize = 57;

pub(crate) const CODEC_MASK: i16 = 0x07;
pub(crate) const APPEND_TIME_FLAG: i16 = 0x08;
const TRANSACTIONAL_FLAG: i16 = 0x10;
const CONTROL_FLAG: i16 = 0x20;

/// How the records of a batch are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    None = 0,
    /// RFC 1952.
    Gzip = 1,
    /// Snappy blocks, in the framing of Java's snappy library or bare.
    Snappy = 2,
    /// An LZ4 frame of independent blocks.
    Lz4 = 3,
    /// Zstandard frames; clients know it since Produce v7 and Fetch v10 (KIP-110).
    Zstd = 4,
}

impl Codec {
    /// The codec that a batch's attributes name.
    pub fn from_id(id: i16) -> Option<Self> {
        match id {
            0 => Some(Self::None),
            1 => Some(Self::Gzip),
            2 => Some(Self::Snappy),
            3 => Some(Self::Lz4),
            4 => Some(Self::Zstd),
            _ => None,
        }
    }

    /// Its name in Kafka's settings; no compression is called `uncompressed` there.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// What stands before the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    /// Offset of the first record as the client sent it: 0.
    pub base_offset: i64,
    /// Bytes that follow the length field.
    pub length: i32,
    /// Leader epoch as the client sent it.
    pub leader_epoch: i32,
    /// Format of the batch.
    pub magic: i8,
    /// CRC-32C of the bytes from the attributes to the end.
    pub crc: u32,
    /// Flags: see the accessors.
    pub attributes: i16,
    /// Offset of the last record minus that of the first.
    pub last_offset_delta: i32,
    /// What the records' timestamps count from.
    pub base_timestamp_ms: i64,
    /// The largest timestamp of the records; with append time, the timestamp of all of them.
    pub max_timestamp_ms: i64,
    /// The idempotent producer, or [`NO_PRODUCER_ID`].
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Sequence number of the first record, or [`NO_SEQUENCE`].
    pub base_sequence: i32,
    /// How many records follow.
    pub record_count: i32,
}

impl BatchHeader {
    /// Reads the header and checks nothing but that it is whole.
    pub fn read(bytes: &[u8]) -> Result<Self, BatchError> {
        let Some(head) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(BatchError::TruncatedHeader { bytes: bytes.len() });
        };
        Ok(Self {
            base_offset: i64::from_be_bytes(field(head, 0)),
            length: i32::from_be_bytes(field(head, LENGTH_AT)),
            leader_epoch: i32::from_be_bytes(field(head, EPOCH_AT)),
            magic: i8::from_be_bytes(field(head, MAGIC_AT)),
            crc: u32::from_be_bytes(field(head, CRC_AT)),
            attributes: i16::from_be_bytes(field(head, ATTRIBUTES_AT)),
            last_offset_delta: i32::from_be_bytes(field(head, LAST_DELTA_AT)),
            base_timestamp_ms: i64::from_be_bytes(field(head, BASE_TIME_AT)),
            max_timestamp_ms: i64::from_be_bytes(field(head, MAX_TIME_AT)),
            producer_id: i64::from_be_bytes(field(head, PRODUCER_ID_AT)),
            producer_epoch: i16::from_be_bytes(field(head, PRODUCER_EPOCH_AT)),
            base_sequence: i32::from_be_bytes(field(head, SEQUENCE_AT)),
            record_count: i32::from_be_bytes(field(head, COUNT_AT)),
        })
    }

    /// How the records are compressed.
    pub fn compression(&self) -> Result<Codec, BatchError> {
        let id = self.attributes & CODEC_MASK;
        Codec::from_id(id).ok_or(BatchError::UnknownCodec { id })
    }

    /// True for the markers that end transactions; only a broker writes them.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL_FLAG != 0
    }

    /// True for records of a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL_FLAG != 0
    }

    /// True when every record's timestamp is `max_timestamp_ms`, the time of the append.
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & APPEND_TIME_FLAG != 0
    }

    /// True when an idempotent producer sent it.
    pub fn has_producer(&self) -> bool {
        self.producer_id > NO_PRODUCER_ID
    }

    /// Sequence number of the last record. After `i32::MAX` comes 0.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            return NO_SEQUENCE;
        }
        add_to_sequence(self.base_sequence, self.last_offset_delta)
    }

    /// The timestamp of a record that is `delta_ms` after the batch's base.
    pub(crate) fn timestamp(&self, delta_ms: i64) -> i64 {
        if self.is_log_append_time() {
            return self.max_timestamp_ms;
        }
        // Java's arithmetic: a client that overflows it gets what Kafka would give.
        self.base_timestamp_ms.wrapping_add(delta_ms)
    }
}

/// `sequence + delta`, where 0 follows `i32::MAX`.
pub fn add_to_sequence(sequence: i32, delta: i32) -> i32 {
    sequence.wrapping_add(delta) & i32::MAX
}

/// `sequence - delta`, where `i32::MAX` precedes 0.
pub fn take_from_sequence(sequence: i32, delta: i32) -> i32 {
    sequence.wrapping_sub(delta) & i32::MAX
}

fn field<const N: usize>(head: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&head[at..at + N]);
    bytes
}

/// CRC-32C of a whole batch's checked part.
pub(crate) fn checksum(batch: &[u8]) -> u32 {
    crc32c::crc32c(batch.get(ATTRIBUTES_AT..).unwrap_or_default())
}

/// The batch as a consumer gets it: its base offset and leader epoch filled in, appended to `out`.
pub fn write_patched(out: &mut BytesMut, records: &[u8], base_offset: Offset, leader_epoch: i32) {
    let (Some(length), Some(rest)) = (records.get(LENGTH_AT..EPOCH_AT), records.get(MAGIC_AT..))
    else {
        // Only validated batches are stored; whatever else this is, it is passed on as it is.
        out.put_slice(records);
        return;
    };
    out.reserve(records.len());
    out.put_i64(base_offset);
    out.put_slice(length);
    out.put_i32(leader_epoch);
    out.put_slice(rest);
}

#[cfg(test)]
mod tests;
