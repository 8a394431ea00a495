//! What clients are told, by version.

use super::{FEATURES, describe, is_name, unsupported_version};
use crate::api::table::APIS;

#[test]
fn names_are_letters_digits_dots_and_dashes_between_letters_or_digits() {
    for good in ["apache-kafka-java", "4.3.0", "a", "A1", "x.y-z0", "a--..b"] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["", "-a", "a-", ".", "a b", "a_b", "a\n", "é", "a/b"] {
        assert!(!is_name(bad), "{bad}");
    }
}

#[test]
fn features_with_minimum_zero_are_left_out_below_version_4() {
    let names = |version| {
        let features = describe(version, 1).supported_features;
        features.iter().map(|feature| feature.name.to_string()).collect::<Vec<_>>()
    };
    assert!(names(2).is_empty());
    assert_eq!(names(3), ["metadata.version"]);
    assert_eq!(names(4), FEATURES.iter().map(|feature| feature.name).collect::<Vec<_>>());
}

#[test]
fn a_finalized_feature_is_a_supported_one_and_has_an_epoch() {
    let response = describe(3, -1);
    assert_eq!(response.finalized_features_epoch, 0);
    for feature in response.finalized_features {
        let known = FEATURES.iter().find(|known| *known.name == *feature.name);
        let known = known.expect("finalized, so supported");
        assert!((known.min..=known.max).contains(&feature.max_version_level));
    }
}

#[test]
fn every_api_of_the_table_is_told() {
    let response = describe(0, 1);
    let told: Vec<_> = response.api_keys.iter().map(|api| api.api_key).collect();
    let listed: Vec<_> = APIS.iter().map(|api| api.key as i16).collect();
    assert_eq!(told, listed);
    assert!(response.supported_features.is_empty() && response.finalized_features.is_empty());
}

#[test]
fn an_unknown_version_learns_the_known_ones() {
    let response = unsupported_version();
    assert_eq!(response.error_code, 35);
    let own = &response.api_keys[0];
    assert_eq!((response.api_keys.len(), own.api_key), (1, 18));
    assert_eq!((own.min_version, own.max_version), (0, 4));
}
