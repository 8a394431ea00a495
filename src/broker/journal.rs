//! The way from a cell to the store: submit under the cell's lock, then wait for progress.
//!
//! One queue holds what is to happen when the store has come far enough. Submitting and queueing
//! are one step under one lock, so the queue is in the store's order; one task takes from it.
//! Waiting requests are released only after that task has moved the high watermarks, so a client
//! that was answered finds its record readable at once.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::store::{Engine, Progress, Seq, StoreError, Write};

/// What is done when a submitted list has become durable.
pub trait OnDurable: Send + Sync {
    /// Called once, in the store's order, never under the journal's lock.
    fn durable(&self, seq: Seq);
}

/// The one way by which writes reach the store.
pub struct Journal {
    engine: Arc<dyn Engine>,
    queue: Mutex<VecDeque<(Seq, Arc<dyn OnDurable>)>>,
    applied: watch::Sender<Progress>,
}

impl Journal {
    /// A journal in front of `engine`; somebody must run [`Journal::run`].
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        let applied = watch::Sender::new(engine.progress().borrow().clone());
        Self { engine, queue: Mutex::default(), applied }
    }

    /// Submits `writes` as one atomic list. Call it while the cell's lock is held: the order of
    /// calls is the order of recovery.
    pub fn submit(&self, writes: Vec<Write>) -> Seq {
        self.engine.submit(writes)
    }

    /// Submits `writes`, and has `then` called when they are durable.
    pub fn submit_then(&self, writes: Vec<Write>, then: Arc<dyn OnDurable>) -> Seq {
        let mut queue = self.queue.lock();
        let seq = self.engine.submit(writes);
        queue.push_back((seq, then));
        seq
    }

    /// Waits until `seq` survives the end of the process.
    pub async fn written(&self, seq: Seq) -> Result<(), StoreError> {
        self.reached(|progress| progress.written >= seq).await
    }

    /// Waits until `seq` survives the end of the machine's power, and what was to follow is done.
    pub async fn durable(&self, seq: Seq) -> Result<(), StoreError> {
        self.reached(|progress| progress.durable >= seq).await
    }

    /// Why the store accepts nothing more, if so.
    pub fn failure(&self) -> Option<StoreError> {
        self.applied.borrow().failed.clone()
    }

    /// Returns when the store has failed; never, as long as it works.
    pub async fn failed(&self) -> StoreError {
        let mut applied = self.applied.subscribe();
        let progress = applied
            .wait_for(|progress| progress.failed.is_some())
            .await
            .expect("the sender lives in self");
        progress.failed.clone().expect("it was waited for")
    }

    async fn reached(&self, far_enough: impl Fn(&Progress) -> bool) -> Result<(), StoreError> {
        let mut applied = self.applied.subscribe();
        let progress = applied
            .wait_for(|progress| far_enough(progress) || progress.failed.is_some())
            .await
            .expect("the sender lives in self");
        match &progress.failed {
            Some(error) if !far_enough(&progress) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// Follows the store's progress until the store is gone.
    pub async fn run(self: Arc<Self>) {
        let mut progress = self.engine.progress();
        // What the store reached before this task began counts too.
        progress.mark_changed();
        while progress.changed().await.is_ok() {
            let now = progress.borrow_and_update().clone();
            self.apply(now);
        }
    }

    fn apply(&self, now: Progress) {
        let ready = {
            let mut queue = self.queue.lock();
            let upto = queue.partition_point(|(seq, _)| *seq <= now.durable);
            queue.drain(..upto).collect::<Vec<_>>()
        };
        for (seq, then) in ready {
            then.durable(seq);
        }
        self.applied.send_replace(now);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use bytes::Bytes;

    use super::*;
    use crate::store::Space;
    use crate::store::faulty::Faulty;
    use crate::store::mem::MemEngine;

    fn put() -> Vec<Write> {
        let (key, value) = (Bytes::from_static(b"key"), Bytes::from_static(b"value"));
        vec![Write::Put { space: Space::Meta, key, value }]
    }

    /// Waits for `waiting` while the journal runs.
    async fn while_running<T>(journal: &Arc<Journal>, waiting: impl Future<Output = T>) -> T {
        tokio::select! {
            done = waiting => done,
            () = journal.clone().run() => panic!("the store is still there"),
        }
    }

    #[derive(Default)]
    struct Last(AtomicU64);

    impl OnDurable for Last {
        fn durable(&self, seq: Seq) {
            let before = self.0.swap(seq, Ordering::Relaxed);
            assert!(before < seq, "{seq} after {before}");
        }
    }

    #[tokio::test]
    async fn progress_that_was_made_before_anybody_followed_is_not_missed() {
        let journal = Arc::new(Journal::new(Arc::new(MemEngine::new())));
        let seq = journal.submit(put());
        while_running(&journal, journal.durable(seq)).await.expect("it is durable");
    }

    #[tokio::test]
    async fn what_follows_is_done_in_order_before_those_who_wait_are_released() {
        let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
        let journal = Arc::new(Journal::new(store.clone()));
        let last = Arc::new(Last::default());
        store.hold_durable();
        let seqs = [(); 3].map(|()| journal.submit_then(put(), last.clone()));
        store.release_upto(seqs[1]);
        while_running(&journal, journal.durable(seqs[1])).await.expect("it is durable");
        assert_eq!(last.0.load(Ordering::Relaxed), seqs[1]);
        store.release();
        while_running(&journal, journal.durable(seqs[2])).await.expect("it is durable");
        assert_eq!(last.0.load(Ordering::Relaxed), seqs[2]);
    }

    #[tokio::test]
    async fn who_waits_for_a_store_that_fails_is_told() {
        let store = Arc::new(Faulty::new(Arc::new(MemEngine::new())));
        let journal = Arc::new(Journal::new(store.clone()));
        store.fail_submit(1);
        let seq = journal.submit(put());
        while_running(&journal, journal.durable(seq)).await.expect_err("it cannot be durable");
        assert!(journal.failure().is_some());
    }
}
