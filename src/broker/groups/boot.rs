//! Groups at the start: what the store holds comes back to life, with new session timeouts.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use tracing::{error, info};

use super::cell::Cell;
use super::timers::{self, Timers};
use super::{Groups, Shared};
use crate::base::{GroupId, limits};
use crate::broker::core::Core;
use crate::config::{Settings, keys};
use crate::groups::records::{Corrupt, Record, read_group, read_offset};
use crate::groups::{Group, Input, Rules};
use crate::store::{Seq, Space, StoreError};

/// Records read at once.
const PAGE: usize = 1_000;

impl Groups {
    /// Reads the groups from the store and starts their timers.
    pub async fn boot(core: Arc<Core>) -> Result<Self, StoreError> {
        let rules = rules(&core.settings());
        let mut records: BTreeMap<GroupId, Vec<Record>> = BTreeMap::new();
        read(&core, Space::Groups, read_group, &mut records).await?;
        read(&core, Space::Offsets, read_offset, &mut records).await?;
        let shared = Arc::new(Shared {
            core: core.clone(),
            rules,
            cells: DashMap::new(),
            timers: Timers::default(),
        });
        if !records.is_empty() {
            info!(groups = records.len(), "groups loaded");
        }
        for (id, records) in records {
            let group = Group::restore(id.clone(), core.now(), &shared.rules, records.into_iter())
                .map_err(corrupt)?;
            let cell = Cell::new(group, Arc::downgrade(&shared));
            if let Some(arm) = cell.first_arm() {
                shared.timers.arm(&id, arm);
            }
            shared.cells.insert(id, cell);
        }
        core.spawn(timers::run(shared.clone()));
        core.spawn(give_up_when_the_store_fails(shared.clone()));
        Ok(Self { shared })
    }
}

async fn read(
    core: &Core,
    space: Space,
    parse: impl Fn(&[u8], &Bytes) -> Result<(GroupId, Record), Corrupt>,
    records: &mut BTreeMap<GroupId, Vec<Record>>,
) -> Result<(), StoreError> {
    let mut after: Option<Bytes> = None;
    loop {
        let page = core.engine.scan(space, b"", after.as_deref(), PAGE).await?;
        for (key, value) in &page.items {
            let (id, record) = parse(key, value).map_err(corrupt)?;
            records.entry(id).or_default().push(record);
        }
        after = page.items.last().map(|(key, _)| key.clone());
        if !page.more || after.is_none() {
            return Ok(());
        }
    }
}

fn corrupt(corrupt: Corrupt) -> StoreError {
    StoreError::Corrupt(corrupt.to_string())
}

/// The settings that groups go by; none of them can be altered while the broker runs.
fn rules(settings: &Settings) -> Rules {
    let positive = |number: i32| usize::try_from(number).unwrap_or(0);
    let minutes = i64::from(settings.get(keys::OFFSETS_RETENTION_MINUTES));
    Rules {
        initial_rebalance_delay_ms: settings.get(keys::GROUP_INITIAL_REBALANCE_DELAY_MS),
        session_timeout_min_ms: settings.get(keys::GROUP_MIN_SESSION_TIMEOUT_MS),
        session_timeout_max_ms: settings.get(keys::GROUP_MAX_SESSION_TIMEOUT_MS),
        members_max: positive(settings.get(keys::GROUP_MAX_SIZE)).min(limits::GROUP_MEMBERS_MAX),
        offset_metadata_max: positive(settings.get(keys::OFFSET_METADATA_MAX_BYTES)),
        offsets_retention_ms: minutes.saturating_mul(60_000),
    }
}

/// Nothing can be decided any more once the store has failed: whoever waits is told so.
async fn give_up_when_the_store_fails(shared: Arc<Shared>) {
    if let Err(reason) = shared.core.journal.durable(Seq::MAX).await {
        error!(%reason, "the store failed: groups are no longer coordinated");
        for cell in shared.all() {
            shared.tell(&cell, Input::StoreFailed);
        }
    }
}
