//! ListGroups, DescribeGroups, DeleteGroups.

use crate::harness::{groups::*, *};
use kafka_protocol::messages::{
    DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest,
    describe_groups_response::DescribedGroup, list_groups_response::ListedGroup,
};

fn list(client: &mut Client, version: i16, states: &[&str], types: &[&str]) -> Vec<ListedGroup> {
    let request = ListGroupsRequest::default()
        .with_states_filter(states.iter().map(|s| text(s)).collect())
        .with_types_filter(types.iter().map(|t| text(t)).collect());
    let answer = client.call(version, &request);
    assert_eq!(error(answer.error_code), None);
    answer.groups
}

fn describe(client: &mut Client, version: i16, group: &str) -> DescribedGroup {
    let request = DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
    client.call(version, &request).groups.remove(0)
}

fn delete(client: &mut Client, version: i16, groups: &[&str]) -> Vec<Option<E>> {
    let groups: Vec<_> = groups.iter().map(|g| group_id(g)).collect();
    let request = DeleteGroupsRequest::default().with_groups_names(groups.clone());
    let answer = client.call(version, &request);
    let code = |group| {
        let found = answer.results.iter().find(|r| r.group_id == group);
        error(found.expect("it is answered").error_code)
    };
    groups.into_iter().map(code).collect()
}

#[test]
fn every_version_lists_groups() {
    let mut client = connect();
    let group = client.group("list");
    client.stable(&group);
    for version in 0..=5 {
        let groups = list(&mut client, version, &[], &[]);
        let found = groups.iter().find(|g| *g.group_id.0 == *group).expect("the group");
        assert_eq!(&*found.protocol_type, "consumer", "v{version}");
        assert_eq!(&*found.group_state, if version >= 4 { "Stable" } else { "" });
        assert_eq!(&*found.group_type, if version >= 5 { "classic" } else { "" });
    }
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut client = connect();
    let topic = client.topic("list-filter", 1);
    let (stable, empty) = (client.group("list-stable"), client.group("list-empty"));
    client.stable(&stable);
    client.commit(&empty, &topic, 1);
    let mut names = |states: &[&str], types: &[&str]| {
        let groups = list(&mut client, 5, states, types);
        let has = |name: &String| groups.iter().any(|g| *g.group_id.0 == **name);
        (has(&stable), has(&empty))
    };
    assert_eq!(names(&["Stable"], &[]), (true, false));
    assert_eq!(names(&["Empty"], &[]), (false, true));
    assert_eq!(names(&["Empty", "Stable"], &[]), (true, true));
    assert_eq!(names(&["stable"], &[]), (true, false), "a state in any case");
    assert_eq!(names(&["Dead"], &[]), (false, false));
    assert_eq!(names(&["NoSuchState"], &[]), (false, false));
    assert_eq!(names(&[], &["classic"]), (true, true));
    assert_eq!(names(&[], &["Classic"]), (true, true));
    assert_eq!(names(&[], &["share"]), (false, false));
}

#[test]
fn every_version_describes_a_group() {
    let mut client = connect();
    let group = client.group("describe");
    let member = client.join_static(&group, "instance");
    client.sync(&member, &[(&member.id, "share")]);
    for version in 0..=6 {
        let described = describe(&mut client, version, &group);
        assert_eq!(error(described.error_code), None, "v{version}");
        assert_eq!(*described.group_id.0, *group);
        assert_eq!((&*described.group_state, &*described.protocol_type), ("Stable", "consumer"));
        assert_eq!(&*described.protocol_data, "range");
        assert_eq!(described.members.len(), 1);
        let found = &described.members[0];
        assert_eq!(*found.member_id, *member.id);
        assert_eq!(found.group_instance_id, (version >= 4).then(|| text("instance")));
        assert_eq!((&*found.client_id, &*found.client_host), ("protocol-tests", "/127.0.0.1"));
        assert_eq!(&found.member_metadata[..], b"meta");
        assert_eq!(&found.member_assignment[..], b"share");
    }
}

/// Between join and sync the shares are not known yet.
#[test]
fn a_group_that_waits_for_its_leader_shows_no_shares() {
    let mut client = connect();
    let group = client.group("describe-waiting");
    let member = client.join_new(&group);
    let described = describe(&mut client, 5, &group);
    assert_eq!(&*described.group_state, "CompletingRebalance");
    assert_eq!(*described.members[0].member_id, *member.id);
    assert_eq!(described.members[0].member_assignment.len(), 0);
}

#[test]
fn a_group_with_offsets_and_no_members_is_empty() {
    let mut client = connect();
    let topic = client.topic("describe-empty", 1);
    let group = client.group("describe-empty");
    client.commit(&group, &topic, 1);
    let described = describe(&mut client, 6, &group);
    assert_eq!((error(described.error_code), &*described.group_state), (None, "Empty"));
    assert_eq!((described.members.len(), &*described.protocol_type), (0, ""));
}

#[test]
fn an_unknown_group_is_dead_or_not_found() {
    let mut client = connect();
    client.group("describe-unknown");
    for version in 0..6 {
        let described = describe(&mut client, version, "no-such-group");
        assert_eq!((error(described.error_code), &*described.group_state), (None, "Dead"));
    }
    let described = describe(&mut client, 6, "no-such-group");
    assert_eq!(error(described.error_code), Some(E::GroupIdNotFound));
    assert_eq!(&*described.group_state, "Dead");
    assert!(described.error_message.is_some());
}

#[test]
fn the_operations_on_a_group_are_told_to_those_who_ask() {
    let mut client = connect();
    let group = client.group("describe-operations");
    client.stable(&group);
    let request = DescribeGroupsRequest::default()
        .with_groups(vec![group_id(&group)])
        .with_include_authorized_operations(true);
    let described = client.call(5, &request).groups.remove(0);
    // Read, delete, describe, describe configs, alter configs.
    assert_eq!(described.authorized_operations, 0b1101_0100_1000);
    assert_eq!(describe(&mut client, 5, &group).authorized_operations, i32::MIN);
}

#[test]
fn every_version_deletes_a_group() {
    let mut client = connect();
    let topic = client.topic("delete-group", 1);
    for version in 0..=2 {
        let group = client.group("delete-group");
        client.commit(&group, &topic, 3);
        assert_eq!(delete(&mut client, version, &[&group]), [None], "v{version}");
        assert_eq!(client.committed(&group, &topic).committed_offset, -1, "v{version}");
        let again = delete(&mut client, version, &[&group]);
        assert_eq!(again, [Some(E::GroupIdNotFound)], "v{version}");
    }
}

#[test]
fn a_group_with_members_is_not_deleted() {
    let mut client = connect();
    let group = client.group("delete-busy");
    let member = client.stable(&group);
    assert_eq!(delete(&mut client, 2, &[&group]), [Some(E::NonEmptyGroup)]);
    assert_eq!(client.heartbeat(&member), None);
    client.leave(&group, &member.id, None);
    assert_eq!(delete(&mut client, 2, &[&group]), [None]);
}

#[test]
fn one_bad_group_does_not_stop_the_others() {
    let mut client = connect();
    let topic = client.topic("delete-some", 1);
    let (busy, idle) = (client.group("delete-some"), client.group("delete-some"));
    client.stable(&busy);
    client.commit(&idle, &topic, 3);
    let codes = delete(&mut client, 2, &["no-such-group", &busy, &idle]);
    assert_eq!(codes, [Some(E::GroupIdNotFound), Some(E::NonEmptyGroup), None]);
}
