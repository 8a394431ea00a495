//! Where in a log something is: ListOffsets, OffsetForLeaderEpoch, sizes.
//!
//! The meaning of each place is that of Kafka's `UnifiedLog.fetchOffsetByTimestamp`.

use std::sync::Arc;

use bytes::Bytes;

use crate::auth::Permit;
use crate::base::Offset;
use crate::broker::cell::{Isolation, PartitionCell};
use crate::broker::fetch::ReadFault;
use crate::broker::partitions::Partitions;
use crate::store::{ReadHint, StoreError};
use crate::wire::batch::{self, BatchError};

/// A place that a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The first record.
    Earliest,
    /// Behind the last record that may be seen.
    Latest(Isolation),
    /// The record with the largest timestamp (KIP-734).
    MaxTimestamp,
    /// The first record at or after this time, in milliseconds.
    AtOrAfter(i64),
}

/// An answer: offset, timestamp where the question was about one, and the leader epoch there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The offset.
    pub offset: Offset,
    /// The record's timestamp, -1 when the question was not about time.
    pub timestamp_ms: i64,
    /// The leader epoch.
    pub epoch: i32,
}

impl Partitions {
    /// Finds `place`; `None` when no record is like that.
    pub async fn place(
        &self,
        _permit: Permit,
        cell: &Arc<PartitionCell>,
        place: Place,
    ) -> Result<Option<Placement>, ReadFault> {
        let bounds = cell.bounds();
        let found = match place {
            Place::Earliest => {
                let epoch = cell.epoch_at(bounds.log_start);
                Some(Placement { offset: bounds.log_start, timestamp_ms: -1, epoch })
            }
            Place::Latest(isolation) => {
                let offset = match isolation {
                    Isolation::ReadUncommitted => bounds.high_watermark,
                    Isolation::ReadCommitted => bounds.last_stable,
                };
                Some(Placement { offset, timestamp_ms: -1, epoch: bounds.epoch })
            }
            Place::MaxTimestamp => self.max_timestamp(cell).await.map_err(ReadFault::Store)?,
            Place::AtOrAfter(at_ms) => {
                self.at_or_after(cell, at_ms).await.map_err(ReadFault::Store)?
            }
        };
        Ok(found)
    }

    async fn max_timestamp(
        &self,
        cell: &Arc<PartitionCell>,
    ) -> Result<Option<Placement>, StoreError> {
        let Some((_, base)) = cell.max_time() else { return Ok(None) };
        let bounds = cell.bounds();
        if base >= bounds.high_watermark || base < bounds.log_start {
            return Ok(None);
        }
        let found = self
            .in_batch(cell, base, |records, base| batch::max_timestamp(records, base).map(Some));
        found.await
    }

    async fn at_or_after(
        &self,
        cell: &Arc<PartitionCell>,
        at_ms: i64,
    ) -> Result<Option<Placement>, StoreError> {
        let bounds = cell.bounds();
        let mut from = bounds.log_start;
        // The first batch with such a record may have lost that record to a new log start.
        while from < bounds.high_watermark {
            let found = self.core().engine.find_time(cell.log(), from, at_ms).await?;
            let Some(base) = found.filter(|base| *base < bounds.high_watermark) else {
                return Ok(None);
            };
            let placement = self
                .in_batch(cell, base, |records, base| {
                    batch::first_from(records, base, bounds.log_start, at_ms)
                })
                .await?;
            if placement.is_some() {
                return Ok(placement);
            }
            from = self.after_batch(cell, base).await?.max(from + 1);
        }
        Ok(None)
    }

    async fn in_batch(
        &self,
        cell: &Arc<PartitionCell>,
        base: Offset,
        find: impl FnOnce(&Bytes, Offset) -> Result<Option<(Offset, i64)>, BatchError>,
    ) -> Result<Option<Placement>, StoreError> {
        let engine = &self.core().engine;
        let chunks = engine.read(cell.log(), base, base + 1, 1, ReadHint::Point).await?;
        let Some(chunk) = chunks.first() else { return Ok(None) };
        let found = find(&chunk.records, chunk.base).map_err(|error| {
            StoreError::Corrupt(format!("partition {} at offset {base}: {error}", cell.log()))
        })?;
        Ok(found.map(|(offset, timestamp_ms)| Placement {
            offset,
            timestamp_ms,
            epoch: cell.epoch_at(offset),
        }))
    }

    async fn after_batch(
        &self,
        cell: &Arc<PartitionCell>,
        base: Offset,
    ) -> Result<Offset, StoreError> {
        let engine = &self.core().engine;
        let chunks = engine.read(cell.log(), base, base + 1, 1, ReadHint::Point).await?;
        Ok(chunks.first().map_or(base + 1, |chunk| chunk.last + 1))
    }
}
