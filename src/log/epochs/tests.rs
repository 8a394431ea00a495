//! Epochs as followers and consumers ask for them.

use crate::log::epochs::{EpochHistory, EpochStart};

fn history(entries: &[(i32, i64)]) -> EpochHistory {
    let entries = entries.iter().map(|&(epoch, start)| EpochStart { epoch, start }).collect();
    EpochHistory::restore(entries).expect("ascending")
}

#[test]
fn an_epoch_begins_once_and_drops_what_wrote_nothing() {
    let mut epochs = history(&[(1, 0), (4, 10)]);
    epochs.begin(4, 10);
    assert_eq!(epochs, history(&[(1, 0), (4, 10)]));
    epochs.begin(4, 20);
    assert_eq!(epochs, history(&[(1, 0), (4, 10)]));
    epochs.begin(6, 10);
    assert_eq!(epochs, history(&[(1, 0), (6, 10)]));
    epochs.begin(7, 0);
    assert_eq!(epochs, history(&[(7, 0)]));
}

#[test]
fn every_offset_has_the_epoch_that_wrote_it() {
    let epochs = history(&[(2, 5), (3, 10), (8, 30)]);
    let check = |offset, epoch| assert_eq!(epochs.at(offset), Some(epoch), "{offset}");
    for (offset, epoch) in [(0, 2), (5, 2), (9, 2), (10, 3), (29, 3), (30, 8), (i64::MAX, 8)] {
        check(offset, epoch);
    }
    assert_eq!(EpochHistory::default().at(3), None);
}

#[test]
fn the_end_of_an_epoch_is_the_start_of_the_next_known_one() {
    let epochs = history(&[(2, 5), (3, 10), (8, 30)]);
    let check = |epoch, end| assert_eq!(epochs.end_of(epoch, 44), end, "epoch {epoch}");
    check(-1, None);
    check(0, Some((0, 5)));
    check(2, Some((2, 10)));
    check(3, Some((3, 30)));
    check(5, Some((3, 30)));
    check(8, Some((8, 44)));
    check(9, None);
}

#[test]
fn a_trim_keeps_the_epoch_that_holds_the_new_start() {
    let trimmed = |start| {
        let mut epochs = history(&[(2, 5), (3, 10), (8, 30)]);
        epochs.trim(start);
        epochs
    };
    assert_eq!(trimmed(3), history(&[(2, 5), (3, 10), (8, 30)]));
    assert_eq!(trimmed(7), history(&[(2, 7), (3, 10), (8, 30)]));
    assert_eq!(trimmed(10), history(&[(3, 10), (8, 30)]));
    assert_eq!(trimmed(99), history(&[(8, 99)]));
}

#[test]
fn a_history_out_of_order_is_not_believed() {
    let restored = |entries: &[(i32, i64)]| {
        let entries = entries.iter().map(|&(epoch, start)| EpochStart { epoch, start });
        EpochHistory::restore(entries.collect()).is_some()
    };
    assert!(restored(&[]));
    assert!(restored(&[(1, 0), (2, 1)]));
    assert!(!restored(&[(2, 0), (1, 1)]));
    assert!(!restored(&[(1, 5), (2, 5)]));
}
