//! Produce: the four codecs, and topics that ask for one of their own.

use crate::harness::*;
use std::io::Read;

const ALL: [Codec; 6] =
    [Codec::None, Codec::Gzip, Codec::Snappy, Codec::RawSnappy, Codec::Lz4, Codec::Zstd];

fn batch(codec: Codec) -> Batch {
    Batch::of((0..100).map(|n| format!("value {n} value {n} value"))).with(|b| b.codec = codec)
}

fn stored(client: &mut Client, topic: &Topic, offset: i64) -> View {
    views(&client.fetch(topic, offset).records.expect("records")).remove(0)
}

fn decompress(view: &View) -> Vec<u8> {
    let mut out = Vec::new();
    match view.attributes & 7 {
        0 => out.extend_from_slice(&view.body),
        1 => _ = flate2::read::GzDecoder::new(&view.body[..]).read_to_end(&mut out).expect("gzip"),
        2 if !view.body.starts_with(b"\x82SNAPPY\0") => {
            out = snap::raw::Decoder::new().decompress_vec(&view.body).expect("snappy");
        }
        2 => {
            let mut rest = view.body.get(16..);
            while let Some((length, more)) = rest.and_then(|r| r.split_first_chunk()) {
                let (block, more) = more.split_at(u32::from_be_bytes(*length) as usize);
                out.extend(snap::raw::Decoder::new().decompress_vec(block).expect("snappy"));
                rest = Some(more);
            }
        }
        3 => {
            let mut lz4 = lz4_flex::frame::FrameDecoder::new(&view.body[..]);
            lz4.read_to_end(&mut out).expect("lz4");
        }
        4 => out = zstd::stream::decode_all(&view.body[..]).expect("zstd"),
        codec => panic!("codec {codec}"),
    }
    out
}

#[test]
fn every_codec_is_taken_and_its_bytes_are_kept() {
    let mut client = connect();
    let topic = client.topic("codecs", 1);
    for codec in ALL {
        let batch = batch(codec);
        let offset = client.append_batch(&topic, &batch);
        let stored = stored(&mut client, &topic, offset);
        assert_eq!(stored.attributes, codec.bits(), "{codec:?}");
        assert_eq!(stored.body, codec.compress(&batch.plain()), "{codec:?}");
    }
}

/// Clients older than zstd (KIP-110) must not meet it.
#[test]
fn zstd_needs_produce_version_7() {
    let mut client = connect();
    let topic = client.topic("codecs-old", 1);
    let answer = client.produce(6, &topic, 0, batch(Codec::Zstd).bytes());
    assert_eq!(error(answer.error_code), Some(E::UnsupportedCompressionType));
    let answer = client.produce(7, &topic, 0, batch(Codec::Zstd).bytes());
    assert_eq!(error(answer.error_code), None);
}

/// Kafka 4 no longer keeps zstd from older fetch versions, whatever the topic's setting says.
#[test]
fn zstd_is_given_to_every_fetch_version() {
    let mut client = connect();
    let settings = [("compression.type", "zstd")];
    let topic = client.topic_with("codecs-fetch-zstd", 1, &settings);
    client.append_batch(&topic, &batch(Codec::None));
    for version in 4..=11 {
        let answer = client.fetch_version(version, &topic, 0);
        assert_eq!(error(answer.error_code), None, "v{version}");
        assert_eq!(views(&answer.records.expect("records"))[0].attributes, 4);
    }
}

#[test]
fn a_topic_with_a_codec_of_its_own_recompresses() {
    let codecs = [("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4), ("uncompressed", 0)];
    let mut client = connect();
    for (name, bits) in codecs {
        let topic = client.topic_with("codecs-own", 1, &[("compression.type", name)]);
        for codec in ALL {
            let batch = batch(codec);
            let offset = client.append_batch(&topic, &batch);
            let stored = stored(&mut client, &topic, offset);
            assert_eq!(stored.attributes & 7, bits, "{codec:?} to {name}");
            assert_eq!(decompress(&stored), batch.plain(), "{codec:?} to {name}");
            assert_eq!((stored.count, stored.last_offset - stored.base_offset), (100, 99));
        }
    }
}

#[test]
fn a_recompressed_batch_keeps_its_producer() {
    let mut client = connect();
    let topic = client.topic_with("codecs-producer", 1, &[("compression.type", "zstd")]);
    let producer = client.producer_id();
    let batch = batch(Codec::Gzip).idempotent(producer, 0);
    client.append_batch(&topic, &batch);
    let stored = stored(&mut client, &topic, 0);
    assert_eq!((stored.producer, stored.base_sequence), (producer, 0));
    assert_eq!(stored.max_timestamp, batch.base_timestamp);
}
