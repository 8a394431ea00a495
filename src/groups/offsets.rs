//! How far a group has read: commits, their deletion and their retention.
//!
//! Kafka's behaviour: OffsetMetadataManager. Whether topics and partitions exist is for the caller
//! to say. Transactions do not commit offsets yet, so nothing is ever pending.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::answers::{CommitAnswer, GroupError};
use super::classic::State;
use super::inputs::{Commit, CommitItem, OffsetKey};
use super::{Group, Step, records};
use crate::base::Offset;

/// A committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The next offset to read.
    pub offset: Offset,
    /// The leader epoch of the last record read; -1 for unknown.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub commit_ms: i64,
    /// When it ends, if the client said so itself.
    pub expire_ms: Option<i64>,
}

/// The committed offsets of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offsets(BTreeMap<Arc<str>, BTreeMap<i32, Committed>>);

impl Offsets {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, topic: &str, partition: i32) -> Option<&Committed> {
        self.0.get(topic)?.get(&partition)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, i32, &Committed)> {
        self.0.iter().flat_map(|(topic, partitions)| {
            partitions.iter().map(move |(index, committed)| (&**topic, *index, committed))
        })
    }

    pub(super) fn insert(&mut self, key: OffsetKey, committed: Committed) {
        self.0.entry(key.topic).or_default().insert(key.partition, committed);
    }

    fn forget(&mut self, step: &mut Step<'_>, key: &OffsetKey) {
        let Some(partitions) = self.0.get_mut(&key.topic) else { return };
        if partitions.remove(&key.partition).is_some() {
            step.write(records::delete_offset(step.id, key));
        }
        if partitions.is_empty() {
            self.0.remove(&key.topic);
        }
    }

    fn keys(&self, want: impl Fn(&str, &Committed) -> bool) -> Vec<OffsetKey> {
        let mut keys = Vec::new();
        for (topic, partitions) in &self.0 {
            let wanted = partitions.iter().filter(|(_, committed)| want(topic, committed));
            keys.extend(
                wanted.map(|(index, _)| OffsetKey { topic: topic.clone(), partition: *index }),
            );
        }
        keys
    }

    /// A topic is gone.
    pub(super) fn forget_topic(&mut self, step: &mut Step<'_>, gone: &str) {
        for key in self.keys(|topic, _| topic == gone) {
            self.forget(step, &key);
        }
    }

    /// The group is gone.
    pub(super) fn forget_all(&mut self, step: &mut Step<'_>) {
        for key in self.keys(|_, _| true) {
            self.forget(step, &key);
        }
    }
}

impl Group {
    pub(super) fn commit(&mut self, step: &mut Step<'_>, commit: Commit) -> CommitAnswer {
        if self.classic.state() == State::Dead {
            if commit.presence.generation >= 0 {
                return Err(GroupError::NoSuchGeneration);
            }
            self.classic.exist(step);
        }
        self.classic.check_commit(&commit.presence)?;
        if matches!(self.classic.state(), State::Stable | State::PreparingRebalance) {
            self.classic.touch(step, &commit.presence.member);
        }
        let expire_ms = commit.retention_ms.map(|ms| step.now.wall_ms.saturating_add(ms));
        let items = commit.items.into_iter();
        Ok(items.map(|item| self.commit_one(step, item, expire_ms)).collect())
    }

    fn commit_one(
        &mut self,
        step: &mut Step<'_>,
        item: CommitItem,
        expire_ms: Option<i64>,
    ) -> Result<(), GroupError> {
        if is_longer_than(&item.metadata, step.rules.offset_metadata_max) {
            return Err(GroupError::MetadataTooLarge);
        }
        let committed = Committed {
            offset: item.offset,
            leader_epoch: item.leader_epoch,
            metadata: item.metadata,
            commit_ms: step.now.wall_ms,
            expire_ms,
        };
        step.write(records::put_offset(step.id, &item.key, &committed));
        self.offsets.insert(item.key, committed);
        Ok(())
    }

    pub(super) fn delete_offsets(
        &mut self,
        step: &mut Step<'_>,
        keys: &[OffsetKey],
    ) -> Result<Vec<Result<(), GroupError>>, GroupError> {
        match self.classic.state() {
            State::Dead => return Err(GroupError::NoSuchGroup),
            State::Empty => {}
            // Of other kinds of groups nobody knows what they are reading.
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {
                if !self.classic.is_consumer() {
                    return Err(GroupError::NotEmpty);
                }
            }
        }
        let delete = |key: &OffsetKey| {
            if self.classic.is_subscribed(&key.topic) {
                return Err(GroupError::Subscribed);
            }
            self.offsets.forget(step, key);
            Ok(())
        };
        Ok(keys.iter().map(delete).collect())
    }

    /// Forgets what has outlived its retention, and then the group itself if nothing is left.
    pub(super) fn expire_offsets(&mut self, step: &mut Step<'_>) {
        for key in self.expired(step) {
            self.offsets.forget(step, &key);
        }
        let idle = self.classic.state() == State::Empty && !self.classic.expects_joins();
        if idle && self.offsets.is_empty() {
            self.classic.die(step);
        }
    }

    /// Offsets whose retention has passed (Kafka's `offsetExpirationCondition`): it counts from
    /// the commit, or from when the last member left; what somebody subscribes to stays.
    fn expired(&self, step: &Step<'_>) -> Vec<OffsetKey> {
        let classic = &self.classic;
        let knows_all = classic.is_consumer() && classic.knows_subscriptions();
        let emptied_ms = match classic.state() {
            State::Empty if classic.has_protocol_type() => Some(classic.since_ms()),
            State::Stable if knows_all => None,
            _ if !classic.has_protocol_type() => None,
            State::Dead
            | State::Empty
            | State::PreparingRebalance
            | State::CompletingRebalance
            | State::Stable => return Vec::new(),
        };
        let now_ms = step.now.wall_ms;
        self.offsets.keys(|topic, committed| {
            if classic.is_subscribed(topic) {
                return false;
            }
            match committed.expire_ms {
                Some(expire_ms) => now_ms >= expire_ms,
                None => {
                    let since_ms = emptied_ms.unwrap_or(committed.commit_ms);
                    now_ms.saturating_sub(since_ms) >= step.rules.offsets_retention_ms
                }
            }
        })
    }
}

/// Kafka counts as Java does, in UTF-16 units, whatever the setting's name says.
fn is_longer_than(text: &str, max: usize) -> bool {
    text.len() > max && text.encode_utf16().count() > max
}
