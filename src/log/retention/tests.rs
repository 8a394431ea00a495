//! What goes and what stays.

use std::time::Duration;

use crate::base::Now;
use crate::log::retention::{
    Answers, LogFacts, Questions, RetentionRules, YoungEnough, new_start, questions,
};

const NOW: Now = Now { tick: Duration::ZERO, wall_ms: 10_000 };
const LOG: LogFacts =
    LogFacts { log_start: 100, high_watermark: 200, has_timestamps: true, bytes: 5_000 };

fn asked(retention_ms: i64, retention_bytes: i64, log: LogFacts) -> Questions {
    questions(NOW, RetentionRules { retention_ms, retention_bytes }, log)
}

#[test]
fn only_what_can_matter_is_asked() {
    let young = |at_ms| Some(YoungEnough { from: 100, at_ms });
    assert_eq!(asked(-1, -1, LOG), Questions::default());
    assert_eq!(asked(1_000, -1, LOG), Questions { time: young(9_000), keep_bytes: None });
    assert_eq!(asked(-1, 4_999, LOG), Questions { time: None, keep_bytes: Some(4_999) });
    assert_eq!(asked(-1, 5_000, LOG), Questions::default());
    assert_eq!(asked(i64::MAX, 0, LOG).time, young(10_000 - i64::MAX));
    let empty = LogFacts { log_start: 200, ..LOG };
    assert_eq!(asked(0, 0, empty), Questions::default());
    let timeless = LogFacts { has_timestamps: false, ..LOG };
    assert_eq!(asked(0, -1, timeless), Questions::default());
}

#[test]
fn the_stricter_rule_wins_and_nothing_beyond_the_high_watermark_goes() {
    let both = asked(1_000, 1_000, LOG);
    let start = |time, size| new_start(LOG, both, Answers { time, size });
    assert_eq!(start(Some(100), Some(100)), None);
    assert_eq!(start(Some(150), Some(120)), Some(150));
    assert_eq!(start(Some(110), Some(120)), Some(120));
    assert_eq!(start(None, Some(120)), Some(200), "nothing is young enough");
    assert_eq!(start(Some(900), Some(120)), Some(200), "young enough is not durable yet");
    assert_eq!(start(Some(50), None), None);
}

#[test]
fn what_was_not_asked_decides_nothing() {
    let answers = Answers { time: None, size: Some(150) };
    assert_eq!(new_start(LOG, Questions::default(), answers), None);
    assert_eq!(new_start(LOG, asked(-1, 10, LOG), answers), Some(150));
}
