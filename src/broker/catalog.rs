//! The running catalog: decides under a lock, keeps what was decided, then lets others see it.
//!
//! ```text
//!   ask --> lock: decide, submit; unlock --> durable --> published: View --> answer
//!                   (catalog::Catalog)                    ^
//!                                                         '-- topic(name), topics(): every reader
//! ```
//! Readers see the [`View`] only. It changes when the store has made a change durable, in the
//! store's order, so nobody ever learns of a topic that a crash could take back. Deciding goes by
//! the newest state, durable or not, and every answer waits for what it was decided by.
//!
//! Reading order: `catalog.rs`, `catalog/view.rs`, `catalog/identity.rs`.

mod identity;
mod view;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tracing::info;

use crate::auth::Permit;
use crate::base::{LogId, TopicId};
use crate::broker::core::Core;
use crate::catalog::alter::{AlterError, Alteration};
use crate::catalog::create::{CreateError, NewTopic};
use crate::catalog::grow::{GrowError, Growth};
use crate::catalog::{BrokerOverrides, COUNTERS_KEY, Catalog, Decided, Mode, NoSuchTopic, Topic};
use crate::config::Settings;
use crate::store::{Seq, Space, StoreError};

use view::{Publication, View};

/// Records read at once at the start.
const PAGE: usize = 1_000;

/// Topics and settings of the running broker.
pub struct CatalogCell {
    core: Arc<Core>,
    state: Mutex<State>,
    view: Arc<View>,
    cluster_id: String,
}

/// What is decided by: the catalog, and the last list of writes that it gave to the store.
struct State {
    catalog: Catalog,
    last: Seq,
}

impl CatalogCell {
    /// Reads the catalog from the store, and puts settings in force that were altered earlier.
    pub async fn boot(core: Arc<Core>) -> Result<Self, StoreError> {
        let cluster_id = identity::cluster_id(&core).await?;
        let records = read_all(&core).await?;
        let counters = core.engine.get(Space::Meta, COUNTERS_KEY).await?;
        let settings = core.settings();
        let pairs = records.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
        let catalog = Catalog::restore(pairs, counters.as_deref(), &settings)
            .map_err(|corrupt| StoreError::Corrupt(corrupt.to_string()))?;
        let view = Arc::new(View::new(core.clone(), &catalog));
        Ok(Self { core, state: Mutex::new(State { catalog, last: 0 }), view, cluster_id })
    }

    /// The cluster's id, as Kafka writes it: made at the first start, the same ever after.
    pub fn cluster_id(&self) -> &str {
        &self.cluster_id
    }

    /// The topic of this name. Cheap: it is asked for each partition of each request.
    pub fn topic(&self, name: &str) -> Option<Arc<Topic>> {
        self.view.topic(name)
    }

    /// The topic of this id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<Arc<Topic>> {
        self.view.topic_by_id(id)
    }

    /// Every topic, by name.
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        self.view.topics()
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.view.topic_count()
    }

    /// Changes ever made to the catalog that are durable: the end of Kafka's metadata log.
    pub fn changes(&self) -> u64 {
        self.view.changes()
    }

    /// Brokers' settings that were altered while they ran.
    pub fn altered(&self) -> Arc<BrokerOverrides> {
        self.view.altered()
    }

    /// Makes topics; each answer is the topic as it was made, or why it was not.
    pub async fn create(
        &self,
        _permit: &Permit,
        mut topics: Vec<NewTopic>,
        mode: Mode,
    ) -> Result<Vec<Result<Arc<Topic>, CreateError>>, StoreError> {
        topics.iter_mut().for_each(|topic| topic.id = identity::new_topic_id());
        let answers = self.change(|catalog, now| catalog.create(topics, mode, now)).await?;
        if mode == Mode::Apply {
            for topic in answers.iter().flatten() {
                let partitions = topic.partitions.len();
                info!(topic = %topic.name, id = ?topic.id, partitions, "topic made");
            }
        }
        Ok(answers)
    }

    /// Adds partitions to topics.
    pub async fn grow(
        &self,
        _permit: &Permit,
        asked: Vec<Growth>,
        mode: Mode,
    ) -> Result<Vec<Result<Arc<Topic>, GrowError>>, StoreError> {
        let answers = self.change(|catalog, now| catalog.grow(&asked, mode, now)).await?;
        if mode == Mode::Apply {
            for topic in answers.iter().flatten() {
                info!(topic = %topic.name, partitions = topic.partitions.len(), "topic grown");
            }
        }
        Ok(answers)
    }

    /// Deletes topics. Those that are answered are gone for good: what else is kept of them must
    /// be forgotten now (see `Broker::delete_topics`), and their logs are among [`Self::dead`].
    pub async fn delete(
        &self,
        _permit: &Permit,
        ids: &[TopicId],
    ) -> Result<Vec<Result<Arc<Topic>, NoSuchTopic>>, StoreError> {
        let answers = self.change(|catalog, _| catalog.delete(ids)).await?;
        for topic in answers.iter().flatten() {
            info!(topic = %topic.name, id = ?topic.id, "topic deleted");
        }
        Ok(answers)
    }

    /// Alters settings of topics and brokers; they are in force when this returns.
    pub async fn alter(
        &self,
        _permit: &Permit,
        asked: Vec<Alteration>,
        mode: Mode,
    ) -> Result<Vec<Result<(), AlterError>>, StoreError> {
        let answers = self.change(|catalog, now| catalog.alter(&asked, mode, now)).await?;
        if mode == Mode::Apply {
            for (alteration, _) in asked.iter().zip(&answers).filter(|(_, done)| done.is_ok()) {
                info!(resource = ?alteration.resource, "settings altered");
            }
        }
        Ok(answers)
    }

    /// Logs of deleted topics that may not have been reclaimed yet, by the topic's number.
    pub fn dead(&self) -> Vec<(u32, Vec<LogId>)> {
        self.view.dead()
    }

    /// Notes that the logs of a deleted topic were reclaimed.
    pub async fn forget_dead(&self, number: u32) -> Result<(), StoreError> {
        self.change(|catalog, _| catalog.reclaimed(number)).await.map(|_| ())
    }

    /// The one recipe: lock, decide, submit, unlock, await.
    async fn change<A>(
        &self,
        decide: impl FnOnce(&mut Catalog, &Settings) -> Decided<A>,
    ) -> Result<Vec<A>, StoreError> {
        if let Some(failure) = self.core.journal.failure() {
            return Err(failure);
        }
        let (answers, seq) = {
            let mut state = self.state.lock();
            let settings = self.core.settings();
            let Decided { answers, changes, writes } = decide(&mut state.catalog, &settings);
            if !writes.is_empty() {
                let upto = state.catalog.changes();
                let publication = Publication { view: self.view.clone(), changes, upto, settings };
                state.last = self.core.journal.submit_then(writes, Arc::new(publication));
            }
            (answers, state.last)
        };
        self.core.journal.durable(seq).await?;
        Ok(answers)
    }
}

async fn read_all(core: &Core) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
    let mut records = Vec::new();
    loop {
        let after = records.last().map(|(key, _): &(Bytes, Bytes)| key.clone());
        let page = core.engine.scan(Space::Catalog, b"", after.as_deref(), PAGE).await?;
        records.extend(page.items);
        if !page.more {
            return Ok(records);
        }
    }
}

#[cfg(test)]
mod tests;
