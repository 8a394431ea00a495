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
//! Reading order: `groups.rs` (verbs), `groups/reads.rs`, `groups/shared.rs`, `groups/cell.rs`,
//! `groups/timers.rs`, `groups/boot.rs`.

mod boot;
mod cell;
mod reads;
mod shared;
mod timers;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;

use dashmap::DashMap;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::auth::Permit;
use crate::base::GroupId;
use crate::broker::core::Core;
use crate::groups::{
    Answer, Commit, CommitAnswer, GroupError, Input, Join, JoinRefused, Joined, Leaver, OffsetKey,
    Presence, Rules, Sync, Synced, Ticket,
};

pub use reads::{FetchedOffset, Listed, Progress, Wanted};

use cell::Cell;
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
}
