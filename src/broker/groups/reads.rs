//! What can be learnt of groups. It is read at once; the future waits until it is durable.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use super::Groups;
use crate::auth::Permit;
use crate::base::{GroupId, Offset, limits};
use crate::groups::{Committed, Described, Group, OffsetKey, State};
use crate::store::{Seq, StoreError};

/// One line of ListGroups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The group.
    pub group: GroupId,
    /// The kind of group, empty for none.
    pub protocol_type: String,
    /// Its state.
    pub state: State,
}

/// Which committed offsets are asked for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// All there are.
    All,
    /// These, in this order.
    These(Vec<OffsetKey>),
}

/// One committed offset, or that there is none.
pub type FetchedOffset = (OffsetKey, Option<Committed>);

/// How far a group has read a partition, for the metrics page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The group.
    pub group: GroupId,
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's index.
    pub partition: i32,
    /// The next offset to read.
    pub offset: Offset,
}

impl Groups {
    /// What DescribeGroups shows; `None` when there is no such group.
    pub fn describe(
        &self,
        _permit: &Permit,
        group: &GroupId,
    ) -> impl Future<Output = Result<Option<Described>, StoreError>> + Send + use<> {
        self.read(group, |group| match group.state() {
            State::Dead => None,
            _ => Some(group.describe()),
        })
    }

    /// Committed offsets. Of a group that does not exist there are none.
    pub fn offsets(
        &self,
        _permit: &Permit,
        group: &GroupId,
        wanted: Wanted,
    ) -> impl Future<Output = Result<Vec<FetchedOffset>, StoreError>> + Send + use<> {
        self.read(group, |group| match wanted {
            Wanted::All => {
                let all = group.all_committed();
                all.map(|(topic, partition, committed)| {
                    let key = OffsetKey { topic: Arc::from(topic), partition };
                    (key, Some(committed.clone()))
                })
                .collect()
            }
            Wanted::These(keys) => {
                let found = |key: OffsetKey| {
                    let committed = group.committed(&key.topic, key.partition).cloned();
                    (key, committed)
                };
                keys.into_iter().map(found).collect()
            }
        })
    }

    /// Every group there is, by name.
    pub fn list(
        &self,
        _permit: &Permit,
    ) -> impl Future<Output = Result<Vec<Listed>, StoreError>> + Send + use<> {
        let mut newest = 0;
        let mut listed = Vec::new();
        for cell in self.shared.all() {
            let (line, seq) = cell.read(|group| Listed {
                group: group.id().clone(),
                protocol_type: group.protocol_type().to_owned(),
                state: group.state(),
            });
            newest = newest.max(seq);
            listed.extend(Some(line).filter(|line| line.state != State::Dead));
        }
        listed.sort_unstable_by(|one, other| one.group.cmp(&other.group));
        let core = self.shared.core.clone();
        async move { core.journal.durable(newest).await.map(|()| listed) }
    }

    /// How far groups have read, at most [`limits::COMMITTED_SHOWN_MAX`] of it.
    pub fn committed(&self) -> Vec<Progress> {
        let mut progress = Vec::new();
        for cell in self.shared.all() {
            let room = limits::COMMITTED_SHOWN_MAX.saturating_sub(progress.len());
            if room == 0 {
                break;
            }
            cell.read(|group| {
                let some = group.all_committed().take(room);
                progress.extend(some.map(|(topic, partition, committed)| Progress {
                    group: group.id().clone(),
                    topic: Arc::from(topic),
                    partition,
                    offset: committed.offset,
                }));
            });
        }
        progress
    }

    /// How many groups there are in each state.
    pub fn count(&self) -> Vec<(State, usize)> {
        let mut counts = BTreeMap::new();
        for cell in self.shared.all() {
            let (state, _) = cell.read(Group::state);
            *counts.entry(state).or_default() += 1;
        }
        counts.into_iter().filter(|(state, _)| *state != State::Dead).collect()
    }

    /// Reads a group at once; the future waits until what was read is durable.
    fn read<T: Send, F: FnOnce(&Group) -> T>(
        &self,
        id: &GroupId,
        look: F,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T, F> {
        let cell = self.shared.cells.get(id).map(|cell| Arc::clone(&cell));
        let (found, seq): (T, Seq) = match cell {
            Some(cell) => cell.read(look),
            None => (look(&Group::new(id.clone())), 0),
        };
        let core = self.shared.core.clone();
        async move { core.journal.durable(seq).await.map(|()| found) }
    }
}
