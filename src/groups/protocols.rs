//! What members can do and what they agree on.
//!
//! Protocols are opaque, but for one: of protocol type "consumer" the subscription is read as far
//! as its topics, which every version of it begins with, so that the offsets of topics somebody
//! subscribes to are neither expired nor deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Buf, Bytes};

use super::inputs::Protocol;
use super::members::Member;
use crate::base::MemberId;

/// The protocol type of consumers.
pub(super) const CONSUMER: &str = "consumer";

/// How many members know each protocol.
#[derive(Clone, Debug, Default)]
pub(super) struct Supported(BTreeMap<Arc<str>, usize>);

impl Supported {
    pub(super) fn add(&mut self, protocols: &[Protocol]) {
        for name in names(protocols) {
            *self.0.entry(name.clone()).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, protocols: &[Protocol]) {
        for name in names(protocols) {
            if let Some(count) = self.0.get_mut(name) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.0.remove(name);
                }
            }
        }
    }

    /// Whether all of `members` members know one of `protocols`.
    pub(super) fn has_common(&self, protocols: &[Protocol], members: usize) -> bool {
        protocols.iter().any(|protocol| self.by(&protocol.name) == members)
    }

    fn by(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(0)
    }
}

/// The names in a member's list; a name that stands twice counts once.
fn names(protocols: &[Protocol]) -> BTreeSet<&Arc<str>> {
    protocols.iter().map(|protocol| &protocol.name).collect()
}

/// The protocol with the most votes: each member votes for the first in its list that all know.
/// Among equals, the one that comes first in the alphabet (in Kafka it is left to chance).
pub(super) fn select(
    members: &BTreeMap<MemberId, Member>,
    supported: &Supported,
) -> Option<Arc<str>> {
    let mut votes: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    for member in members.values() {
        let mut known = member.protocols.iter().map(|protocol| &protocol.name);
        if let Some(vote) = known.find(|name| supported.by(name) == members.len()) {
            *votes.entry(vote).or_default() += 1;
        }
    }
    let most = votes.values().max().copied()?;
    votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.clone())
}

/// The topics of a consumer's subscription; `None` when it is not one.
pub(super) fn subscription(metadata: &Bytes) -> Option<Vec<Arc<str>>> {
    let mut rest = metadata.clone();
    let _version = rest.try_get_i16().ok()?;
    let count = usize::try_from(rest.try_get_i32().ok()?).ok()?;
    let mut topics = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(rest.try_get_i16().ok()?).ok()?;
        if rest.remaining() < length {
            return None;
        }
        let name = rest.split_to(length);
        topics.push(Arc::from(std::str::from_utf8(&name).ok()?));
    }
    Some(topics)
}
