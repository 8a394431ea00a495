//! Classic groups while they rebalance: who joins, leaves, dies or dawdles in the middle of it.

use crate::harness::{groups::*, *};
use kafka_protocol::messages::{DescribeGroupsRequest, JoinGroupRequest, SyncGroupRequest};

/// Short enough to wait for, long enough for a busy machine.
const REBALANCE_TIMEOUT_MS: i32 = 3_000;

fn hasty(group: &str, member: &str) -> JoinGroupRequest {
    join_request(group, member, None).with_rebalance_timeout_ms(REBALANCE_TIMEOUT_MS)
}

/// Waits until the group is in this state with so many members.
fn reaches(client: &mut Client, group: &str, state: &str, members: usize) {
    let asked = DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
    eventually(&format!("{state} with {members} members"), || {
        let found = client.call(5, &asked).groups.remove(0);
        (&*found.group_state == state && found.members.len() == members).then_some(())
    });
}

#[test]
fn one_who_joins_between_join_and_sync_starts_over() {
    let mut one = connect();
    let group = one.group("between");
    let first = one.join_new(&group);
    let mut two = one.again();
    let id = two.member_id(&group);
    let waiting = two.send(9, &join_request(&group, &id, None));
    reaches(&mut one, &group, "PreparingRebalance", 2);
    let synced = one.sync(&first, &[(&first.id, "late")]);
    assert_eq!(error(synced.error_code), Some(E::RebalanceInProgress));
    let again = one.call(9, &join_request(&group, &first.id, None));
    let joined = two.receive::<JoinGroupRequest>(9, waiting);
    assert_eq!((again.generation_id, joined.generation_id), (2, 2));
    assert_eq!((error(again.error_code), error(joined.error_code)), (None, None));
}

/// A follower's sync that waits is answered when the group starts over.
#[test]
fn a_sync_that_waits_is_told_of_the_next_rebalance() {
    let mut one = connect();
    let group = one.group("sync-waits");
    let first = one.stable(&group);
    let mut two = one.again();
    let id = two.member_id(&group);
    let waiting = two.send(9, &join_request(&group, &id, None));
    reaches(&mut one, &group, "PreparingRebalance", 2);
    one.call(9, &join_request(&group, &first.id, None));
    let second = Member::of(&group, None, &two.receive::<JoinGroupRequest>(9, waiting));
    let waiting = two.send(5, &sync_request(&second, &[]));
    // The leader asks to join again instead of sharing out.
    let mut three = one.again();
    let third = three.member_id(&group);
    let joining = three.send(9, &join_request(&group, &third, None));
    let synced = two.receive::<SyncGroupRequest>(5, waiting);
    assert_eq!(error(synced.error_code), Some(E::RebalanceInProgress));
    let first = one.send(9, &join_request(&group, &first.id, None));
    let second = two.send(9, &join_request(&group, &second.id, None));
    let generations = [
        one.receive::<JoinGroupRequest>(9, first).generation_id,
        two.receive::<JoinGroupRequest>(9, second).generation_id,
        three.receive::<JoinGroupRequest>(9, joining).generation_id,
    ];
    assert_eq!(generations, [3, 3, 3]);
}

#[test]
fn a_member_that_leaves_while_its_join_waits_is_answered_once() {
    let mut one = connect();
    let group = one.group("leave-waiting");
    one.stable(&group);
    let mut two = one.again();
    let id = two.member_id(&group);
    let waiting = two.send(9, &join_request(&group, &id, None));
    reaches(&mut one, &group, "PreparingRebalance", 2);
    let left = one.leave(&group, &id, None);
    assert_eq!(error(left.members[0].error_code), None);
    let joined = two.receive::<JoinGroupRequest>(9, waiting);
    assert_eq!(error(joined.error_code), Some(E::UnknownMemberId));
    assert_eq!(two.metadata(12, &[]).brokers.len(), 1, "and nothing else comes");
}

/// Who does not come back in time is removed; the others go on.
#[test]
fn a_member_that_does_not_join_again_in_time_is_removed() {
    let mut one = connect();
    let group = one.group("dawdler");
    let id = one.member_id(&group);
    let first = Member::of(&group, None, &one.call(9, &hasty(&group, &id)));
    one.sync(&first, &[(&first.id, "share")]);
    let mut two = one.again();
    let id = two.member_id(&group);
    let joined = two.call(9, &hasty(&group, &id));
    assert_eq!((error(joined.error_code), joined.members.len()), (None, 1));
    assert_eq!((joined.generation_id, &*joined.leader), (2, id.as_str()));
    assert_eq!(one.heartbeat(&first), Some(E::UnknownMemberId));
}

/// The leader that never shares out is removed like one that never came.
#[test]
fn a_leader_that_does_not_sync_in_time_is_removed() {
    let mut one = connect();
    let group = one.group("lazy-leader");
    let mut two = one.again();
    let (first, second) = (one.member_id(&group), two.member_id(&group));
    let a = one.send(9, &hasty(&group, &first));
    let b = two.send(9, &hasty(&group, &second));
    let joined = [one.receive::<JoinGroupRequest>(9, a), two.receive::<JoinGroupRequest>(9, b)];
    assert_eq!(joined[0].generation_id, joined[1].generation_id);
    let leads = usize::from(joined[1].leader == joined[1].member_id);
    let mut clients = [one, two];
    let follower = Member::of(&group, None, &joined[1 - leads]);
    let synced = clients[1 - leads].sync(&follower, &[]);
    assert_eq!(error(synced.error_code), Some(E::RebalanceInProgress));
    let leader = Member::of(&group, None, &joined[leads]);
    let again = clients[1 - leads].call(9, &hasty(&group, &follower.id));
    assert_eq!((error(again.error_code), again.members.len()), (None, 1));
    assert_eq!(clients[leads].heartbeat(&leader), Some(E::UnknownMemberId));
}

#[test]
fn a_connection_that_closes_while_its_join_waits_holds_up_nobody() {
    let mut one = connect();
    let group = one.group("closed-waiting");
    let first = one.stable(&group);
    let mut two = one.again();
    let id = two.member_id(&group);
    two.send(9, &join_request(&group, &id, None));
    reaches(&mut one, &group, "PreparingRebalance", 2);
    drop(two);
    let again = one.call(9, &join_request(&group, &first.id, None));
    assert_eq!((error(again.error_code), again.generation_id), (None, 2));
    assert_eq!(again.members.len(), 2, "its session runs on without a connection");
}

/// A share for a member that is gone, and none for one that is there.
#[test]
fn shares_that_do_not_fit_the_members_are_taken_as_far_as_they_do() {
    let mut client = connect();
    let group = client.group("misfit");
    let member = client.join_new(&group);
    let synced = client.sync(&member, &[("stranger", "lost")]);
    assert_eq!((error(synced.error_code), synced.assignment.len()), (None, 0));
    assert_eq!(client.heartbeat(&member), None);
}

#[test]
fn ten_that_join_at_once_make_one_generation() {
    let mut client = connect();
    let group = client.group("ten");
    let mut members: Vec<_> = (0..10)
        .map(|_| {
            let mut one = client.again();
            let id = one.member_id(&group);
            (one, id)
        })
        .collect();
    let mut generation = Vec::new();
    // Members that arrive late start the group over, so all join until they agree.
    eventually("one generation of ten", || {
        let sent: Vec<_> = members
            .iter_mut()
            .map(|(one, id)| one.send(9, &join_request(&group, id, None)))
            .collect();
        generation = members
            .iter_mut()
            .zip(sent)
            .map(|((one, _), sent)| one.receive::<JoinGroupRequest>(9, sent))
            .collect::<Vec<_>>();
        assert!(generation.iter().all(|j| j.error_code == 0), "{generation:?}");
        let same = generation.iter().all(|j| j.generation_id == generation[0].generation_id);
        same.then_some(())
    });
    let led: Vec<_> = generation.iter().filter(|j| j.leader == j.member_id).collect();
    assert_eq!((led.len(), led[0].members.len()), (1, 10));
}
