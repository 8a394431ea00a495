//! The header's fields and the two that the broker sets.

use bytes::BytesMut;

use crate::wire::batch::{
    BatchError, BatchHeader, Codec, add_to_sequence, checksum, take_from_sequence, write_patched,
};
use crate::wire::sample::{NOW_MS, sample};

#[test]
fn a_header_is_read_field_by_field() {
    let bytes = sample(&["a", "b", "c"]).from_producer(77, 5, 1_000).bytes();
    let header = BatchHeader::read(&bytes).expect("it is whole");
    assert_eq!(header.length as usize, bytes.len() - 12);
    assert_eq!((header.base_offset, header.leader_epoch, header.magic), (0, -1, 2));
    assert_eq!(header.crc, checksum(&bytes));
    assert_eq!((header.base_timestamp_ms, header.max_timestamp_ms), (NOW_MS, NOW_MS + 2));
    assert_eq!((header.producer_id, header.producer_epoch, header.base_sequence), (77, 5, 1_000));
    assert_eq!(
        (header.record_count, header.last_offset_delta, header.last_sequence()),
        (3, 2, 1_002)
    );
    assert_eq!(header.compression(), Ok(Codec::None));
}

#[test]
fn the_crc_is_the_one_that_others_compute() {
    // The check value of CRC-32C, and its place in the header in network order.
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    let bytes = sample(&["a"]).bytes();
    assert_eq!(bytes[17..21], crc32c::crc32c(&bytes[21..]).to_be_bytes());
}

#[test]
fn attributes_are_bits() {
    let check = |flags: i16| {
        let mut sample = sample(&["a"]);
        sample.flags = flags;
        let header = BatchHeader::read(&sample.bytes()).expect("it is whole");
        (header.is_log_append_time(), header.is_transactional(), header.is_control())
    };
    assert_eq!(check(0), (false, false, false));
    assert_eq!(check(0x08), (true, false, false));
    assert_eq!(check(0x10), (false, true, false));
    assert_eq!(check(0x20), (false, false, true));
}

#[test]
fn a_cut_header_is_refused() {
    let bytes = sample(&["a"]).bytes();
    for length in 0..61 {
        let error = BatchHeader::read(&bytes[..length]);
        assert_eq!(error, Err(BatchError::TruncatedHeader { bytes: length }));
    }
}

#[test]
fn sequences_go_round_at_the_largest_i32() {
    assert_eq!(add_to_sequence(5, 3), 8);
    assert_eq!(add_to_sequence(i32::MAX, 1), 0);
    assert_eq!(add_to_sequence(i32::MAX - 1, 4), 2);
    assert_eq!(take_from_sequence(2, 4), i32::MAX - 1);
    assert_eq!(take_from_sequence(0, 0), 0);
    let bytes = sample(&["a", "b", "c"]).from_producer(1, 0, i32::MAX - 1).bytes();
    assert_eq!(BatchHeader::read(&bytes).expect("it is whole").last_sequence(), 0);
    let bytes = sample(&["a", "b", "c"]).bytes();
    assert_eq!(BatchHeader::read(&bytes).expect("it is whole").last_sequence(), -1);
}

#[test]
fn a_consumer_gets_offset_and_epoch_and_the_same_bytes_otherwise() {
    let bytes = sample(&["a", "b"]).bytes();
    let mut out = BytesMut::from("before");
    write_patched(&mut out, &bytes, 4_294_967_300, 9);
    let sent = &out[6..];
    assert_eq!(sent.len(), bytes.len());
    let header = BatchHeader::read(sent).expect("it is whole");
    assert_eq!((header.base_offset, header.leader_epoch), (4_294_967_300, 9));
    assert_eq!(sent[8..12], bytes[8..12]);
    assert_eq!(sent[16..], bytes[16..]);
    assert_eq!(header.crc, checksum(sent), "the CRC does not cover what was patched");
}

#[test]
fn what_is_no_batch_is_passed_on_unharmed() {
    for bytes in [&b""[..], b"short", b"123456789012345"] {
        let mut out = BytesMut::new();
        write_patched(&mut out, bytes, 1, 1);
        assert_eq!(&out[..], bytes);
    }
}
