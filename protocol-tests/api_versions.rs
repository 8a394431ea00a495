//! ApiVersions: the first request of every client.

use crate::{
    harness::{client::header, *},
    samples::samples,
};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};

const KEY: i16 = 18;

fn ask(version: i16) -> ApiVersionsResponse {
    let request = ApiVersionsRequest::default();
    let request = match version {
        0..3 => request,
        _ => request
            .with_client_software_name(text("protocol-tests"))
            .with_client_software_version(text("1.0")),
    };
    connect().call(version, &request)
}

#[test]
fn every_version_lists_the_same_apis() {
    let newest = ask(4);
    assert_eq!(error(newest.error_code), None);
    for version in 0..4 {
        let answer = ask(version);
        assert_eq!(error(answer.error_code), None);
        assert_eq!(answer.api_keys, newest.api_keys, "v{version}");
    }
}

/// Each version that the codec crate can speak is served; none that Kafka 4.3 does not.
#[test]
fn the_versions_are_those_of_kafka_4_3() {
    // Kafka 4.3 goes one version further than the crate here.
    let further = [(2, 11), (8, 10), (9, 10), (35, 5)];
    let listed = ask(4).api_keys;
    for api in samples() {
        let found = listed.iter().find(|l| l.api_key == api.key);
        let found = found.unwrap_or_else(|| panic!("key {} is not listed", api.key));
        let most = further.iter().find(|(key, _)| *key == api.key).map_or(api.max, |f| f.1);
        // Produce is listed from 0 although 0 to 2 are refused: librdkafka needs it so.
        let least = if api.key == 0 { 0 } else { api.min };
        assert_eq!(found.min_version, least, "key {}", api.key);
        assert!((api.max..=most).contains(&found.max_version), "key {}: {found:?}", api.key);
    }
}

#[test]
fn the_list_is_sorted_and_names_no_key_twice() {
    let keys: Vec<i16> = ask(0).api_keys.iter().map(|api| api.api_key).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
}

#[test]
fn an_unknown_version_is_answered_with_a_version_0_body() {
    for version in [5 + 1, 99, i16::MAX] {
        let mut client = connect();
        client.send_body(KEY, version, b"\x02a\x02b\0");
        let answer = client.receive_frame().expect("an answer");
        let expected = [
            &[0, 0, 0, 1][..], // the correlation id; the header is of version 0
            &[0, 35],          // UNSUPPORTED_VERSION
            &[0, 0, 0, 1],     // one API: this one
            &[0, 18, 0, 0, 0], // its key, its first version
        ]
        .concat();
        assert_eq!(answer[..15], expected, "v{version}");
        assert!(answer[15] >= 4, "v{version}: the newest version served");
        assert_eq!(answer.len(), 16, "v{version}");
        // The connection can be used to ask again in a version that is served.
        let request = ApiVersionsRequest::default();
        assert_eq!(error(client.call(0, &request).error_code), None);
    }
}

#[test]
fn a_version_3_answer_has_a_header_without_tagged_fields() {
    let mut client = connect();
    let frame = [&header(KEY, 3, 5)[..], b"\x02a\x02b\0"].concat();
    client.send_frame(&frame);
    let answer = client.receive_frame().expect("an answer");
    assert_eq!(answer[..6], [0, 0, 0, 5, 0, 0], "correlation id, then the error code at once");
    assert!(answer[6] > 30, "the compact array's length follows");
}

/// The name and the version of the client's software must look like ones (KIP-511).
#[test]
fn a_client_software_name_that_is_none_is_an_invalid_request() {
    for (name, software) in [("", "1"), ("tests", ""), ("-x", "1"), ("a b", "1"), ("a", "ü")] {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(text(name))
            .with_client_software_version(text(software));
        let answer = connect().call(3, &request);
        assert_eq!(error(answer.error_code), Some(E::InvalidRequest), "{name:?} {software:?}");
    }
}

#[test]
fn features_are_told_from_version_3_on() {
    for version in 3..=4 {
        let answer = ask(version);
        assert!(answer.finalized_features_epoch >= 0);
        for feature in &answer.supported_features {
            assert!(feature.min_version <= feature.max_version);
            // Older clients cannot read a minimum of 0 (KAFKA-17492), so it is left out there.
            assert!(version > 3 || feature.min_version > 0, "{feature:?}");
        }
        let level = |name: &str| {
            let found = answer.finalized_features.iter().find(|f| *f.name == *name);
            found.map(|f| f.max_version_level)
        };
        assert!(level("metadata.version") >= Some(1));
    }
}
