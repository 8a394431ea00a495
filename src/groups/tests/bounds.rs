//! Who is let in, and on what protocol members agree.

use super::check;
use super::classic::{A_ALONE, check_after};

#[test]
fn session_timeouts_have_bounds() {
    check(&[
        ("0s join a session=5999", "a not joined: SessionTimeout"),
        ("0s join a session=1800001", "a not joined: SessionTimeout"),
        ("0s state", "Dead"),
    ]);
}

#[test]
fn members_must_have_a_protocol_in_common() {
    check_after(
        &A_ALONE,
        &[
            ("4s join b by=sticky", "b not joined: InconsistentProtocol"),
            ("4s join b type=connect", "b not joined: InconsistentProtocol"),
            ("4s join b by=", "b not joined: InconsistentProtocol"),
            ("4s join b v=3 by=sticky,range", ""),
            (
                "4s join a by=sticky,range",
                "a joined 2 by sticky, a-1 leads [a-1 b-5]; b joined 2 by sticky, a-1 leads",
            ),
        ],
    );
}

#[test]
fn the_protocol_with_the_most_votes_wins() {
    check(&[
        ("0s join a v=3 by=x,y", "saved"),
        ("0s join b v=3 by=y,x", ""),
        ("0s join c v=3 by=y,x,z", ""),
        (
            "6s",
            "a joined 1 by y, a-1 leads [a-1 b-2 c-3]; b joined 1 by y, a-1 leads; \
             c joined 1 by y, a-1 leads",
        ),
    ]);
}

#[test]
fn a_group_has_no_more_members_than_it_may() {
    check(&[
        ("0s join a v=3", "saved"),
        ("0s join b v=3", ""),
        ("0s join c v=3", ""),
        ("0s join d v=3", "d not joined: Full"),
        (
            "6s",
            "a joined 1 by range, a-1 leads [a-1 b-2 c-3]; b joined 1 by range, a-1 leads; \
             c joined 1 by range, a-1 leads",
        ),
        ("6s join d", "d not joined: Full"),
        ("6s join b", "b joined 1 by range, a-1 leads"),
    ]);
}

#[test]
fn ids_are_not_given_out_without_end() {
    check(&[
        ("0s join a", "a not joined: IdFirst; saved"),
        ("0s join b", "b not joined: IdFirst"),
        ("0s join c", "c not joined: IdFirst"),
        ("0s join d", "d not joined: Full"),
    ]);
}
