//! What passes, what is refused and why, and that nothing at all makes a check panic.

use std::io::Read;

use bytes::{Bytes, BytesMut};

use crate::base::limits;
use crate::wire::batch::{BatchError, BatchHeader, Codec, Rules, ValidBatch, checksum, validate};
use crate::wire::compression;
use crate::wire::records::RecordFormat;
use crate::wire::sample::{NOW_MS, patched, put_number, rules, sample, seal};

mod properties;
mod topics;

const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn accepted(bytes: &Bytes, rules: &Rules) -> ValidBatch {
    let valid = validate(bytes, rules).expect("it is valid");
    let header = BatchHeader::read(&valid.records).expect("it is whole");
    assert_eq!(header, valid.header, "the header is that of the bytes");
    assert_eq!(header.crc, checksum(&valid.records));
    assert_eq!(header.length as usize + 12, valid.records.len());
    assert_eq!(header.max_timestamp_ms, valid.max_timestamp_ms);
    valid
}

fn refused(bytes: impl Into<Bytes>) -> BatchError {
    validate(&bytes.into(), &rules()).expect_err("it is faulty")
}

#[test]
fn an_honest_batch_is_kept_as_it_came() {
    for codec in ALL {
        let bytes = sample(&["a", "b", "c"]).in_codec(codec).bytes();
        let valid = accepted(&bytes, &rules());
        assert_eq!(valid.records, bytes, "{codec:?}");
        assert_eq!(valid.records.as_ptr(), bytes.as_ptr(), "not even copied");
        assert_eq!(valid.max_timestamp_ms, NOW_MS + 2);
        assert_eq!(valid.append_time_ms, -1);
    }
}

#[test]
fn null_keys_null_values_and_headers_are_fine() {
    for codec in ALL {
        let mut batch = sample(&["a", "b"]).in_codec(codec);
        batch.records[0].key = None;
        batch.records[1].value = None;
        batch.records[1].headers = vec![(b"h".to_vec(), None), (b"".to_vec(), Some(vec![1]))];
        assert_eq!(accepted(&batch.bytes(), &rules()).records, batch.bytes());
    }
}

#[test]
fn without_a_whole_batch_there_is_nothing_to_take() {
    assert_eq!(refused(Bytes::new()), BatchError::Empty);
    let bytes = sample(&["a"]).bytes();
    for keep in 0..bytes.len() {
        assert_eq!(refused(bytes.slice(..keep)), BatchError::Empty, "{keep} bytes");
    }
}

#[test]
fn what_follows_the_batch_and_is_not_whole_is_dropped_as_in_kafka() {
    let bytes = sample(&["a"]).bytes();
    for tail in [&b"x"[..], &[0; 11], &bytes[..bytes.len() - 1]] {
        let both = [&bytes[..], tail].concat();
        assert_eq!(accepted(&both.into(), &rules()).records, bytes);
    }
    let two = [&bytes[..], &bytes[..]].concat();
    assert_eq!(refused(two), BatchError::SecondBatch);
    let noise = [&bytes[..], &[0; 12]].concat();
    assert_eq!(refused(noise), BatchError::Length { length: 0 });
}

#[test]
fn a_lying_length_is_noticed() {
    let bytes = sample(&["abc"]).bytes();
    let with_length = |length: i32| {
        let mut bytes = BytesMut::from(&bytes[..]);
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        refused(bytes.freeze())
    };
    let length = bytes.len() as i32 - 12;
    for lie in [i32::MIN, -1, 0, 13] {
        assert_eq!(with_length(lie), BatchError::Length { length: lie });
    }
    assert_eq!(with_length(14), BatchError::TruncatedHeader { bytes: 26 });
    assert_eq!(with_length(48), BatchError::TruncatedHeader { bytes: 60 });
    assert!(matches!(with_length(length - 1), BatchError::Checksum { .. }));
    assert_eq!(with_length(length + 1), BatchError::Empty);
    assert_eq!(with_length(i32::MAX), BatchError::Empty);
}

#[test]
fn other_formats_are_refused() {
    let bytes = sample(&["a"]).bytes();
    let with_magic = |magic: i8| refused(patched(&bytes, 16, &magic.to_be_bytes()));
    assert_eq!(with_magic(0), BatchError::OldMagic { magic: 0 });
    assert_eq!(with_magic(1), BatchError::OldMagic { magic: 1 });
    assert_eq!(with_magic(3), BatchError::UnknownMagic { magic: 3 });
    assert_eq!(with_magic(-1), BatchError::UnknownMagic { magic: -1 });
}

#[test]
fn any_flipped_bit_breaks_the_crc() {
    let bytes = sample(&["abc"]).bytes();
    for at in 17..bytes.len() {
        let mut bytes = BytesMut::from(&bytes[..]);
        bytes[at] ^= 0x10;
        assert!(matches!(refused(bytes), BatchError::Checksum { .. }), "byte {at}");
    }
}

#[test]
fn the_leader_epoch_is_the_brokers_affair() {
    let bytes = patched(&sample(&["a"]).bytes(), 12, &7_i32.to_be_bytes());
    accepted(&bytes, &rules());
    let bytes = patched(&sample(&["a"]).bytes(), 0, &7_i64.to_be_bytes());
    assert_eq!(refused(bytes), BatchError::BaseOffset { base_offset: 7 });
}

#[test]
fn the_largest_batch_is_one_of_exactly_max_message_bytes() {
    let bytes = sample(&["abc"]).bytes();
    let size = bytes.len() as i32;
    accepted(&bytes, &Rules { max_bytes: size, ..rules() });
    for max in [size - 1, 0, -1] {
        let error = validate(&bytes, &Rules { max_bytes: max, ..rules() });
        assert_eq!(error.err(), Some(BatchError::TooLarge { bytes: bytes.len(), max }));
    }
}

#[test]
fn zstd_needs_a_newer_request() {
    let rules = Rules { zstd_allowed: false, ..rules() };
    let bytes = sample(&["a"]).in_codec(Codec::Zstd).bytes();
    assert_eq!(validate(&bytes, &rules).err(), Some(BatchError::ZstdTooEarly));
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4] {
        accepted(&sample(&["a"]).in_codec(codec).bytes(), &rules);
    }
}

#[test]
fn there_are_four_codecs() {
    for id in 5..8_i16 {
        let bytes = patched(&sample(&["a"]).bytes(), 21, &id.to_be_bytes());
        assert_eq!(refused(bytes), BatchError::UnknownCodec { id });
    }
}

#[test]
fn a_header_must_agree_with_itself() {
    let bytes = sample(&["a", "b"]).bytes();
    let with = |last_offset_delta: i32, count: i32| {
        let bytes = patched(&bytes, 23, &last_offset_delta.to_be_bytes());
        refused(patched(&bytes, 57, &count.to_be_bytes()))
    };
    assert_eq!(with(-1, 0), BatchError::OffsetRange { last_offset_delta: -1 });
    assert_eq!(with(i32::MIN, 2), BatchError::OffsetRange { last_offset_delta: i32::MIN });
    assert_eq!(with(1, 0), BatchError::RecordCount { count: 0 });
    assert_eq!(with(1, -5), BatchError::RecordCount { count: -5 });
    assert_eq!(with(2, 2), BatchError::CountMismatch { count: 2, last_offset_delta: 2 });
    assert_eq!(with(0, 1), BatchError::BytesRemain { records: 1 });
    let fault = RecordFormat::Truncated;
    assert_eq!(with(2, 3), BatchError::Record { index: 2, fault });
    assert_eq!(with(i32::MAX - 1, i32::MAX), BatchError::Record { index: 2, fault });
}

#[test]
fn clients_write_no_control_batches() {
    let mut batch = sample(&["a"]);
    batch.flags = 0x20;
    assert_eq!(refused(batch.bytes()), BatchError::Control);
}

#[test]
fn an_idempotent_producer_counts_from_zero() {
    let from = |id, epoch, sequence| {
        let bytes = sample(&["a"]).from_producer(id, epoch, sequence).bytes();
        validate(&bytes, &rules()).map(|valid| valid.header.has_producer())
    };
    assert_eq!(from(0, 0, 0), Ok(true));
    assert_eq!(from(-1, -1, -1), Ok(false));
    // Without an id the rest is not looked at.
    assert_eq!(from(-1, 3, 9), Ok(false));
    assert_eq!(from(9, 0, -1), Err(BatchError::Sequence { producer_id: 9, sequence: -1 }));
    // Epochs are the partition's affair: it knows what came before.
    assert_eq!(from(9, -1, 0), Ok(true));
}

/// A batch of `count` records whose bytes are the caller's, in every codec.
fn with_plain(count: usize, plain: &[u8]) -> Vec<(Codec, BatchError)> {
    let batch = |codec| sample(&vec!["x"; count]).in_codec(codec);
    let squeezed = |codec| {
        let mut out = Vec::new();
        compression::compress(codec, &mut &plain[..], &mut out).expect("memory");
        batch(codec).with_payload(&out)
    };
    ALL.into_iter().map(|codec| (codec, refused(squeezed(codec)))).collect()
}

#[test]
fn a_record_must_be_what_it_claims() {
    use RecordFormat::{HeaderCount, HeaderKey, SizeMismatch, Truncated, Varint};
    // attributes, time, offset, null key, null value, no headers; sizes are doubled by zig-zag.
    let whole = [12, 0, 0, 0, 1, 1, 0];
    let check = |plain: &[u8], fault| {
        for (codec, error) in with_plain(1, plain) {
            assert_eq!(error, BatchError::Record { index: 0, fault }, "{codec:?} {plain:?}");
        }
    };
    check(&[], Truncated);
    check(&[0x80; 5], Varint);
    check(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80], Varint);
    check(&[1], RecordFormat::Size(-1));
    check(&[10, 0, 0, 0, 1, 1, 0], SizeMismatch);
    check(&[16, 0, 0, 0, 1, 1, 0, 0, 0], SizeMismatch);
    check(&[12, 0, 0, 0, 100, 1, 0], SizeMismatch);
    check(&[12, 0, 0, 0, 1, 100, 0], SizeMismatch);
    check(&[12, 0, 0, 0, 1, 1, 1], HeaderCount(-1));
    check(&[12, 0, 0, 0, 1, 1, 2], HeaderCount(1));
    check(&[16, 0, 0, 0, 1, 1, 2, 1, 1], HeaderKey(-1));
    check(
        &[32, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0, 1, 1, 0],
        Varint,
    );
    for (codec, error) in with_plain(1, &[&whole[..], &[0]].concat()) {
        assert_eq!(error, BatchError::BytesRemain { records: 1 }, "{codec:?}");
    }
    for (codec, error) in with_plain(2, &whole) {
        let fault = Truncated;
        assert_eq!(error, BatchError::Record { index: 1, fault }, "{codec:?}");
    }
    // A size beyond all there is.
    let mut long = Vec::new();
    put_number(&mut long, i64::from(i32::MAX));
    for (codec, error) in with_plain(1, &long) {
        let fault = RecordFormat::Size(i32::MAX);
        assert_eq!(error, BatchError::Record { index: 0, fault }, "{codec:?}");
    }
}

#[test]
fn negative_lengths_are_null_whatever_the_number() {
    let batch = sample(&["x"]);
    // Key of length -3, value of length -7.
    accepted(&batch.with_payload(&[12, 0, 0, 0, 5, 13, 0]), &rules());
}

#[test]
fn a_damaged_stream_is_refused() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let noise = sample(&["a"]).in_codec(codec).with_payload(b"\xfe\xfe\xfe\xfe this is noise");
        assert!(matches!(refused(noise), BatchError::Undecodable { .. }), "{codec:?}");
        let empty = sample(&["a"]).in_codec(codec).with_payload(b"");
        let error = refused(empty);
        assert!(
            matches!(error, BatchError::Undecodable { .. } | BatchError::Record { .. }),
            "{codec:?} {error:?}"
        );
    }
}

#[test]
fn a_decompression_bomb_is_stopped() {
    // One record that fills more than the bound: a size that cannot be believed costs nothing.
    let mut head = Vec::new();
    put_number(&mut head, i64::from(i32::MAX));
    let mut squeezed = Vec::new();
    compression::compress(Codec::Zstd, &mut &head[..], &mut squeezed).expect("memory");
    let bytes = sample(&["a"]).in_codec(Codec::Zstd).with_payload(&squeezed);
    let fault = RecordFormat::Size(i32::MAX);
    assert_eq!(refused(bytes), BatchError::Record { index: 0, fault });

    // Zeros: as records they have no bytes at all, which is refused at the first one.
    let mut squeezed = Vec::new();
    let mut zeros = std::io::repeat(0).take(limits::DECOMPRESSED_BATCH_MAX as u64);
    compression::compress(Codec::Zstd, &mut zeros, &mut squeezed).expect("memory");
    let bytes = sample(&["a"]).in_codec(Codec::Zstd).with_payload(&squeezed);
    assert!(matches!(refused(bytes), BatchError::Record { index: 0, .. }));
}

#[test]
fn honest_records_beyond_the_bound_are_stopped_too() {
    // Two records of 600 MiB each.
    let value = 600_u64 << 20;
    let mut record = vec![0, 0, 0, 1];
    put_number(&mut record, value as i64);
    let mut head = Vec::new();
    put_number(&mut head, record.len() as i64 + value as i64 + 1);
    head.extend(record);
    let record = || head.chain(std::io::repeat(0).take(value + 1));
    let mut plain = record().chain(record());
    let mut squeezed = Vec::new();
    compression::compress(Codec::Zstd, &mut plain, &mut squeezed).expect("memory");
    assert!(squeezed.len() < 200_000, "{} bytes", squeezed.len());
    let bytes = sample(&["a", "b"]).in_codec(Codec::Zstd).with_payload(&squeezed);
    let max = limits::DECOMPRESSED_BATCH_MAX;
    assert_eq!(refused(bytes), BatchError::UnfoldsTooLarge { max });
}

#[test]
fn a_sealed_header_alone_is_no_batch() {
    let bytes = sample(&["a"]).bytes();
    let header = seal(BytesMut::from(&bytes[..61]));
    let fault = RecordFormat::Truncated;
    assert_eq!(refused(header), BatchError::Record { index: 0, fault });
}
