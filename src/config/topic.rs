//! A topic's settings: checked when they are given, resolved for those who act on them.

use std::collections::BTreeMap;

use crate::config::error::{ConfigError, Reason};
use crate::config::keys::topics::{self, TopicKey};
use crate::config::keys::{Standing, Stored};
use crate::config::settings::Settings;

/// What is done with old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// They go by age and size.
    Delete,
    /// The newest of every key stays.
    Compact,
    /// Both.
    CompactDelete,
    /// Nothing: an empty policy keeps everything.
    Keep,
}

impl Cleanup {
    /// Whether records go by age and size.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::CompactDelete)
    }

    /// Whether the newest record of every key stays, so that records need keys.
    pub fn compacts(self) -> bool {
        matches!(self, Self::Compact | Self::CompactDelete)
    }
}

/// How batches are compressed on disk when not as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// Not at all.
    Uncompressed,
    /// As named.
    Gzip,
    /// As named.
    Snappy,
    /// As named.
    Lz4,
    /// As named.
    Zstd,
}

/// What a partition and its retention need to know: the topic's own value, else the broker's,
/// else the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// `cleanup.policy`.
    pub cleanup: Cleanup,
    /// `retention.ms`; -1 is without end.
    pub retention_ms: i64,
    /// `retention.bytes`; -1 is without end.
    pub retention_bytes: i64,
    /// `max.message.bytes`.
    pub max_message_bytes: i32,
    /// `compression.type`; `None` is "producer".
    pub compression: Option<CompressionType>,
    /// `message.timestamp.type` is LogAppendTime.
    pub log_append_time: bool,
    /// `message.timestamp.before.max.ms`.
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`.
    pub timestamp_after_max_ms: i64,
}

impl TopicConfig {
    /// Resolves a topic's own settings over the broker's.
    pub fn resolve(overrides: &BTreeMap<String, String>, settings: &Settings) -> Self {
        let of = Resolve { overrides, settings };
        let policies = of.list("cleanup.policy");
        let has = |policy: &str| policies.iter().any(|one| one == policy);
        Self {
            cleanup: match (has("delete"), has("compact")) {
                (true, true) => Cleanup::CompactDelete,
                (true, false) => Cleanup::Delete,
                (false, true) => Cleanup::Compact,
                (false, false) => Cleanup::Keep,
            },
            retention_ms: of.value("retention.ms"),
            retention_bytes: of.value("retention.bytes"),
            max_message_bytes: of.value("max.message.bytes"),
            compression: match of.text("compression.type").as_str() {
                "uncompressed" => Some(CompressionType::Uncompressed),
                "gzip" => Some(CompressionType::Gzip),
                "snappy" => Some(CompressionType::Snappy),
                "lz4" => Some(CompressionType::Lz4),
                "zstd" => Some(CompressionType::Zstd),
                _ => None,
            },
            log_append_time: of.text("message.timestamp.type") == "LogAppendTime",
            timestamp_before_max_ms: of.value("message.timestamp.before.max.ms"),
            timestamp_after_max_ms: of.value("message.timestamp.after.max.ms"),
        }
    }
}

struct Resolve<'a> {
    overrides: &'a BTreeMap<String, String>,
    settings: &'a Settings,
}

impl Resolve<'_> {
    fn value<T: Stored>(&self, name: &str) -> T {
        let key = topics::find(name).expect("a test resolves every name used here");
        let value = topics::value(key, self.overrides, self.settings);
        T::from_value(&value).expect("a topic's key has the type of the broker's keys behind it")
    }

    fn text(&self, name: &str) -> String {
        let text: std::sync::Arc<str> = self.value(name);
        text.to_string()
    }

    fn list(&self, name: &str) -> Vec<String> {
        let items: std::sync::Arc<[std::sync::Arc<str>]> = self.value(name);
        items.iter().map(|item| item.to_string()).collect()
    }
}

/// Checks one setting given for a topic.
pub fn check_topic_config(name: &str, value: &str) -> Result<(), ConfigError> {
    let Some(key) = topics::find(name) else {
        let reason = Reason::Unknown { what: "topic config", near: topics::near(name) };
        return Err(ConfigError::new(name, value, reason));
    };
    let parsed = key.parse(value).map_err(|why| ConfigError::invalid(name, value, why))?;
    match key.standing {
        Standing::Refused(why) if parsed != key.default_value() => {
            // Kafka's own sentence for it, and nothing else.
            Err(ConfigError::new(name, value, Reason::Conflict(format!("{why}."))))
        }
        _ => Ok(()),
    }
}

/// Checks all settings given for a topic, each alone and then together over what the broker gives
/// (Kafka's `LogConfig.validate`).
pub fn check_topic_configs(
    overrides: &BTreeMap<String, String>,
    settings: &Settings,
) -> Result<(), ConfigError> {
    for (name, value) in overrides {
        check_topic_config(name, value)?;
    }
    let of = Resolve { overrides, settings };
    let least: i64 = of.value("min.compaction.lag.ms");
    let most: i64 = of.value("max.compaction.lag.ms");
    if least > most {
        let why = format!(
            "conflict topic config setting min.compaction.lag.ms ({least}) > \
             max.compaction.lag.ms ({most})"
        );
        return Err(ConfigError::new("max.compaction.lag.ms", "", Reason::Conflict(why)));
    }
    Ok(())
}

/// The topic setting of this name, for those who must know its type.
pub fn topic_key(name: &str) -> Option<&'static TopicKey> {
    topics::find(name)
}
