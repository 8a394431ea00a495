//! The running groups: a lock around each, one task for all their deadlines.
//!
//! ```text
//!   request --> cell: lock, apply, submit, unlock --> answer now ----> durable --> request ends
//!                 ^                            '----> ticket waits
//!                 '-- timers: a deadline has come --> answers, also to tickets that waited
//! ```
//! Every answer waits until all that its group has submitted is durable, so nobody learns of what
//! a crash could take back; reads (describe, list, committed offsets) do the same. A failed store
//! ends the tickets that wait with a code that sends clients elsewhere.
//!
//! Reading order: `groups.rs` (verbs, reads), `groups/cell.rs`, `groups/timers.rs`,
//! `groups/boot.rs`.

mod boot;
mod cell;
mod timers;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use dashmap::DashMap;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::auth::Permit;
use crate::base::{GroupId, Offset, limits};
use crate::broker::core::Core;
use crate::groups::{
    Answer, Commit, CommitAnswer, Committed, Described, Group, GroupError, Input, Join,
    JoinRefused, Joined, Leaver, OffsetKey, Presence, Rules, State, Sync, Synced, Ticket,
};
use crate::store::{Seq, StoreError};

use cell::{Applied, Cell};
use timers::Timers;

/// All groups.
pub struct Groups {
    shared: Arc<Shared>,
}

/// What the requests, the timers' task and the store's call-backs share.
struct Shared {
    core: Arc<Core>,
    rules: Rules,
    cells: DashMap<GroupId, Arc<Cell>>,
    timers: Timers,
}

/// Whether an input may make the group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make,
    StayAway,
}

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
    /// Joins a group. The answer may take as long as a rebalance does.
    pub fn join(
        &self,
        _permit: &Permit,
        group: &GroupId,
        mut join: Join,
    ) -> impl Future<Output = Result<Joined, JoinRefused>> + Send + use<> {
        let member = join.member.clone();
        let refuse = |error| JoinRefused { error, member };
        join.random = Arc::from(Uuid::new_v4().to_string());
        let missing = match join.member.as_str() {
            "" => Missing::Make,
            _ => Missing::StayAway,
        };
        let asked = self.ask_named(group, missing, |t| Input::Join(t, Box::new(join)));
        async move {
            match asked.await {
                Ok(Answer::Join(answer)) => answer,
                Ok(other) => unreachable!("a join is answered as such: {other:?}"),
                Err(error) => Err(refuse(error)),
            }
        }
    }

    /// Gives and takes assignments. The answer may take as long as the leader does.
    pub fn sync(
        &self,
        _permit: &Permit,
        group: &GroupId,
        sync: Sync,
    ) -> impl Future<Output = Result<Synced, GroupError>> + Send + use<> {
        let asked = self.ask_named(group, Missing::StayAway, |ticket| Input::Sync(ticket, sync));
        async move {
            match asked.await? {
                Answer::Sync(answer) => answer,
                other => unreachable!("a sync is answered as such: {other:?}"),
            }
        }
    }

    /// A member lives.
    pub fn heartbeat(
        &self,
        _permit: &Permit,
        group: &GroupId,
        presence: Presence,
    ) -> impl Future<Output = Result<(), GroupError>> + Send + use<> {
        let asked =
            self.ask_named(group, Missing::StayAway, |ticket| Input::Heartbeat(ticket, presence));
        async move {
            match asked.await? {
                Answer::Heartbeat(answer) => answer,
                other => unreachable!("a heartbeat is answered as such: {other:?}"),
            }
        }
    }

    /// Members go: one answer for each.
    pub fn leave(
        &self,
        _permit: &Permit,
        group: &GroupId,
        leavers: Vec<Leaver>,
    ) -> impl Future<Output = Result<Vec<Result<(), GroupError>>, GroupError>> + Send + use<> {
        let asked =
            self.ask_named(group, Missing::StayAway, |ticket| Input::Leave(ticket, leavers));
        async move {
            match asked.await? {
                Answer::Leave(answers) => Ok(answers),
                other => unreachable!("a leave is answered as such: {other:?}"),
            }
        }
    }

    /// Commits offsets. The group's name may be empty here, as in Kafka.
    pub fn commit(
        &self,
        _permit: &Permit,
        group: &GroupId,
        commit: Commit,
    ) -> impl Future<Output = CommitAnswer> + Send + use<> {
        let missing = match commit.presence.generation {
            ..0 => Missing::Make,
            0.. => Missing::StayAway,
        };
        let asked = self.ask(group, missing, |ticket| Input::Commit(ticket, commit));
        async move {
            match asked.await? {
                Answer::Commit(answer) => answer,
                other => unreachable!("a commit is answered as such: {other:?}"),
            }
        }
    }

    /// Forgets committed offsets: one answer for each.
    pub fn delete_offsets(
        &self,
        _permit: &Permit,
        group: &GroupId,
        keys: Vec<OffsetKey>,
    ) -> impl Future<Output = Result<Vec<Result<(), GroupError>>, GroupError>> + Send + use<> {
        let asked =
            self.ask_named(group, Missing::StayAway, |ticket| Input::DeleteOffsets(ticket, keys));
        async move {
            match asked.await? {
                Answer::DeleteOffsets(answers) => answers,
                other => unreachable!("a deletion of offsets is answered as such: {other:?}"),
            }
        }
    }

    /// Forgets a group. Its name may be empty here, as in Kafka.
    pub fn delete(
        &self,
        _permit: &Permit,
        group: &GroupId,
    ) -> impl Future<Output = Result<(), GroupError>> + Send + use<> {
        let asked = self.ask(group, Missing::StayAway, Input::Delete);
        async move {
            match asked.await? {
                Answer::Delete(answer) => answer,
                other => unreachable!("a deletion is answered as such: {other:?}"),
            }
        }
    }

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
        let mut counts = std::collections::BTreeMap::new();
        for cell in self.shared.all() {
            let (state, _) = cell.read(Group::state);
            *counts.entry(state).or_default() += 1;
        }
        counts.into_iter().filter(|(state, _)| *state != State::Dead).collect()
    }

    /// Committed offsets of a deleted topic go with it.
    pub fn topic_deleted(&self, name: &str) {
        let name: Arc<str> = Arc::from(name);
        for cell in self.shared.all() {
            self.shared.tell(&cell, Input::TopicDeleted(name.clone()));
        }
    }

    /// Forgets the committed offsets of topics that do not exist: the broker may have ended
    /// between the end of a topic and the end of its offsets.
    pub fn retain_topics(&self, exists: impl Fn(&str) -> bool) {
        for cell in self.shared.all() {
            let (gone, _) = cell.read(|group| {
                let topics = group.all_committed().map(|(topic, _, _)| topic);
                let gone = topics.filter(|topic| !exists(topic)).map(Arc::from);
                gone.collect::<std::collections::BTreeSet<Arc<str>>>()
            });
            for topic in gone {
                self.shared.tell(&cell, Input::TopicDeleted(topic));
            }
        }
    }

    /// Like `ask`, for verbs that need the group's name.
    fn ask_named(
        &self,
        group: &GroupId,
        missing: Missing,
        input: impl FnOnce(Ticket) -> Input,
    ) -> BoxFuture<'static, Result<Answer, GroupError>> {
        let named = match group.as_str() {
            "" => Err(GroupError::NoName),
            _ => Ok(self.ask(group, missing, input)),
        };
        Box::pin(async move { named?.await })
    }

    /// Applies an input at once; the future is the answer, once what it rests on is durable.
    fn ask(
        &self,
        group: &GroupId,
        missing: Missing,
        input: impl FnOnce(Ticket) -> Input,
    ) -> BoxFuture<'static, Result<Answer, GroupError>> {
        let applied = self.shared.ask(group, missing, input);
        let core = self.shared.core.clone();
        Box::pin(async move {
            // Nobody answers any more when the group's cell was given up.
            let (answer, seq) = applied?.await.map_err(|_| GroupError::StoreFailed)?;
            match core.journal.durable(seq).await {
                Ok(()) => Ok(answer),
                Err(_) => Err(GroupError::StoreFailed),
            }
        })
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

impl Shared {
    fn all(&self) -> Vec<Arc<Cell>> {
        self.cells.iter().map(|entry| Arc::clone(entry.value())).collect()
    }

    /// Applies an input that somebody waits for.
    fn ask(
        self: &Arc<Self>,
        id: &GroupId,
        missing: Missing,
        input: impl FnOnce(Ticket) -> Input,
    ) -> Result<cell::Waiting, GroupError> {
        if self.core.journal.failure().is_some() {
            return Err(GroupError::StoreFailed);
        }
        let mut input = Some(input);
        loop {
            let cell = self.find(id, missing)?;
            let asked = cell.ask(&self.core, &self.rules, &mut input);
            // A cell that was taken out meanwhile takes nothing more: look again.
            if let Some((waiting, applied)) = asked {
                self.follow(&cell, applied);
                return Ok(waiting);
            }
        }
    }

    /// Applies an input that nobody waits for.
    fn tell(self: &Arc<Self>, cell: &Arc<Cell>, input: Input) {
        let applied = cell.tell(&self.core, &self.rules, input);
        self.follow(cell, applied);
    }

    /// The group's cell. One that does not exist and is not to be made gets a cell of its own that
    /// nobody else sees: the machine knows what to answer.
    fn find(self: &Arc<Self>, id: &GroupId, missing: Missing) -> Result<Arc<Cell>, GroupError> {
        if let Some(cell) = self.cells.get(id) {
            return Ok(Arc::clone(&cell));
        }
        let new = || Cell::new(Group::new(id.clone()), Arc::downgrade(self));
        match missing {
            Missing::StayAway => Ok(new()),
            Missing::Make if self.cells.len() >= limits::GROUPS_MAX => {
                Err(GroupError::TooManyGroups)
            }
            Missing::Make => Ok(Arc::clone(&self.cells.entry(id.clone()).or_insert_with(new))),
        }
    }

    /// What is to be done after the cell's lock was given back.
    fn follow(&self, cell: &Arc<Cell>, applied: Applied) {
        if let Some(arm) = applied.arm {
            self.timers.arm(cell.id(), arm);
        }
        if applied.gone {
            self.take_out(cell);
        }
    }

    fn take_out(&self, cell: &Arc<Cell>) {
        self.cells.remove_if(cell.id(), |_, kept| Arc::ptr_eq(kept, cell));
    }
}
