//! What is kept of a log in the small state.
//!
//! ```text
//! key    family u8, topic u32, partition u32                      LogStarts
//!        family u8, topic u32, partition u32, producer id i64     Producers
//!
//! LogStarts v1  1 u8, log start i64, count u32, count * (epoch i32, start i64)
//! Producers v1  1 u8, epoch i16, last timestamp i64, seen i64, count u8,
//!               count * (last sequence i32, last offset i64, offset delta i32, timestamp i64)
//! ```
//! All big-endian, so that a prefix scan finds a log's records, in order. They are for ever: a
//! change of the layout gets a new version, and the old one stays readable.

use bytes::{Buf, BufMut, Bytes, BytesMut, TryGetError};

use crate::base::limits::PRODUCER_BATCHES_RETAINED;
use crate::base::{LogId, Offset, ProducerId};
use crate::log::epochs::{EpochHistory, EpochStart};
use crate::log::producers::{Producer, SentBatch};
use crate::store::{Space, Write};

const VERSION: u8 = 1;
const PREFIX_LEN: usize = 9;

/// A record of the small state is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored state of log {log} is corrupt: {what}")]
pub struct Corrupt {
    /// The log whose state it is.
    pub log: LogId,
    /// What is wrong with it.
    pub what: &'static str,
}

/// The start of every key of a log's records; for `Space::LogStarts` it is the key.
pub fn log_prefix(log: LogId) -> Bytes {
    prefix(log, PREFIX_LEN).freeze()
}

fn prefix(log: LogId, capacity: usize) -> BytesMut {
    let mut key = BytesMut::with_capacity(capacity);
    key.put_u8(log.family);
    key.put_u32(log.topic);
    key.put_u32(log.partition);
    key
}

fn producer_key(log: LogId, id: ProducerId) -> Bytes {
    let mut key = prefix(log, PREFIX_LEN + 8);
    key.put_i64(id);
    key.freeze()
}

/// Saves where a log starts, and its epochs.
pub(super) fn save_start(log: LogId, start: Offset, epochs: &EpochHistory) -> Write {
    let entries = epochs.entries();
    let mut value = BytesMut::with_capacity(13 + entries.len() * 12);
    value.put_u8(VERSION);
    value.put_i64(start);
    value.put_u32(u32::try_from(entries.len()).expect("one entry per start of the broker"));
    for entry in entries {
        value.put_i32(entry.epoch);
        value.put_i64(entry.start);
    }
    Write::Put { space: Space::LogStarts, key: log_prefix(log), value: value.freeze() }
}

/// Deletes what [`save_start`] saved.
pub fn delete_start(log: LogId) -> Write {
    Write::Delete { space: Space::LogStarts, key: log_prefix(log) }
}

/// Saves a producer's state.
pub(super) fn save_producer(log: LogId, id: ProducerId, producer: &Producer) -> Write {
    let mut value = BytesMut::with_capacity(20 + producer.batches.len() * 24);
    value.put_u8(VERSION);
    value.put_i16(producer.epoch);
    value.put_i64(producer.last_timestamp_ms);
    value.put_i64(producer.seen_ms);
    value.put_u8(u8::try_from(producer.batches.len()).expect("at most five are kept"));
    for batch in &producer.batches {
        value.put_i32(batch.last_sequence);
        value.put_i64(batch.last_offset);
        value.put_i32(batch.offset_delta);
        value.put_i64(batch.timestamp_ms);
    }
    Write::Put { space: Space::Producers, key: producer_key(log, id), value: value.freeze() }
}

/// Deletes a producer's state.
pub(super) fn delete_producer(log: LogId, id: ProducerId) -> Write {
    Write::Delete { space: Space::Producers, key: producer_key(log, id) }
}

/// Reads what [`save_start`] saved.
pub(super) fn read_start(log: LogId, value: &[u8]) -> Result<(Offset, EpochHistory), Corrupt> {
    let corrupt = |what| Corrupt { log, what };
    let (start, entries) =
        parse_start(value).map_err(|_| corrupt("the log start's record is cut"))?;
    if start < 0 {
        return Err(corrupt("the log start is negative"));
    }
    let epochs = entries
        .and_then(EpochHistory::restore)
        .ok_or_else(|| corrupt("the log start's record is of another version or out of order"))?;
    Ok((start, epochs))
}

fn parse_start(mut value: &[u8]) -> Result<(Offset, Option<Vec<EpochStart>>), TryGetError> {
    if value.try_get_u8()? != VERSION {
        return Ok((0, None));
    }
    let start = value.try_get_i64()?;
    let count = value.try_get_u32()?;
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.push(EpochStart { epoch: value.try_get_i32()?, start: value.try_get_i64()? });
    }
    Ok((start, Some(entries)))
}

/// Reads what [`save_producer`] saved.
pub(super) fn read_producer(
    log: LogId,
    key: &[u8],
    value: &[u8],
) -> Result<(ProducerId, Producer), Corrupt> {
    let corrupt = |what| Corrupt { log, what };
    let id = key
        .strip_prefix(&log_prefix(log)[..])
        .and_then(|id| <[u8; 8]>::try_from(id).ok())
        .map(ProducerId::from_be_bytes)
        .ok_or_else(|| corrupt("a producer's key is not one of this log"))?;
    let producer = parse_producer(value)
        .map_err(|_| corrupt("a producer's record is cut"))?
        .ok_or_else(|| corrupt("a producer's record is of another version"))?;
    Ok((id, producer))
}

fn parse_producer(mut value: &[u8]) -> Result<Option<Producer>, TryGetError> {
    if value.try_get_u8()? != VERSION {
        return Ok(None);
    }
    let mut producer = Producer {
        epoch: value.try_get_i16()?,
        last_timestamp_ms: value.try_get_i64()?,
        seen_ms: value.try_get_i64()?,
        batches: std::collections::VecDeque::with_capacity(PRODUCER_BATCHES_RETAINED),
    };
    for _ in 0..value.try_get_u8()? {
        producer.batches.push_back(SentBatch {
            last_sequence: value.try_get_i32()?,
            last_offset: value.try_get_i64()?,
            offset_delta: value.try_get_i32()?,
            timestamp_ms: value.try_get_i64()?,
        });
    }
    Ok(Some(producer))
}

#[cfg(test)]
mod tests;
