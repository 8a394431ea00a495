//! What is on disk is read back, and read as it was first written.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::base::LogId;
use crate::log::epochs::EpochHistory;
use crate::log::producers::{Producer, SentBatch};
use crate::log::records::{log_prefix, read_producer, read_start, save_producer, save_start};
use crate::store::Write;

const LOG: LogId = LogId { family: 3, topic: 0x0102_0304, partition: 7 };

fn producer() -> Producer {
    let batch = SentBatch {
        last_sequence: 41,
        last_offset: 1_000,
        offset_delta: 9,
        timestamp_ms: 1_700_000_000_000,
    };
    Producer { epoch: 2, last_timestamp_ms: -1, seen_ms: 5, batches: [batch].into() }
}

fn put(write: Write) -> (Vec<u8>, Vec<u8>) {
    match write {
        Write::Put { key, value, .. } => (key.to_vec(), value.to_vec()),
        other => panic!("not a put: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_layout_is_for_ever() {
    assert_eq!(hex(&log_prefix(LOG)), "030102030400000007");

    let mut epochs = EpochHistory::default();
    epochs.begin(1, 0);
    epochs.begin(6, 500);
    let (key, value) = put(save_start(LOG, 17, &epochs));
    assert_eq!(hex(&key), "030102030400000007");
    assert_eq!(
        hex(&value),
        "01000000000000001100000002000000010000000000000000\
         0000000600000000000001f4"
    );
    assert_eq!(read_start(LOG, &value), Ok((17, epochs)));

    let (key, value) = put(save_producer(LOG, 4_000, &producer()));
    assert_eq!(hex(&key), "0301020304000000070000000000000fa0");
    assert_eq!(
        hex(&value),
        "010002ffffffffffffffff000000000000000501\
         0000002900000000000003e8000000090000018bcfe56800"
    );
    assert_eq!(read_producer(LOG, &key, &value), Ok((4_000, producer())));
}

#[test]
fn a_damaged_record_is_named_corrupt() {
    let (key, value) = put(save_producer(LOG, 4_000, &producer()));
    for keep in 0..value.len() {
        assert!(read_producer(LOG, &key, &value[..keep]).is_err(), "{keep} bytes");
    }
    assert!(read_producer(LOG, &key[1..], &value).is_err());
    assert!(read_producer(LogId { topic: 1, ..LOG }, &key, &value).is_err());
    let newer = [&[2], &value[1..]].concat();
    assert!(read_producer(LOG, &key, &newer).is_err());

    let mut epochs = EpochHistory::default();
    epochs.begin(1, 0);
    let (_, value) = put(save_start(LOG, 17, &epochs));
    for keep in 0..value.len() {
        assert!(read_start(LOG, &value[..keep]).is_err(), "{keep} bytes");
    }
    assert!(read_start(LOG, &[&[2], &value[1..]].concat()).is_err());
    let error = read_start(LOG, &[1, 0xff]).expect_err("it is cut");
    assert_eq!(
        error.to_string(),
        "stored state of log 3/16909060-7 is corrupt: the log start's record is cut"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(key in vec(any::<u8>(), 0..30), value in vec(any::<u8>(), 0..80)) {
        let _ = read_start(LOG, &value);
        let _ = read_producer(LOG, &key, &value);
        let key = [&log_prefix(LOG)[..], &[0; 8]].concat();
        let _ = read_producer(LOG, &key, &value);
    }
}
