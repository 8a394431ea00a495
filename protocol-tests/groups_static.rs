//! Static members (KIP-345): an instance keeps its place through a restart, and fences its
//! predecessor.

use crate::harness::{groups::*, *};
use kafka_protocol::messages::JoinGroupRequest;

/// A group with one static member that has its share.
fn stable(client: &mut Client, base: &str) -> Member {
    let group = client.group(base);
    let member = client.join_static(&group, "instance");
    let synced = client.sync(&member, &[(&member.id, "share")]);
    assert_eq!(error(synced.error_code), None, "{synced:?}");
    member
}

#[test]
fn a_static_member_joins_in_one_step() {
    for version in 5..=9 {
        let mut client = connect();
        let group = client.group("static-join");
        let joined = client.call(version, &join_request(&group, "", Some("instance")));
        assert_eq!((error(joined.error_code), joined.generation_id), (None, 1), "v{version}");
        assert!(joined.member_id.starts_with("instance-"), "{}", joined.member_id);
        assert_eq!(joined.members[0].group_instance_id, Some(text("instance")));
    }
}

/// Its replacement gets the share without a rebalance, under a new member id.
#[test]
fn a_restarted_instance_keeps_its_place() {
    let mut client = connect();
    let old = stable(&mut client, "static-restart");
    let joined = client.call(9, &join_request(&old.group, "", Some("instance")));
    assert_eq!((error(joined.error_code), joined.generation_id), (None, old.generation));
    assert_ne!(&*joined.member_id, old.id);
    // It leads, and is told to leave the shares as they are (KIP-814).
    assert_eq!((joined.leader.clone(), joined.skip_assignment), (joined.member_id.clone(), true));
    let new = Member::of(&old.group, Some("instance"), &joined);
    let synced = client.sync(&new, &[]);
    assert_eq!((error(synced.error_code), &synced.assignment[..]), (None, &b"share"[..]));
    assert_eq!(client.heartbeat(&new), None);
}

#[test]
fn a_restarted_instance_fences_the_old_one() {
    let mut client = connect();
    let old = stable(&mut client, "static-fence");
    client.call(9, &join_request(&old.group, "", Some("instance")));
    assert_eq!(client.heartbeat(&old), Some(E::FencedInstanceId));
    assert_eq!(error(client.sync(&old, &[]).error_code), Some(E::FencedInstanceId));
    let joined = client.call(9, &join_request(&old.group, &old.id, Some("instance")));
    assert_eq!(error(joined.error_code), Some(E::FencedInstanceId));
    let left = client.leave(&old.group, &old.id, Some("instance"));
    assert_eq!(error(left.members[0].error_code), Some(E::FencedInstanceId));
    let topic = client.topic("static-fence", 1);
    let request = commit_request(&old.group, &topic, 5)
        .with_member_id(text(&old.id))
        .with_generation_id_or_member_epoch(old.generation)
        .with_group_instance_id(Some(text("instance")));
    let answer = client.call(8, &request);
    let code = error(answer.topics[0].partitions[0].error_code);
    assert_eq!(code, Some(E::FencedInstanceId));
}

/// A join that waits is given up when the same instance joins again elsewhere.
#[test]
fn a_waiting_join_is_fenced_by_the_same_instance() {
    let mut client = connect();
    let group = client.group("static-waiting");
    let mut holder = client.again();
    holder.stable(&group);
    let mut one = client.again();
    let waiting = one.send(9, &join_request(&group, "", Some("instance")));
    // Both requests go to the same group; the second is sent once the first is surely there.
    let mut two = client.again();
    eventually("the group rebalances", || {
        let asked = kafka_protocol::messages::DescribeGroupsRequest::default()
            .with_groups(vec![group_id(&group)]);
        let described = two.call(5, &asked).groups.remove(0);
        (described.members.len() == 2).then_some(())
    });
    let _second = two.send(9, &join_request(&group, "", Some("instance")));
    let fenced = one.receive::<JoinGroupRequest>(9, waiting);
    assert_eq!(error(fenced.error_code), Some(E::FencedInstanceId));
}

#[test]
fn an_instance_leaves_by_its_name() {
    let mut client = connect();
    let member = stable(&mut client, "static-leave");
    let left = client.leave(&member.group, "", Some("instance"));
    assert_eq!((error(left.error_code), error(left.members[0].error_code)), (None, None));
    assert_eq!(left.members[0].group_instance_id, Some(text("instance")));
    let again = client.leave(&member.group, "", Some("instance"));
    assert_eq!(error(again.members[0].error_code), Some(E::UnknownMemberId));
}

#[test]
fn an_unknown_instance_is_an_unknown_member() {
    let mut client = connect();
    let member = stable(&mut client, "static-unknown");
    let other = Member { instance: Some("other".into()), ..member.clone() };
    assert_eq!(client.heartbeat(&other), Some(E::UnknownMemberId));
    assert_eq!(error(client.sync(&other, &[]).error_code), Some(E::UnknownMemberId));
    assert_eq!(client.heartbeat(&member), None);
}

#[test]
fn a_changed_subscription_of_a_restarted_instance_rebalances() {
    let mut client = connect();
    let old = stable(&mut client, "static-changed");
    let mut request = join_request(&old.group, "", Some("instance"));
    // The one it shares with the group's members so far is no longer its first choice.
    let sticky = request.protocols[0].clone().with_name(text("sticky"));
    request.protocols.insert(0, sticky);
    let joined = client.call(9, &request);
    assert_eq!(error(joined.error_code), None);
    assert_eq!((joined.generation_id, joined.protocol_name), (2, Some(text("sticky"))));
}
