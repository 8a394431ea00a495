//! What is too old or too much: a plan of questions to the store, and the new log start.
//!
//! ```text
//!   questions(now, rules, log) --> ask the store (find_time, find_size) --> new_start(answers)
//! ```
//! Kafka deletes whole segments and so keeps up to a segment more; here the grain is a batch, or
//! what the engine's index knows. Neither deletes what is not durable or still young enough.
//! A log without a single timestamp is not deleted by time: Kafka goes by its files' dates.

use crate::base::{Now, Offset};

/// `retention.ms` and `retention.bytes`; negative for "no limit".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionRules {
    /// Records older than this go.
    pub retention_ms: i64,
    /// What is beyond this size goes, oldest first.
    pub retention_bytes: i64,
}

/// What a plan needs to know of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFacts {
    /// Where it starts.
    pub log_start: Offset,
    /// How far it may be deleted.
    pub high_watermark: Offset,
    /// Whether any record is known to have a timestamp.
    pub has_timestamps: bool,
    /// Its size in bytes, from its start.
    pub bytes: u64,
}

/// What to ask the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// `find_time(log, from, at_ms)`: the first batch that is young enough.
    pub time: Option<YoungEnough>,
    /// `find_size(log, keep_bytes)`: the first batch within the size.
    pub keep_bytes: Option<u64>,
}

/// Records at `from` or after it that are not older than `at_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YoungEnough {
    /// Where to look from.
    pub from: Offset,
    /// The oldest timestamp that stays.
    pub at_ms: i64,
}

/// What the store answered; `None` also for what was not asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Base offset of the first batch that is young enough; `None` when all are too old.
    pub time: Option<Offset>,
    /// Base offset of the first batch within the size.
    pub size: Option<Offset>,
}

/// What must be known to decide; nothing when nothing can go.
pub fn questions(now: Now, rules: RetentionRules, log: LogFacts) -> Questions {
    if log.log_start >= log.high_watermark {
        return Questions::default();
    }
    let time = (rules.retention_ms >= 0 && log.has_timestamps).then(|| YoungEnough {
        from: log.log_start,
        at_ms: now.wall_ms.saturating_sub(rules.retention_ms),
    });
    let keep_bytes = u64::try_from(rules.retention_bytes).ok().filter(|keep| log.bytes > *keep);
    Questions { time, keep_bytes }
}

/// Where the log is to start from now on; `None` when it stays as it is.
pub fn new_start(log: LogFacts, asked: Questions, answers: Answers) -> Option<Offset> {
    // Nothing young enough: everything goes.
    let by_time = asked.time.map(|_| answers.time.unwrap_or(log.high_watermark));
    // Without an answer nothing is known to be beyond the size.
    let by_size = asked.keep_bytes.and(answers.size);
    let start = by_time.max(by_size)?.min(log.high_watermark);
    (start > log.log_start).then_some(start)
}

#[cfg(test)]
mod tests;
