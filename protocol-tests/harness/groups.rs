//! Classic groups in one line per step.

use super::{client::Client, requests::*};
use bytes::Bytes;
use kafka_protocol::messages::{
    FindCoordinatorRequest, GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse,
    LeaveGroupRequest, LeaveGroupResponse, OffsetCommitRequest, OffsetFetchRequest,
    SyncGroupRequest, SyncGroupResponse,
    join_group_request::JoinGroupRequestProtocol,
    leave_group_request::MemberIdentity,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics},
    offset_fetch_response::{OffsetFetchResponseGroup, OffsetFetchResponsePartitions},
    sync_group_request::SyncGroupRequestAssignment,
};

/// A member as the broker knows it.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) group: String,
    pub(crate) id: String,
    pub(crate) instance: Option<String>,
    pub(crate) generation: i32,
}

pub(crate) fn group_id(of: &str) -> GroupId {
    GroupId(text(of))
}

/// A request to join with the protocol "range"; the metadata is the word "meta".
pub(crate) fn join_request(group: &str, member: &str, instance: Option<&str>) -> JoinGroupRequest {
    let protocol = JoinGroupRequestProtocol::default()
        .with_name(text("range"))
        .with_metadata(Bytes::from_static(b"meta"));
    JoinGroupRequest::default()
        .with_group_id(group_id(group))
        .with_session_timeout_ms(30_000)
        .with_rebalance_timeout_ms(30_000)
        .with_member_id(text(member))
        .with_group_instance_id(instance.map(text))
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol])
}

pub(crate) fn sync_request(member: &Member, shares: &[(&str, &str)]) -> SyncGroupRequest {
    let assignments = shares.iter().map(|(member, share)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(Bytes::from(share.to_string()))
    });
    SyncGroupRequest::default()
        .with_group_id(group_id(&member.group))
        .with_generation_id(member.generation)
        .with_member_id(text(&member.id))
        .with_group_instance_id(member.instance.as_deref().map(text))
        .with_protocol_type(Some(text("consumer")))
        .with_protocol_name(Some(text("range")))
        .with_assignments(assignments.collect())
}

pub(crate) fn heartbeat_request(member: &Member) -> HeartbeatRequest {
    HeartbeatRequest::default()
        .with_group_id(group_id(&member.group))
        .with_generation_id(member.generation)
        .with_member_id(text(&member.id))
        .with_group_instance_id(member.instance.as_deref().map(text))
}

/// A commit of one offset of partition 0 by somebody who is not a member.
pub(crate) fn commit_request(group: &str, topic: &Topic, offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition::default()
        .with_committed_offset(offset)
        .with_committed_metadata(Some(text("")));
    let topic = OffsetCommitRequestTopic::default()
        .with_name(topic_name(&topic.name))
        .with_partitions(vec![partition]);
    OffsetCommitRequest::default()
        .with_group_id(group_id(group))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic])
}

impl Member {
    pub(crate) fn of(group: &str, instance: Option<&str>, joined: &JoinGroupResponse) -> Self {
        Self {
            group: group.to_owned(),
            id: joined.member_id.to_string(),
            instance: instance.map(str::to_owned),
            generation: joined.generation_id,
        }
    }
}

impl Client {
    /// A group's name for this test, once its coordinator can be used.
    pub(crate) fn group(&mut self, base: &str) -> String {
        let group = unique(base);
        let find = FindCoordinatorRequest::default().with_coordinator_keys(vec![text(&group)]);
        eventually("a coordinator", || {
            (self.call(4, &find).coordinators[0].error_code == 0).then_some(())
        });
        eventually("the coordinator has loaded", || {
            (self.offset_fetch(&group, None).error_code == 0).then_some(())
        });
        group
    }

    /// Joins with a member id of its own at v9 (asked for first, as KIP-394 wants it).
    pub(crate) fn join_new(&mut self, group: &str) -> Member {
        let id = self.member_id(group);
        let joined = self.call(9, &join_request(group, &id, None));
        assert_eq!(error(joined.error_code), None, "{joined:?}");
        Member::of(group, None, &joined)
    }

    /// A member id that may join.
    pub(crate) fn member_id(&mut self, group: &str) -> String {
        let answer = self.call(9, &join_request(group, "", None));
        assert_eq!(error(answer.error_code), Some(kafka_protocol::ResponseError::MemberIdRequired));
        answer.member_id.to_string()
    }

    /// Joins as a static member, alone in its group.
    pub(crate) fn join_static(&mut self, group: &str, instance: &str) -> Member {
        let joined = self.call(9, &join_request(group, "", Some(instance)));
        assert_eq!(error(joined.error_code), None, "{joined:?}");
        Member::of(group, Some(instance), &joined)
    }

    pub(crate) fn sync(&mut self, member: &Member, shares: &[(&str, &str)]) -> SyncGroupResponse {
        self.call(5, &sync_request(member, shares))
    }

    /// A group with one member that has its share: Stable.
    pub(crate) fn stable(&mut self, group: &str) -> Member {
        let member = self.join_new(group);
        let synced = self.sync(&member, &[(&member.id, "all of it")]);
        assert_eq!(error(synced.error_code), None, "{synced:?}");
        member
    }

    pub(crate) fn heartbeat(&mut self, member: &Member) -> Option<kafka_protocol::ResponseError> {
        error(self.call(4, &heartbeat_request(member)).error_code)
    }

    pub(crate) fn leave(
        &mut self,
        group: &str,
        member: &str,
        instance: Option<&str>,
    ) -> LeaveGroupResponse {
        let who = MemberIdentity::default()
            .with_member_id(text(member))
            .with_group_instance_id(instance.map(text));
        let request =
            LeaveGroupRequest::default().with_group_id(group_id(group)).with_members(vec![who]);
        self.call(5, &request)
    }

    /// Commits an offset of partition 0 as somebody who is not a member.
    #[track_caller]
    pub(crate) fn commit(&mut self, group: &str, topic: &Topic, offset: i64) {
        let answer = self.call(9, &commit_request(group, topic, offset));
        assert_eq!(error(answer.topics[0].partitions[0].error_code), None);
    }

    /// The offsets of a group; of all topics when none are named.
    pub(crate) fn offset_fetch(
        &mut self,
        group: &str,
        topics: Option<&[(&str, &[i32])]>,
    ) -> OffsetFetchResponseGroup {
        let topics = topics.map(|topics| {
            let wanted = topics.iter().map(|(name, partitions)| {
                OffsetFetchRequestTopics::default()
                    .with_name(topic_name(name))
                    .with_partition_indexes(partitions.to_vec())
            });
            wanted.collect()
        });
        let asked =
            OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(topics);
        self.call(8, &OffsetFetchRequest::default().with_groups(vec![asked])).groups.remove(0)
    }

    /// What is committed for partition 0.
    pub(crate) fn committed(
        &mut self,
        group: &str,
        topic: &Topic,
    ) -> OffsetFetchResponsePartitions {
        let mut answer = self.offset_fetch(group, Some(&[(topic.name.as_str(), &[0])]));
        assert_eq!(error(answer.error_code), None);
        answer.topics.remove(0).partitions.remove(0)
    }
}
