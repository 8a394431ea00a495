//! What every reader sees of the catalog: the durable part, in maps that are cheap to ask.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use parking_lot::{Mutex, RwLock};
use tracing::error;

use crate::base::{LogId, TopicId};
use crate::broker::core::Core;
use crate::broker::journal::OnDurable;
use crate::catalog::alter::in_force;
use crate::catalog::{BrokerOverrides, Catalog, Change, Topic};
use crate::config::Settings;
use crate::store::Seq;

/// The durable catalog. Only publications change it, one after the other.
pub(super) struct View {
    core: Arc<Core>,
    by_name: DashMap<Arc<str>, Arc<Topic>>,
    by_id: DashMap<TopicId, Arc<Topic>>,
    dead: Mutex<BTreeMap<u32, Vec<LogId>>>,
    altered: RwLock<Arc<BrokerOverrides>>,
    changes: AtomicU64,
}

/// Changes on their way into the view: done when the store says that they are durable.
pub(super) struct Publication {
    pub(super) view: Arc<View>,
    pub(super) changes: Vec<Change>,
    /// How many changes there were ever, these included.
    pub(super) upto: u64,
    /// The settings by which they were decided.
    pub(super) settings: Arc<Settings>,
}

impl OnDurable for Publication {
    fn durable(&self, _seq: Seq) {
        let current = self.view.core.settings();
        let stale = !Arc::ptr_eq(&current, &self.settings);
        for change in &self.changes {
            match change {
                // Settings may have changed between the decision and now.
                Change::Topic(topic) if stale => {
                    self.view.put(Arc::new(topic.resolved(&self.view.core.settings())));
                }
                _ => self.view.apply(change),
            }
        }
        self.view.changes.store(self.upto, Ordering::Relaxed);
    }
}

impl View {
    /// The view of a catalog that was just read from the store.
    pub(super) fn new(core: Arc<Core>, catalog: &Catalog) -> Self {
        let view = Self {
            core,
            by_name: DashMap::new(),
            by_id: DashMap::new(),
            dead: Mutex::new(catalog.dead().clone()),
            altered: RwLock::new(Arc::new(catalog.altered().clone())),
            changes: AtomicU64::new(catalog.changes()),
        };
        catalog.topics().for_each(|topic| view.put(topic.clone()));
        if !catalog.altered().is_empty() {
            view.enforce(catalog.altered());
        }
        view
    }

    pub(super) fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.by_name.get(name).map(|topic| topic.clone())
    }

    pub(super) fn topic_by_id(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.by_id.get(&id).map(|topic| topic.clone())
    }

    pub(super) fn topics(&self) -> Vec<Arc<Topic>> {
        let mut topics: Vec<_> = self.by_name.iter().map(|topic| topic.clone()).collect();
        topics.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        topics
    }

    pub(super) fn topic_count(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    pub(super) fn altered(&self) -> Arc<BrokerOverrides> {
        self.altered.read().clone()
    }

    pub(super) fn dead(&self) -> Vec<(u32, Vec<LogId>)> {
        self.dead.lock().iter().map(|(number, logs)| (*number, logs.clone())).collect()
    }

    fn apply(&self, change: &Change) {
        match change {
            Change::Topic(topic) => self.put(topic.clone()),
            Change::Deleted(topic) => {
                self.by_name.remove(&topic.name);
                self.by_id.remove(&topic.id);
                self.dead.lock().insert(topic.number, topic.partitions.clone());
            }
            Change::Reclaimed(number) => {
                self.dead.lock().remove(number);
            }
            Change::Broker(scope, overrides) => {
                let mut altered = BrokerOverrides::clone(&self.altered());
                if overrides.is_empty() {
                    altered.remove(scope);
                } else {
                    altered.insert(*scope, overrides.clone());
                }
                self.enforce(&altered);
                *self.altered.write() = Arc::new(altered);
            }
        }
    }

    fn put(&self, topic: Arc<Topic>) {
        self.by_id.insert(topic.id, topic.clone());
        self.by_name.insert(topic.name.clone(), topic);
    }

    /// Puts altered settings in force, for the broker and for topics that have none of their own.
    fn enforce(&self, altered: &BrokerOverrides) {
        let settings = match in_force(&self.core.settings(), altered) {
            Ok(settings) => settings,
            // They were checked when they were altered: the settings file has changed since.
            Err(error) => {
                error!(%error, "settings altered earlier do not fit the settings given now");
                return;
            }
        };
        self.core.replace_settings(settings);
        let settings = self.core.settings();
        for topic in self.topics() {
            self.put(Arc::new(topic.resolved(&settings)));
        }
    }
}
