//! Idempotent producers (KIP-98): who wrote what last, so that a repetition is recognised and a gap
//! is refused.
//!
//! ```text
//!   unknown --any sequence--> known(epoch, last 5 batches) --next sequence--> known
//!                                |  exact repetition of one of the 5: its offsets again
//!                                |  a lower epoch: fenced
//!                                |  a higher epoch, from sequence 0: begins anew
//!                                '--silent for too long--> unknown
//! ```
//! A producer that is not known may start at any sequence: its records may have been deleted
//! (KIP-360, Kafka's `ProducerAppendInfo.checkSequence`).

use std::collections::{BTreeMap, VecDeque};

use crate::base::limits::{PRODUCER_BATCHES_RETAINED, PRODUCERS_PER_PARTITION_MAX};
use crate::base::{Offset, ProducerId};
use crate::log::partition::AppendError;
use crate::wire::batch::{BatchHeader, NO_SEQUENCE, take_from_sequence};

/// The epoch of who is not known; a client that sends it gets its repetitions recognised, and no
/// other check, as in Kafka.
const NO_EPOCH: i16 = -1;

/// A batch that a producer may send once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentBatch {
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Offset of its last record.
    pub last_offset: Offset,
    /// Its last offset minus its first.
    pub offset_delta: i32,
    /// Its largest timestamp.
    pub timestamp_ms: i64,
}

impl SentBatch {
    fn first_sequence(&self) -> i32 {
        take_from_sequence(self.last_sequence, self.offset_delta)
    }

    /// Offset of its first record.
    pub fn first_offset(&self) -> Offset {
        self.last_offset.saturating_sub(i64::from(self.offset_delta))
    }
}

/// What is known of a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Producer {
    /// Its epoch; a lower one is fenced.
    pub epoch: i16,
    /// The largest timestamp of its last batch; DescribeProducers shows it.
    pub last_timestamp_ms: i64,
    /// When it last wrote, by the broker's clock.
    pub seen_ms: i64,
    /// The last batches of this epoch, oldest first.
    pub batches: VecDeque<SentBatch>,
}

impl Producer {
    fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }
}

/// What DescribeProducers tells of a producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerView {
    /// Its id.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: i16,
    /// Sequence number of its last record.
    pub last_sequence: i32,
    /// Timestamp of its last batch.
    pub last_timestamp_ms: i64,
}

/// All producers of a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    by_id: BTreeMap<ProducerId, Producer>,
}

impl Producers {
    /// The earlier batch that this one repeats.
    pub(super) fn repeated(&self, header: &BatchHeader) -> Option<SentBatch> {
        let producer = self.by_id.get(&header.producer_id)?;
        if producer.epoch != header.producer_epoch {
            return None;
        }
        let last_sequence = header.last_sequence();
        let same = |batch: &&SentBatch| {
            batch.last_sequence == last_sequence && batch.first_sequence() == header.base_sequence
        };
        producer.batches.iter().find(same).copied()
    }

    /// Whether the batch may follow what its producer sent before
    /// (`ProducerAppendInfo.checkProducerEpoch`, `checkSequence`).
    pub(super) fn check(&self, header: &BatchHeader) -> Result<(), AppendError> {
        let known = self.by_id.get(&header.producer_id);
        let current = known.map_or(NO_EPOCH, |producer| producer.epoch);
        let BatchHeader { producer_id, producer_epoch: epoch, base_sequence: sequence, .. } =
            *header;
        if epoch < current {
            return Err(AppendError::InvalidProducerEpoch { producer_id, epoch, current });
        }
        let Some(producer) = known.filter(|_| current != NO_EPOCH) else { return Ok(()) };
        let last = if epoch == current { producer.last_sequence() } else { NO_SEQUENCE };
        let expected = if last == i32::MAX { 0 } else { last + 1 };
        if sequence != expected {
            return Err(AppendError::OutOfOrderSequence { producer_id, epoch, sequence, expected });
        }
        Ok(())
    }

    /// Remembers an appended batch and gives back the producer's new state.
    pub(super) fn remember(
        &mut self,
        header: &BatchHeader,
        batch: SentBatch,
        now_ms: i64,
    ) -> &Producer {
        let epoch = header.producer_epoch;
        let fresh = || Producer {
            epoch,
            last_timestamp_ms: batch.timestamp_ms,
            seen_ms: now_ms,
            batches: VecDeque::with_capacity(PRODUCER_BATCHES_RETAINED),
        };
        let producer = self.by_id.entry(header.producer_id).or_insert_with(fresh);
        if producer.epoch != epoch {
            producer.epoch = epoch;
            producer.batches.clear();
        }
        if producer.batches.len() == PRODUCER_BATCHES_RETAINED {
            producer.batches.pop_front();
        }
        producer.batches.push_back(batch);
        producer.last_timestamp_ms = batch.timestamp_ms;
        producer.seen_ms = now_ms;
        producer
    }

    /// Forgets the producers that are silent since `before_ms` or longer, and names them.
    pub(super) fn expire(&mut self, before_ms: i64) -> Vec<ProducerId> {
        let gone: Vec<_> = self
            .by_id
            .extract_if(.., |_, producer| producer.seen_ms <= before_ms)
            .map(|(id, _)| id)
            .collect();
        gone
    }

    /// Makes room for one more producer, if there are too many: those that have been silent for
    /// the longest go, an eighth at a time so that the search is rare.
    pub(super) fn make_room(&mut self, newcomer: ProducerId) -> Vec<ProducerId> {
        if self.by_id.len() < PRODUCERS_PER_PARTITION_MAX || self.by_id.contains_key(&newcomer) {
            return Vec::new();
        }
        let mut by_age: Vec<_> = self.by_id.iter().map(|(id, p)| (p.seen_ms, *id)).collect();
        by_age.sort_unstable();
        by_age.truncate(PRODUCERS_PER_PARTITION_MAX / 8);
        let gone: Vec<_> = by_age.into_iter().map(|(_, id)| id).collect();
        for id in &gone {
            self.by_id.remove(id);
        }
        gone
    }

    pub(super) fn restore(&mut self, id: ProducerId, producer: Producer) {
        self.by_id.insert(id, producer);
    }

    pub(super) fn views(&self) -> impl Iterator<Item = ProducerView> {
        self.by_id.iter().map(|(id, producer)| ProducerView {
            id: *id,
            epoch: producer.epoch,
            last_sequence: producer.last_sequence(),
            last_timestamp_ms: producer.last_timestamp_ms,
        })
    }
}
