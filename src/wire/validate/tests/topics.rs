//! What a topic's settings refuse, and what they make of a batch.

use crate::base::limits;
use crate::wire::batch::{BatchError, Codec, RecordFaultKind, Rules, validate};
use crate::wire::sample::{NOW_MS, Sample, patched, rules, sample};
use crate::wire::validate::tests::{ALL, accepted};

#[test]
fn records_of_a_compressed_batch_keep_their_places() {
    for codec in ALL {
        let mut batch = sample(&["a", "b", "c"]).in_codec(codec);
        batch.records[1].delta = Some(5);
        let result = validate(&batch.bytes(), &rules());
        if codec != Codec::None {
            assert_eq!(result.err(), Some(BatchError::OffsetDelta { index: 1, delta: 5 }));
            continue;
        }
        // Kafka takes these; here their numbers are put right.
        let valid = accepted(&batch.bytes(), &rules());
        batch.records[1].delta = None;
        assert_eq!(Sample::read(&valid.records), batch);
    }
}

#[test]
fn a_compacted_topic_wants_keys() {
    let rules = Rules { keys_required: true, ..rules() };
    for codec in ALL {
        let mut batch = sample(&["a", "b", "c"]).in_codec(codec);
        accepted(&batch.bytes(), &rules);
        batch.records[0].key = None;
        batch.records[2].key = None;
        let error = validate(&batch.bytes(), &rules).expect_err("keys are missing");
        let faults: Vec<_> = error.record_faults().iter().map(|f| (f.index, f.kind)).collect();
        assert_eq!(faults, [(0, RecordFaultKind::NoKey), (2, RecordFaultKind::NoKey)]);
        batch.records[0].key = Some(Vec::new());
        batch.records[2].key = Some(Vec::new());
        accepted(&batch.bytes(), &rules);
    }
}

#[test]
fn timestamps_have_bounds() {
    let rules = Rules { before_max_ms: 1_000, after_max_ms: 50, ..rules() };
    let with = |timestamp_ms: i64| {
        let mut batch = sample(&["a"]);
        batch.records[0].timestamp_ms = timestamp_ms;
        match validate(&batch.bytes(), &rules) {
            Ok(valid) => Ok(valid.max_timestamp_ms),
            Err(error) => Err(error.record_faults()[0].kind),
        }
    };
    let outside = |timestamp_ms| {
        let (from_ms, upto_ms) = (NOW_MS - 1_000, NOW_MS + 50);
        Err(RecordFaultKind::Timestamp { timestamp_ms, from_ms, upto_ms })
    };
    assert_eq!(with(NOW_MS - 1_000), Ok(NOW_MS - 1_000));
    assert_eq!(with(NOW_MS - 1_001), outside(NOW_MS - 1_001));
    assert_eq!(with(NOW_MS + 50), Ok(NOW_MS + 50));
    assert_eq!(with(NOW_MS + 51), outside(NOW_MS + 51));
    assert_eq!(with(-1), Ok(-1), "no timestamp is never out of bounds");
    for extreme in [i64::MIN, i64::MAX, 0, -2] {
        assert_eq!(with(extreme), outside(extreme));
    }
}

#[test]
fn a_fault_of_time_decides_the_code_and_texts_say_what_is_wrong() {
    let rules = Rules { before_max_ms: 1_000, keys_required: true, ..rules() };
    let mut batch = sample(&["a", "b"]);
    batch.records[0].key = None;
    batch.records[1].timestamp_ms = 5;
    let error = validate(&batch.bytes(), &rules).expect_err("two faults");
    assert!(error.record_faults().iter().any(|fault| fault.kind.is_time()));
    assert_eq!(
        error.to_string(),
        "2 of the records cannot be accepted; record 0: a compacted topic does not accept a \
         record without a key"
    );
}

#[test]
fn only_so_many_faults_are_named() {
    let mut batch = sample(&vec!["v"; limits::RECORD_FAULTS_MAX + 10]);
    batch.records.iter_mut().for_each(|record| record.key = None);
    let error = validate(&batch.bytes(), &Rules { keys_required: true, ..rules() });
    let error = error.expect_err("no record has a key");
    assert_eq!(error.record_faults().len(), limits::RECORD_FAULTS_MAX);
}

#[test]
fn append_time_replaces_the_timestamps() {
    let rules = Rules { log_append_time: true, before_max_ms: 0, after_max_ms: 0, ..rules() };
    for codec in ALL {
        let mut batch = sample(&["a", "b"]).in_codec(codec);
        batch.records[0].timestamp_ms = 5;
        let valid = accepted(&batch.bytes(), &rules);
        assert!(valid.header.is_log_append_time());
        assert_eq!((valid.max_timestamp_ms, valid.append_time_ms), (NOW_MS, NOW_MS));
        assert_eq!(valid.header.compression(), Ok(codec));
        assert_eq!(valid.records[61..], batch.bytes()[61..], "the records are as they came");
    }
}

#[test]
fn a_producer_must_not_claim_append_time() {
    let mut batch = sample(&["a", "b"]);
    batch.flags = 0x08;
    let rules = Rules { log_append_time: true, ..rules() };
    let error = validate(&batch.bytes(), &rules).expect_err("it claims append time");
    assert_eq!(error.record_faults().len(), 2);
    assert_eq!(error.record_faults()[0].kind, RecordFaultKind::AppendTime);
}

#[test]
fn create_time_wins_over_a_claim_of_append_time_as_in_kafka() {
    let mut batch = sample(&["a", "b"]);
    batch.flags = 0x08;
    let valid = accepted(&batch.bytes(), &rules());
    assert!(!valid.header.is_log_append_time());
    assert_eq!(valid.max_timestamp_ms, NOW_MS + 1);
}

#[test]
fn the_header_gets_the_true_max_timestamp() {
    let bytes = patched(&sample(&["a", "b"]).bytes(), 35, &(NOW_MS + 77).to_be_bytes());
    assert_eq!(accepted(&bytes, &rules()).max_timestamp_ms, NOW_MS + 1);
}

#[test]
fn compression_type_changes_the_codec_and_nothing_else() {
    for from in ALL {
        for to in ALL {
            let mut batch = sample(&["a", "b", "c"]).in_codec(from).from_producer(5, 1, 10);
            batch.records[2].headers = vec![(b"k".to_vec(), Some(b"v".to_vec()))];
            let rules = Rules { target: Some(to), ..rules() };
            let valid = accepted(&batch.bytes(), &rules);
            assert_eq!(valid.header.compression(), Ok(to), "{from:?} to {to:?}");
            assert_eq!(Sample::read(&valid.records), batch.clone().in_codec(to));
            if from == to {
                assert_eq!(valid.records, batch.bytes());
            }
        }
    }
}

#[test]
fn a_batch_that_grows_beyond_the_limit_when_it_is_rebuilt_is_refused() {
    let value = "0".repeat(100_000);
    let bytes = sample(&[&value]).in_codec(Codec::Gzip).bytes();
    let rules = Rules { target: Some(Codec::None), max_bytes: 50_000, ..rules() };
    assert!(bytes.len() < 50_000);
    let error = validate(&bytes, &rules);
    assert_eq!(error.err(), Some(BatchError::TooLarge { bytes: 50_001, max: 50_000 }));
}

#[test]
fn renumbering_and_compressing_go_together() {
    let mut batch = sample(&["a", "b", "c"]);
    batch.records[0].delta = Some(0);
    batch.records[2].delta = Some(i32::MIN);
    let rules = Rules { target: Some(Codec::Lz4), ..rules() };
    let valid = accepted(&batch.bytes(), &rules);
    assert_eq!(Sample::read(&valid.records).values(), ["a", "b", "c"]);
    assert!(Sample::read(&valid.records).records.iter().all(|record| record.delta.is_none()));
}
