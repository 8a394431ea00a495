//! The running broker: it owns every lock, task and timer, runs the machines of the pure rooms
//! and submits what they decide.
//!
//! It would still be a broker if the Kafka protocol did not exist: `api` translates.
//!
//! Reading order: `core.rs` (what is shared), `journal.rs` (the way to the store), `cell.rs` (the
//! concurrency recipe, on a partition), `partitions.rs`, `fetch.rs`, `places.rs`, `tail.rs`,
//! `waiters.rs`, `sessions.rs`, `producer_ids.rs`, `catalog.rs`, `groups.rs`, `janitor.rs`.
//!
//! Architecture invariant: a lock is never held across an await, and never two at once.

use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, oneshot};

use crate::auth::Permit;
use crate::base::{Clock, TopicId};
use crate::catalog::{NoSuchTopic, Topic};
use crate::config::{Settings, keys};
use crate::store::{Engine, StoreError};

pub mod catalog;
pub mod cell;
pub mod core;
pub mod fetch;
pub mod figures;
pub mod groups;
mod janitor;
pub mod journal;
pub mod partitions;
pub mod places;
pub mod producer_ids;
pub mod sessions;
pub mod tail;
pub mod waiters;

use self::catalog::CatalogCell;
use self::core::Core;
use self::groups::Groups;
use self::partitions::{Partitions, leader_epoch};
use self::producer_ids::ProducerIds;
use self::sessions::Sessions;

/// Where clients reach the broker: one advertised listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name.
    pub listener: Arc<str>,
    /// The host that clients are told.
    pub host: String,
    /// The port that clients are told.
    pub port: u16,
}

/// The broker.
pub struct Broker {
    core: Arc<Core>,
    catalog: CatalogCell,
    partitions: Partitions,
    groups: Groups,
    sessions: Sessions,
    producer_ids: ProducerIds,
    endpoints: OnceLock<Vec<Endpoint>>,
    /// Held while the space of deleted topics is given back.
    reclaiming: Mutex<()>,
}

impl Broker {
    /// Recovers what the store holds and starts the background work.
    pub async fn boot(
        settings: Settings,
        engine: Arc<dyn Engine>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, StoreError> {
        let core = Core::new(settings, engine, clock);
        let slots = core.settings().get(keys::MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS);
        let broker = Arc::new(Self {
            catalog: CatalogCell::boot(core.clone()).await?,
            partitions: Partitions::new(core.clone()),
            groups: Groups::boot(core.clone()).await?,
            sessions: Sessions::new(usize::try_from(slots).unwrap_or(0)),
            producer_ids: ProducerIds::boot(core.clone()).await?,
            endpoints: OnceLock::new(),
            reclaiming: Mutex::default(),
            core,
        });
        broker.reclaim_dead();
        broker.groups.retain_topics(|topic| broker.catalog.topic(topic).is_some());
        broker.start_janitor();
        Ok(broker)
    }

    /// What all parts share.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The broker's settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.core.settings()
    }

    /// Topics and their settings.
    pub fn catalog(&self) -> &CatalogCell {
        &self.catalog
    }

    /// Logs.
    pub fn partitions(&self) -> &Partitions {
        &self.partitions
    }

    /// Consumer groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Fetch sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Ids for idempotent producers.
    pub fn producer_ids(&self) -> &ProducerIds {
        &self.producer_ids
    }

    /// Deletes topics with all that is kept of them: settings, records, committed offsets. Their
    /// disk space is given back behind the answer.
    pub async fn delete_topics(
        self: &Arc<Self>,
        permit: &Permit,
        ids: &[TopicId],
    ) -> Result<Vec<Result<Arc<Topic>, NoSuchTopic>>, StoreError> {
        let (broker, permit, ids) = (self.clone(), *permit, ids.to_vec());
        let (done, answers) = oneshot::channel();
        // A task of its own: when the client goes away meanwhile, the rest is done all the same.
        self.core.spawn(async move {
            let _client_went_away = done.send(broker.delete_to_the_end(&permit, &ids).await);
        });
        answers.await.unwrap_or_else(|_| Err(StoreError::Io("the broker is stopping".to_owned())))
    }

    async fn delete_to_the_end(
        self: &Arc<Self>,
        permit: &Permit,
        ids: &[TopicId],
    ) -> Result<Vec<Result<Arc<Topic>, NoSuchTopic>>, StoreError> {
        let answers = self.catalog.delete(permit, ids).await?;
        for topic in answers.iter().flatten() {
            self.partitions.forget(topic);
            self.groups.topic_deleted(&topic.name);
        }
        self.reclaim_dead();
        Ok(answers)
    }

    /// The cluster's id.
    pub fn cluster_id(&self) -> &str {
        self.catalog.cluster_id()
    }

    /// The data folder, as settings name it.
    pub fn data_dir(&self) -> String {
        self.settings().data_dir().display().to_string()
    }

    /// This node's id.
    pub fn node_id(&self) -> i32 {
        self.settings().node_id()
    }

    /// The leader epoch of every partition in this run.
    pub fn leader_epoch(&self) -> i32 {
        leader_epoch(self.core.engine.epoch())
    }

    /// The advertised listeners; empty until [`Broker::advertise`].
    pub fn endpoints(&self) -> &[Endpoint] {
        self.endpoints.get().map_or(&[], Vec::as_slice)
    }

    /// Sets the advertised listeners, once their ports are known. A second call changes nothing.
    pub fn advertise(&self, endpoints: Vec<Endpoint>) {
        let _already_set = self.endpoints.set(endpoints);
    }

    /// Stops the background work and closes the store; what was submitted is made durable.
    pub async fn shutdown(&self) -> Result<(), StoreError> {
        let closed = self.core.engine.close().await;
        self.core.stop();
        closed
    }
}

#[cfg(test)]
mod tests;
