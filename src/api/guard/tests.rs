//! Requests that lie about what they hold, and requests that do not.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiVersionsRequest, FetchRequest, JoinGroupRequest, MetadataRequest, ProduceRequest, TopicName,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, StrBytes};
use proptest::prelude::*;

use super::{HARMLESS, OVERCOUNT, OVERTAG, decode};

fn body(write: impl FnOnce(&mut BytesMut)) -> Bytes {
    let mut bytes = BytesMut::new();
    write(&mut bytes);
    bytes.freeze()
}

fn refusal<R: Decodable + HeaderVersion>(bytes: &Bytes, version: i16) -> String {
    decode::<R>(bytes.clone(), version).err().expect("the request lies")
}

fn varint(bytes: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        bytes.put_u8(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.put_u8(u8::try_from(value).expect("seven bits"));
}

#[test]
fn an_impossible_count_is_refused_in_every_layout() {
    for count in [i32::MAX, 5_000_000, 20_000] {
        let old = body(|bytes| bytes.put_i32(count));
        assert!(decode::<MetadataRequest>(old, 1).is_err(), "{count}");
    }
    for count in [u32::MAX, 5_000_000, 20_000] {
        let flexible = body(|bytes| varint(bytes, count));
        assert!(decode::<MetadataRequest>(flexible, 9).is_err(), "{count}");
    }
}

#[test]
fn a_count_within_the_bytes_but_over_the_bound_is_refused() {
    let old = body(|bytes| {
        bytes.put_i32(1_000_001);
        bytes.put_bytes(0, 3_000_000);
    });
    assert!(decode::<MetadataRequest>(old, 1).is_err());
    let flexible = body(|bytes| {
        varint(bytes, 1_000_002);
        bytes.put_bytes(1, 3_000_000);
    });
    assert_eq!(refusal::<MetadataRequest>(&flexible, 9), OVERCOUNT);
}

#[test]
fn a_million_elements_are_accepted() {
    let most = body(|bytes| {
        bytes.put_i32(1_000_000);
        bytes.put_bytes(0, 2_000_000);
    });
    let request = decode::<MetadataRequest>(most, 1).expect("it says what it holds");
    assert_eq!(request.topics.map(|topics| topics.len()), Some(1_000_000));
}

#[test]
fn too_many_tagged_fields_are_refused() {
    let tagged = |count: u32| {
        body(|bytes| {
            bytes.put_slice(&[2, b'a', 2, b'b']);
            varint(bytes, count);
            for tag in 1..=count {
                varint(bytes, tag);
                bytes.put_u8(0);
            }
        })
    };
    assert!(decode::<ApiVersionsRequest>(tagged(10_000), 3).is_ok());
    assert_eq!(refusal::<ApiVersionsRequest>(&tagged(10_001), 3), OVERTAG);
}

#[test]
fn large_numbers_are_no_counts() {
    let request = JoinGroupRequest::default()
        .with_session_timeout_ms(i32::MAX)
        .with_rebalance_timeout_ms(2_000_000);
    for version in 0..=9 {
        let bytes = body(|bytes| request.encode(bytes, version).expect("encodable"));
        let decoded = decode::<JoinGroupRequest>(bytes, version).expect("an honest request");
        assert_eq!(decoded.session_timeout_ms, i32::MAX, "version {version}");
    }
}

#[test]
fn large_byte_strings_are_no_counts() {
    let records = Bytes::from(vec![5u8; 3_000_000]);
    let partition = PartitionProduceData::default().with_records(Some(records.clone()));
    let name = TopicName(StrBytes::from_static_str("t"));
    let topic = TopicProduceData::default()
        .with_name(name)
        .with_partition_data(vec![partition.clone(), partition]);
    let request = ProduceRequest::default().with_timeout_ms(i32::MAX).with_topic_data(vec![topic]);
    for version in 3..=12 {
        let bytes = body(|bytes| request.encode(bytes, version).expect("encodable"));
        let decoded = decode::<ProduceRequest>(bytes.clone(), version).expect("an honest request");
        let found = decoded.topic_data[0].partition_data[1].records.clone().expect("records");
        assert_eq!(found, records, "version {version}");
        let span = bytes.as_ptr_range();
        assert!(span.contains(&found.as_ptr()), "a slice of the request, not a copy");
    }
}

#[test]
fn a_byte_string_longer_than_the_request_is_refused() {
    for announced in [100i32, 100_000, i32::MAX] {
        let bytes = body(|bytes| {
            bytes.put_slice(&[0xff, 0xff, 0, 1, 0, 0, 0, 1]); // no transaction, acks, timeout
            bytes.put_slice(&[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0]);
            bytes.put_i32(announced);
            bytes.put_bytes(1, 50);
        });
        assert!(decode::<ProduceRequest>(bytes, 3).is_err(), "{announced}");
    }
}

/// Whatever the guard accepts, the codec reads in the same way, and the other way round as long
/// as no count is out of bounds.
fn agree<R>(bytes: &[u8], version: i16)
where
    R: Decodable + HeaderVersion + PartialEq + std::fmt::Debug,
{
    let guarded = decode::<R>(Bytes::copy_from_slice(bytes), version).ok();
    let large = bytes.windows(4).any(|four| four[0] != 0 && four[0] < 0x80)
        || bytes.windows(3).any(|three| three.iter().all(|byte| *byte >= 0x80));
    if let Some(guarded) = guarded {
        let plain = R::decode(&mut Bytes::copy_from_slice(bytes), version).ok();
        assert_eq!(Some(guarded), plain);
    } else if !large && bytes.len() < HARMLESS {
        let plain = R::decode(&mut Bytes::copy_from_slice(bytes), version).ok();
        assert_eq!(plain, None);
    }
}

fn any_version<R: Message>() -> std::ops::RangeInclusive<i16> {
    R::VERSIONS.min..=R::VERSIONS.max
}

/// Bytes as in requests: mostly zeros and small numbers.
fn sparse() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![6 => Just(0u8), 3 => 1u8..4, 1 => any::<u8>()];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn garbage_never_panics_or_allocates(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        produce in any_version::<ProduceRequest>(),
        fetch in any_version::<FetchRequest>(),
        metadata in any_version::<MetadataRequest>(),
    ) {
        agree::<ProduceRequest>(&bytes, produce);
        agree::<FetchRequest>(&bytes, fetch);
        agree::<MetadataRequest>(&bytes, metadata);
    }

    #[test]
    fn sparse_garbage_never_panics_or_allocates(
        bytes in sparse(),
        produce in any_version::<ProduceRequest>(),
        fetch in any_version::<FetchRequest>(),
        join in any_version::<JoinGroupRequest>(),
    ) {
        agree::<ProduceRequest>(&bytes, produce);
        agree::<FetchRequest>(&bytes, fetch);
        agree::<JoinGroupRequest>(&bytes, join);
    }
}
