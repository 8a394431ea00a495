//! Classic groups: joining, sharing out, staying, leaving.

use crate::harness::{groups::*, *};
use kafka_protocol::messages::{
    FindCoordinatorRequest, HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest,
    SyncGroupRequest, join_group_request::JoinGroupRequestProtocol,
    leave_group_request::MemberIdentity,
};

#[test]
fn every_version_finds_the_coordinator() {
    let mut client = connect();
    let group = client.group("coordinator");
    let broker = client.metadata(12, &[]).brokers.remove(0);
    for version in 0..=6 {
        let request = FindCoordinatorRequest::default();
        if version < 4 {
            let answer = client.call(version, &request.with_key(text(&group)));
            assert_eq!(error(answer.error_code), None, "v{version}");
            assert_eq!((answer.node_id, answer.port), (broker.node_id, broker.port));
            continue;
        }
        let keys = vec![text(&group), text("another")];
        let answer = client.call(version, &request.with_coordinator_keys(keys.clone()));
        let found: Vec<_> = answer.coordinators.iter().map(|c| c.key.clone()).collect();
        assert_eq!(found, keys, "v{version}");
        for coordinator in answer.coordinators {
            assert_eq!(error(coordinator.error_code), None, "v{version}");
            assert_eq!(
                (coordinator.node_id, coordinator.host),
                (broker.node_id, broker.host.clone())
            );
        }
    }
}

#[test]
fn a_coordinator_of_no_kind_is_refused() {
    for kind in [3, 99, -1] {
        let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![text("a")]);
        let answer = connect().call(4, &request.with_key_type(kind));
        let code = error(answer.coordinators[0].error_code);
        assert_eq!(code, Some(E::InvalidRequest), "type {kind}");
    }
}

#[test]
fn a_member_joins_gets_its_share_stays_and_leaves() {
    let mut client = connect();
    let group = client.group("life");
    let joined = {
        let id = client.member_id(&group);
        assert!(id.starts_with("protocol-tests-"), "{id}: client id, dash, random");
        client.call(9, &join_request(&group, &id, None))
    };
    assert_eq!((error(joined.error_code), joined.generation_id), (None, 1));
    assert_eq!(
        (joined.protocol_type, joined.protocol_name),
        (Some(text("consumer")), Some(text("range")))
    );
    assert_eq!(joined.leader, joined.member_id);
    assert_eq!(joined.members.len(), 1);
    assert_eq!(&joined.members[0].metadata[..], b"meta");
    assert!(!joined.skip_assignment);
    let member = Member {
        group: group.clone(),
        id: joined.member_id.to_string(),
        instance: None,
        generation: 1,
    };
    let synced = client.sync(&member, &[(&member.id, "share")]);
    assert_eq!((error(synced.error_code), &synced.assignment[..]), (None, &b"share"[..]));
    assert_eq!(synced.protocol_name, Some(text("range")));
    assert_eq!(client.heartbeat(&member), None);
    let left = client.leave(&group, &member.id, None);
    assert_eq!((error(left.error_code), error(left.members[0].error_code)), (None, None));
    assert_eq!(client.heartbeat(&member), Some(E::UnknownMemberId));
}

#[test]
fn versions_before_4_join_in_one_step() {
    for version in 0..4 {
        let mut client = connect();
        let group = client.group("old-join");
        let request = join_request(&group, "", None);
        let request = if version == 0 { request.with_rebalance_timeout_ms(-1) } else { request };
        let joined = client.call(version, &request);
        assert_eq!((error(joined.error_code), joined.generation_id), (None, 1), "v{version}");
        assert_eq!(joined.protocol_name, Some(text("range")), "v{version}");
        let member = Member::of(&group, None, &joined);
        let sync = sync_request(&member, &[(&member.id, "share")]);
        let sync = sync.with_protocol_type(None).with_protocol_name(None);
        let synced = client.call(version.min(2), &sync);
        assert_eq!((error(synced.error_code), &synced.assignment[..]), (None, &b"share"[..]));
        let heartbeat = heartbeat_request(&member);
        assert_eq!(client.call(version.min(3), &heartbeat).error_code, 0);
        let leave = LeaveGroupRequest::default()
            .with_group_id(group_id(&group))
            .with_member_id(text(&member.id));
        assert_eq!(client.call(version.min(2), &leave).error_code, 0, "v{version}");
    }
}

/// Two that join at once end up in one generation, each known, one of them leading.
#[test]
fn two_that_join_at_once_are_both_members() {
    let mut one = connect();
    let group = one.group("two");
    let mut two = one.again();
    let (first, second) = (one.member_id(&group), two.member_id(&group));
    let a = one.send(9, &join_request(&group, &first, None));
    let b = two.send(9, &join_request(&group, &second, None));
    let joined = [one.receive::<JoinGroupRequest>(9, a), two.receive::<JoinGroupRequest>(9, b)];
    let members: Vec<_> = joined.iter().map(|j| Member::of(&group, None, j)).collect();
    assert!(joined.iter().all(|j| j.error_code == 0), "{joined:?}");
    assert_eq!(joined[0].generation_id, joined[1].generation_id);
    assert_eq!(joined[0].leader, joined[1].leader);
    let mut seen: Vec<usize> = joined.iter().map(|j| j.members.len()).collect();
    seen.sort();
    assert_eq!(seen, [0, 2], "only the leader is told who is there");
    // The follower's sync waits for the leader's.
    let leads = usize::from(joined[1].leader == joined[1].member_id);
    let (leader, follower) = (&members[leads], &members[1 - leads]);
    let mut clients = [one, two];
    let waiting = clients[1 - leads].send(5, &sync_request(follower, &[]));
    let shares = [(leader.id.as_str(), "L"), (follower.id.as_str(), "F")];
    let synced = clients[leads].sync(leader, &shares);
    assert_eq!((error(synced.error_code), &synced.assignment[..]), (None, &b"L"[..]));
    let synced = clients[1 - leads].receive::<SyncGroupRequest>(5, waiting);
    assert_eq!((error(synced.error_code), &synced.assignment[..]), (None, &b"F"[..]));
    for (client, member) in clients.iter_mut().zip(&members) {
        assert_eq!(client.heartbeat(member), None);
    }
}

#[test]
fn a_second_member_makes_the_first_join_again() {
    let mut one = connect();
    let group = one.group("rebalance");
    let first = one.stable(&group);
    let mut two = one.again();
    let id = two.member_id(&group);
    let waiting = two.send(9, &join_request(&group, &id, None));
    eventually("the first is told", || {
        (one.heartbeat(&first) == Some(E::RebalanceInProgress)).then_some(())
    });
    // While all wait for the first, its share of the old generation cannot be asked for.
    let synced = one.sync(&first, &[]);
    assert_eq!(error(synced.error_code), Some(E::RebalanceInProgress));
    let again = one.call(9, &join_request(&group, &first.id, None));
    let joined = two.receive::<JoinGroupRequest>(9, waiting);
    assert_eq!((again.generation_id, joined.generation_id), (2, 2));
    assert_eq!((&*again.leader, again.members.len()), (first.id.as_str(), 2), "it still leads");
    assert_eq!(one.heartbeat(&first), Some(E::IllegalGeneration), "the old one is over");
}

#[test]
fn a_member_that_leaves_makes_the_others_join_again() {
    let mut one = connect();
    let group = one.group("leaver");
    let first = one.stable(&group);
    let mut two = one.again();
    let id = two.member_id(&group);
    let waiting = two.send(9, &join_request(&group, &id, None));
    eventually("the first is told", || {
        (one.heartbeat(&first) == Some(E::RebalanceInProgress)).then_some(())
    });
    let again = one.call(9, &join_request(&group, &first.id, None));
    two.receive::<JoinGroupRequest>(9, waiting);
    let first = Member::of(&group, None, &again);
    one.sync(&first, &[(&first.id, "1"), (&id, "2")]);
    assert_eq!(error(two.leave(&group, &id, None).members[0].error_code), None);
    assert_eq!(one.heartbeat(&first), Some(E::RebalanceInProgress));
    let again = one.call(9, &join_request(&group, &first.id, None));
    assert_eq!((again.generation_id, again.members.len()), (3, 1));
}

/// What a member says twice because the answer was lost gets the same answer.
#[test]
fn a_repeated_sync_gets_the_same_share() {
    let mut client = connect();
    let group = client.group("sync-again");
    let member = client.stable(&group);
    let again = client.sync(&member, &[]);
    assert_eq!((error(again.error_code), &again.assignment[..]), (None, &b"all of it"[..]));
}

#[test]
fn a_member_that_joins_again_unchanged_while_stable_keeps_the_generation_as_a_follower_only() {
    let mut client = connect();
    let group = client.group("rejoin");
    let member = client.stable(&group);
    // The leader's join may mean that its topics changed: a rebalance.
    let again = client.call(9, &join_request(&group, &member.id, None));
    assert_eq!((error(again.error_code), again.generation_id), (None, 2));
}

#[test]
fn strangers_and_latecomers_are_told_so() {
    let mut client = connect();
    let group = client.group("strangers");
    let member = client.stable(&group);
    let stranger = Member { id: "stranger".into(), ..member.clone() };
    let late = Member { generation: 0, ..member.clone() };
    let early = Member { generation: 7, ..member.clone() };
    for (who, code) in [
        (&stranger, E::UnknownMemberId),
        (&late, E::IllegalGeneration),
        (&early, E::IllegalGeneration),
    ] {
        assert_eq!(client.heartbeat(who), Some(code));
        assert_eq!(error(client.sync(who, &[]).error_code), Some(code));
    }
    let joined = client.call(9, &join_request(&group, "stranger", None));
    assert_eq!(error(joined.error_code), Some(E::UnknownMemberId));
    let left = client.leave(&group, "stranger", None);
    assert_eq!(error(left.error_code), None);
    assert_eq!(error(left.members[0].error_code), Some(E::UnknownMemberId));
    assert_eq!(client.heartbeat(&member), None, "the member is none the worse");
}

#[test]
fn a_group_that_does_not_exist_knows_nobody() {
    let mut client = connect();
    let group = client.group("nobody");
    let member = Member { group: group.clone(), id: "me".into(), instance: None, generation: 1 };
    assert_eq!(client.heartbeat(&member), Some(E::UnknownMemberId));
    assert_eq!(error(client.sync(&member, &[]).error_code), Some(E::UnknownMemberId));
    let joined = client.call(9, &join_request(&group, "me", None));
    assert_eq!(error(joined.error_code), Some(E::UnknownMemberId));
    let left = client.leave(&group, "me", None);
    assert_eq!(error(left.members[0].error_code), Some(E::UnknownMemberId));
}

#[test]
fn a_group_without_a_name_is_invalid() {
    let mut client = connect();
    client.group("nameless");
    let joined = client.call(9, &join_request("", "", None));
    assert_eq!(error(joined.error_code), Some(E::InvalidGroupId));
    let member = Member { group: String::new(), id: "me".into(), instance: None, generation: 1 };
    assert_eq!(client.heartbeat(&member), Some(E::InvalidGroupId));
    assert_eq!(error(client.sync(&member, &[]).error_code), Some(E::InvalidGroupId));
    assert_eq!(error(client.leave("", "me", None).error_code), Some(E::InvalidGroupId));
}

#[test]
fn session_timeouts_have_bounds() {
    let mut client = connect();
    let group = client.group("session");
    for timeout in [5_999, 0, -1, 1_800_001, i32::MAX] {
        let request = join_request(&group, "", None).with_session_timeout_ms(timeout);
        let joined = client.call(9, &request);
        assert_eq!(error(joined.error_code), Some(E::InvalidSessionTimeout), "{timeout}");
    }
}

#[test]
fn members_must_speak_one_protocol() {
    let mut client = connect();
    let group = client.group("protocols");
    let other = JoinGroupRequestProtocol::default().with_name(text("sticky"));
    let none = join_request(&group, "", None).with_protocols(vec![]);
    assert_eq!(error(client.call(3, &none).error_code), Some(E::InconsistentGroupProtocol));
    let typeless = join_request(&group, "", None).with_protocol_type(text(""));
    assert_eq!(error(client.call(3, &typeless).error_code), Some(E::InconsistentGroupProtocol));
    client.stable(&group);
    let sticky = join_request(&group, "", None).with_protocols(vec![other]);
    assert_eq!(error(client.call(9, &sticky).error_code), Some(E::InconsistentGroupProtocol));
    let connect = join_request(&group, "", None).with_protocol_type(text("connect"));
    assert_eq!(error(client.call(9, &connect).error_code), Some(E::InconsistentGroupProtocol));
}

#[test]
fn a_sync_for_another_protocol_is_inconsistent() {
    let mut client = connect();
    let group = client.group("sync-protocol");
    let member = client.join_new(&group);
    let request = sync_request(&member, &[]).with_protocol_name(Some(text("sticky")));
    assert_eq!(error(client.call(5, &request).error_code), Some(E::InconsistentGroupProtocol));
    let request = sync_request(&member, &[]).with_protocol_type(Some(text("connect")));
    assert_eq!(error(client.call(5, &request).error_code), Some(E::InconsistentGroupProtocol));
}

/// A member that says nothing for its session is removed, and the group goes on without it.
#[test]
fn a_silent_member_is_removed() {
    let mut client = connect();
    let group = client.group("silent");
    let id = client.member_id(&group);
    let request = join_request(&group, &id, None).with_session_timeout_ms(6_000);
    let silent = Member::of(&group, None, &client.call(9, &request));
    client.sync(&silent, &[(&silent.id, "share")]);
    // The join of another waits for the silent one, until that is given up.
    let mut other = client.again();
    let id = other.member_id(&group);
    let joined = other.call(9, &join_request(&group, &id, None));
    assert_eq!((error(joined.error_code), joined.generation_id), (None, 2));
    assert_eq!(joined.members.len(), 1);
    assert_eq!(client.heartbeat(&silent), Some(E::UnknownMemberId));
}

#[test]
fn several_members_leave_in_one_request() {
    let mut client = connect();
    let group = client.group("leave-many");
    let member = client.stable(&group);
    let who = |id: &str| MemberIdentity::default().with_member_id(text(id));
    let request = LeaveGroupRequest::default()
        .with_group_id(group_id(&group))
        .with_members(vec![who("stranger"), who(&member.id)]);
    let answer = client.call(4, &request);
    let codes: Vec<_> = answer.members.iter().map(|m| error(m.error_code)).collect();
    assert_eq!(codes, [Some(E::UnknownMemberId), None]);
}

#[test]
fn a_heartbeat_keeps_to_the_versions_it_has() {
    let mut client = connect();
    let group = client.group("heartbeats");
    let member = client.stable(&group);
    for version in 0..=4 {
        let request: HeartbeatRequest = heartbeat_request(&member);
        assert_eq!(error(client.call(version, &request).error_code), None, "v{version}");
    }
}
