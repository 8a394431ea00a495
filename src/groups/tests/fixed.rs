//! Static members (KIP-345, KIP-814).

use super::check;

/// A and b are Stable in generation 1, with static names x and y.
const STABLE: [(&str, &str); 5] = [
    ("0s join a as=x", "saved"),
    ("0s join b as=y", ""),
    ("6s", "a joined 1 by range, x-1 leads [x-1 y-2]; b joined 1 by range, x-1 leads"),
    ("6s sync b", ""),
    ("6s sync a x-1:t0 y-2:t1", "a got 't0'; b got 't1'; saved"),
];

fn check_after(lines: &[(&str, &str)]) {
    check(&[&STABLE[..], lines].concat());
}

#[test]
fn a_static_member_comes_back_to_its_assignment_and_disturbs_nobody() {
    check_after(&[
        ("7s join b anew", "b joined 1 by range, x-1 leads; saved"),
        ("7s sync b", "b got 't1'"),
        ("7s beat a", "a lives"),
        ("7s restart", ""),
        ("7s beat b", "b lives"),
    ]);
}

#[test]
fn a_static_leader_that_comes_back_skips_the_assignment() {
    check_after(&[
        ("7s join a anew", "a joined 1 by range, x-3 leads [x-3 y-2] skips; saved"),
        ("7s sync a", "a got 't0'"),
    ]);
}

#[test]
fn below_v9_a_static_leader_that_comes_back_is_told_that_it_follows() {
    check_after(&[
        ("7s join a anew v=5", "a joined 1 by range, x-1 leads; saved"),
        ("7s sync a", "a got 't0'"),
    ]);
}

#[test]
fn the_one_that_was_replaced_is_fenced() {
    check_after(&[
        ("7s join c as=y", "c joined 1 by range, x-1 leads; saved"),
        ("7s beat b", "b FencedInstance"),
        ("7s sync b", "b not synced: FencedInstance"),
        ("7s join b", "b not joined: FencedInstance"),
        ("7s commit b t-0:5", "b not committed: FencedInstance"),
        ("7s leave b", "FencedInstance"),
        ("7s sync c", "c got 't1'"),
    ]);
}

#[test]
fn a_join_that_waits_under_the_old_id_is_fenced_at_once() {
    check_after(&[
        ("7s join b reads=u", ""),
        ("7s join c as=y reads=u", "b not joined: FencedInstance"),
        ("7s join a", "a joined 2 by range, x-1 leads [x-1 y-4]; c joined 2 by range, x-1 leads"),
    ]);
}

#[test]
fn a_sync_that_waits_under_the_old_id_is_fenced_and_the_rest_joins_anew() {
    check(&[
        STABLE[0],
        STABLE[1],
        STABLE[2],
        ("6s sync b", ""),
        ("6s join c as=y", "b not synced: FencedInstance"),
        ("6s sync a x-1:t0 y-2:t1", "a not synced: Rebalancing"),
        ("6s join a", "a joined 2 by range, x-1 leads [x-1 y-3]; c joined 2 by range, x-1 leads"),
    ]);
}

#[test]
fn a_replacement_that_changes_the_protocol_makes_all_join_anew() {
    check(&[
        ("0s join a as=x by=p,q", "saved"),
        ("0s join b as=y by=p,q", ""),
        ("6s", "a joined 1 by p, x-1 leads [x-1 y-2]; b joined 1 by p, x-1 leads"),
        ("6s sync b", ""),
        ("6s sync a", "a got ''; b got ''; saved"),
        ("6s join b anew by=q", ""),
        ("6s state", "PreparingRebalance"),
        ("6s join a by=p,q", "a joined 2 by q, x-1 leads [x-1 y-3]; b joined 2 by q, x-1 leads"),
    ]);
}

#[test]
fn static_members_are_waited_for_until_their_session_ends() {
    check_after(&[
        ("7s join c v=3 rebalance=1000 session=10000", ""),
        ("7s join a rebalance=1000", ""),
        ("8s leave as=z", "UnknownMember"),
        // B sends no heartbeats; its session ends at 16s.
        ("15.9s state", "PreparingRebalance"),
        ("16s", "c joined 2 by range, x-1 leads; a joined 2 by range, x-1 leads [c-3 x-1]"),
    ]);
}

#[test]
fn a_static_member_that_did_not_join_stays_in_the_next_generation() {
    check_after(&[
        ("7s join c v=3 rebalance=1000", ""),
        ("7s join a rebalance=1000", ""),
        ("15s beat b", "b Rebalancing"),
        ("24s beat b", "b Rebalancing"),
        ("33s beat b", "b Rebalancing"),
        ("42s beat b", "b Rebalancing"),
        ("51s beat b", "b Rebalancing"),
        ("60s beat b", "b Rebalancing"),
        ("67s", "c joined 2 by range, x-1 leads; a joined 2 by range, x-1 leads [c-3 x-1 y-2]"),
    ]);
}

#[test]
fn an_administrator_sends_static_members_away_by_name() {
    check_after(&[
        ("7s leave as=y as=z", "left UnknownMember"),
        ("7s state", "PreparingRebalance"),
        ("7s join a", "a joined 2 by range, x-1 leads [x-1]"),
    ]);
}
