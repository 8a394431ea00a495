//! The engine in memory, for `--ephemeral` and for tests: every list is durable the moment it is
//! submitted, as far as that means anything for a store that ends with its process.
//!
//! It holds what was appended until `reclaim` takes it, so retention bounds it.

use std::collections::{BTreeMap, HashMap};
use std::future::ready;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::base::{LogId, Offset};
use crate::store::{
    Chunk, Dead, Engine, Figure, LogEnd, Page, Progress, ReadHint, Seq, Space, StoreError, Write,
};

/// A store that lives as long as its process.
pub struct MemEngine {
    epoch: u32,
    shared: Arc<Mutex<State>>,
    progress: watch::Sender<Progress>,
    submitted: Mutex<Submitted>,
}

/// What is there. Engines that were opened one after another on the same store share it.
#[derive(Default)]
struct State {
    owner: u32,
    logs: HashMap<LogId, MemLog>,
    spaces: HashMap<Space, BTreeMap<Bytes, Bytes>>,
}

#[derive(Default)]
struct Submitted {
    last: Seq,
    closed: bool,
}

#[derive(Default)]
struct MemLog {
    batches: BTreeMap<Offset, MemBatch>,
    /// Bytes ever appended.
    bytes: u64,
}

struct MemBatch {
    last: Offset,
    max_time_ms: i64,
    records: Bytes,
    /// Bytes appended before this batch.
    before: u64,
}

impl Default for MemEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl MemEngine {
    /// An empty store.
    pub fn new() -> Self {
        Self::open(Arc::default())
    }

    /// Opens the same store again, as a restarted broker would: the epoch grows, and this engine
    /// is fenced.
    pub fn reopen(&self) -> Self {
        Self::open(self.shared.clone())
    }

    fn open(shared: Arc<Mutex<State>>) -> Self {
        let epoch = {
            let mut state = shared.lock();
            state.owner += 1;
            state.owner
        };
        Self { epoch, shared, progress: watch::Sender::default(), submitted: Mutex::default() }
    }

    fn apply(&self, batch: Vec<Write>) -> Result<(), StoreError> {
        let mut state = self.shared.lock();
        if state.owner != self.epoch {
            return Err(StoreError::Fenced);
        }
        state.check(&batch)?;
        batch.into_iter().for_each(|write| state.apply(write));
        Ok(())
    }

    fn log<T>(&self, log: LogId, look: impl FnOnce(&MemLog) -> T) -> Option<T> {
        self.shared.lock().logs.get(&log).map(look)
    }
}

impl State {
    /// A list is there whole or not at all, so it is checked before the first of it is applied.
    fn check(&self, batch: &[Write]) -> Result<(), StoreError> {
        let mut ends = HashMap::new();
        for write in batch {
            let Write::Append { log, base, last, .. } = write else { continue };
            let end = ends
                .entry(*log)
                .or_insert_with(|| self.logs.get(log).and_then(MemLog::next).unwrap_or(0));
            if base < end || last < base {
                return Err(StoreError::Corrupt(format!(
                    "log {log}: a batch from {base} to {last} cannot follow offset {end}"
                )));
            }
            *end = last.saturating_add(1);
        }
        Ok(())
    }

    fn apply(&mut self, write: Write) {
        match write {
            Write::Append { log, base, last, max_time_ms, records } => {
                let log = self.logs.entry(log).or_default();
                let before = log.bytes;
                log.bytes += records.len() as u64;
                // A copy, because a slice would keep the whole request in memory.
                let records = Bytes::copy_from_slice(&records);
                log.batches.insert(base, MemBatch { last, max_time_ms, records, before });
            }
            Write::Put { space, key, value } => {
                let (key, value) = (Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value));
                self.spaces.entry(space).or_default().insert(key, value);
            }
            Write::Delete { space, key } => {
                self.spaces.entry(space).or_default().remove(&key);
            }
        }
    }
}

impl MemLog {
    fn next(&self) -> Option<Offset> {
        self.batches.last_key_value().map(|(_, batch)| batch.last.saturating_add(1))
    }

    /// The batches from the one that contains `from`, or the next one.
    fn from(&self, from: Offset) -> impl Iterator<Item = (&Offset, &MemBatch)> {
        let before = self.batches.range(..=from).next_back();
        let first = before.filter(|(_, batch)| batch.last >= from).map_or(from, |(base, _)| *base);
        self.batches.range(first..)
    }

    fn end(&self) -> Option<LogEnd> {
        let next = self.next()?;
        let mut max_time = None;
        for (base, batch) in &self.batches {
            if batch.max_time_ms >= 0 && max_time.is_none_or(|(time, _)| batch.max_time_ms > time) {
                max_time = Some((batch.max_time_ms, *base));
            }
        }
        Some(LogEnd { next, max_time, bytes: self.bytes })
    }

    fn read(&self, from: Offset, upto: Offset, max_bytes: usize) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut bytes = 0;
        if from >= upto {
            return chunks;
        }
        for (&base, batch) in self.from(from).take_while(|(base, _)| **base < upto) {
            bytes += batch.records.len();
            if bytes > max_bytes && !chunks.is_empty() {
                break;
            }
            chunks.push(Chunk { base, last: batch.last, records: batch.records.clone() });
        }
        chunks
    }
}

impl Engine for MemEngine {
    fn epoch(&self) -> u32 {
        self.epoch
    }

    fn submit(&self, batch: Vec<Write>) -> Seq {
        let mut submitted = self.submitted.lock();
        submitted.last += 1;
        let seq = submitted.last;
        let refused = self.progress.borrow().failed.is_some();
        let outcome = match (refused, submitted.closed) {
            (true, _) => return seq,
            (false, true) => Err(StoreError::closed()),
            (false, false) => self.apply(batch),
        };
        self.progress.send_modify(|progress| match outcome {
            Ok(()) => (progress.written, progress.durable) = (seq, seq),
            Err(error) => progress.failed = Some(error),
        });
        seq
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        upto: Offset,
        max_bytes: usize,
        _hint: ReadHint,
    ) -> BoxFuture<'_, Result<Vec<Chunk>, StoreError>> {
        let chunks = self.log(log, |log| log.read(from, upto, max_bytes));
        Box::pin(ready(Ok(chunks.unwrap_or_default())))
    }

    fn end(&self, log: LogId) -> BoxFuture<'_, Result<Option<LogEnd>, StoreError>> {
        Box::pin(ready(Ok(self.log(log, MemLog::end).flatten())))
    }

    fn find_time(
        &self,
        log: LogId,
        from: Offset,
        at_ms: i64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>> {
        let found = self.log(log, |log| {
            log.from(from).find(|(_, batch)| batch.max_time_ms >= at_ms).map(|(base, _)| *base)
        });
        Box::pin(ready(Ok(found.flatten())))
    }

    fn find_size(
        &self,
        log: LogId,
        keep_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>> {
        let found = self.log(log, |log| {
            let enough = |batch: &MemBatch| log.bytes - batch.before >= keep_bytes;
            log.batches.iter().rev().find(|(_, batch)| enough(batch)).map(|(base, _)| *base)
        });
        Box::pin(ready(Ok(found.flatten())))
    }

    fn size(&self, log: LogId, from: Offset) -> BoxFuture<'_, Result<u64, StoreError>> {
        let size = self
            .log(log, |log| log.from(from).next().map_or(0, |(_, batch)| log.bytes - batch.before));
        Box::pin(ready(Ok(size.unwrap_or(0))))
    }

    fn get(&self, space: Space, key: &[u8]) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        let state = self.shared.lock();
        let value = state.spaces.get(&space).and_then(|items| items.get(key)).cloned();
        Box::pin(ready(Ok(value)))
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page, StoreError>> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let state = self.shared.lock();
        let mut page = Page::default();
        if let Some(items) = state.spaces.get(&space) {
            let mut rest = items
                .range::<[u8], _>((start, Bound::Unbounded))
                .take_while(|(key, _)| key.starts_with(prefix));
            page.items
                .extend(rest.by_ref().take(limit).map(|(key, value)| (key.clone(), value.clone())));
            page.more = rest.next().is_some();
        }
        Box::pin(ready(Ok(page)))
    }

    fn reclaim(&self, dead: Dead) -> BoxFuture<'_, Result<(), StoreError>> {
        let mut state = self.shared.lock();
        match dead {
            Dead::Log { log } => drop(state.logs.remove(&log)),
            Dead::Below { log, start } => {
                if let Some(log) = state.logs.get_mut(&log) {
                    let first = log.from(start).next().map_or(Offset::MAX, |(base, _)| *base);
                    log.batches = log.batches.split_off(&first);
                }
            }
        }
        Box::pin(ready(Ok(())))
    }

    fn figures(&self) -> Vec<Figure> {
        let state = self.shared.lock();
        let batches = state.logs.values().flat_map(|log| log.batches.values());
        let bytes = batches.map(|batch| batch.records.len()).sum::<usize>();
        vec![Figure {
            name: "klamm_memory_store_bytes",
            help: "Bytes of record batches held in memory.",
            value: bytes as f64,
        }]
    }

    fn volume(&self) -> Option<(u64, u64)> {
        None
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.submitted.lock().closed = true;
        Box::pin(ready(Ok(())))
    }
}
