//! One partition, step by step.

use std::time::Duration;

use bytes::Bytes;

use crate::base::limits::PRODUCERS_PER_PARTITION_MAX;
use crate::base::{LogId, Now, Offset};
use crate::log::partition::{AppendError, Appended, OutOfRange, Partition};
use crate::store::{LogEnd, Space, Write};
use crate::wire::batch::{ValidBatch, validate};
use crate::wire::sample::{NOW_MS, rules, sample};

const LOG: LogId = LogId { family: 0, topic: 1, partition: 2 };

fn at(wall_ms: i64) -> Now {
    Now { tick: Duration::ZERO, wall_ms }
}

/// A batch of `count` records.
fn batch(count: usize) -> ValidBatch {
    validate(&sample(&vec!["v"; count]).bytes(), &rules()).expect("it is honest")
}

fn batch_from(id: i64, epoch: i16, sequence: i32, count: usize) -> ValidBatch {
    let batch = sample(&vec!["v"; count]).from_producer(id, epoch, sequence);
    validate(&batch.bytes(), &rules()).expect("it is honest")
}

/// What became of producer 7's batch: its offsets, or the refusal.
fn send(
    log: &mut Partition,
    epoch: i16,
    sequence: i32,
    count: usize,
) -> Result<Outcome, AppendError> {
    log.append(at(NOW_MS), batch_from(7, epoch, sequence, count)).map(outcome)
}

type Outcome = (Offset, Offset, bool);

fn outcome(appended: Appended) -> Outcome {
    assert_eq!(appended.duplicate, appended.writes.is_empty());
    (appended.base, appended.last, appended.duplicate)
}

fn kinds(writes: &[Write]) -> Vec<String> {
    let kind = |write: &Write| match write {
        Write::Append { base, last, .. } => format!("append {base}-{last}"),
        Write::Put { space, .. } => format!("put {space:?}"),
        Write::Delete { space, .. } => format!("delete {space:?}"),
    };
    writes.iter().map(kind).collect()
}

/// The partition as it comes back after a restart under `epoch`, given the writes.
fn restored(epoch: i32, writes: &[Write]) -> Partition {
    let (mut start, mut end) = (None, None::<LogEnd>);
    let mut producers = std::collections::BTreeMap::new();
    for write in writes {
        match write.clone() {
            Write::Append { base, last, max_time_ms, .. } => {
                let old = end.and_then(|end| end.max_time);
                let larger = old.is_none_or(|(old_ms, _)| max_time_ms > old_ms);
                let max_time = if larger { Some((max_time_ms, base)) } else { old };
                end = Some(LogEnd { next: last + 1, max_time, bytes: 0 });
            }
            Write::Put { space: Space::LogStarts, value, .. } => start = Some(value),
            Write::Put { key, value, .. } => drop(producers.insert(key, value)),
            Write::Delete { space: Space::LogStarts, .. } => start = None,
            Write::Delete { key, .. } => drop(producers.remove(&key)),
        }
    }
    let producers: Vec<(Bytes, Bytes)> = producers.into_iter().collect();
    Partition::restore(LOG, epoch, start.as_deref(), end, &producers).expect("it was just written")
}

#[test]
fn offsets_follow_each_other() {
    let mut log = Partition::new(LOG, 4);
    let append = |log: &mut Partition, count| {
        outcome(log.append(at(NOW_MS), batch(count)).expect("it fits"))
    };
    assert_eq!(append(&mut log, 3), (0, 2, false));
    assert_eq!(append(&mut log, 1), (3, 3, false));
    assert_eq!((log.log_start(), log.high_watermark(), log.log_end()), (0, 0, 4));
    assert_eq!(log.epoch_at(3), 4);
}

#[test]
fn batch_producer_and_epoch_are_written_together_and_the_epoch_once() {
    let mut log = Partition::new(LOG, 4);
    let writes =
        |log: &mut Partition, batch| kinds(&log.append(at(NOW_MS), batch).expect("it fits").writes);
    assert_eq!(writes(&mut log, batch(2)), ["put LogStarts", "append 0-1"]);
    assert_eq!(writes(&mut log, batch(1)), ["append 2-2"]);
    assert_eq!(writes(&mut log, batch_from(7, 0, 0, 1)), ["put Producers", "append 3-3"]);
}

#[test]
fn the_high_watermark_follows_what_is_durable_and_never_goes_back() {
    let mut log = Partition::new(LOG, 4);
    log.append(at(NOW_MS), batch(5)).expect("it fits");
    assert_eq!(log.advance(0), None);
    assert_eq!(log.advance(3), Some(3));
    assert_eq!(log.advance(2), None);
    assert_eq!(log.advance(99), Some(5), "there is no more than the log");
    assert_eq!(log.last_stable_offset(), 5);
}

#[test]
fn a_producer_is_answered_the_same_when_it_repeats_one_of_its_last_five_batches() {
    let mut log = Partition::new(LOG, 4);
    for n in 0..6 {
        assert_eq!(
            send(&mut log, 0, n * 2, 2),
            Ok((i64::from(n) * 2, i64::from(n) * 2 + 1, false))
        );
    }
    for n in 1..6 {
        assert_eq!(send(&mut log, 0, n * 2, 2), Ok((i64::from(n) * 2, i64::from(n) * 2 + 1, true)));
    }
    let forgotten =
        AppendError::OutOfOrderSequence { producer_id: 7, epoch: 0, sequence: 0, expected: 12 };
    assert_eq!(send(&mut log, 0, 0, 2), Err(forgotten.clone()));
    assert_eq!(log.log_end(), 12, "nothing was appended");
    // The same first sequence with another count is no repetition.
    assert!(matches!(send(&mut log, 0, 10, 1), Err(AppendError::OutOfOrderSequence { .. })));
}

#[test]
fn a_repetition_is_answered_with_the_time_of_the_first() {
    let mut log = Partition::new(LOG, 4);
    log.append(at(NOW_MS), batch_from(7, 0, 0, 3)).expect("it fits");
    let again = log.append(at(NOW_MS + 9), batch_from(7, 0, 0, 3)).expect("it is known");
    assert_eq!((again.duplicate, again.append_time_ms), (true, NOW_MS + 2));
}

#[test]
fn sequences_must_follow_and_begin_again_after_the_largest() {
    let mut log = Partition::new(LOG, 4);
    let refusal = |sequence, expected| {
        Err(AppendError::OutOfOrderSequence { producer_id: 7, epoch: 0, sequence, expected })
    };
    // Whoever is not known may begin anywhere (KIP-360).
    assert_eq!(send(&mut log, 0, i32::MAX - 2, 2), Ok((0, 1, false)));
    assert_eq!(send(&mut log, 0, 0, 1), refusal(0, i32::MAX));
    assert_eq!(send(&mut log, 0, i32::MAX, 3), Ok((2, 4, false)));
    assert_eq!(send(&mut log, 0, i32::MAX, 3), Ok((2, 4, true)));
    assert_eq!(send(&mut log, 0, 3, 1), refusal(3, 2));
    assert_eq!(send(&mut log, 0, 2, 1), Ok((5, 5, false)));
    // Ending exactly at the largest.
    let mut log = Partition::new(LOG, 4);
    assert_eq!(send(&mut log, 0, i32::MAX, 1), Ok((0, 0, false)));
    assert_eq!(send(&mut log, 0, 0, 1), Ok((1, 1, false)));
}

#[test]
fn a_newer_epoch_begins_at_zero_and_fences_the_older() {
    let mut log = Partition::new(LOG, 4);
    send(&mut log, 3, 0, 2).expect("it is new");
    let error =
        AppendError::OutOfOrderSequence { producer_id: 7, epoch: 4, sequence: 2, expected: 0 };
    assert_eq!(send(&mut log, 4, 2, 1), Err(error));
    assert_eq!(send(&mut log, 4, 0, 1), Ok((2, 2, false)));
    let fenced = AppendError::InvalidProducerEpoch { producer_id: 7, epoch: 3, current: 4 };
    assert_eq!(send(&mut log, 3, 2, 1), Err(fenced.clone()));
    // Not even what it wrote before is repeated to it.
    assert_eq!(send(&mut log, 3, 0, 2), Err(fenced));
    // Another producer is not concerned.
    assert!(log.append(at(NOW_MS), batch_from(8, 0, 5, 1)).is_ok());
}

#[test]
fn a_producer_without_an_epoch_may_send_any_sequence_as_in_kafka() {
    let mut log = Partition::new(LOG, 4);
    assert_eq!(send(&mut log, -1, 0, 1), Ok((0, 0, false)));
    assert_eq!(send(&mut log, -1, 0, 1), Ok((0, 0, true)));
    assert_eq!(send(&mut log, -1, 9, 1), Ok((1, 1, false)));
    let refusal = AppendError::InvalidProducerEpoch { producer_id: 7, epoch: -5, current: -1 };
    assert_eq!(send(&mut log, -5, 10, 1), Err(refusal.clone()));
    assert_eq!(send(&mut Partition::new(LOG, 4), -5, 0, 1), Err(refusal));
    assert_eq!(send(&mut log, 2, 3, 1), Ok((2, 2, false)));
}

#[test]
fn a_silent_producer_is_forgotten_and_may_begin_anywhere() {
    let mut log = Partition::new(LOG, 4);
    log.append(at(1_000), batch_from(7, 3, 0, 1)).expect("it is new");
    log.append(at(1_500), batch_from(8, 0, 0, 1)).expect("it is new");
    assert!(log.expire_producers(at(1_999), 1_000).is_empty());
    let writes = log.expire_producers(at(2_000), 1_000);
    assert_eq!(kinds(&writes), ["delete Producers"]);
    assert_eq!(log.producers().map(|producer| producer.id).collect::<Vec<_>>(), [8]);
    assert_eq!(send(&mut log, 0, 55, 1), Ok((2, 2, false)));
    assert!(log.expire_producers(at(i64::MIN), i64::MAX).is_empty());
}

#[test]
fn producers_are_shown_as_they_last_wrote() {
    let mut log = Partition::new(LOG, 4);
    send(&mut log, 3, 10, 2).expect("it is new");
    let view = log.producers().next().expect("there is one");
    assert_eq!((view.id, view.epoch, view.last_sequence), (7, 3, 11));
    assert_eq!(view.last_timestamp_ms, NOW_MS + 1);
}

#[test]
fn of_too_many_producers_the_most_silent_are_forgotten() {
    let mut log = Partition::new(LOG, 4);
    let most = PRODUCERS_PER_PARTITION_MAX as i64;
    for id in 0..most {
        log.append(at(NOW_MS + id), batch_from(id, 0, 0, 1)).expect("it is new");
    }
    // One that is known costs nobody its place.
    let known = log.append(at(NOW_MS + most), batch_from(0, 0, 1, 1)).expect("it follows");
    assert_eq!(kinds(&known.writes), ["put Producers", &format!("append {most}-{most}")]);
    let new = log.append(at(NOW_MS + most), batch_from(most, 0, 0, 1)).expect("it is new");
    let deleted = new.writes.iter().filter(|write| matches!(write, Write::Delete { .. })).count();
    assert_eq!(deleted as i64, most / 8);
    assert_eq!(log.producers().count() as i64, most - most / 8 + 1);
    let oldest: Vec<_> = log.producers().take(2).map(|producer| producer.id).collect();
    assert_eq!(oldest, [0, most / 8 + 1], "0 has written since");
}

#[test]
fn a_transactional_batch_has_no_transaction_to_belong_to() {
    let mut log = Partition::new(LOG, 4);
    for producer in [-1, 7] {
        let mut batch = sample(&["a"]).from_producer(producer, 0, 0);
        batch.flags = 0x10;
        let batch = validate(&batch.bytes(), &rules()).expect("it is honest");
        assert_eq!(log.append(at(NOW_MS), batch).map(outcome), Err(AppendError::NoTransaction));
    }
    assert_eq!(log.log_end(), 0);
}

#[test]
fn a_trim_moves_the_start_up_to_the_high_watermark() {
    let mut log = Partition::new(LOG, 4);
    log.append(at(NOW_MS), batch(10)).expect("it fits");
    log.advance(6);
    let refusal = |asked| OutOfRange { asked, high_watermark: 6 };
    assert_eq!(log.trim(7).map(|_| ()), Err(refusal(7)));
    assert_eq!(log.trim(-2).map(|_| ()), Err(refusal(-2)));
    assert!(log.trim(0).expect("it is there").is_none());
    let write = log.trim(4).expect("it is there").expect("it moved");
    assert_eq!(kinds(&[write]), ["put LogStarts"]);
    assert_eq!(log.log_start(), 4);
    assert!(log.trim(3).expect("it is there").is_none(), "it never goes back");
    assert!(log.trim(-1).expect("it is there").is_some());
    assert_eq!((log.log_start(), log.high_watermark(), log.log_end()), (6, 6, 10));
}

#[test]
fn the_largest_timestamp_is_known_with_its_first_batch() {
    let mut log = Partition::new(LOG, 4);
    assert_eq!(log.max_time(), None);
    let append = |log: &mut Partition, timestamp_ms: i64| {
        let mut batch = sample(&["a"]);
        batch.records[0].timestamp_ms = timestamp_ms;
        let batch = validate(&batch.bytes(), &rules()).expect("it is honest");
        log.append(at(NOW_MS), batch).expect("it fits");
    };
    append(&mut log, -1);
    assert_eq!(log.max_time(), None);
    append(&mut log, 500);
    append(&mut log, 700);
    append(&mut log, 700);
    append(&mut log, 600);
    assert_eq!(log.max_time(), Some((700, 2)));
    log.advance(5);
    log.trim(2).expect("it is there");
    assert_eq!(log.max_time(), Some((700, 2)));
    log.trim(3).expect("it is there");
    assert_eq!(log.max_time(), None, "it went with its batch");
    log.learn_max_time(Some((700, 2)));
    assert_eq!(log.max_time(), None, "what is gone is not learnt");
    log.learn_max_time(Some((700, 3)));
    log.learn_max_time(Some((600, 4)));
    assert_eq!(log.max_time(), Some((700, 3)));
}

#[test]
fn a_restart_finds_everything_again() {
    let mut log = Partition::new(LOG, 4);
    let mut writes = Vec::new();
    for n in 0..7 {
        writes.extend(log.append(at(NOW_MS), batch_from(7, 1, n, 1)).expect("in order").writes);
    }
    log.advance(7);
    writes.extend(log.trim(3).expect("it is there"));
    let mut again = restored(6, &writes);
    assert_eq!((again.log_start(), again.high_watermark(), again.log_end()), (3, 7, 7));
    assert_eq!(again.max_time(), None, "its batch was trimmed");
    assert!(again.producers().eq(log.producers()));
    // All five batches are remembered, and the sequence goes on.
    for n in 2..7 {
        assert_eq!(send(&mut again, 1, n, 1), Ok((i64::from(n), i64::from(n), true)));
    }
    assert_eq!(send(&mut again, 1, 7, 1), Ok((7, 7, false)));
    assert_eq!((again.epoch_at(6), again.epoch_at(7)), (4, 6));
    assert_eq!((again.end_of_epoch(4), again.end_of_epoch(5)), (Some((4, 7)), Some((4, 7))));
    assert_eq!((again.end_of_epoch(6), again.end_of_epoch(7)), (Some((6, 8)), None));
}

#[test]
fn an_epoch_that_wrote_nothing_leaves_no_trace() {
    let mut log = Partition::new(LOG, 1);
    let writes = log.append(at(NOW_MS), batch(2)).expect("it fits").writes;
    let idle = restored(2, &writes);
    assert_eq!(idle.end_of_epoch(2), Some((2, 2)), "the current epoch is known all the same");
    let mut busy = restored(3, &writes);
    let more = busy.append(at(NOW_MS), batch(1)).expect("it fits").writes;
    assert_eq!(kinds(&more), ["put LogStarts", "append 2-2"]);
    let later = restored(3, &[writes, more].concat());
    assert_eq!(later.end_of_epoch(2), Some((1, 2)));
    // Loaded again in the same run: its epoch is on disk already.
    let mut later = later;
    let appended = later.append(at(NOW_MS), batch(1)).expect("it fits");
    assert_eq!(kinds(&appended.writes), ["append 3-3"]);
}

#[test]
fn a_log_that_was_trimmed_to_nothing_goes_on_where_it_ended() {
    let mut log = Partition::new(LOG, 1);
    log.append(at(NOW_MS), batch(9)).expect("it fits");
    log.advance(9);
    let Some(Write::Put { value, .. }) = log.trim(-1).expect("it is there") else {
        panic!("a trim is one put")
    };
    // The store has freed the space: it knows of no end any more.
    let mut again = Partition::restore(LOG, 2, Some(&value), None, &[]).expect("it is whole");
    assert_eq!((again.log_start(), again.high_watermark(), again.log_end()), (9, 9, 9));
    assert_eq!(outcome(again.append(at(NOW_MS), batch(1)).expect("it fits")), (9, 9, false));
    assert_eq!(again.epoch_at(9), 2);
}

#[test]
fn offsets_run_out_before_they_overflow() {
    let end = LogEnd { next: i64::MAX - 2, max_time: None, bytes: 1 };
    let mut log = Partition::restore(LOG, 1, None, Some(end), &[]).expect("nothing to read");
    let full = AppendError::OffsetsExhausted;
    assert_eq!(log.append(at(NOW_MS), batch(3)).map(outcome), Err(full.clone()));
    assert_eq!(outcome(log.append(at(NOW_MS), batch(2)).expect("two are left")).1, i64::MAX - 1);
    assert_eq!(log.append(at(NOW_MS), batch(1)).map(outcome), Err(full));
}
