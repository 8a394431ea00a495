//! What every part of the running broker shares: clock, store, journal, settings, tasks.

use std::future::Future;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::base::{Clock, Now};
use crate::broker::journal::Journal;
use crate::config::Settings;
use crate::store::Engine;

/// Shared by partitions, groups, catalog and janitor. Cheap to clone through its `Arc`.
pub struct Core {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The store.
    pub engine: Arc<dyn Engine>,
    /// The way into the store.
    pub journal: Arc<Journal>,
    settings: RwLock<Arc<Settings>>,
    stop: watch::Sender<bool>,
}

impl Core {
    /// Starts the journal's task too, so it must be called within a runtime.
    pub fn new(settings: Settings, engine: Arc<dyn Engine>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let journal = Arc::new(Journal::new(engine.clone()));
        let core = Arc::new(Self {
            clock,
            engine,
            journal: journal.clone(),
            settings: RwLock::new(Arc::new(settings)),
            stop: watch::Sender::new(false),
        });
        core.spawn(journal.run());
        core
    }

    /// The time.
    pub fn now(&self) -> Now {
        self.clock.now()
    }

    /// The broker's settings as they are now; they can be altered while it runs.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().clone()
    }

    /// Puts new settings in force.
    pub fn replace_settings(&self, settings: Settings) {
        *self.settings.write() = Arc::new(settings);
    }

    /// Runs a background task until it ends or the broker stops.
    #[expect(clippy::disallowed_methods, reason = "the one place that starts tasks in this room")]
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut stop = self.stop.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// Ends every background task.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}
