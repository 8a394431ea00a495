//! Request headers of both layouts.

use bytes::Bytes;

use super::{HeaderError, RequestHeader};

/// API 1 has the old header, API 2 the flexible one, others are unknown.
fn layout(key: i16, _version: i16) -> Option<i16> {
    (1..=2).contains(&key).then_some(key)
}

fn read(bytes: &[u8]) -> Result<(RequestHeader, Bytes), HeaderError> {
    let mut frame = Bytes::copy_from_slice(bytes);
    RequestHeader::read(&mut frame, layout).map(|header| (header, frame))
}

fn start(key: u8) -> Vec<u8> {
    vec![0, key, 0, 7, 0, 0, 0, 42]
}

fn with(key: u8, tail: &[u8]) -> Vec<u8> {
    [&start(key), tail].concat()
}

#[test]
fn the_old_layout_ends_with_the_client_id() {
    let (header, body) = read(&with(1, &[0, 2, b'm', b'e', 9])).expect("a header");
    assert_eq!((header.api_key, header.api_version, header.correlation_id), (1, 7, 42));
    assert_eq!(header.client_id.as_deref(), Some(b"me".as_slice()));
    assert_eq!(&body[..], [9]);
}

#[test]
fn the_flexible_layout_ends_with_tags_which_are_passed_over() {
    let (header, body) = read(&with(2, &[0xff, 0xff, 2, 5, 1, 0, 6, 2, 0, 0, 9])).expect("header");
    assert_eq!(header.client_id, None);
    assert_eq!(&body[..], [9]);
}

#[test]
fn bytes_that_are_no_text_are_replaced_in_the_client_id() {
    let (header, _) = read(&with(1, &[0, 1, 0xff])).expect("a header");
    assert_eq!(header.client_id.as_deref(), Some("\u{fffd}".as_bytes()));
}

#[test]
fn an_unknown_key_is_named() {
    assert_eq!(read(&start(77)).err(), Some(HeaderError::UnknownApi(77)));
}

#[test]
fn a_header_cut_short_anywhere_is_refused() {
    let whole = with(2, &[0, 2, b'm', b'e', 1, 5, 3, 1, 2, 3]);
    assert!(read(&whole).is_ok());
    for length in 0..whole.len() {
        assert_eq!(read(&whole[..length]).err(), Some(HeaderError::Truncated), "{length}");
    }
}

#[test]
fn impossible_lengths_are_refused() {
    assert_eq!(read(&with(1, &[0xff, 0xfe])).err(), Some(HeaderError::ClientId(-2)));
    let tags = [0xff, 0xff, 0x91, 0x4e]; // 10,001
    assert_eq!(read(&with(2, &tags)).err(), Some(HeaderError::TooManyTags(10_001)));
    let overlong = [0xff, 0xff, 0x80, 0x80, 0x80, 0x80, 0x80];
    assert_eq!(read(&with(2, &overlong)).err(), Some(HeaderError::Varint));
}
