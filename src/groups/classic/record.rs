//! What of a group's membership outlives a restart: the last generation that was assigned.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Step;
use super::super::inputs::Protocol;
use super::super::members::Member;
use super::super::records::{self, Corrupt, GroupRecord, MemberRecord};
use super::{Classic, State};

impl Classic {
    /// Writes the group down as it is.
    pub(super) fn save(&self, step: &mut Step<'_>) {
        let write = records::put_group(step.id, &self.record());
        step.write(write);
    }

    /// The group as it is written down. Joins and syncs that wait are not in it: their clients
    /// ask again.
    pub(in super::super) fn record(&self) -> GroupRecord {
        let members = self.members.iter().map(|(id, member)| MemberRecord {
            id: id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            session_timeout_ms: member.session_timeout_ms,
            subscription: member.metadata(self.protocol.as_ref()),
            assignment: member.assignment.clone(),
        });
        GroupRecord {
            since_ms: self.since_ms,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: members.collect(),
        }
    }

    /// The group as it was written down: Stable if it has members. They must be heard of within
    /// their session timeouts from now.
    pub(in super::super) fn restore(
        step: &mut Step<'_>,
        saved: GroupRecord,
    ) -> Result<Self, Corrupt> {
        let state = if saved.members.is_empty() { State::Empty } else { State::Stable };
        let mut group = Self {
            state,
            since_ms: saved.since_ms,
            generation: saved.generation,
            protocol_type: saved.protocol_type.clone(),
            protocol: saved.protocol.clone(),
            leader: saved.leader,
            ..Self::default()
        };
        let protocol_type = saved.protocol_type.unwrap_or_default();
        let by_id: BTreeMap<_, _> = saved.members.into_iter().map(|m| (m.id.clone(), m)).collect();
        for (id, member) in by_id {
            group.add(id.clone(), restored(member, saved.protocol.as_ref()), &protocol_type);
            group.touch(step, &id);
        }
        let leads = group.leader.as_ref().is_some_and(|id| group.members.contains_key(id));
        if !group.members.is_empty() && !leads {
            return Err(Corrupt(format!("group {}: its leader is not a member", step.id)));
        }
        group.subscribed = group.read_subscriptions();
        if group.members.len() > step.rules.members_max {
            // The bound was lowered: a rebalance sends some away, after they have committed.
            group.prepare_rebalance(step, "more members than allowed".to_owned());
        }
        Ok(group)
    }
}

fn restored(saved: MemberRecord, protocol: Option<&Arc<str>>) -> Member {
    let protocols =
        protocol.map(|name| Protocol { name: name.clone(), metadata: saved.subscription.clone() });
    Member {
        instance: saved.instance,
        client_id: saved.client_id,
        client_host: saved.client_host,
        rebalance_timeout_ms: saved.rebalance_timeout_ms,
        session_timeout_ms: saved.session_timeout_ms,
        protocols: protocols.into_iter().collect(),
        assignment: saved.assignment,
        joining: None,
        syncing: None,
        new: false,
    }
}
