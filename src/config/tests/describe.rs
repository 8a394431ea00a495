//! What DescribeConfigs shows, as a broker of Kafka 4.3 showed it for the same settings.

use super::{load, map};
use crate::config::describe::{self, Entry, Source};
use crate::config::{Dynamic, Settings};

fn find(entries: Vec<Entry>, name: &str) -> Entry {
    entries.into_iter().find(|entry| entry.name == name).expect("it is listed")
}

fn synonyms(entry: &Entry) -> Vec<String> {
    let show = |synonym: &describe::Synonym| {
        let value = synonym.value.as_deref().unwrap_or("null");
        format!("{}={value} {:?}", synonym.name, synonym.source)
    };
    entry.synonyms.iter().map(show).collect()
}

/// A start with log.retention.hours=100, log.retention.ms altered at both levels.
fn altered() -> Settings {
    let dynamic = Dynamic {
        cluster: map(&[("log.retention.ms", "7200000")]),
        broker: map(&[("log.retention.ms", "3600000")]),
    };
    load(&[("log.retention.hours", "100")]).with_dynamic(dynamic).expect("it can be altered")
}

#[test]
fn all_topic_settings_are_listed_with_type_and_doc() {
    let entries = describe::topic(&map(&[]), &Settings::default());
    assert_eq!(entries.len(), 33);
    assert!(entries.iter().all(|entry| !entry.documentation.is_empty() && !entry.read_only));
    assert!(entries.iter().all(|entry| entry.source == Source::Default));
}

#[test]
fn what_kafka_keeps_to_itself_is_shown_only_when_given() {
    let shown = |settings: &Settings| {
        let mut entries = describe::broker(settings).into_iter();
        entries.any(|entry| entry.name == "unstable.api.versions.enable")
    };
    assert!(!shown(&Settings::default()));
    assert!(shown(&load(&[("unstable.api.versions.enable", "true")])));
    let topic = describe::topic(&map(&[("internal.segment.bytes", "5")]), &Settings::default());
    assert_eq!(topic.len(), 34);
}

#[test]
fn a_topics_own_value_comes_first() {
    let entries = describe::topic(&map(&[("max.message.bytes", "5000")]), &Settings::default());
    let entry = find(entries, "max.message.bytes");
    assert_eq!((entry.value.as_deref(), entry.source), (Some("5000"), Source::DynamicTopic));
    assert_eq!(
        synonyms(&entry),
        ["max.message.bytes=5000 DynamicTopic", "message.max.bytes=1048588 Default"]
    );
}

#[test]
fn the_chain_of_synonyms_is_kafkas() {
    let entry = find(describe::topic(&map(&[]), &altered()), "retention.ms");
    assert_eq!((entry.value.as_deref(), entry.source), (Some("3600000"), Source::DynamicBroker));
    let chain = [
        "log.retention.ms=3600000 DynamicBroker",
        "log.retention.ms=7200000 DynamicDefaultBroker",
        "log.retention.hours=100 StaticBroker",
        "log.retention.hours=168 Default",
    ];
    assert_eq!(synonyms(&entry), chain);
    let entry = find(describe::broker(&altered()), "log.retention.ms");
    assert_eq!(synonyms(&entry), chain);
    let entry = find(describe::broker(&altered()), "log.retention.hours");
    assert_eq!(synonyms(&entry), chain[2..]);
    // Kafka leaves out the chain where no place carries the first name; so do we.
    let entry = find(describe::topic(&map(&[]), &altered()), "segment.ms");
    assert_eq!((entry.value.as_deref(), synonyms(&entry).len()), (Some("604800000"), 0));
}

#[test]
fn what_was_given_to_all_brokers_is_listed_alone() {
    let entries = describe::cluster(&altered());
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].value.as_deref(), Some("7200000"));
    assert_eq!(synonyms(&entries[0]), ["log.retention.ms=7200000 DynamicDefaultBroker"]);
}

#[test]
fn secrets_are_never_shown() {
    let entry = find(describe::broker(&Settings::default()), "ssl.key.password");
    assert!(entry.sensitive && entry.value.is_none());
}

#[test]
fn numbers_are_shown_as_java_shows_them() {
    let entries = describe::broker(&Settings::default());
    let value = |name| find(entries.clone(), name).value;
    let rate = value("log.cleaner.io.max.bytes.per.second");
    assert_eq!(rate.as_deref(), Some("1.7976931348623157E308"));
    assert_eq!(value("log.cleaner.min.cleanable.ratio").as_deref(), Some("0.5"));
    assert_eq!(value("log.retention.ms"), None);
}
