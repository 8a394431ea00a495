//! The machine of one partition: see the room's header for its picture and its invariants.

use bytes::Bytes;

use crate::base::{LogId, Now, Offset, ProducerId};
use crate::log::epochs::EpochHistory;
use crate::log::producers::{ProducerView, Producers, SentBatch};
use crate::log::records::{self, Corrupt};
use crate::store::{LogEnd, Write};
use crate::wire::batch::{BatchHeader, NO_TIMESTAMP, ValidBatch};

/// "Up to the high watermark", as DeleteRecords says it.
pub const UP_TO_HIGH_WATERMARK: Offset = -1;

/// One partition's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    log: LogId,
    epoch: i32,
    log_start: Offset,
    high_watermark: Offset,
    log_end: Offset,
    max_time: Option<(i64, Offset)>,
    epochs: EpochHistory,
    /// The history on disk has the current epoch.
    epoch_saved: bool,
    producers: Producers,
}

/// A batch has its place.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Offset of its first record.
    pub base: Offset,
    /// Offset of its last record.
    pub last: Offset,
    /// It was there already: these are the offsets it got the first time. That append may still be
    /// on its way to the disk; answer only when all that was submitted before is durable.
    pub duplicate: bool,
    /// What Produce answers as `log_append_time_ms`; -1 when the client's timestamps count.
    pub append_time_ms: i64,
    /// To be submitted as one list, at once; empty for a duplicate.
    pub writes: Vec<Write>,
}

/// Why a batch gets no place. Each variant's last sentence is Kafka's error code.
#[expect(missing_docs, reason = "the fields are what the variant's text names")]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A gap, a repetition of what is no longer remembered, or an epoch that does not begin at 0.
    /// OUT_OF_ORDER_SEQUENCE_NUMBER.
    #[error(
        "producer {producer_id} with epoch {epoch} must send sequence {expected}, not {sequence}"
    )]
    OutOfOrderSequence { producer_id: ProducerId, epoch: i16, sequence: i32, expected: i32 },
    /// A newer instance of the producer has written. INVALID_PRODUCER_EPOCH.
    #[error("producer {producer_id} sent epoch {epoch}, but epoch {current} has written already")]
    InvalidProducerEpoch { producer_id: ProducerId, epoch: i16, current: i16 },
    /// A transactional batch outside of a transaction that the broker knows of. INVALID_TXN_STATE.
    #[error("the records are not part of an ongoing transaction")]
    NoTransaction,
    /// The log has no offsets left. UNKNOWN_SERVER_ERROR.
    #[error("the log has no offsets left")]
    OffsetsExhausted,
}

/// An offset beyond what may be deleted. OFFSET_OUT_OF_RANGE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {asked} is not within the log, which is durable up to {high_watermark}")]
pub struct OutOfRange {
    /// What was asked for.
    pub asked: Offset,
    /// The most that can be deleted.
    pub high_watermark: Offset,
}

impl Partition {
    /// An empty log. `epoch` is the store's epoch: Kafka's leader epoch of this run.
    pub fn new(log: LogId, epoch: i32) -> Self {
        let mut epochs = EpochHistory::default();
        epochs.begin(epoch, 0);
        Self {
            log,
            epoch,
            log_start: 0,
            high_watermark: 0,
            log_end: 0,
            max_time: None,
            epochs,
            epoch_saved: false,
            producers: Producers::default(),
        }
    }

    /// The log as the store holds it: its record of `Space::LogStarts` (`None` when it was never
    /// saved), its end, and its records of `Space::Producers`, keys whole.
    pub fn restore(
        log: LogId,
        epoch: i32,
        saved: Option<&[u8]>,
        end: Option<LogEnd>,
        producers: &[(Bytes, Bytes)],
    ) -> Result<Self, Corrupt> {
        let mut partition = Self::new(log, epoch);
        let (log_start, mut epochs) = match saved {
            Some(value) => records::read_start(log, value)?,
            None => (0, EpochHistory::default()),
        };
        // A log that was trimmed to nothing ends where it starts.
        let log_end = end.map_or(0, |end| end.next).max(log_start);
        partition.epoch_saved = epochs.is_latest(epoch);
        epochs.begin(epoch, log_end);
        partition.epochs = epochs;
        partition.log_start = log_start;
        partition.high_watermark = log_end;
        partition.log_end = log_end;
        partition.learn_max_time(end.and_then(|end| end.max_time));
        for (key, value) in producers {
            let (id, producer) = records::read_producer(log, key, value)?;
            partition.producers.restore(id, producer);
        }
        Ok(partition)
    }

    /// Gives a batch its offsets, or finds that it has some already. Changes the state and says
    /// what to write; the caller submits that at once, before anything else happens to the log.
    pub fn append(&mut self, now: Now, batch: ValidBatch) -> Result<Appended, AppendError> {
        let header = &batch.header;
        if header.has_producer()
            && let Some(earlier) = self.producers.repeated(header)
        {
            return Ok(repetition(earlier));
        }
        if header.is_transactional() {
            return Err(AppendError::NoTransaction);
        }
        if header.has_producer() {
            self.producers.check(header)?;
        }
        let base = self.log_end;
        let last = base
            .checked_add(i64::from(header.last_offset_delta))
            .filter(|last| *last < Offset::MAX)
            .ok_or(AppendError::OffsetsExhausted)?;

        // All is decided; from here on the state changes.
        self.log_end = last + 1;
        let max_time_ms = batch.max_timestamp_ms;
        self.learn_max_time((max_time_ms != NO_TIMESTAMP).then_some((max_time_ms, base)));
        let mut writes = Vec::with_capacity(3);
        if header.has_producer() {
            self.remember(
                now,
                header,
                SentBatch {
                    last_sequence: header.last_sequence(),
                    last_offset: last,
                    offset_delta: header.last_offset_delta,
                    timestamp_ms: max_time_ms,
                },
                &mut writes,
            );
        }
        if !self.epoch_saved {
            writes.push(self.save_start());
        }
        let records = batch.records;
        writes.push(Write::Append { log: self.log, base, last, max_time_ms, records });
        let append_time_ms = batch.append_time_ms;
        Ok(Appended { base, last, duplicate: false, append_time_ms, writes })
    }

    fn remember(
        &mut self,
        now: Now,
        header: &BatchHeader,
        batch: SentBatch,
        writes: &mut Vec<Write>,
    ) {
        let id = header.producer_id;
        let forgotten = self.producers.make_room(id);
        writes.extend(forgotten.into_iter().map(|id| records::delete_producer(self.log, id)));
        let producer = self.producers.remember(header, batch, now.wall_ms);
        writes.push(records::save_producer(self.log, id, producer));
    }

    /// Everything before `end` is durable. Gives the new high watermark, if it is one.
    pub fn advance(&mut self, end: Offset) -> Option<Offset> {
        let end = end.min(self.log_end);
        if end <= self.high_watermark {
            return None;
        }
        self.high_watermark = end;
        Some(end)
    }

    /// Moves the log start to `before`, for DeleteRecords ([`UP_TO_HIGH_WATERMARK`] included) and
    /// for retention. What lies before is no longer readable; freeing its space is the store's
    /// affair once the write is durable. `None` when the log starts there or later already.
    pub fn trim(&mut self, before: Offset) -> Result<Option<Write>, OutOfRange> {
        let high_watermark = self.high_watermark;
        let start = if before == UP_TO_HIGH_WATERMARK { high_watermark } else { before };
        if !(0..=high_watermark).contains(&start) {
            return Err(OutOfRange { asked: before, high_watermark });
        }
        if start <= self.log_start {
            return Ok(None);
        }
        self.log_start = start;
        self.epochs.trim(start);
        // The largest timestamp may be gone; who needs it asks the store and tells us.
        self.max_time = self.max_time.filter(|(_, base)| *base >= start);
        Ok(Some(self.save_start()))
    }

    fn save_start(&mut self) -> Write {
        self.epoch_saved = true;
        records::save_start(self.log, self.log_start, &self.epochs)
    }

    /// Forgets the producers that wrote nothing for `after_ms` (`producer.id.expiration.ms`).
    pub fn expire_producers(&mut self, now: Now, after_ms: i64) -> Vec<Write> {
        let gone = self.producers.expire(now.wall_ms.saturating_sub(after_ms));
        gone.into_iter().map(|id| records::delete_producer(self.log, id)).collect()
    }

    /// Takes note of a timestamp and of the base offset of its batch; the largest one counts, and
    /// of equals the first.
    pub fn learn_max_time(&mut self, found: Option<(i64, Offset)>) {
        let Some((time_ms, base)) = found.filter(|(_, base)| *base >= self.log_start) else {
            return;
        };
        let larger = |(known_ms, known_base): (i64, Offset)| {
            time_ms > known_ms || (time_ms == known_ms && base < known_base)
        };
        if self.max_time.is_none_or(larger) {
            self.max_time = Some((time_ms, base));
        }
    }

    /// The log's name in the store.
    pub fn log(&self) -> LogId {
        self.log
    }

    /// The current leader epoch.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// Offset of the first readable record.
    pub fn log_start(&self) -> Offset {
        self.log_start
    }

    /// Offset that the next record gets.
    pub fn log_end(&self) -> Offset {
        self.log_end
    }

    /// Everything before it is durable and may be read.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// Everything before it is decided; without transactions that is the high watermark.
    pub fn last_stable_offset(&self) -> Offset {
        self.high_watermark
    }

    /// The leader epoch that a batch at `offset` carries.
    pub fn epoch_at(&self, offset: Offset) -> i32 {
        self.epochs.at(offset).unwrap_or(self.epoch)
    }

    /// The largest known epoch up to the one asked for, and where it ended (OffsetForLeaderEpoch).
    pub fn end_of_epoch(&self, epoch: i32) -> Option<(i32, Offset)> {
        self.epochs.end_of(epoch, self.log_end)
    }

    /// The largest timestamp and the base offset of the first batch that has it. `None` when no
    /// record has a timestamp, and when the batch that had it was trimmed: the store's
    /// `end` knows, and [`Partition::learn_max_time`] takes it.
    pub fn max_time(&self) -> Option<(i64, Offset)> {
        self.max_time
    }

    /// The idempotent producers, by id.
    pub fn producers(&self) -> impl Iterator<Item = ProducerView> {
        self.producers.views()
    }
}

fn repetition(earlier: SentBatch) -> Appended {
    Appended {
        base: earlier.first_offset(),
        last: earlier.last_offset,
        duplicate: true,
        append_time_ms: earlier.timestamp_ms,
        writes: Vec::new(),
    }
}

#[cfg(test)]
mod sim;
#[cfg(test)]
mod tests;
