//! OffsetCommit, OffsetFetch, OffsetDelete.

use crate::harness::{groups::*, *};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic},
    offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic},
    offset_fetch_request::{
        OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
    },
};

fn start(base: &str) -> (Client, Topic, String) {
    let mut client = connect();
    let topic = client.topic(base, 3);
    let group = client.group(base);
    (client, topic, group)
}

/// A commit by a member.
fn as_member(member: &Member, topic: &Topic, offset: i64) -> OffsetCommitRequest {
    commit_request(&member.group, topic, offset)
        .with_member_id(text(&member.id))
        .with_generation_id_or_member_epoch(member.generation)
}

fn outcome(client: &mut Client, request: &OffsetCommitRequest) -> Option<E> {
    error(client.call(9, request).topics[0].partitions[0].error_code)
}

#[test]
fn every_version_commits() {
    let (mut client, topic, group) = start("commit-versions");
    for version in 2..=9 {
        let partition = |index, offset| {
            let partition = OffsetCommitRequestPartition::default()
                .with_partition_index(index)
                .with_committed_offset(offset)
                .with_committed_metadata(Some(text("note")));
            if version >= 6 { partition.with_committed_leader_epoch(3) } else { partition }
        };
        let wanted = OffsetCommitRequestTopic::default()
            .with_name(topic_name(&topic.name))
            .with_partitions(vec![partition(0, version.into()), partition(2, 7)]);
        let request = OffsetCommitRequest::default()
            .with_group_id(group_id(&group))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![wanted]);
        let answer = client.call(version, &request);
        let codes: Vec<_> =
            answer.topics[0].partitions.iter().map(|p| (p.partition_index, p.error_code)).collect();
        assert_eq!(codes, [(0, 0), (2, 0)], "v{version}");
        let committed = client.committed(&group, &topic);
        assert_eq!(committed.committed_offset, i64::from(version));
        assert_eq!(committed.metadata, Some(text("note")));
        let epoch = if version >= 6 { 3 } else { -1 };
        assert_eq!(committed.committed_leader_epoch, epoch, "v{version}");
    }
}

#[test]
fn every_version_fetches() {
    let (mut client, topic, group) = start("fetch-versions");
    client.commit(&group, &topic, 42);
    for version in 1..8 {
        let wanted = OffsetFetchRequestTopic::default()
            .with_name(topic_name(&topic.name))
            .with_partition_indexes(vec![0, 1]);
        let request = OffsetFetchRequest::default()
            .with_group_id(group_id(&group))
            .with_topics(Some(vec![wanted]));
        let answer = client.call(version, &request);
        assert_eq!(error(answer.error_code), None, "v{version}");
        let partitions = &answer.topics[0].partitions;
        let got: Vec<_> =
            partitions.iter().map(|p| (p.partition_index, p.committed_offset)).collect();
        assert_eq!(got, [(0, 42), (1, -1)], "v{version}");
        assert_eq!(partitions[1].metadata, Some(text("")), "v{version}");
        assert!(partitions.iter().all(|p| p.error_code == 0), "v{version}");
    }
    for version in 8..=9 {
        let wanted = OffsetFetchRequestTopics::default()
            .with_name(topic_name(&topic.name))
            .with_partition_indexes(vec![0, 1]);
        let asked = OffsetFetchRequestGroup::default()
            .with_group_id(group_id(&group))
            .with_topics(Some(vec![wanted]));
        let asked = if version == 9 { asked.with_member_epoch(-1) } else { asked };
        let answer = client.call(version, &OffsetFetchRequest::default().with_groups(vec![asked]));
        let partitions = &answer.groups[0].topics[0].partitions;
        let got: Vec<_> = partitions.iter().map(|p| p.committed_offset).collect();
        assert_eq!((error(answer.groups[0].error_code), got), (None, vec![42, -1]), "v{version}");
    }
}

#[test]
fn all_offsets_are_fetched_when_no_topic_is_named() {
    let (mut client, one, group) = start("fetch-all");
    let two = client.topic("fetch-all", 1);
    client.commit(&group, &one, 1);
    client.commit(&group, &two, 2);
    let mut expected = vec![(one.name.clone(), 1), (two.name.clone(), 2)];
    expected.sort();
    for version in 2..8 {
        let request =
            OffsetFetchRequest::default().with_group_id(group_id(&group)).with_topics(None);
        let answer = client.call(version, &request);
        let mut got: Vec<_> = answer
            .topics
            .iter()
            .map(|t| (t.name.to_string(), t.partitions[0].committed_offset))
            .collect();
        got.sort();
        assert_eq!(got, expected, "v{version}");
    }
    let answer = client.offset_fetch(&group, None);
    let mut got: Vec<_> = answer
        .topics
        .iter()
        .map(|t| (t.name.to_string(), t.partitions[0].committed_offset))
        .collect();
    got.sort();
    assert_eq!(got, expected);
}

#[test]
fn many_groups_are_fetched_at_once() {
    let (mut client, topic, one) = start("fetch-groups");
    let two = client.group("fetch-groups");
    client.commit(&one, &topic, 1);
    client.commit(&two, &topic, 2);
    let asked = |group: &str| {
        OffsetFetchRequestGroup::default().with_group_id(group_id(group)).with_topics(None)
    };
    let groups = vec![asked(&one), asked("no-such-group"), asked(&two)];
    let answer = client.call(8, &OffsetFetchRequest::default().with_groups(groups));
    let found = |name: &str| {
        let group = answer.groups.iter().find(|g| *g.group_id.0 == *name).expect("the group");
        assert_eq!(error(group.error_code), None);
        group.topics.first().map(|t| t.partitions[0].committed_offset)
    };
    assert_eq!((found(&one), found(&two), found("no-such-group")), (Some(1), Some(2), None));
}

#[test]
fn stable_offsets_are_told_without_transactions() {
    let (mut client, topic, group) = start("fetch-stable");
    client.commit(&group, &topic, 9);
    let request = OffsetFetchRequest::default()
        .with_group_id(group_id(&group))
        .with_topics(None)
        .with_require_stable(true);
    let answer = client.call(7, &request);
    assert_eq!(answer.topics[0].partitions[0].committed_offset, 9);
    assert_eq!(error(answer.topics[0].partitions[0].error_code), None);
}

#[test]
fn a_member_commits_in_its_generation_only() {
    let (mut client, topic, group) = start("commit-member");
    let member = client.stable(&group);
    assert_eq!(outcome(&mut client, &as_member(&member, &topic, 1)), None);
    for (generation, id, code) in [
        (member.generation - 1, member.id.as_str(), E::IllegalGeneration),
        (member.generation + 1, &member.id, E::IllegalGeneration),
        (member.generation, "stranger", E::UnknownMemberId),
        (member.generation, "", E::UnknownMemberId),
        // One who is no member cannot commit for a group that has members.
        (-1, "", E::UnknownMemberId),
    ] {
        let other = Member { generation, id: id.into(), ..member.clone() };
        let result = outcome(&mut client, &as_member(&other, &topic, 99));
        assert_eq!(result, Some(code), "generation {generation} {id:?}");
    }
    assert_eq!(client.committed(&group, &topic).committed_offset, 1);
}

#[test]
fn a_commit_while_the_group_rebalances_is_refused_after_the_join() {
    let (mut client, topic, group) = start("commit-rebalance");
    let member = client.join_new(&group);
    let result = outcome(&mut client, &as_member(&member, &topic, 1));
    assert_eq!(result, Some(E::RebalanceInProgress), "between join and sync");
    client.sync(&member, &[(&member.id, "share")]);
    assert_eq!(outcome(&mut client, &as_member(&member, &topic, 1)), None);
}

#[test]
fn a_generation_of_a_group_that_does_not_exist_is_refused() {
    let (mut client, topic, group) = start("commit-nobody");
    let member = Member { group, id: "me".into(), instance: None, generation: 4 };
    let request = as_member(&member, &topic, 1);
    // Version 9 brought a word of its own for it (KIP-848).
    for (version, code) in
        [(2, E::IllegalGeneration), (8, E::IllegalGeneration), (9, E::GroupIdNotFound)]
    {
        let answer = client.call(version, &request);
        assert_eq!(error(answer.topics[0].partitions[0].error_code), Some(code), "v{version}");
    }
}

#[test]
fn metadata_that_is_too_long_is_refused() {
    let (mut client, topic, group) = start("commit-metadata");
    let with = |length: usize| {
        let mut request = commit_request(&group, &topic, 1);
        let note = text(&"x".repeat(length));
        request.topics[0].partitions[0].committed_metadata = Some(note);
        request
    };
    assert_eq!(outcome(&mut client, &with(4097)), Some(E::OffsetMetadataTooLarge));
    assert_eq!(client.committed(&group, &topic).committed_offset, -1);
    assert_eq!(outcome(&mut client, &with(4096)), None);
    assert_eq!(client.committed(&group, &topic).metadata.map(|m| m.len()), Some(4096));
}

#[test]
fn null_metadata_is_kept_as_empty() {
    let (mut client, topic, group) = start("commit-null");
    let mut request = commit_request(&group, &topic, 1);
    request.topics[0].partitions[0].committed_metadata = None;
    assert_eq!(outcome(&mut client, &request), None);
    assert_eq!(client.committed(&group, &topic).metadata, Some(text("")));
}

#[test]
fn an_unknown_topic_or_partition_is_not_committed() {
    let (mut client, topic, group) = start("commit-unknown");
    let nowhere = Topic { name: unique("commit-nowhere"), ..topic.clone() };
    let result = outcome(&mut client, &commit_request(&group, &nowhere, 1));
    assert_eq!(result, Some(E::UnknownTopicOrPartition));
    for partition in [3, -1] {
        let mut request = commit_request(&group, &topic, 1);
        request.topics[0].partitions[0].partition_index = partition;
        let result = outcome(&mut client, &request);
        assert_eq!(result, Some(E::UnknownTopicOrPartition), "partition {partition}");
    }
}

/// Kafka does not ask whether the offset makes sense: it is the client's own.
#[test]
fn any_offset_can_be_committed() {
    let (mut client, topic, group) = start("commit-any");
    for offset in [1_000_000, i64::MAX, 0] {
        client.commit(&group, &topic, offset);
        assert_eq!(client.committed(&group, &topic).committed_offset, offset);
    }
}

/// To join, a group needs a name; to commit, for history's sake, it does not.
#[test]
fn a_group_without_a_name_may_commit() {
    let (mut client, topic, _) = start("commit-nameless");
    assert_eq!(outcome(&mut client, &commit_request("", &topic, 7)), None);
    assert_eq!(client.committed("", &topic).committed_offset, 7);
}

#[test]
fn the_offsets_of_a_deleted_topic_go_away() {
    let (mut client, topic, group) = start("commit-deleted");
    client.commit(&group, &topic, 5);
    client.delete_topic(&topic);
    eventually("the offset is gone", || {
        client.offset_fetch(&group, None).topics.is_empty().then_some(())
    });
}

fn forget(client: &mut Client, group: &str, name: &str, partition: i32) -> (Option<E>, Option<E>) {
    let partition = OffsetDeleteRequestPartition::default().with_partition_index(partition);
    let wanted = OffsetDeleteRequestTopic::default()
        .with_name(topic_name(name))
        .with_partitions(vec![partition]);
    let request =
        OffsetDeleteRequest::default().with_group_id(group_id(group)).with_topics(vec![wanted]);
    let answer = client.call(0, &request);
    let partition = answer.topics.first().and_then(|t| error(t.partitions[0].error_code));
    (error(answer.error_code), partition)
}

#[test]
fn an_offset_is_deleted() {
    let (mut client, topic, group) = start("offset-delete");
    client.commit(&group, &topic, 5);
    assert_eq!(forget(&mut client, &group, &topic.name, 0), (None, None));
    assert_eq!(client.committed(&group, &topic).committed_offset, -1);
}

#[test]
fn only_what_exists_has_offsets_to_delete() {
    let (mut client, topic, group) = start("offset-delete-none");
    client.commit(&group, &topic, 5);
    let unknown = (None, Some(E::UnknownTopicOrPartition));
    assert_eq!(forget(&mut client, &group, "no-such-topic", 0), unknown);
    assert_eq!(forget(&mut client, &group, &topic.name, 9), unknown);
    let nobody = forget(&mut client, "no-such-group", &topic.name, 0);
    assert_eq!(nobody, (Some(E::GroupIdNotFound), None));
}

/// A group that reads the topic keeps its offset.
#[test]
fn an_offset_that_is_subscribed_to_is_kept() {
    let (mut client, topic, group) = start("offset-delete-subscribed");
    let id = client.member_id(&group);
    let mut request = join_request(&group, &id, None);
    // A subscription as consumers write it: version 0, one topic, no user data.
    let length = topic.name.len() as u16;
    let mut subscription = vec![0, 0, 0, 0, 0, 1];
    subscription.extend_from_slice(&length.to_be_bytes());
    subscription.extend_from_slice(topic.name.as_bytes());
    subscription.extend_from_slice(&(-1i32).to_be_bytes());
    request.protocols[0].metadata = subscription.into();
    let member = Member::of(&group, None, &client.call(9, &request));
    client.sync(&member, &[(&member.id, "share")]);
    assert_eq!(outcome(&mut client, &as_member(&member, &topic, 5)), None);
    let kept = forget(&mut client, &group, &topic.name, 0);
    assert_eq!(kept, (None, Some(E::GroupSubscribedToTopic)));
    assert_eq!(client.committed(&group, &topic).committed_offset, 5);
}
