//! The table against `testdata/kafka-4.3-keys.tsv`, which a program printed from Kafka 4.3.0's own
//! classes (AbstractKafkaConfig, LogConfig, DynamicBrokerConfig, ServerTopicConfigSynonyms).

use std::collections::BTreeMap;

use crate::config::keys::{self, Reload, Standing, topics};
use crate::config::{Settings, Value};

const KAFKA: &str = include_str!("../testdata/kafka-4.3-keys.tsv");

/// The rows of one kind: name to the other columns.
fn kafka(kind: &str) -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows = KAFKA.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0] == kind).map(|row| (row[1], row[2..].to_vec())).collect()
}

fn shown(default: Option<&str>) -> String {
    format!("[{}]", default.unwrap_or("null"))
}

/// Where Klamm differs on purpose; docs/CONFIG.md says why.
const OTHER_DEFAULTS: &[&str] =
    &["node.id", "process.roles", "controller.listener.names", "listeners", "log.dir"];

#[test]
fn every_broker_key_of_kafka_is_there_once_with_its_type_and_default() {
    let kafka = kafka("broker");
    let ours: Vec<_> = keys::all().filter(|key| !key.name.starts_with("klamm.")).collect();
    let names: Vec<_> = ours.iter().map(|key| key.name).collect();
    assert_eq!(names, kafka.keys().copied().collect::<Vec<_>>());
    for key in ours {
        let row = &kafka[key.name];
        assert_eq!(format!("{:?}", key.kind).to_lowercase(), row[0], "{}", key.name);
        if !OTHER_DEFAULTS.contains(&key.name) {
            assert_eq!(shown(key.default), row[1], "{}", key.name);
        }
    }
}

#[test]
fn every_topic_key_of_kafka_is_there_once_with_its_type_and_default() {
    let kafka = kafka("topic");
    let names: Vec<_> = topics::all().map(|key| key.name).collect();
    assert_eq!(names, kafka.keys().copied().collect::<Vec<_>>());
    for key in topics::all() {
        let row = &kafka[key.name];
        assert_eq!(format!("{:?}", key.kind).to_lowercase(), row[0], "{}", key.name);
        let text = key.default_value().text();
        assert_eq!(shown(text.as_deref()), row[1], "{}", key.name);
    }
}

#[test]
fn topic_keys_inherit_from_the_broker_keys_that_kafka_names_in_its_order() {
    let kafka = kafka("synonyms");
    for key in topics::all() {
        let row = kafka.get(key.name).map_or("", |row| row[0]);
        assert_eq!(key.broker.join(","), row, "{}", key.name);
        for name in key.broker {
            assert!(keys::find(name).is_some(), "{name} stands behind {}", key.name);
        }
    }
}

#[test]
fn without_overrides_a_topic_has_kafkas_defaults() {
    let settings = Settings::default();
    for key in topics::all() {
        let value = topics::value(key, &BTreeMap::new(), &settings);
        assert_eq!(value, key.default_value(), "{}", key.name);
    }
}

#[test]
fn the_same_keys_as_in_kafka_can_be_altered_while_the_broker_runs() {
    // Kafka can move its listeners while it runs; Klamm opens them at the start only.
    const FIXED: &[&str] = &["listeners", "listener.security.protocol.map"];
    let kafka = kafka("altered");
    for key in keys::all().filter(|key| !FIXED.contains(&key.name)) {
        let mode = match key.reload {
            Reload::ReadOnly => None,
            Reload::PerBroker => Some("per-broker"),
            Reload::ClusterWide => Some("cluster-wide"),
        };
        assert_eq!(mode, kafka.get(key.name).map(|row| row[0]), "{}", key.name);
    }
}

#[test]
fn every_default_passes_its_own_check() {
    for key in keys::all() {
        if let Some(default) = key.default {
            let empty_list = default.is_empty();
            assert!(key.parse(default).is_ok() || empty_list, "{}={default}", key.name);
        }
    }
    for key in topics::all().filter(|key| key.default_value() != Value::Null) {
        assert!(key.parse(key.default).is_ok(), "{}", key.name);
    }
}

#[test]
fn every_key_says_what_it_does_in_sentences() {
    for key in keys::all() {
        let text = key.documentation();
        assert!(text.ends_with('.') && !text.contains("  "), "{}: {text}", key.name);
        assert_eq!(key.standing == Standing::Honoured, text == key.summary(), "{}", key.name);
    }
    for key in topics::all() {
        assert!(key.documentation().ends_with('.'), "{}", key.name);
    }
}

#[test]
fn every_honoured_key_is_read_with_its_type() {
    let settings = Settings::default();
    macro_rules! read {
        ($($key:ident)+) => { $( let _read = settings.get(keys::$key); )+ };
    }
    read!(NODE_ID BROKER_ID BROKER_RACK PROCESS_ROLES LOG_DIR LOG_DIRS AUTO_CREATE_TOPICS_ENABLE);
    read!(NUM_PARTITIONS DEFAULT_REPLICATION_FACTOR DELETE_TOPIC_ENABLE FETCH_MAX_BYTES);
    read!(MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS MAX_REQUEST_PARTITION_SIZE_LIMIT);
    read!(PRODUCER_ID_EXPIRATION_MS PRODUCER_ID_EXPIRATION_CHECK_INTERVAL_MS LISTENERS);
    read!(ADVERTISED_LISTENERS LISTENER_SECURITY_PROTOCOL_MAP CONTROLLER_LISTENER_NAMES);
    read!(SOCKET_REQUEST_MAX_BYTES SOCKET_SEND_BUFFER_BYTES SOCKET_RECEIVE_BUFFER_BYTES);
    read!(SOCKET_LISTEN_BACKLOG_SIZE MAX_CONNECTIONS MAX_CONNECTIONS_PER_IP);
    read!(MAX_CONNECTIONS_PER_IP_OVERRIDES CONNECTIONS_MAX_IDLE_MS LOG_CLEANUP_POLICY);
    read!(LOG_RETENTION_MS LOG_RETENTION_MINUTES LOG_RETENTION_HOURS LOG_RETENTION_BYTES);
    read!(LOG_RETENTION_CHECK_INTERVAL_MS MESSAGE_MAX_BYTES COMPRESSION_TYPE);
    read!(LOG_MESSAGE_TIMESTAMP_TYPE LOG_MESSAGE_TIMESTAMP_BEFORE_MAX_MS);
    read!(LOG_MESSAGE_TIMESTAMP_AFTER_MAX_MS OFFSETS_RETENTION_MINUTES GROUP_MAX_SIZE);
    read!(OFFSETS_RETENTION_CHECK_INTERVAL_MS OFFSET_METADATA_MAX_BYTES FSYNC TAIL_CACHE_BYTES);
    read!(GROUP_MIN_SESSION_TIMEOUT_MS GROUP_MAX_SESSION_TIMEOUT_MS MEMTABLE_BYTES);
    read!(GROUP_INITIAL_REBALANCE_DELAY_MS METRICS_LISTEN CLUSTER_ID);
}

#[test]
fn the_page_of_settings_is_up_to_date() {
    let written = include_str!("../../../docs/CONFIG.md");
    assert!(written == crate::config::docs::page(), "run: klamm config-docs > docs/CONFIG.md");
}
