//! A wrapper around any engine that goes wrong on command, for tests of what lies above the seam.
//!
//! ```text
//! submit --> [fails from the nth on?] --> history --> the engine inside
//! progress <-- [held back?] <------------------------ its progress
//! crash --> History: the lists that were durable as seen from outside, to replay into a new engine
//! ```
//! Lists reach the engine inside at once, so reads see them (C6); what is held back is only the
//! news. A crash therefore cannot be undone in place: it hands out what survived it.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::base::{LogId, Offset};
use crate::store::{
    Chunk, Dead, Engine, Figure, LogEnd, Page, Progress, ReadHint, Seq, Space, StoreError, Write,
};

/// An engine that fails, dawdles and forgets when told to.
pub struct Faulty {
    shared: Arc<Shared>,
    stop: Arc<Notify>,
    forwarder: Option<thread::JoinHandle<()>>,
}

struct Shared {
    inner: Arc<dyn Engine>,
    state: Mutex<State>,
    progress: watch::Sender<Progress>,
}

#[derive(Default)]
struct State {
    submitted: Seq,
    /// Lists that reached the engine inside, in order; tests are short enough to keep them.
    history: Vec<Event>,
    fail_from: Option<Seq>,
    failed: Option<StoreError>,
    hold: Hold,
}

/// How far the news of progress may go.
#[derive(Default)]
struct Hold {
    written: Option<Seq>,
    durable: Option<Seq>,
}

#[derive(Clone)]
enum Event {
    List(Seq, Vec<Write>),
    Reclaim(Seq, Dead),
}

/// What a crash left: replayed into an empty engine, it is the store as it comes up again.
#[derive(Clone)]
pub struct History {
    events: Vec<Event>,
}

impl Faulty {
    /// Wraps `inner`, well-behaved until told otherwise.
    pub fn new(inner: Arc<dyn Engine>) -> Self {
        let progress = watch::Sender::new(inner.progress().borrow().clone());
        let shared = Arc::new(Shared { inner, state: Mutex::default(), progress });
        let stop = Arc::new(Notify::new());
        let forwarder = thread::spawn({
            let (shared, stop) = (shared.clone(), stop.clone());
            move || forward(&shared, &stop)
        });
        Self { shared, stop, forwarder: Some(forwarder) }
    }

    /// The `nth` submit from now fails (the next one is the first), and all that follow.
    pub fn fail_submit(&self, nth: u64) {
        let mut state = self.shared.state.lock();
        state.fail_from = Some(state.submitted + nth.max(1));
    }

    /// From now on nothing more becomes durable, though it is written.
    pub fn hold_durable(&self) {
        let durable = self.shared.progress.borrow().durable;
        self.shared.state.lock().hold.durable = Some(durable);
    }

    /// From now on nothing more becomes written or durable.
    pub fn hold(&self) {
        let Progress { written, durable, .. } = *self.shared.progress.borrow();
        self.shared.state.lock().hold = Hold { written: Some(written), durable: Some(durable) };
    }

    /// Lets progress up to `seq` be known, and holds back what follows.
    pub fn release_upto(&self, seq: Seq) {
        let mut state = self.shared.state.lock();
        state.hold = Hold { written: state.hold.written.map(|_| seq), durable: Some(seq) };
        self.shared.publish(&state);
    }

    /// Ends every delay.
    pub fn release(&self) {
        let mut state = self.shared.state.lock();
        state.hold = Hold::default();
        self.shared.publish(&state);
    }

    /// Another owner takes the store over: nothing more is accepted.
    pub fn fence(&self) {
        self.fail(StoreError::Fenced);
    }

    /// The process ends here. Nothing more is accepted, and all that was not yet durable, as far
    /// as `progress` told, is lost.
    pub fn crash(&self) -> History {
        let durable = self.shared.progress.borrow().durable;
        self.fail(StoreError::Io("crashed on command".to_owned()));
        let mut events = self.shared.state.lock().history.clone();
        events.retain(|event| match event {
            Event::List(seq, _) | Event::Reclaim(seq, _) => *seq <= durable,
        });
        History { events }
    }

    fn fail(&self, error: StoreError) {
        let mut state = self.shared.state.lock();
        state.failed.get_or_insert(error);
        self.shared.publish(&state);
    }
}

impl History {
    /// Brings an empty engine to where the crashed one was, and waits until that is durable.
    pub async fn replay(self, engine: &dyn Engine) -> Result<(), StoreError> {
        for event in self.events {
            match event {
                Event::List(_, batch) => {
                    engine.submit(batch);
                }
                Event::Reclaim(_, dead) => engine.reclaim(dead).await?,
            }
        }
        let last = engine.submit(Vec::new());
        let mut progress = engine.progress();
        let reached = progress
            .wait_for(|progress| progress.durable >= last || progress.failed.is_some())
            .await
            .map_err(|_| StoreError::closed())?;
        reached.failed.clone().map_or(Ok(()), Err)
    }
}

impl Shared {
    /// Called with the state locked, so that news goes out in order.
    fn publish(&self, state: &State) {
        let inner = self.inner.progress().borrow().clone();
        let held = |seq: Seq, hold: Option<Seq>| hold.map_or(seq, |hold| seq.min(hold));
        self.progress.send_if_modified(|progress| {
            let before = progress.clone();
            progress.written = progress.written.max(held(inner.written, state.hold.written));
            progress.durable = progress.durable.max(held(inner.durable, state.hold.durable));
            progress.failed = state.failed.clone().or(inner.failed);
            *progress != before
        });
    }
}

/// Passes on the progress of the engine inside until the wrapper is dropped.
fn forward(shared: &Shared, stop: &Notify) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers needs nothing");
    let mut progress = shared.inner.progress();
    runtime.block_on(async {
        // What changed before the subscription is news, too.
        progress.mark_changed();
        loop {
            tokio::select! {
                changed = progress.changed() => if changed.is_err() { break },
                () = stop.notified() => break,
            }
            shared.publish(&shared.state.lock());
        }
    });
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.stop.notify_one();
        if let Some(forwarder) = self.forwarder.take() {
            // It can only have ended already if it panicked, which the test has seen.
            let _ = forwarder.join();
        }
    }
}

impl Engine for Faulty {
    fn epoch(&self) -> u32 {
        self.shared.inner.epoch()
    }

    fn submit(&self, batch: Vec<Write>) -> Seq {
        let mut state = self.shared.state.lock();
        state.submitted += 1;
        let seq = state.submitted;
        if state.fail_from.is_some_and(|from| seq >= from) {
            let error = StoreError::Io("failed on command".to_owned());
            state.failed.get_or_insert(error);
        }
        if state.failed.is_none() {
            state.history.push(Event::List(seq, batch.clone()));
            let inner = self.shared.inner.submit(batch);
            assert!(inner == seq, "only the wrapper submits to the engine inside");
        }
        self.shared.publish(&state);
        seq
    }

    fn progress(&self) -> watch::Receiver<Progress> {
        self.shared.progress.subscribe()
    }

    fn read(
        &self,
        log: LogId,
        from: Offset,
        upto: Offset,
        max_bytes: usize,
        hint: ReadHint,
    ) -> BoxFuture<'_, Result<Vec<Chunk>, StoreError>> {
        self.shared.inner.read(log, from, upto, max_bytes, hint)
    }

    fn end(&self, log: LogId) -> BoxFuture<'_, Result<Option<LogEnd>, StoreError>> {
        self.shared.inner.end(log)
    }

    fn find_time(
        &self,
        log: LogId,
        from: Offset,
        at_ms: i64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>> {
        self.shared.inner.find_time(log, from, at_ms)
    }

    fn find_size(
        &self,
        log: LogId,
        keep_bytes: u64,
    ) -> BoxFuture<'_, Result<Option<Offset>, StoreError>> {
        self.shared.inner.find_size(log, keep_bytes)
    }

    fn size(&self, log: LogId, from: Offset) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.shared.inner.size(log, from)
    }

    fn get(&self, space: Space, key: &[u8]) -> BoxFuture<'_, Result<Option<Bytes>, StoreError>> {
        self.shared.inner.get(space, key)
    }

    fn scan(
        &self,
        space: Space,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Page, StoreError>> {
        self.shared.inner.scan(space, prefix, after, limit)
    }

    fn reclaim(&self, dead: Dead) -> BoxFuture<'_, Result<(), StoreError>> {
        {
            let mut state = self.shared.state.lock();
            let seq = state.submitted;
            state.history.push(Event::Reclaim(seq, dead));
        }
        self.shared.inner.reclaim(dead)
    }

    fn figures(&self) -> Vec<Figure> {
        self.shared.inner.figures()
    }

    fn volume(&self) -> Option<(u64, u64)> {
        self.shared.inner.volume()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.release();
        Box::pin(async move {
            let closed = self.shared.inner.close().await;
            self.shared.publish(&self.shared.state.lock());
            closed
        })
    }
}
