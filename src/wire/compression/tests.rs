//! The codecs against each other, and against what clients and attackers send.

use std::io::Read;

use crate::wire::batch::Codec;
use crate::wire::compression::{compress, decoder};

const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn squeeze(codec: Codec, plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compress(codec, &mut &plain[..], &mut out).expect("memory takes all");
    out
}

fn unfold(codec: Codec, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut from = decoder(codec, bytes).map_err(|error| error.to_string())?;
    from.read_to_end(&mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * n / 7 % 251) as u8).collect()
}

#[test]
fn what_goes_in_comes_out() {
    for codec in ALL {
        for length in [0, 1, 100, 32 << 10, (32 << 10) + 1, 70_000, 300_000] {
            let plain = text(length);
            assert_eq!(unfold(codec, &squeeze(codec, &plain)), Ok(plain), "{codec:?} {length}");
        }
    }
}

#[test]
fn a_cut_stream_never_gives_all_there_was() {
    let plain = text(100_000);
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let whole = squeeze(codec, &plain);
        for keep in (0..whole.len() - 1).step_by(997) {
            assert_ne!(unfold(codec, &whole[..keep]), Ok(plain.clone()), "{codec:?} {keep}");
        }
    }
}

#[test]
fn noise_is_no_stream() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        assert!(unfold(codec, b"\xff\xff\xff\xff\xff\xff\xffnoise").is_err(), "{codec:?}");
    }
}

#[test]
fn gzip_may_have_members_and_rubbish_after_them_as_in_java() {
    let plain = text(50_000);
    let member = squeeze(Codec::Gzip, &plain);
    let twice = [&member[..], &member[..], b"rubbish"].concat();
    assert_eq!(unfold(Codec::Gzip, &twice), Ok([&plain[..], &plain[..]].concat()));
}

#[test]
fn snappy_is_read_as_java_frames_it_and_bare() {
    let plain = text(50_000);
    let block = snap::raw::Encoder::new().compress_vec(&plain).expect("memory");
    assert_eq!(unfold(Codec::Snappy, &block), Ok(plain.clone()), "librdkafka's way");

    let framed = squeeze(Codec::Snappy, &plain);
    assert!(framed.starts_with(b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"));
    let twice = [&framed[..], &framed[..]].concat();
    assert_eq!(unfold(Codec::Snappy, &twice), Ok([&plain[..], &plain[..]].concat()));
}

#[test]
fn snappy_that_claims_the_impossible_costs_nothing() {
    // A block that says it unfolds to 4 GiB - 1.
    let lie = b"\xff\xff\xff\xff\x0f\x00a";
    let error = unfold(Codec::Snappy, lie).expect_err("it cannot");
    assert!(error.contains("claims more"), "{error}");
    let framed =
        [&b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x07"[..], lie].concat();
    assert!(unfold(Codec::Snappy, &framed).is_err());
    let beyond = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01\x7f\xff\xff\xffab";
    assert!(unfold(Codec::Snappy, beyond).is_err());
}

#[test]
fn lz4_blocks_that_lean_on_each_other_are_refused_as_in_kafka() {
    use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
    let info = FrameInfo::new().block_mode(BlockMode::Linked).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    std::io::Write::write_all(&mut encoder, &text(200_000)).expect("memory");
    let linked = encoder.finish().expect("memory");
    let error = unfold(Codec::Lz4, &linked).expect_err("consumers could not read it");
    assert!(error.contains("depend"), "{error}");
}

#[test]
fn an_lz4_frame_needs_its_end_mark() {
    let plain = text(200_000);
    let whole = squeeze(Codec::Lz4, &plain);
    assert!(whole.ends_with(&[0; 4]));
    assert!(unfold(Codec::Lz4, &whole[..whole.len() - 4]).is_err());
    assert!(unfold(Codec::Lz4, &whole[..whole.len() - 1]).is_err());
}

#[test]
fn lz4_with_checksums_and_content_size_is_read() {
    use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
    let plain = text(100_000);
    let info = FrameInfo::new()
        .block_mode(BlockMode::Independent)
        .block_checksums(true)
        .content_checksum(true)
        .content_size(Some(plain.len() as u64));
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    std::io::Write::write_all(&mut encoder, &plain).expect("memory");
    let frame = encoder.finish().expect("memory");
    assert_eq!(unfold(Codec::Lz4, &frame), Ok(plain));
}
