//! Topics, their partitions and every setting that clients can alter.
//!
//! A [`Catalog`] is the whole of it. It is asked for a change, decides by lists of rules, and
//! gives back answers, what to write and what others must learn. It never waits, locks, logs or
//! reads a clock; topic ids, being random, are given to it. `broker::catalog` runs it.
//!
//! ```text
//!   ask: create, grow, delete, alter          rules object: an error, a fact in plain words
//!        |                                    ^
//!        v                                    |
//!   plan (reads the catalog only) ------------+----> Change, Change, ...
//!                                                      |
//!                                        commit: the state, and the writes of one atomic list
//! ```
//! Invariants (checked by the tests):
//! K1. `restore` of all that was written is the catalog that wrote it.
//! K2. A topic's number is never used again, so a reused name never sees an old log.
//! K3. A deleted topic's logs stay on record until they are said to be reclaimed.
//! K4. A partition's log never changes its column family, whatever the cleanup policy becomes.
//!
//! Reading order: `mod.rs` (state), `names.rs`, `create.rs`, `grow.rs`, `alter.rs`, `records.rs`.
//! Kafka's behaviour: ReplicationControlManager, ConfigurationControlManager, Topic.

pub mod alter;
pub mod create;
pub mod grow;
pub mod names;
mod records;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::base::{LogId, TopicId};
use crate::config::{Settings, TopicConfig};
use crate::store::Write;

pub use records::{COUNTERS_KEY, Corrupt};

/// A topic as it is now. A change makes a new one; who holds the old one sees the past.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its UUID: a topic made anew under the same name has another one.
    pub id: TopicId,
    /// Its number in the store's keys.
    pub number: u32,
    /// Its name.
    pub name: Arc<str>,
    /// Where each partition lies, by partition index.
    pub partitions: Vec<LogId>,
    /// The settings that were given for this topic.
    pub overrides: BTreeMap<String, String>,
    /// The settings in force: overrides, else the broker's, else the defaults.
    pub config: Arc<TopicConfig>,
    /// Kafka keeps its own state in a topic of this name.
    pub internal: bool,
}

impl Topic {
    /// The same topic with its settings resolved again, after the broker's have changed.
    pub fn resolved(&self, settings: &Settings) -> Self {
        let config = Arc::new(TopicConfig::resolve(&self.overrides, settings));
        Self { config, ..self.clone() }
    }
}

/// Whose altered settings these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Those of every broker of the cluster that has none of its own.
    Cluster,
    /// Those of the broker with this id.
    Node(i32),
}

/// The settings of brokers that were altered while they ran, by scope.
pub type BrokerOverrides = BTreeMap<Scope, BTreeMap<String, String>>;

/// Whether a change is made, or only checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Make it.
    Apply,
    /// Say what would happen, and change nothing.
    Validate,
}

/// One step from a catalog to the next.
#[derive(Clone, Debug)]
pub enum Change {
    /// A topic was made, grew or has other settings.
    Topic(Arc<Topic>),
    /// A topic was deleted.
    Deleted(Arc<Topic>),
    /// The logs of the deleted topic of this number were reclaimed.
    Reclaimed(u32),
    /// A broker's altered settings are now these.
    Broker(Scope, BTreeMap<String, String>),
}

/// What came of a list of asks.
#[derive(Debug)]
pub struct Decided<A> {
    /// One answer to each ask, in their order.
    pub answers: Vec<A>,
    /// What changed, for those who watch.
    pub changes: Vec<Change>,
    /// What must be written, as one atomic list. Empty when nothing changed.
    pub writes: Vec<Write>,
}

/// Counts that outlive what they counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counters {
    next_topic: u32,
    changes: u64,
}

/// Every topic and every altered setting.
#[derive(Clone, Debug)]
pub struct Catalog {
    by_name: BTreeMap<Arc<str>, Arc<Topic>>,
    by_id: HashMap<TopicId, Arc<Topic>>,
    /// Names that have a '.' or '_', under the name with every '.' replaced by '_'.
    similar: HashMap<String, BTreeSet<Arc<str>>>,
    altered: BrokerOverrides,
    dead: BTreeMap<u32, Vec<LogId>>,
    partitions: usize,
    counters: Counters,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            by_name: BTreeMap::new(),
            by_id: HashMap::new(),
            similar: HashMap::new(),
            altered: BrokerOverrides::new(),
            dead: BTreeMap::new(),
            partitions: 0,
            counters: Counters { next_topic: 1, changes: 0 },
        }
    }
}

impl Catalog {
    /// Builds the catalog from the records that were written (see [`records`]), in any order.
    pub fn restore<'a>(
        items: impl Iterator<Item = (&'a [u8], &'a [u8])>,
        counters: Option<&[u8]>,
        settings: &Settings,
    ) -> Result<Self, Corrupt> {
        let mut catalog = Self::default();
        if let Some(value) = counters {
            catalog.counters = records::read_counters(value)?;
        }
        for (key, value) in items {
            match records::read(key, value, settings)? {
                records::Record::Topic(topic) => catalog.restore_topic(topic)?,
                records::Record::Dead(number, logs) => {
                    catalog.dead.insert(number, logs);
                }
                records::Record::Broker(scope, overrides) => {
                    catalog.altered.insert(scope, overrides);
                }
            }
        }
        Ok(catalog)
    }

    fn restore_topic(&mut self, topic: Topic) -> Result<(), Corrupt> {
        if self.by_name.contains_key(&topic.name) || self.by_id.contains_key(&topic.id) {
            return Err(Corrupt(format!("topic {} is recorded twice", topic.name)));
        }
        if topic.number >= self.counters.next_topic {
            return Err(Corrupt(format!("topic {} has a number not yet given out", topic.name)));
        }
        self.put(Arc::new(topic));
        Ok(())
    }

    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Arc<Topic>> {
        self.by_name.get(name)
    }

    /// The topic of this id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<Topic>> {
        self.by_id.get(&id)
    }

    /// Every topic, by name.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<Topic>> {
        self.by_name.values()
    }

    /// Settings of brokers that were altered while they ran.
    pub fn altered(&self) -> &BrokerOverrides {
        &self.altered
    }

    /// Logs of deleted topics that were not yet reclaimed, by topic number.
    pub fn dead(&self) -> &BTreeMap<u32, Vec<LogId>> {
        &self.dead
    }

    /// Changes ever made.
    pub fn changes(&self) -> u64 {
        self.counters.changes
    }

    /// Deletes topics. Each must be as the asker saw it: one that was deleted or made anew since
    /// is not there any more.
    pub fn delete(&mut self, ids: &[TopicId]) -> Decided<Result<Arc<Topic>, NoSuchTopic>> {
        let mut changes = Vec::new();
        let mut gone = BTreeSet::new();
        let answers = ids.iter().map(|id| {
            let topic = self.by_id.get(id).filter(|_| gone.insert(*id)).ok_or(NoSuchTopic)?;
            changes.push(Change::Deleted(topic.clone()));
            Ok(topic.clone())
        });
        let answers = answers.collect();
        self.commit(Mode::Apply, answers, changes)
    }

    /// Notes that a deleted topic's logs were reclaimed.
    pub fn reclaimed(&mut self, number: u32) -> Decided<()> {
        let known = self.dead.contains_key(&number);
        let changes = known.then_some(Change::Reclaimed(number)).into_iter().collect();
        self.commit(Mode::Apply, vec![()], changes)
    }

    /// The one place where the state changes.
    fn commit<A>(&mut self, mode: Mode, answers: Vec<A>, changes: Vec<Change>) -> Decided<A> {
        if mode == Mode::Validate || changes.is_empty() {
            return Decided { answers, changes: Vec::new(), writes: Vec::new() };
        }
        let mut writes = Vec::with_capacity(changes.len() + 1);
        for change in &changes {
            self.apply(change);
            records::write(change, &mut writes);
        }
        self.counters.changes = self.counters.changes.saturating_add(changes.len() as u64);
        writes.push(records::write_counters(self.counters));
        Decided { answers, changes, writes }
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Topic(topic) => {
                if let Some(old) = self.by_name.get(&topic.name).cloned() {
                    self.remove(&old);
                }
                self.put(topic.clone());
                let next = topic.number.saturating_add(1);
                self.counters.next_topic = self.counters.next_topic.max(next);
            }
            Change::Deleted(topic) => {
                self.remove(topic);
                self.dead.insert(topic.number, topic.partitions.clone());
            }
            Change::Reclaimed(number) => {
                self.dead.remove(number);
            }
            Change::Broker(scope, overrides) if overrides.is_empty() => {
                self.altered.remove(scope);
            }
            Change::Broker(scope, overrides) => {
                self.altered.insert(*scope, overrides.clone());
            }
        }
    }

    fn put(&mut self, topic: Arc<Topic>) {
        self.partitions += topic.partitions.len();
        if let Some(unified) = names::unified(&topic.name) {
            self.similar.entry(unified).or_default().insert(topic.name.clone());
        }
        self.by_id.insert(topic.id, topic.clone());
        self.by_name.insert(topic.name.clone(), topic);
    }

    fn remove(&mut self, topic: &Topic) {
        self.partitions -= topic.partitions.len();
        if let Some(unified) = names::unified(&topic.name)
            && let Some(names) = self.similar.get_mut(&unified)
        {
            names.remove(&topic.name);
            if names.is_empty() {
                self.similar.remove(&unified);
            }
        }
        self.by_id.remove(&topic.id);
        self.by_name.remove(&topic.name);
    }
}

/// There is no topic of this name or id (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchTopic;

#[cfg(test)]
mod tests;
