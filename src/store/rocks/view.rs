//! Questions about one log, answered from the index and the few batches next to an entry.
//!
//! Everything in here blocks and reads one snapshot. An index entry stands at the first batch of
//! a *window* of at least 4 KiB; the next entry knows the window's largest timestamp. Trimming
//! puts an entry at the new start, so that the counting goes on from there.

use rocksdb::{DBRawIteratorWithThreadMode, ReadOptions, SnapshotWithThreadMode};

use crate::base::{LogId, Offset};
use crate::store::keys::{
    BATCH_HEADER_LEN, IndexEntry, NO_TIME, StoredHeader, base_of, log_key, log_key_end,
};
use crate::store::rocks::families::{Database, Db, INDEX, store_error};
use crate::store::rocks::tails::Tail;
use crate::store::{LogEnd, StoreError};

/// One log at one moment.
pub(super) struct View<'a> {
    log: LogId,
    batches: DBRawIteratorWithThreadMode<'a, Db>,
    index: DBRawIteratorWithThreadMode<'a, Db>,
    // Dropped after the iterators that read it.
    _snapshot: SnapshotWithThreadMode<'a, Db>,
}

/// A batch without its records.
#[derive(Clone, Copy)]
pub(super) struct Outline {
    pub(super) base: Offset,
    pub(super) last: Offset,
    pub(super) max_time_ms: i64,
    pub(super) bytes: u64,
}

/// Read options that stay within one log.
pub(super) fn within(log: LogId) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(log_key(log, 0));
    options.set_iterate_upper_bound(log_key_end(log));
    options
}

impl<'a> View<'a> {
    /// Looks at `log`; `None` when it cannot hold anything.
    pub(super) fn of(database: &'a Database, log: LogId) -> Option<Self> {
        let family = database.log(log.family)?;
        let snapshot = database.db.snapshot();
        let options = || {
            let mut options = within(log);
            options.set_snapshot(&snapshot);
            options
        };
        let batches = database.db.raw_iterator_cf_opt(family, options());
        let index = database.db.raw_iterator_cf_opt(database.family(INDEX), options());
        Some(Self { log, batches, index, _snapshot: snapshot })
    }

    /// The running state at the log's end.
    pub(super) fn tail(&mut self) -> Result<Tail, StoreError> {
        self.index.seek_for_prev(log_key_end(self.log));
        let (mut tail, from) = match self.entry()? {
            Some((base, entry)) => (Tail::at(&entry), base),
            None => (Tail::EMPTY, 0),
        };
        self.count(&mut tail, from, Offset::MAX)?;
        Ok(tail)
    }

    /// The entry that would stand at `base`, had one been due there.
    pub(super) fn entry_for(&mut self, base: Offset) -> Result<IndexEntry, StoreError> {
        let (mut tail, from) = match self.entry_at(base)? {
            Some((base, entry)) => (Tail::at(&entry), base),
            None => (Tail::EMPTY, 0),
        };
        self.count(&mut tail, from, base)?;
        Ok(IndexEntry {
            bytes_before: tail.bytes,
            gap_time_ms: tail.gap_time_ms,
            max_time_ms: tail.max_time_ms,
            max_time_base: tail.max_time_base,
        })
    }

    /// Counts the batches in `[from, upto)` in.
    fn count(&mut self, tail: &mut Tail, mut from: Offset, upto: Offset) -> Result<(), StoreError> {
        while let Some(batch) = self.batch_from(from)?.filter(|batch| batch.base < upto) {
            tail.push(batch.base, batch.last, batch.max_time_ms, batch.bytes);
            from = batch.base.saturating_add(1);
        }
        Ok(())
    }

    /// The log's end as the seam tells it.
    pub(super) fn end(&mut self) -> Result<Option<LogEnd>, StoreError> {
        let tail = self.tail()?;
        let (Some(next), Some(first)) = (tail.next, self.batch_from(0)?) else { return Ok(None) };
        let max_time = match tail.max_time_ms {
            NO_TIME => None,
            time if tail.max_time_base >= first.base => Some((time, tail.max_time_base)),
            // The batch that had it was freed.
            _ => self.max_time(first.base, &tail)?,
        };
        Ok(Some(LogEnd { next, max_time, bytes: tail.bytes }))
    }

    /// See `Engine::find_time`.
    pub(super) fn find_time(
        &mut self,
        from: Offset,
        at_ms: i64,
    ) -> Result<Option<Offset>, StoreError> {
        // The running maximum only grows, so the log's first batch that is late enough is found by
        // bisection. Mostly it is the answer.
        let after = self.first_entry(|entry| entry.max_time_ms >= at_ms)?;
        let upto = after.map_or(Offset::MAX, |(base, _)| base);
        let start = self.entry_at(upto.saturating_sub(1))?.map_or(0, |(base, _)| base);
        if let Some(found) = self.late_batch(start, upto, at_ms)?
            && found.last >= from
        {
            return Ok(Some(found.base));
        }
        // An earlier batch was late enough, but it lies before `from`: go from window to window.
        let mut start = self.containing(from)?;
        loop {
            self.index.seek(log_key(self.log, start.saturating_add(1)));
            let (upto, gap) = match self.entry()? {
                Some((base, entry)) => (base, entry.gap_time_ms),
                None => (Offset::MAX, i64::MAX),
            };
            if gap >= at_ms
                && let Some(found) = self.late_batch(start, upto, at_ms)?
            {
                return Ok(Some(found.base));
            }
            if upto == Offset::MAX {
                return Ok(None);
            }
            start = upto;
        }
    }

    /// See `Engine::find_size`.
    pub(super) fn find_size(&mut self, keep_bytes: u64) -> Result<Option<Offset>, StoreError> {
        let tail = self.tail()?;
        let Some(limit) = tail.bytes.checked_sub(keep_bytes) else { return Ok(None) };
        let after = self.first_entry(|entry| entry.bytes_before > limit)?;
        let upto = after.map_or(Offset::MAX, |(base, _)| base);
        let start = self.entry_at(upto.saturating_sub(1))?;
        let (mut from, mut before) = start.map_or((0, 0), |(base, e)| (base, e.bytes_before));
        let mut found = None;
        while let Some(batch) = self.batch_from(from)?.filter(|batch| batch.base < upto) {
            if before > limit {
                break;
            }
            found = Some(batch.base);
            before += batch.bytes;
            from = batch.base.saturating_add(1);
        }
        Ok(found)
    }

    /// See `Engine::size`.
    pub(super) fn size(&mut self, from: Offset) -> Result<u64, StoreError> {
        let tail = self.tail()?;
        let start = match self.entry_at(from)? {
            Some(start) => Some(start),
            None => self.first_entry(|_| true)?,
        };
        let (mut at, mut before) = start.map_or((0, 0), |(base, e)| (base, e.bytes_before));
        while let Some(batch) = self.batch_from(at)?.filter(|batch| batch.last < from) {
            before += batch.bytes;
            at = batch.base.saturating_add(1);
        }
        Ok(tail.bytes.saturating_sub(before))
    }

    /// The base offset of the batch that contains `from`, or `from` itself.
    pub(super) fn containing(&mut self, from: Offset) -> Result<Offset, StoreError> {
        self.batches.seek_for_prev(log_key(self.log, from));
        let batch = self.batch()?.filter(|batch| batch.last >= from);
        Ok(batch.map_or(from.max(0), |batch| batch.base))
    }

    /// The last index entry at or before `offset`.
    pub(super) fn entry_at(
        &mut self,
        offset: Offset,
    ) -> Result<Option<(Offset, IndexEntry)>, StoreError> {
        self.index.seek_for_prev(log_key(self.log, offset));
        self.entry()
    }

    /// The first batch that starts at or after `from`.
    pub(super) fn batch_from(&mut self, from: Offset) -> Result<Option<Outline>, StoreError> {
        // Going forward one batch at a time is the common case.
        let here = self.batches.key().and_then(base_of);
        match here {
            Some(base) if base == from => {}
            Some(base) if base.saturating_add(1) == from => self.batches.next(),
            _ => self.batches.seek(log_key(self.log, from)),
        }
        self.batch()
    }

    /// The largest timestamp of the batches from `first` on, and the first batch that has it.
    fn max_time(
        &mut self,
        first: Offset,
        tail: &Tail,
    ) -> Result<Option<(i64, Offset)>, StoreError> {
        let mut best: Option<(i64, Offset, Offset)> = None;
        let mut start = first;
        loop {
            self.index.seek(log_key(self.log, start.saturating_add(1)));
            let (upto, gap) = match self.entry()? {
                // The first window may be half freed: its largest timestamp may be gone.
                Some((base, _)) if start == first => (base, self.latest(first, base)?),
                Some((base, entry)) => (base, entry.gap_time_ms),
                None if start == first => (Offset::MAX, self.latest(first, Offset::MAX)?),
                None => (Offset::MAX, tail.gap_time_ms),
            };
            if gap > best.map_or(NO_TIME, |(time, ..)| time) {
                best = Some((gap, start, upto));
            }
            if upto == Offset::MAX {
                break;
            }
            start = upto;
        }
        let Some((time, start, upto)) = best else { return Ok(None) };
        let found = self.late_batch(start, upto, time)?;
        Ok(found.map(|batch| (batch.max_time_ms, batch.base)))
    }

    /// The largest timestamp of the batches in `[from, upto)`.
    fn latest(&mut self, mut from: Offset, upto: Offset) -> Result<i64, StoreError> {
        let mut latest = NO_TIME;
        while let Some(batch) = self.batch_from(from)?.filter(|batch| batch.base < upto) {
            latest = latest.max(batch.max_time_ms);
            from = batch.base.saturating_add(1);
        }
        Ok(latest)
    }

    /// The first batch in `[from, upto)` that holds a record at `at_ms` or later.
    fn late_batch(
        &mut self,
        mut from: Offset,
        upto: Offset,
        at_ms: i64,
    ) -> Result<Option<Outline>, StoreError> {
        while let Some(batch) = self.batch_from(from)?.filter(|batch| batch.base < upto) {
            if batch.max_time_ms >= at_ms {
                return Ok(Some(batch));
            }
            from = batch.base.saturating_add(1);
        }
        Ok(None)
    }

    /// The first entry for which `reached` holds. It must hold for all that follow, too.
    fn first_entry(
        &mut self,
        reached: impl Fn(&IndexEntry) -> bool,
    ) -> Result<Option<(Offset, IndexEntry)>, StoreError> {
        let Some((last, _)) = self.entry_at(Offset::MAX)? else { return Ok(None) };
        let (mut low, mut high) = (0, last.saturating_add(1));
        let mut found = None;
        while low < high {
            let middle = low + (high - low) / 2;
            self.index.seek(log_key(self.log, middle));
            match self.entry()? {
                Some((base, entry)) if !reached(&entry) => low = base.saturating_add(1),
                entry => {
                    found = entry.or(found);
                    high = middle;
                }
            }
        }
        Ok(found)
    }

    fn entry(&self) -> Result<Option<(Offset, IndexEntry)>, StoreError> {
        let Some((key, value)) = self.index.item() else {
            self.index.status().map_err(|error| log_error(self.log, &error))?;
            return Ok(None);
        };
        let entry = base_of(key).zip(IndexEntry::read(value));
        entry.map(Some).ok_or_else(|| corrupt(self.log, "an index entry cannot be read"))
    }

    fn batch(&self) -> Result<Option<Outline>, StoreError> {
        let Some((key, value)) = self.batches.item() else {
            self.batches.status().map_err(|error| log_error(self.log, &error))?;
            return Ok(None);
        };
        let Some((base, header)) = base_of(key).zip(StoredHeader::read(value)) else {
            return Err(corrupt(self.log, "a batch cannot be read"));
        };
        let bytes = (value.len() - BATCH_HEADER_LEN) as u64;
        Ok(Some(Outline { base, last: header.last, max_time_ms: header.max_time_ms, bytes }))
    }
}

/// RocksDB's error, with the log it concerns.
pub(super) fn log_error(log: LogId, error: &rocksdb::Error) -> StoreError {
    store_error(&format!("log {log}"), error)
}

/// Stored bytes of a log that make no sense.
pub(super) fn corrupt(log: LogId, what: &str) -> StoreError {
    StoreError::Corrupt(format!("log {log}: {what}"))
}
