//! The classic protocol, for members without a static name.

use super::check;

#[test]
fn a_member_comes_back_with_the_id_it_is_given() {
    check(&[
        ("0s join a", "a not joined: IdFirst; saved"),
        ("0s state", "Empty"),
        ("0s join a", ""),
        ("0s state", "PreparingRebalance"),
        ("3s", "a joined 1 by range, a-1 leads [a-1]"),
        ("3s sync a a-1:t0", "a got 't0'; saved"),
        ("3s beat a", "a lives"),
        ("3s state", "Stable"),
    ]);
}

#[test]
fn a_client_below_v4_is_a_member_at_once() {
    check(&[("0s join a v=3", "saved"), ("3s", "a joined 1 by range, a-1 leads [a-1]")]);
}

#[test]
fn an_id_that_nobody_comes_back_with_ends() {
    check(&[
        ("0s join a", "a not joined: IdFirst; saved"),
        ("10s", ""),
        ("10s join a", "a not joined: UnknownMember"),
        ("10s expire", "erased"),
        ("10s state", "Dead"),
    ]);
}

#[test]
fn two_that_join_at_once_are_in_one_generation() {
    check(&[
        ("0s join a", "a not joined: IdFirst; saved"),
        ("0s join b", "b not joined: IdFirst"),
        ("0s join b", ""),
        ("0s join a", ""),
        ("3s", ""),
        ("6s", "a joined 1 by range, b-2 leads; b joined 1 by range, b-2 leads [a-1 b-2]"),
        ("6s sync a", ""),
        ("6s sync b a-1:t0 b-2:t1", "a got 't0'; b got 't1'; saved"),
    ]);
}

#[test]
fn the_first_rebalance_waits_longer_while_members_come_but_not_for_ever() {
    check(&[
        ("0s join a v=3 rebalance=7000", "saved"),
        ("2s join b v=3 rebalance=7000", ""),
        ("5s join c v=3 rebalance=7000", ""),
        ("6.9s", ""),
        (
            "7s",
            "a joined 1 by range, a-1 leads [a-1 b-2 c-3]; b joined 1 by range, a-1 leads; \
             c joined 1 by range, a-1 leads",
        ),
    ]);
}

/// A is Stable alone in generation 1.
pub(super) const A_ALONE: [(&str, &str); 3] = [
    ("0s join a v=3", "saved"),
    ("3s", "a joined 1 by range, a-1 leads [a-1]"),
    ("3s sync a a-1:all", "a got 'all'; saved"),
];

pub(super) fn check_after(before: &[(&str, &str)], lines: &[(&str, &str)]) {
    check(&[before, lines].concat());
}

#[test]
fn a_newcomer_makes_members_join_anew() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b", "b not joined: IdFirst"),
            ("4s beat a", "a lives"),
            ("4s join b", ""),
            ("5s beat a", "a Rebalancing"),
            (
                "5s join a",
                "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads",
            ),
            ("5s sync b", ""),
            ("5s sync a a-1:t0 b-2:t1", "a got 't0'; b got 't1'; saved"),
        ],
    );
}

#[test]
fn a_join_while_the_leader_assigns_is_not_lost_and_causes_one_rebalance() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b v=3", ""),
            (
                "4s join a",
                "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads",
            ),
            ("4s sync b", ""),
            ("4s join c v=3", "b not synced: Rebalancing"),
            ("4s sync a a-1:t0 b-2:t1", "a not synced: Rebalancing"),
            ("4s join b", ""),
            (
                "4s join a",
                "a joined 3 by range, a-1 leads [a-1 b-2 c-4]; b joined 3 by range, a-1 leads; \
                 c joined 3 by range, a-1 leads",
            ),
        ],
    );
}

#[test]
fn a_join_that_is_sent_again_gets_the_same_place() {
    check_after(
        &A_ALONE[..2],
        &[
            ("3s join a", "a joined 1 by range, a-1 leads [a-1]"),
            ("3s sync a a-1:all", "a got 'all'; saved"),
            ("3s sync a", "a got 'all'"),
        ],
    );
}

#[test]
fn a_follower_that_joins_again_with_the_same_metadata_disturbs_nobody() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b v=3", ""),
            (
                "4s join a",
                "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads",
            ),
            ("4s sync a a-1:t0 b-2:t1", "a got 't0'; saved"),
            ("4s join b", "b joined 2 by range, a-1 leads"),
            ("4s sync b", "b got 't1'"),
            ("4s join b reads=u", ""),
            ("4s state", "PreparingRebalance"),
        ],
    );
}

#[test]
fn a_leader_that_joins_again_starts_a_rebalance() {
    check_after(&A_ALONE, &[("4s join a", "a joined 2 by range, a-1 leads [a-1]")]);
}

#[test]
fn a_silent_member_is_removed_at_its_deadline() {
    check_after(
        &A_ALONE,
        &[
            ("12s beat a", "a lives"),
            ("21.9s state", "Stable"),
            ("22s", "saved"),
            ("22s state", "Empty"),
            ("22s beat a", "a UnknownMember"),
        ],
    );
}

#[test]
fn a_member_that_waits_is_not_silent() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b v=3 session=6000", ""),
            (
                "4s join a",
                "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads",
            ),
            ("4s sync b", ""),
            ("13s beat a", "a lives"),
            ("13s sync a b-2:t1", "a got ''; b got 't1'; saved"),
        ],
    );
}

#[test]
fn who_does_not_join_in_time_is_out() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b v=3 rebalance=5000", ""),
            ("9s beat a", "a Rebalancing"),
            ("18s beat a", "a Rebalancing"),
            ("27s beat a", "a Rebalancing"),
            ("36s beat a", "a Rebalancing"),
            ("45s beat a", "a Rebalancing"),
            ("54s beat a", "a Rebalancing"),
            ("63s beat a", "a Rebalancing"),
            ("64s", "b joined 2 by range, b-2 leads [b-2]"),
            ("64s join a", "a not joined: UnknownMember"),
        ],
    );
}

#[test]
fn who_does_not_sync_in_time_is_out() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b v=3 rebalance=5000 session=100000", ""),
            (
                "4s join a rebalance=5000",
                "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads",
            ),
            ("4s sync a a-1:t0 b-2:t1", "a got 't0'; saved"),
            ("8.9s beat a", "a lives"),
            ("9s beat a", "a Rebalancing"),
            ("9s beat b", "b UnknownMember"),
        ],
    );
}

#[test]
fn a_new_member_whose_client_is_gone_does_not_wait_for_ever() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b v=3 rebalance=1000000", ""),
            (
                "4s join a rebalance=1000000 session=1000000",
                "a joined 2 by range, a-1 leads [a-1 b-2]; \
             b joined 2 by range, a-1 leads",
            ),
            ("4s sync b", ""),
            ("4s sync a", "a got ''; b got ''; saved"),
            ("5s join c v=3 rebalance=1000000 session=6000", ""),
            ("6s beat b", "b Rebalancing"),
            ("16s", ""),
            ("304s beat a", "a Rebalancing"),
            ("305s", "c not joined: UnknownMember"),
            ("305s state", "PreparingRebalance"),
        ],
    );
}

#[test]
fn the_last_one_to_leave_empties_the_group() {
    check_after(
        &A_ALONE,
        &[
            ("4s leave a", "left; saved"),
            ("4s state", "Empty"),
            ("4s leave a", "UnknownMember"),
            ("4s expire", "erased"),
            ("4s leave a", "UnknownMember"),
        ],
    );
}

#[test]
fn who_leaves_while_its_join_waits_is_answered() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b", "b not joined: IdFirst"),
            ("4s join b", ""),
            ("4s leave b", "b not joined: UnknownMember; left"),
            ("5s join a", "a joined 2 by range, a-1 leads [a-1]"),
        ],
    );
}

#[test]
fn a_second_join_of_a_member_replaces_the_first() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b", "b not joined: IdFirst"),
            ("4s join b", ""),
            ("4s join b", "b not joined: Rebalancing"),
            (
                "4s join a",
                "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads",
            ),
        ],
    );
}

#[test]
fn old_generations_and_strangers_are_refused() {
    check_after(
        &A_ALONE,
        &[
            ("4s beat a gen=0", "a OtherGeneration"),
            ("4s beat a gen=2", "a OtherGeneration"),
            ("4s beat a id=x", "a UnknownMember"),
            ("4s sync a gen=0", "a not synced: OtherGeneration"),
            ("4s sync a id=x", "a not synced: UnknownMember"),
            ("4s sync a type=connect", "a not synced: InconsistentProtocol"),
            ("4s sync a by=other", "a not synced: InconsistentProtocol"),
            ("4s sync a type=consumer by=range", "a got 'all'"),
            ("4s join b id=x", "b not joined: UnknownMember"),
        ],
    );
}

#[test]
fn nothing_is_known_of_a_group_that_does_not_exist() {
    check(&[
        ("0s join a id=x", "a not joined: UnknownMember"),
        ("0s sync a", "a not synced: UnknownMember"),
        ("0s beat a", "a UnknownMember"),
        ("0s leave a", "UnknownMember"),
        ("0s delete", "not deleted: NoSuchGroup"),
        ("0s forget t-0", "not forgotten: NoSuchGroup"),
        ("0s state", "Dead"),
    ]);
}

#[test]
fn a_group_with_members_is_not_deleted() {
    check_after(
        &A_ALONE,
        &[
            ("3s delete", "not deleted: NotEmpty"),
            ("4s leave a", "left; saved"),
            ("4s delete", "deleted; erased"),
            ("4s state", "Dead"),
        ],
    );
}

#[test]
fn after_a_restart_members_just_go_on() {
    check_after(
        &A_ALONE,
        &[
            ("12s restart", ""),
            ("12s state", "Stable"),
            ("21s beat a", "a lives"),
            ("21s sync a", "a got 'all'"),
            ("31s", "saved"),
            ("31s state", "Empty"),
            ("31s restart", ""),
            ("31s state", "Empty"),
        ],
    );
}

#[test]
fn a_rebalance_that_a_crash_interrupts_begins_again_from_the_last_assignment() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b", "b not joined: IdFirst"),
            ("4s join b", ""),
            ("4s restart", ""),
            ("4s state", "Stable"),
            ("4s join b", "b not joined: UnknownMember"),
            ("5s beat a", "a lives"),
        ],
    );
}

#[test]
fn when_the_store_fails_whoever_waits_is_told() {
    check_after(
        &A_ALONE,
        &[("4s join b v=3", ""), ("4s fail", "b not joined: StoreFailed"), ("1000s", "")],
    );
}
