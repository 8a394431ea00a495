//! The one writer, and the sync behind it.
//!
//! ```text
//! submit --> inbox --> klamm-writer: all that is queued as one RocksDB batch -> WAL   = written
//!                          '--> klamm-sync: one fsync for all that was written by then = durable
//! ```
//! While one sync runs, the next groups are written: that is the group commit. Without fsync
//! what is written counts as durable and there is no second thread.
//!
//! A write or sync that failed is final (C5): whether its bytes reached the disk is unknown, and
//! a later success would say nothing about them.

use std::collections::{HashMap, VecDeque};
use std::mem::take;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle, panicking};
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use rocksdb::{WriteBatch, WriteOptions};
use tokio::sync::{oneshot, watch};
use tracing::error;

use crate::base::{LogId, Offset};
use crate::store::keys::{
    BATCH_HEADER_LEN, IndexEntry, StoredHeader, log_key, log_key_end, state_key,
};
use crate::store::rocks::families::{Database, INDEX, STATE, store_error};
use crate::store::rocks::figures::SyncTimes;
use crate::store::rocks::tails::Tail;
use crate::store::rocks::view::{View, corrupt};
use crate::store::{Progress, Seq, StoreError, Write};

/// Records in one group: enough to fill a disk between two syncs, little enough that the first of
/// a long queue is not kept waiting.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// What RocksDB adds to an item in its batch, about.
const ITEM_OVERHEAD: usize = 64;

/// Takes lists of writes and reports how far they have come.
pub(super) struct Writer {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Batches to free, and the index entries that stand at them.
pub(super) struct Erase {
    pub(super) log: LogId,
    /// The first offset that stays, with an index entry to put there so that the counting goes
    /// on; `None` to free the whole log.
    pub(super) upto: Option<(Offset, IndexEntry)>,
}

enum Job {
    List(Seq, Vec<Write>),
    Erase(Erase, oneshot::Sender<()>),
}

struct Shared {
    database: Arc<Database>,
    inbox: Mutex<Inbox>,
    arrived: Condvar,
    synced: Mutex<Synced>,
    sync_due: Condvar,
    progress: watch::Sender<Progress>,
    fsync: bool,
    times: Arc<SyncTimes>,
}

#[derive(Default)]
struct Inbox {
    last: Seq,
    jobs: VecDeque<Job>,
    /// The last list that was submitted in time.
    closed: Option<Seq>,
    failed: bool,
}

/// What the syncing thread is told.
#[derive(Default)]
struct Synced {
    written: Seq,
    closed: bool,
}

/// One RocksDB batch in the making.
struct Group {
    batch: WriteBatch,
    last: Option<Seq>,
    erased: Vec<oneshot::Sender<()>>,
}

impl Writer {
    /// Starts the threads.
    pub(super) fn start(
        database: Arc<Database>,
        fsync: bool,
        times: Arc<SyncTimes>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            database,
            inbox: Mutex::default(),
            arrived: Condvar::new(),
            synced: Mutex::default(),
            sync_due: Condvar::new(),
            progress: watch::Sender::default(),
            fsync,
            times,
        });
        let spawn = |name: &str, run: fn(&Shared)| {
            let shared = shared.clone();
            Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    let _guard = PanicGuard(&shared);
                    run(&shared);
                })
                .map_err(|error| StoreError::Io(format!("cannot start a thread: {error}")))
        };
        let mut threads = vec![spawn("klamm-writer", Shared::write_groups)?];
        if fsync {
            threads.push(spawn("klamm-sync", Shared::sync_groups)?);
        }
        Ok(Self { shared, threads: Mutex::new(threads) })
    }

    /// See `Engine::submit`.
    pub(super) fn submit(&self, batch: Vec<Write>) -> Seq {
        let mut inbox = self.shared.inbox.lock();
        inbox.last += 1;
        let seq = inbox.last;
        if inbox.closed.is_some() && !inbox.failed {
            drop(inbox);
            self.shared.fail(StoreError::closed());
        } else if !inbox.failed {
            inbox.jobs.push_back(Job::List(seq, batch));
            drop(inbox);
            self.shared.arrived.notify_one();
        }
        seq
    }

    /// Frees batches, after all that was submitted before. The answer comes when it is written;
    /// it never comes when the store has failed or is closed.
    pub(super) fn erase(&self, erase: Erase) -> oneshot::Receiver<()> {
        let (done, written) = oneshot::channel();
        let mut inbox = self.shared.inbox.lock();
        if inbox.closed.is_none() && !inbox.failed {
            inbox.jobs.push_back(Job::Erase(erase, done));
            drop(inbox);
            self.shared.arrived.notify_one();
        }
        written
    }

    /// How far it has come.
    pub(super) fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress.subscribe()
    }

    /// The last list that was submitted.
    pub(super) fn last(&self) -> Seq {
        self.shared.inbox.lock().last
    }

    /// Writes and syncs what is queued and ends the threads. Blocks.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        let last = {
            let mut inbox = self.shared.inbox.lock();
            let last = inbox.last;
            *inbox.closed.get_or_insert(last)
        };
        self.shared.arrived.notify_one();
        for thread in take(&mut *self.threads.lock()) {
            // The writer is first; it closes the sync thread when it ends. A panic in either is a
            // failure already.
            let _ = thread.join();
        }
        let progress = self.shared.progress.borrow();
        match &progress.failed {
            Some(error) if progress.durable < last => Err(error.clone()),
            _ => Ok(()),
        }
    }
}

/// Waiters must not wait for a thread that is gone.
struct PanicGuard<'a>(&'a Shared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if panicking() {
            self.0.fail(StoreError::Io("a thread of the store panicked".to_owned()));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            error!(%error, "the store did not close cleanly");
        }
    }
}

impl Shared {
    fn write_groups(&self) {
        let mut tails = HashMap::new();
        while let Some(jobs) = self.next_jobs() {
            let outcome = self.group(jobs, &mut tails).and_then(|group| self.write(group));
            if let Err(error) = outcome {
                self.fail(error);
                break;
            }
        }
        self.synced.lock().closed = true;
        self.sync_due.notify_one();
    }

    /// Waits for jobs; `None` when there will be no more.
    fn next_jobs(&self) -> Option<Vec<Job>> {
        let mut inbox = self.inbox.lock();
        while inbox.jobs.is_empty() {
            if inbox.closed.is_some() || inbox.failed {
                return None;
            }
            self.arrived.wait(&mut inbox);
        }
        let mut bytes = 0;
        let mut count = 0;
        for job in &inbox.jobs {
            bytes += job.bytes();
            if bytes > GROUP_BYTES_MAX && count > 0 {
                break;
            }
            count += 1;
        }
        Some(inbox.jobs.drain(..count).collect())
    }

    fn group(&self, jobs: Vec<Job>, tails: &mut HashMap<LogId, Tail>) -> Result<Group, StoreError> {
        let bytes = jobs.iter().map(Job::bytes).sum();
        let batch = WriteBatch::with_capacity_bytes(bytes);
        let mut group = Group { batch, last: None, erased: Vec::new() };
        let mut value = Vec::new();
        for job in jobs {
            match job {
                Job::List(seq, writes) => {
                    for write in writes {
                        self.add(&mut group.batch, write, tails, &mut value)?;
                    }
                    group.last = Some(seq);
                }
                Job::Erase(erase, done) => {
                    self.add_erase(&mut group.batch, &erase, tails);
                    group.erased.push(done);
                }
            }
        }
        Ok(group)
    }

    fn add(
        &self,
        batch: &mut WriteBatch,
        write: Write,
        tails: &mut HashMap<LogId, Tail>,
        value: &mut Vec<u8>,
    ) -> Result<(), StoreError> {
        match write {
            Write::Append { log, base, last, max_time_ms, records } => {
                let family = self.database.log(log.family);
                let family = family.ok_or_else(|| corrupt(log, "its column family is missing"))?;
                let tail = self.tail(log, tails)?;
                let next = tail.next.unwrap_or(0);
                if base < next || last < base {
                    let fact = format!("a batch from {base} to {last} cannot follow offset {next}");
                    return Err(corrupt(log, &fact));
                }
                let key = log_key(log, base);
                if let Some(entry) = tail.entry_due() {
                    batch.put_cf(self.database.family(INDEX), key, entry.encode());
                }
                tail.push(base, last, max_time_ms, records.len() as u64);
                value.clear();
                StoredHeader { last, max_time_ms }.write(value);
                value.extend_from_slice(&records);
                batch.put_cf(family, key, &value);
            }
            Write::Put { space, key, value } => {
                batch.put_cf(self.database.family(STATE), state_key(space, &key), value);
            }
            Write::Delete { space, key } => {
                batch.delete_cf(self.database.family(STATE), state_key(space, &key));
            }
        }
        Ok(())
    }

    /// The running state of a log, worked out when it is first written to.
    fn tail<'t>(
        &self,
        log: LogId,
        tails: &'t mut HashMap<LogId, Tail>,
    ) -> Result<&'t mut Tail, StoreError> {
        use std::collections::hash_map::Entry;
        match tails.entry(log) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                // What this group holds of the log already went through here, so the database
                // knows all there is.
                let stored = View::of(&self.database, log).map(|mut view| view.tail());
                Ok(unknown.insert(stored.transpose()?.unwrap_or(Tail::EMPTY)))
            }
        }
    }

    fn add_erase(&self, batch: &mut WriteBatch, erase: &Erase, tails: &mut HashMap<LogId, Tail>) {
        let Some(family) = self.database.log(erase.log.family) else { return };
        let start = log_key(erase.log, 0);
        let index = self.database.family(INDEX);
        let upto = erase.upto.map_or(log_key_end(erase.log), |(base, _)| log_key(erase.log, base));
        if start < upto {
            batch.delete_range_cf(family, start, upto);
            batch.delete_range_cf(index, start, upto);
        }
        match erase.upto {
            Some((_, entry)) => batch.put_cf(index, upto, entry.encode()),
            None => drop(tails.remove(&erase.log)),
        }
    }

    fn write(&self, group: Group) -> Result<(), StoreError> {
        self.database
            .db
            .write_opt(group.batch, &WriteOptions::default())
            .map_err(|error| store_error("writing", &error))?;
        for done in group.erased {
            // Whoever asked may have gone.
            let _ = done.send(());
        }
        let Some(last) = group.last else { return Ok(()) };
        self.progress.send_modify(|progress| {
            progress.written = last;
            if !self.fsync {
                progress.durable = last;
            }
        });
        self.synced.lock().written = last;
        self.sync_due.notify_one();
        Ok(())
    }

    fn sync_groups(&self) {
        let mut durable = 0;
        loop {
            let target = {
                let mut synced = self.synced.lock();
                while synced.written == durable && !synced.closed {
                    self.sync_due.wait(&mut synced);
                }
                synced.written
            };
            if target == durable {
                break;
            }
            if let Err(error) = self.sync() {
                self.fail(error);
                break;
            }
            durable = target;
            self.progress.send_modify(|progress| progress.durable = durable);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that measures the disk")]
    fn sync(&self) -> Result<(), StoreError> {
        let started = Instant::now();
        let outcome = self.database.db.flush_wal(true);
        self.times.record(started.elapsed());
        outcome.map_err(|error| store_error("syncing", &error))
    }

    /// The first failure is the one that is told. Nothing is accepted any more.
    fn fail(&self, error: StoreError) {
        let dropped = {
            let mut inbox = self.inbox.lock();
            inbox.failed = true;
            take(&mut inbox.jobs)
        };
        drop(dropped);
        self.arrived.notify_one();
        self.progress.send_modify(|progress| {
            progress.failed.get_or_insert(error);
        });
    }
}

impl Job {
    fn bytes(&self) -> usize {
        let Self::List(_, writes) = self else { return 2 * ITEM_OVERHEAD };
        let bytes = writes.iter().map(|write| match write {
            Write::Append { records, .. } => 2 * ITEM_OVERHEAD + BATCH_HEADER_LEN + records.len(),
            Write::Put { key, value, .. } => ITEM_OVERHEAD + key.len() + value.len(),
            Write::Delete { key, .. } => ITEM_OVERHEAD + key.len(),
        });
        bytes.sum()
    }
}
