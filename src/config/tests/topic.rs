//! Topic settings: checks in Kafka's words, and what is in force.

use super::{load, map};
use crate::config::{
    Cleanup, CompressionType, Settings, TopicConfig, check_topic_config, check_topic_configs,
};

fn check(name: &str, value: &str, message: &str) {
    let error = check_topic_config(name, value).expect_err("it is refused");
    assert_eq!(error.client_message(), message);
}

#[test]
fn mistakes_are_told_in_kafkas_words() {
    check("nosuch", "1", "Unknown topic config name: nosuch");
    check(
        "retention.ms",
        "abc",
        "Invalid value abc for configuration retention.ms: Not a number of type LONG",
    );
    check(
        "retention.ms",
        "-5",
        "Invalid value -5 for configuration retention.ms: Value must be at least -1",
    );
    check(
        "cleanup.policy",
        "foo",
        "Invalid value foo for configuration cleanup.policy: \
         String must be one of: compact, delete",
    );
    check(
        "compression.type",
        "lzma",
        "Invalid value lzma for configuration compression.type: String must be one of: \
         uncompressed, zstd, lz4, snappy, gzip, producer",
    );
    check(
        "min.cleanable.dirty.ratio",
        "1.5",
        "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: \
         Value must be no more than 1",
    );
    check(
        "preallocate",
        "yes",
        "Invalid value yes for configuration preallocate: \
         Expected value to be either true or false",
    );
    check(
        "compression.gzip.level",
        "0",
        "Invalid value 0 for configuration compression.gzip.level: \
         Value must be between 1 and 9 or equal to -1",
    );
    check(
        "remote.storage.enable",
        "true",
        "Tiered Storage functionality is disabled in the broker. \
         Topic cannot be configured with remote log storage.",
    );
    assert!(check_topic_config("follower.replication.throttled.replicas", "x").is_err());
}

#[test]
fn what_kafka_accepts_is_accepted() {
    for (name, value) in [
        ("cleanup.policy", ""),
        ("cleanup.policy", "compact,delete"),
        ("cleanup.policy", "compact,compact"),
        ("retention.ms", " 5 "),
        ("remote.storage.enable", "false"),
        ("follower.replication.throttled.replicas", "*"),
        ("follower.replication.throttled.replicas", "0:1,1:1"),
        ("local.retention.ms", "99999999999"),
        ("unclean.leader.election.enable", "true"),
    ] {
        check_topic_config(name, value).expect("Kafka accepts it");
    }
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let both = map(&[("min.compaction.lag.ms", "20000"), ("max.compaction.lag.ms", "10")]);
    let error = check_topic_configs(&both, &Settings::default()).expect_err("they contradict");
    assert_eq!(
        error.client_message(),
        "conflict topic config setting min.compaction.lag.ms (20000) > max.compaction.lag.ms (10)"
    );
}

#[test]
fn the_topics_own_value_wins_then_the_brokers_shortest_unit() {
    let retention = |overrides: &[(&str, &str)], broker: &[(&str, &str)]| {
        TopicConfig::resolve(&map(overrides), &load(broker)).retention_ms
    };
    let all =
        [("log.retention.ms", "1"), ("log.retention.minutes", "1"), ("log.retention.hours", "1")];
    assert_eq!(retention(&[("retention.ms", "9")], &all), 9);
    assert_eq!(retention(&[], &all), 1);
    assert_eq!(retention(&[], &all[1..]), 60_000);
    assert_eq!(retention(&[], &all[2..]), 3_600_000);
    assert_eq!(retention(&[], &[]), 604_800_000);
    assert_eq!(retention(&[], &[("log.retention.hours", "-1")]), -1);
}

#[test]
fn a_partition_gets_its_settings_typed() {
    let own = map(&[
        ("cleanup.policy", "compact,delete"),
        ("compression.type", "zstd"),
        ("message.timestamp.type", "LogAppendTime"),
        ("max.message.bytes", "5000"),
    ]);
    let config = TopicConfig::resolve(&own, &Settings::default());
    assert_eq!(config.cleanup, Cleanup::CompactDelete);
    assert_eq!(config.compression, Some(CompressionType::Zstd));
    assert!(config.log_append_time && config.max_message_bytes == 5000);
    let none = TopicConfig::resolve(&map(&[("cleanup.policy", "")]), &Settings::default());
    assert_eq!(none.cleanup, Cleanup::Keep);
    assert!(!none.cleanup.deletes() && !none.cleanup.compacts());
}
