//! Any honest batch passes and is walked right; no bytes at all make a check panic.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::wire::batch::{BatchHeader, Codec, Rules, first_from, max_timestamp, validate};
use crate::wire::records::{Next, walk};
use crate::wire::sample::{NOW_MS, Sample, SampleRecord, rules, seal};

fn codec() -> impl Strategy<Value = Codec> {
    (0..5_i16).prop_map(|id| Codec::from_id(id).expect("0 to 4 are codecs"))
}

fn record() -> impl Strategy<Value = SampleRecord> {
    let bytes = || option::of(vec(any::<u8>(), 0..200));
    let header = (vec(any::<u8>(), 0..20), option::of(vec(any::<u8>(), 0..20)));
    (0..NOW_MS, bytes(), bytes(), vec(header, 0..4)).prop_map(
        |(timestamp_ms, key, value, headers)| SampleRecord {
            timestamp_ms,
            key,
            value,
            headers,
            delta: None,
        },
    )
}

fn batch() -> impl Strategy<Value = Sample> {
    let producer = option::of((0..i64::MAX, 0..i16::MAX, 0..i32::MAX));
    (codec(), 0..NOW_MS, producer, vec(record(), 1..20)).prop_map(
        |(codec, base_timestamp_ms, producer, records)| {
            let (producer_id, epoch, sequence) = producer.unwrap_or((-1, -1, -1));
            Sample { codec, flags: 0, base_timestamp_ms, producer_id, epoch, sequence, records }
        },
    )
}

fn some_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), option::of(codec()), any::<bool>()).prop_map(
        |(log_append_time, target, keys_required)| Rules {
            log_append_time,
            target,
            keys_required,
            ..rules()
        },
    )
}

proptest! {
    #[test]
    fn an_honest_batch_passes_and_is_walked_right(batch in batch(), target in option::of(codec())) {
        let valid = validate(&batch.bytes(), &Rules { target, ..rules() }).expect("it is honest");
        let expected = batch.clone().in_codec(target.unwrap_or(batch.codec));
        prop_assert_eq!(Sample::read(&valid.records), expected);
        let mut seen = Vec::new();
        walk(&valid.records, &valid.header, |record| {
            seen.push((record.offset_delta, record.timestamp_ms, record.has_key));
            Next::Go
        }).expect("it is valid");
        let told = |(index, record): (usize, &SampleRecord)| {
            (index as i32, record.timestamp_ms, record.key.is_some())
        };
        let expected: Vec<_> = batch.records.iter().enumerate().map(told).collect();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn the_time_index_agrees_with_a_plain_search(batch in batch(), at_ms in 0..NOW_MS) {
        let bytes = batch.bytes();
        let at = |record: &SampleRecord| record.timestamp_ms >= at_ms;
        let first = batch.records.iter().position(at);
        let first = first.map(|index| (500 + index as i64, batch.records[index].timestamp_ms));
        prop_assert_eq!(first_from(&bytes, 500, 500, at_ms), Ok(first));
        let (offset, time) = max_timestamp(&bytes, 500).expect("it is honest");
        let max = batch.records.iter().map(|record| record.timestamp_ms).max();
        prop_assert_eq!(Some(time), max);
        prop_assert_eq!(batch.records[(offset - 500) as usize].timestamp_ms, time);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300), rules in some_rules()) {
        let bytes = Bytes::from(bytes);
        let _ = validate(&bytes, &rules);
        let _ = first_from(&bytes, 0, 0, 0);
        let _ = max_timestamp(&bytes, i64::MAX);
    }

    #[test]
    fn no_damage_makes_it_panic(
        batch in batch(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in option::of(any::<prop::sample::Index>()),
        sealed in any::<bool>(),
        rules in some_rules(),
    ) {
        let mut bytes = bytes::BytesMut::from(&batch.bytes()[..]);
        if let Some(cut) = cut {
            bytes.truncate(61 + cut.index(bytes.len() - 60));
        }
        for (at, value) in damage {
            // Behind the magic byte, so that the damage gets past the first look.
            let at = 17 + at.index(bytes.len() - 17);
            bytes[at] = value;
        }
        let bytes = if sealed { seal(bytes) } else { bytes.freeze() };
        if let Ok(valid) = validate(&bytes, &rules) {
            let header = BatchHeader::read(&valid.records).expect("it is valid");
            prop_assert!(header.record_count > 0);
            // What was accepted once is accepted again, unchanged.
            let again = Rules { log_append_time: false, before_max_ms: i64::MAX, ..rules };
            if !header.is_log_append_time() {
                let again = validate(&valid.records, &again).expect("it was valid");
                prop_assert_eq!(again.records, valid.records);
            }
        }
        let _ = first_from(&bytes, 0, 0, 0);
        let _ = max_timestamp(&bytes, 0);
    }
}
