//! Offsets by time within a batch.

use crate::wire::batch::{Codec, first_from, max_timestamp, validate};
use crate::wire::sample::{Sample, rules, sample};

/// A batch whose records have the timestamps 100, 300, 200, 300.
fn batch() -> Sample {
    let mut batch = sample(&["a", "b", "c", "d"]);
    for (record, timestamp_ms) in batch.records.iter_mut().zip([100, 300, 200, 300]) {
        record.timestamp_ms = timestamp_ms;
    }
    batch
}

#[test]
fn the_first_record_that_is_young_enough_is_found() {
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let bytes = batch().in_codec(codec).bytes();
        let at = |at_ms| first_from(&bytes, 1_000, 1_000, at_ms).expect("it is valid");
        assert_eq!(at(0), Some((1_000, 100)), "{codec:?}");
        assert_eq!(at(100), Some((1_000, 100)));
        assert_eq!(at(101), Some((1_001, 300)));
        assert_eq!(at(300), Some((1_001, 300)));
        assert_eq!(at(301), None);
        assert_eq!(max_timestamp(&bytes, 1_000), Ok((1_001, 300)));
    }
}

#[test]
fn what_lies_before_the_log_start_is_passed_over() {
    let bytes = batch().bytes();
    let from = |from| first_from(&bytes, 1_000, from, 150).expect("it is valid");
    assert_eq!(from(1_001), Some((1_001, 300)));
    assert_eq!(from(1_002), Some((1_002, 200)));
    assert_eq!(from(1_004), None);
}

#[test]
fn with_append_time_all_records_have_the_batch_time() {
    let mut rules = rules();
    rules.log_append_time = true;
    rules.now_ms = 5_000;
    let bytes = validate(&batch().bytes(), &rules).expect("it is valid").records;
    assert_eq!(first_from(&bytes, 7, 7, 5_000), Ok(Some((7, 5_000))));
    assert_eq!(first_from(&bytes, 7, 7, 5_001), Ok(None));
    assert_eq!(max_timestamp(&bytes, 7), Ok((7, 5_000)));
}
