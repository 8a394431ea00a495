//! Produce: batches that are not what they claim to be.

use crate::harness::{batch::TIME, *};
use bytes::Bytes;
use kafka_protocol::messages::produce_response::PartitionProduceResponse;

/// Produces to a fresh topic, which must still be empty afterwards; the error and its message.
#[track_caller]
fn refused(records: Bytes) -> (Option<E>, String) {
    let answer = refused_by(&[], records);
    (error(answer.error_code), answer.error_message.map(|m| m.to_string()).unwrap_or_default())
}

#[track_caller]
fn refused_by(settings: &[(&str, &str)], records: Bytes) -> PartitionProduceResponse {
    let mut client = connect();
    let topic = client.topic_with("produce-invalid", 1, settings);
    let answer = client.produce(11, &topic, 0, records);
    assert_ne!(error(answer.error_code), None, "it was accepted: {answer:?}");
    assert_eq!(answer.base_offset, -1);
    assert_eq!(client.list_offset(&topic, 0, -1).offset, 0);
    answer
}

/// Produces to a fresh topic; the error if any.
fn outcome(records: Bytes) -> Option<E> {
    let mut client = connect();
    let topic = client.topic("produce-invalid", 1);
    error(client.produce(11, &topic, 0, records).error_code)
}

fn lying(change: impl FnOnce(&mut Batch)) -> Bytes {
    Batch::of(["one", "two", "three"]).with(change).bytes()
}

fn lying_record(change: impl FnOnce(&mut Record)) -> Bytes {
    lying(|b| change(&mut b.records[1]))
}

#[test]
fn a_wrong_checksum_is_a_corrupt_message() {
    assert_eq!(refused(lying(|b| b.crc = Some(0))).0, Some(E::CorruptMessage));
    let mut flipped = lying(|_| ()).to_vec();
    *flipped.last_mut().expect("bytes") ^= 1;
    assert_eq!(refused(flipped.into()).0, Some(E::CorruptMessage));
}

#[test]
fn only_magic_2_is_taken() {
    assert_eq!(refused(lying(|b| b.magic = 0)).0, Some(E::InvalidRecord));
    assert_eq!(refused(lying(|b| b.magic = 1)).0, Some(E::InvalidRecord));
    assert_eq!(refused(lying(|b| b.magic = 3)).0, Some(E::CorruptMessage));
    assert_eq!(refused(lying(|b| b.magic = -1)).0, Some(E::CorruptMessage));
}

#[test]
fn exactly_one_batch_is_taken() {
    let one = lying(|_| ());
    assert_eq!(refused([&one[..], &one].concat().into()).0, Some(E::InvalidRecord));
    assert_eq!(refused(Bytes::new()).0, Some(E::InvalidRecord));
}

/// Kafka trips over it and never answers. The client is told here.
#[test]
fn records_that_are_null_are_refused() {
    if skipped_on_oracle("records_that_are_null_are_refused") {
        return;
    }
    let mut client = connect();
    let topic = client.topic("produce-null", 1);
    let answer = client.call(11, &produce_request(11, -1, &topic, 0, None));
    let answer = &answer.responses[0].partition_responses[0];
    assert_eq!(error(answer.error_code), Some(E::InvalidRecord));
}

#[test]
fn a_length_beyond_the_end_leaves_no_batch() {
    for more in [1, 100, i32::MAX - 1000] {
        let length = lying(|_| ()).len() as i32 - 12;
        let records = lying(|b| b.length = Some(length + more));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "{more} more");
    }
}

#[test]
fn a_length_too_small_is_a_corrupt_message() {
    for length in [0, 1, 13, 48, -1, i32::MIN] {
        let records = lying(|b| b.length = Some(length));
        assert_eq!(refused(records).0, Some(E::CorruptMessage), "length {length}");
    }
}

#[test]
fn bytes_cut_off_at_the_end_leave_no_batch() {
    let whole = lying(|_| ());
    for keep in [1, 16, 17, 60, 61, whole.len() - 1] {
        assert_eq!(refused(whole.slice(..keep)).0, Some(E::InvalidRecord), "{keep} bytes");
    }
}

#[test]
fn bytes_behind_the_batch_are_ignored_when_they_are_no_batch() {
    let mut client = connect();
    let topic = client.topic("produce-tail", 1);
    let records = [&lying(|_| ())[..], b"tail"].concat();
    let answer = client.produce(11, &topic, 0, records.into());
    assert_eq!(error(answer.error_code), None, "{answer:?}");
    assert_eq!(views(&client.fetch(&topic, 0).records.expect("records")).len(), 1);
}

#[test]
fn a_count_that_lies_is_an_invalid_record() {
    for count in [4, 2, 1, 0, -1, i32::MAX] {
        let records = lying(|b| b.count = Some(count));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "count {count}");
        let records = lying(|b| (b.count, b.codec) = (Some(count), Codec::Gzip));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "gzip, count {count}");
    }
}

#[test]
fn a_last_offset_delta_that_lies_is_an_invalid_record() {
    for delta in [0, 1, 3, -1, i32::MAX, i32::MIN] {
        let records = lying(|b| b.last_offset_delta = Some(delta));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "delta {delta}");
    }
}

#[test]
fn a_batch_without_records_is_an_invalid_record() {
    let none: [&str; 0] = [];
    assert_eq!(refused(Batch::of(none).bytes()).0, Some(E::InvalidRecord));
    let records = Batch::of(none).with(|b| b.last_offset_delta = Some(0)).bytes();
    assert_eq!(refused(records).0, Some(E::InvalidRecord));
}

/// Kafka stores plain records with whatever offset deltas they claim, and stumbles over
/// compressed ones while it rebuilds the batch. To refuse them is better for the consumers.
#[test]
fn offset_deltas_of_records_that_lie_are_refused_or_not_looked_at() {
    for delta in [0, 2, 5, -1] {
        for codec in [Codec::None, Codec::Gzip] {
            let records = lying(|b| {
                b.records[1].offset_delta = Some(delta);
                b.codec = codec;
            });
            let allowed = [None, Some(E::InvalidRecord), Some(E::UnknownServerError)];
            assert!(allowed.contains(&outcome(records)), "{codec:?} delta {delta}");
        }
    }
}

#[test]
fn record_lengths_that_lie_are_invalid_records() {
    for length in [0, 1, 5, 8, 10, 11, 100, 1 << 30, -1] {
        let records = lying_record(|r| r.length = Some(length));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "length {length}");
    }
}

/// Kafka does not look at the lengths within a compressed batch when it can store it as it is.
#[test]
fn record_lengths_that_lie_in_a_compressed_batch_are_refused_or_not_looked_at() {
    for length in [0, 1, 10, 1 << 30, -1] {
        let records = lying(|b| {
            b.records[1].length = Some(length);
            b.codec = Codec::Zstd;
        });
        let allowed = [None, Some(E::InvalidRecord)];
        assert!(allowed.contains(&outcome(records)), "length {length}");
    }
}

#[test]
fn value_lengths_that_lie_are_invalid_records() {
    for length in [100, 1 << 30, i64::from(i32::MAX)] {
        let records = lying_record(|r| r.value_length = Some(length));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "value length {length}");
    }
}

#[test]
fn header_counts_that_lie_are_invalid_records() {
    for count in [-1, 1, 1000, i64::from(i32::MAX)] {
        let records = lying_record(|r| r.header_count = Some(count));
        assert_eq!(refused(records).0, Some(E::InvalidRecord), "header count {count}");
    }
}

#[test]
fn a_control_batch_is_not_for_clients() {
    let records = lying(|b| b.attributes = 0x20);
    assert_eq!(refused(records).0, Some(E::InvalidRecord));
}

/// The codec's number and what its decompressor says are no fault of the records in Kafka's
/// eyes, but one of its own. A broker may know better.
const NOT_DECOMPRESSED: [Option<E>; 2] = [Some(E::UnknownServerError), Some(E::InvalidRecord)];

#[test]
fn an_unknown_codec_is_refused() {
    for codec in [5, 6, 7] {
        let (code, message) = refused(lying(|b| b.attributes = codec));
        assert!(NOT_DECOMPRESSED.contains(&code), "codec {codec}: {code:?} {message}");
    }
}

#[test]
fn a_compressed_body_that_cannot_be_decompressed_is_refused() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut cut = codec.compress(&Batch::of(["one", "two", "three"]).plain());
        cut.truncate(cut.len() - 3);
        for body in [b"no such thing".to_vec(), Vec::new(), cut] {
            let records = lying(|b| (b.codec, b.body) = (codec, Some(body)));
            let (code, message) = refused(records);
            assert!(NOT_DECOMPRESSED.contains(&code), "{codec:?}: {code:?} {message}");
        }
    }
}

#[test]
fn a_producer_without_a_sequence_is_refused() {
    let (code, message) = refused(lying(|b| (b.producer, b.base_sequence) = ((77, 0), -1)));
    assert_eq!(code, Some(E::InvalidRecord), "{message}");
}

#[test]
fn a_transactional_batch_needs_a_transactional_id() {
    let (code, message) = refused(lying(|b| (b.attributes, b.producer) = (0x10, (77, 0))));
    assert_eq!(code, Some(E::TransactionalIdAuthorizationFailed), "{message}");
}

/// A producer numbers its batch from zero: the log gives out the offsets.
#[test]
fn a_base_offset_other_than_zero_is_an_invalid_record() {
    for offset in [1, 4711, -7, i64::MAX] {
        assert_eq!(refused(lying(|b| b.base_offset = offset)).0, Some(E::InvalidRecord));
    }
}

#[test]
fn a_batch_above_max_message_bytes_is_too_large() {
    let large = Batch::of(["x".repeat(2000)]).bytes();
    let answer = refused_by(&[("max.message.bytes", "1000")], large);
    assert_eq!(error(answer.error_code), Some(E::MessageTooLarge));
    let larger = Batch::of(["x".repeat(1 << 20)]).bytes();
    assert_eq!(refused(larger).0, Some(E::MessageTooLarge));
}

#[test]
fn a_batch_of_exactly_max_message_bytes_is_taken() {
    let batch = Batch::of(["x".repeat(2000)]).bytes();
    let mut client = connect();
    let most = batch.len().to_string();
    let topic = client.topic_with("produce-exact", 1, &[("max.message.bytes", &most)]);
    assert_eq!(error(client.produce(11, &topic, 0, batch).error_code), None);
}

#[test]
fn times_too_far_in_the_future_are_refused_record_by_record() {
    let future = TIME * 3;
    let mut batch = Batch::of(["one", "two", "three"]);
    batch.records[1].timestamp_delta = future - TIME;
    let answer = refused_by(&[], batch.bytes());
    assert_eq!(error(answer.error_code), Some(E::InvalidTimestamp), "{answer:?}");
    let at: Vec<i32> = answer.record_errors.iter().map(|e| e.batch_index).collect();
    assert_eq!(at, [1]);
    assert!(answer.record_errors[0].batch_index_error_message.is_some());
    assert!(answer.error_message.is_some());
}

#[test]
fn times_too_far_in_the_past_are_refused_when_the_topic_says_so() {
    let answer = refused_by(&[("message.timestamp.before.max.ms", "1000")], lying(|_| ()));
    assert_eq!(error(answer.error_code), Some(E::InvalidTimestamp));
    assert_eq!(answer.record_errors.len(), 3);
}

#[test]
fn a_max_timestamp_that_lies_is_put_right() {
    let mut client = connect();
    let topic = client.topic("produce-max-time", 1);
    client.append_batch(&topic, &Batch::of(["a"]).with(|b| b.max_timestamp = Some(TIME - 5)));
    let stored = views(&client.fetch(&topic, 0).records.expect("records")).remove(0);
    assert_eq!(stored.max_timestamp, TIME);
}

#[test]
fn a_record_without_a_key_is_refused_by_a_compacted_topic() {
    let records = Batch::from(vec![Record::keyed("k", "v"), Record::new("v")]).bytes();
    let answer = refused_by(&[("cleanup.policy", "compact")], records);
    assert_eq!(error(answer.error_code), Some(E::InvalidRecord));
    let at: Vec<i32> = answer.record_errors.iter().map(|e| e.batch_index).collect();
    assert_eq!(at, [1]);
}

/// Versions below 8 have no room for the records' own errors.
#[test]
fn old_versions_are_told_the_error_alone() {
    let mut client = connect();
    let topic = client.topic("produce-old", 1);
    let answer = client.produce(7, &topic, 0, lying(|b| b.count = Some(9)));
    assert_eq!(error(answer.error_code), Some(E::InvalidRecord));
}

/// A hundred megabytes of nothing in one of gzip: it must neither fill the memory nor end the
/// broker, whatever is said about it.
#[test]
fn a_decompression_bomb_is_refused() {
    let zeros = vec![0; 1 << 20];
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..100).for_each(|_| std::io::Write::write_all(&mut bomb, &zeros).expect("memory"));
    let body = bomb.finish().expect("memory");
    assert!(body.len() < 1_040_000, "{}", body.len());
    let (code, message) = refused(lying(|b| (b.codec, b.body) = (Codec::Gzip, Some(body))));
    assert_eq!(code, Some(E::InvalidRecord), "{message}");
}
