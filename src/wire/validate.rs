//! What a producer may send: one partition's records of a produce request, checked as Kafka does
//! in `ProduceRequest.validateRecords`, `UnifiedLog.analyzeAndValidateRecords` and `LogValidator`,
//! in their order, so that the same bytes get the same answer.
//!
//! A batch that passes is kept as it came, with four exceptions: the topic's timestamps are append
//! times; the header's max timestamp is not that of its records; `compression.type` names another
//! codec; uncompressed records are not numbered 0, 1, 2 (see `rebuild.rs`). Bytes after the batch
//! that do not make another one are dropped.
//!
//! Where we differ: a compressed record must fill the size it claims (Kafka stores it, and its
//! consumers fail); a compressed record out of its place is an INVALID_RECORD (Kafka answers
//! UNKNOWN_SERVER_ERROR); what unfolds to more than `limits::DECOMPRESSED_BATCH_MAX` is refused.

use bytes::Bytes;

use crate::base::limits;
use crate::wire::batch::{
    self, BatchHeader, Codec, HEADER_LEN, LENGTH_AT, LENGTH_OVERHEAD, MAGIC, MAGIC_AT, NO_TIMESTAMP,
};
use crate::wire::rebuild::{self, Stamp};
use crate::wire::records::{self, Next, RecordFormat, RecordView};

/// Smallest length field of any format ever (Kafka's `LegacyRecord.RECORD_OVERHEAD_V0`).
const LENGTH_MIN: i32 = 14;

/// What the topic and the request's version demand.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The time of the append.
    pub now_ms: i64,
    /// `max.message.bytes`: the size of a batch, headers included.
    pub max_bytes: i32,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub log_append_time: bool,
    /// `message.timestamp.before.max.ms`.
    pub before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub after_max_ms: i64,
    /// `compression.type`; `None` for `producer`.
    pub target: Option<Codec>,
    /// A compacted topic: records need keys.
    pub keys_required: bool,
    /// Produce v7 and later.
    pub zstd_allowed: bool,
}

/// A batch that passed every check; only [`validate`] makes one.
#[expect(clippy::manual_non_exhaustive, reason = "no other room of this crate is to make one")]
#[derive(Clone, Debug)]
pub struct ValidBatch {
    /// The bytes to store.
    pub records: Bytes,
    /// Their header.
    pub header: BatchHeader,
    /// The largest timestamp, -1 when no record has one.
    pub max_timestamp_ms: i64,
    /// The timestamp that the broker gave all records, -1 when it gave none. Produce answers it.
    pub append_time_ms: i64,
    _checked: (),
}

/// Why a batch is refused. Each variant's last sentence is Kafka's error code.
#[expect(missing_docs, reason = "the fields are what the variant's text names")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// No whole batch is there. INVALID_RECORD.
    #[error("the request must hold at least one whole record batch per partition")]
    Empty,
    /// The length field is impossible. CORRUPT_MESSAGE.
    #[error("a record batch of length {length} is shorter than any can be")]
    Length { length: i32 },
    /// A format that does not exist. CORRUPT_MESSAGE.
    #[error("no record batch has format {magic}")]
    UnknownMagic { magic: i8 },
    /// A format of before Kafka 0.11. INVALID_RECORD.
    #[error("record batches must have format 2, this one has {magic}")]
    OldMagic { magic: i8 },
    /// The batch is too short for its header. CORRUPT_MESSAGE.
    #[error("a record batch of {bytes} bytes is shorter than its header")]
    TruncatedHeader { bytes: usize },
    /// zstd in a Produce request below v7. UNSUPPORTED_COMPRESSION_TYPE.
    #[error("zstd needs Produce version 7 or later")]
    ZstdTooEarly,
    /// More than one batch for a partition. INVALID_RECORD.
    #[error("the request must hold exactly one record batch per partition")]
    SecondBatch,
    /// Producers count offsets from 0. INVALID_RECORD.
    #[error("the base offset of a new record batch must be 0, not {base_offset}")]
    BaseOffset { base_offset: i64 },
    /// Larger than `max.message.bytes`, as sent or as recompressed. MESSAGE_TOO_LARGE.
    #[error("the record batch has {bytes} bytes, which is above max.message.bytes = {max}")]
    TooLarge { bytes: usize, max: i32 },
    /// The bytes are damaged. CORRUPT_MESSAGE.
    #[error("the record batch is corrupt: its CRC is {stored}, its bytes have {computed}")]
    Checksum { stored: u32, computed: u32 },
    /// Attributes name no codec. UNKNOWN_SERVER_ERROR (an exception that Kafka does not expect).
    #[error("there is no compression type {id}")]
    UnknownCodec { id: i16 },
    /// The last offset lies before the first. INVALID_RECORD.
    #[error("the last offset delta {last_offset_delta} makes no range of offsets")]
    OffsetRange { last_offset_delta: i32 },
    /// An impossible count. INVALID_RECORD.
    #[error("a record batch cannot hold {count} records")]
    RecordCount { count: i32 },
    /// Count and offsets contradict each other. INVALID_RECORD.
    #[error("the record batch claims {count} records and a last offset delta {last_offset_delta}")]
    CountMismatch { count: i32, last_offset_delta: i32 },
    /// Transaction markers are the broker's own. INVALID_RECORD.
    #[error("clients may not write control batches")]
    Control,
    /// An idempotent producer counts from 0. INVALID_RECORD.
    #[error("producer {producer_id} sent the sequence number {sequence}")]
    Sequence { producer_id: i64, sequence: i32 },
    /// A record's bytes make no sense. INVALID_RECORD.
    #[error("record {index}: {fault}")]
    Record { index: i32, fault: RecordFormat },
    /// Bytes are left when all records are read. INVALID_RECORD.
    #[error("bytes remain after the {records} records that the batch claims")]
    BytesRemain { records: i32 },
    /// A record within a compressed batch is out of its place. INVALID_RECORD.
    #[error("record {index} of the compressed batch has the offset delta {delta}")]
    OffsetDelta { index: i32, delta: i32 },
    /// The compressed stream is damaged. UNKNOWN_SERVER_ERROR (an exception that Kafka does not
    /// expect).
    #[error("the records cannot be decompressed: {reason}")]
    Undecodable { reason: String },
    /// A decompression bomb. MESSAGE_TOO_LARGE (Kafka has no such bound).
    #[error("the records unfold to more than {max} bytes")]
    UnfoldsTooLarge { max: usize },
    /// Records that the topic does not take, the first `limits::RECORD_FAULTS_MAX` of them.
    /// INVALID_TIMESTAMP if any fault is one of time, else INVALID_RECORD; Produce v8 and later
    /// list the faults with their index and text.
    #[error("{} of the records cannot be accepted; record {}: {}", faults.len(), faults[0].index,
        faults[0].kind)]
    Records { faults: Vec<RecordFault> },
}

impl BatchError {
    /// The faulty records by their index (Produce v8, KIP-467).
    pub fn record_faults(&self) -> &[RecordFault] {
        match self {
            Self::Records { faults } => faults,
            _ => &[],
        }
    }
}

/// A record that the topic does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordFault {
    /// Its place in the batch, from 0.
    pub index: i32,
    /// Why not.
    pub kind: RecordFaultKind,
}

/// Why a topic does not take a record.
#[expect(missing_docs, reason = "the fields are what the variant's text names")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFaultKind {
    /// The topic is compacted. INVALID_RECORD.
    #[error("a compacted topic does not accept a record without a key")]
    NoKey,
    /// Too old or too far ahead. INVALID_TIMESTAMP.
    #[error("timestamp {timestamp_ms} is outside of [{from_ms}, {upto_ms}]")]
    Timestamp { timestamp_ms: i64, from_ms: i64, upto_ms: i64 },
    /// Only the broker may say that timestamps are append times. INVALID_TIMESTAMP.
    #[error("a producer must not set the timestamp type to LogAppendTime")]
    AppendTime,
}

impl RecordFaultKind {
    /// True for a fault of time: it decides the code of the whole batch.
    pub fn is_time(&self) -> bool {
        matches!(self, Self::Timestamp { .. } | Self::AppendTime)
    }
}

/// Checks one partition's records of a produce request.
pub fn validate(records: &Bytes, rules: &Rules) -> Result<ValidBatch, BatchError> {
    let batch = sole_batch(records, rules)?;
    let header = BatchHeader::read(&batch)?;
    check_envelope(&batch, &header, rules)?;
    let codec = header.compression()?;
    check_header(&header)?;
    let survey = survey(&batch, &header, rules)?;

    let stamp = if rules.log_append_time {
        Stamp { append_time: true, max_timestamp_ms: rules.now_ms }
    } else {
        Stamp { append_time: false, max_timestamp_ms: survey.max_timestamp_ms }
    };
    let target = rules.target.unwrap_or(codec);
    let (records, header) = if target != codec || !survey.in_order {
        rebuild::rebuild(&batch, &header, target, stamp, rules.max_bytes)?
    } else {
        rebuild::restamp(batch, header, stamp)
    };
    Ok(ValidBatch {
        records,
        header,
        max_timestamp_ms: stamp.max_timestamp_ms,
        append_time_ms: if rules.log_append_time { rules.now_ms } else { NO_TIMESTAMP },
        _checked: (),
    })
}

/// The one batch that must be there.
fn sole_batch(records: &Bytes, rules: &Rules) -> Result<Bytes, BatchError> {
    let length = next_batch(records)?.ok_or(BatchError::Empty)?;
    let batch = records.slice(..length);
    let magic = batch[MAGIC_AT].cast_signed();
    if magic != MAGIC {
        return Err(BatchError::OldMagic { magic });
    }
    let header = BatchHeader::read(&batch)?;
    if !rules.zstd_allowed && header.compression() == Ok(Codec::Zstd) {
        return Err(BatchError::ZstdTooEarly);
    }
    if next_batch(&records[length..])?.is_some() {
        return Err(BatchError::SecondBatch);
    }
    Ok(batch)
}

/// Bytes of the batch that starts here; `None` when it is not whole
/// (Kafka's `ByteBufferLogInputStream`).
fn next_batch(bytes: &[u8]) -> Result<Option<usize>, BatchError> {
    let Some(length) = bytes.get(LENGTH_AT..).and_then(|bytes| bytes.first_chunk::<4>()) else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*length);
    if length < LENGTH_MIN {
        return Err(BatchError::Length { length });
    }
    let Some(magic) = bytes.get(MAGIC_AT) else { return Ok(None) };
    let magic = magic.cast_signed();
    if !(0..=MAGIC).contains(&magic) {
        return Err(BatchError::UnknownMagic { magic });
    }
    let whole = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(LENGTH_OVERHEAD);
    Ok((whole <= bytes.len()).then_some(whole))
}

/// What is checked before the contents are believed.
fn check_envelope(batch: &[u8], header: &BatchHeader, rules: &Rules) -> Result<(), BatchError> {
    if header.base_offset != 0 {
        return Err(BatchError::BaseOffset { base_offset: header.base_offset });
    }
    if batch.len() > usize::try_from(rules.max_bytes).unwrap_or(0) {
        return Err(BatchError::TooLarge { bytes: batch.len(), max: rules.max_bytes });
    }
    let computed = batch::checksum(batch);
    if header.crc != computed {
        return Err(BatchError::Checksum { stored: header.crc, computed });
    }
    Ok(())
}

/// What a header can get wrong by itself (`LogValidator.validateBatch`).
fn check_header(header: &BatchHeader) -> Result<(), BatchError> {
    let BatchHeader { last_offset_delta, record_count: count, producer_id, .. } = *header;
    if last_offset_delta < 0 {
        return Err(BatchError::OffsetRange { last_offset_delta });
    }
    if count <= 0 {
        return Err(BatchError::RecordCount { count });
    }
    if last_offset_delta != count - 1 {
        return Err(BatchError::CountMismatch { count, last_offset_delta });
    }
    if header.is_control() {
        return Err(BatchError::Control);
    }
    if header.has_producer() && header.base_sequence < 0 {
        return Err(BatchError::Sequence { producer_id, sequence: header.base_sequence });
    }
    Ok(())
}

/// What the records turned out to be.
struct Survey {
    max_timestamp_ms: i64,
    /// Their offset deltas are 0, 1, 2 and so on.
    in_order: bool,
}

/// Walks the records (`LogValidator.validateRecord` for each).
fn survey(batch: &[u8], header: &BatchHeader, rules: &Rules) -> Result<Survey, BatchError> {
    let compressed = header.compression()? != Codec::None;
    let mut found = Survey { max_timestamp_ms: NO_TIMESTAMP, in_order: true };
    let mut misplaced = None;
    let mut faults = Vec::new();
    records::walk(batch, header, |record| {
        if record.offset_delta != record.index {
            found.in_order = false;
            if compressed {
                misplaced = Some((record.index, record.offset_delta));
                return Next::Stop;
            }
        }
        if let Some(kind) = record_fault(&record, header, rules)
            && faults.len() < limits::RECORD_FAULTS_MAX
        {
            faults.push(RecordFault { index: record.index, kind });
        }
        found.max_timestamp_ms = found.max_timestamp_ms.max(record.timestamp_ms);
        Next::Go
    })?;
    if let Some((index, delta)) = misplaced {
        return Err(BatchError::OffsetDelta { index, delta });
    }
    if faults.is_empty() { Ok(found) } else { Err(BatchError::Records { faults }) }
}

fn record_fault(
    record: &RecordView,
    header: &BatchHeader,
    rules: &Rules,
) -> Option<RecordFaultKind> {
    if rules.keys_required && !record.has_key {
        return Some(RecordFaultKind::NoKey);
    }
    let timestamp_ms = record.timestamp_ms;
    if rules.log_append_time || timestamp_ms == NO_TIMESTAMP {
        return header.is_log_append_time().then_some(RecordFaultKind::AppendTime);
    }
    // Java's arithmetic, overflow included.
    let age_ms = rules.now_ms.wrapping_sub(timestamp_ms);
    let outside = age_ms > rules.before_max_ms || age_ms.wrapping_neg() > rules.after_max_ms;
    outside.then(|| RecordFaultKind::Timestamp {
        timestamp_ms,
        from_ms: rules.now_ms.wrapping_sub(rules.before_max_ms),
        upto_ms: rules.now_ms.wrapping_add(rules.after_max_ms),
    })
}

/// The header that says how many bytes a batch has must fit before anything can be read.
const _: () = assert!(HEADER_LEN > MAGIC_AT);

#[cfg(test)]
mod tests;
