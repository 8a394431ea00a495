//! Commits, their deletion and their retention.

use super::check;

/// A reads topic t, Stable in generation 1.
const READING: [(&str, &str); 3] = [
    ("0s join a v=3", "saved"),
    ("3s", "a joined 1 by range, a-1 leads [a-1]"),
    ("3s sync a", "a got ''; saved"),
];

fn check_after(lines: &[(&str, &str)]) {
    check(&[&READING[..], lines].concat());
}

#[test]
fn who_uses_no_membership_commits_to_a_group_without_members() {
    check(&[
        ("0s commit - t-0:5 u-1:7", "committed committed; offsets"),
        ("0s state", "Empty"),
        ("0s restart", ""),
        ("0s offsets", "t-0:5; u-1:7"),
        ("0s state", "Empty"),
        ("0s commit - t-0:3", "committed; offsets"),
        ("0s offsets", "t-0:3; u-1:7"),
    ]);
}

#[test]
fn a_generation_of_a_group_that_does_not_exist_is_refused() {
    check(&[
        ("0s commit a gen=1 id=x t-0:5", "a not committed: NoSuchGeneration"),
        ("0s state", "Dead"),
    ]);
}

#[test]
fn members_commit_in_their_generation_only() {
    check_after(&[
        ("4s commit a t-0:5", "a committed; offsets"),
        ("4s commit a gen=0 t-0:6", "a not committed: OtherGeneration"),
        ("4s commit a id=x t-0:6", "a not committed: UnknownMember"),
        ("4s commit - t-0:6", "not committed: UnknownMember"),
        ("4s offsets", "t-0:5"),
    ]);
}

#[test]
fn a_commit_is_a_sign_of_life() {
    check_after(&[("12s commit a t-0:5", "a committed; offsets"), ("21s beat a", "a lives")]);
}

#[test]
fn a_rebalance_that_begins_lets_members_commit_and_one_that_ends_does_not() {
    check_after(&[
        ("4s join b v=3", ""),
        ("4s commit a t-0:5", "a committed; offsets"),
        ("4s join a", "a joined 2 by range, a-1 leads [a-1 b-2]; b joined 2 by range, a-1 leads"),
        ("4s commit a t-0:6", "a not committed: Rebalancing"),
        ("4s sync a", "a got ''; saved"),
        ("4s commit a t-0:6", "a committed; offsets"),
    ]);
}

#[test]
fn a_note_that_is_too_long_fails_its_partition_only() {
    check(&[
        ("0s commit - t-0:5 note=12345678", "committed; offsets"),
        ("0s commit - t-0:6 note=123456789", "MetadataTooLarge"),
        // Eight letters, though more bytes: Kafka counts letters.
        ("0s commit - t-0:7 note=äääääääö", "committed; offsets"),
        ("0s offsets", "t-0:7"),
    ]);
}

#[test]
fn offsets_of_topics_that_members_read_are_not_deleted() {
    check_after(&[
        ("4s commit a t-0:5 u-0:6", "a committed committed; offsets"),
        ("4s forget t-0 u-0 u-9", "Subscribed forgot forgot; offsets"),
        ("4s offsets", "t-0:5"),
        ("5s leave a", "left; saved"),
        ("5s forget t-0", "forgot; offsets"),
        ("5s offsets", ""),
    ]);
}

#[test]
fn what_consumers_read_that_cannot_be_understood_counts_as_everything() {
    check(&[
        ("0s join a v=3 reads=?", "saved"),
        ("3s", "a joined 1 by range, a-1 leads [a-1]"),
        ("3s sync a", "a got ''; saved"),
        ("3s commit a t-0:5", "a committed; offsets"),
        ("3s forget t-0", "Subscribed"),
    ]);
}

#[test]
fn offsets_of_other_kinds_of_groups_are_deleted_when_they_are_empty_only() {
    check(&[
        ("0s join a v=3 type=connect", "saved"),
        ("3s", "a joined 1 by range, a-1 leads [a-1]"),
        ("3s sync a", "a got ''; saved"),
        ("3s commit a t-0:5", "a committed; offsets"),
        ("3s forget t-0", "not forgotten: NotEmpty"),
        ("4s leave a", "left; saved"),
        ("4s forget t-0", "forgot; offsets"),
    ]);
}

#[test]
fn deleting_a_group_deletes_its_offsets() {
    check(&[
        ("0s commit - t-0:5", "committed; offsets"),
        ("0s delete", "deleted; offsets; erased"),
        ("0s restart", ""),
        ("0s state", "Dead"),
        ("0s offsets", ""),
    ]);
}

#[test]
fn a_deleted_topic_takes_its_offsets_along() {
    check(&[
        ("0s commit - t-0:5 t-1:6 u-0:7", "committed committed committed; offsets"),
        ("0s topic-deleted t", "offsets"),
        ("0s offsets", "u-0:7"),
    ]);
}

#[test]
fn offsets_of_a_group_without_membership_expire_by_their_commit() {
    check(&[
        ("0s commit - t-0:5", "committed; offsets"),
        ("1000s commit - u-0:6", "committed; offsets"),
        ("3599s expire", ""),
        ("3600s expire", "offsets"),
        ("3600s offsets", "u-0:6"),
        ("4600s expire", "offsets; erased"),
        ("4600s state", "Dead"),
    ]);
}

#[test]
fn offsets_of_a_group_whose_members_left_expire_from_then_on() {
    check_after(&[
        ("4s commit a t-0:5", "a committed; offsets"),
        ("5s leave a", "left; saved"),
        ("3604s expire", ""),
        ("3604s restart", ""),
        ("3604s expire", ""),
        ("3605s expire", "offsets; erased"),
    ]);
}

#[test]
fn offsets_of_topics_that_members_read_do_not_expire() {
    check(&[
        ("0s join a v=3 session=1800000", "saved"),
        ("3s", "a joined 1 by range, a-1 leads [a-1]"),
        ("3s sync a", "a got ''; saved"),
        ("4s commit a t-0:5 u-0:6", "a committed committed; offsets"),
        ("1500s beat a", "a lives"),
        ("3000s beat a", "a lives"),
        ("4500s expire", "offsets"),
        ("4500s offsets", "t-0:5"),
    ]);
}

#[test]
fn a_client_may_say_how_long_its_offsets_are_kept() {
    check(&[
        ("0s commit - keep=1000 t-0:5", "committed; offsets"),
        ("0.9s expire", ""),
        ("1s restart", ""),
        ("1s expire", "offsets; erased"),
    ]);
}
