//! The settings of a topic, each with the broker settings that it inherits from.
//!
//! Kafka's `LogConfig` and `ServerTopicConfigSynonyms`. The order of the broker's names is the
//! order in which they win: `log.retention.ms` before `log.retention.minutes`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::config::keys::{self, Standing};
use crate::config::settings::Settings;
use crate::config::value::Check::{
    self, Any, AtLeast, Between, EachOneOf, GzipLevel, OneOf, Ratio, ThrottledReplicas,
};
use crate::config::value::{Kind, Value};

/// What the table says about one topic setting.
#[derive(Debug)]
pub struct TopicKey {
    /// Kafka's name for it.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its default when no broker setting stands behind it.
    pub default: &'static str,
    /// What a value must be.
    pub check: Check,
    /// What Klamm does with it.
    pub standing: Standing,
    /// The broker settings that stand behind it, the first with a value wins.
    pub broker: &'static [&'static str],
}

macro_rules! topic_keys {
    ($( $text:literal $kind:ident $default:literal, $check:expr, $standing:expr,
        [$($broker:literal),*]: $doc:literal; )+) => {
        static TABLE: &[TopicKey] = &[$( TopicKey {
            name: $text,
            summary: $doc,
            kind: Kind::$kind,
            default: $default,
            check: $check,
            standing: $standing,
            broker: &[$($broker),*],
        } ),+];
    };
}

use Standing::{Honoured, Meaningless, Refused};

const NO_COMPACTION: Standing =
    Meaningless("compaction is not built yet, so a compacted topic keeps all its records");
const NO_SEGMENTS: Standing =
    Meaningless("records lie in RocksDB, there are no segment files to roll, index or delete");
const NO_FLUSH: Standing =
    Meaningless("every acknowledged batch is synced to disk before it is acknowledged");
const NO_TIERS: Standing = Meaningless("there is no tiered storage, all records are local");
const ONE_REPLICA: Standing = Meaningless("a partition has one replica, its leader");
const ONE_LEVEL: Standing =
    Meaningless("batches are recompressed at one level per codec, its library's default");

topic_keys! {
    "cleanup.policy" List "delete", EachOneOf(&["compact", "delete"]), Honoured,
        ["log.cleanup.policy"]:
        "What is done with old records: \"delete\" removes them by age and size, \"compact\" keeps \
         the newest of every key. Compaction is not built yet: a compacted topic keeps all its \
         records, and refuses records without a key.";
    "compression.gzip.level" Int "-1", GzipLevel, ONE_LEVEL, ["compression.gzip.level"]:
        "Level at which batches are compressed with gzip.";
    "compression.lz4.level" Int "9", Between(1, 17), ONE_LEVEL, ["compression.lz4.level"]:
        "Level at which batches are compressed with lz4.";
    "compression.type" String "producer",
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), Honoured,
        ["compression.type"]:
        "How batches are compressed on disk: \"producer\" keeps them as they come.";
    "compression.zstd.level" Int "3", Between(-131_072, 22), ONE_LEVEL,
        ["compression.zstd.level"]:
        "Level at which batches are compressed with zstd.";
    "delete.retention.ms" Long "86400000", AtLeast(0), NO_COMPACTION,
        ["log.cleaner.delete.retention.ms"]:
        "Milliseconds that a compacted topic keeps the marker of a deleted key.";
    "file.delete.delay.ms" Long "60000", AtLeast(0), NO_SEGMENTS,
        ["log.segment.delete.delay.ms"]:
        "Milliseconds between giving up a file and deleting it.";
    "flush.messages" Long "9223372036854775807", AtLeast(1), NO_FLUSH,
        ["log.flush.interval.messages"]:
        "Records after which a partition is synced to disk.";
    "flush.ms" Long "9223372036854775807", AtLeast(0), NO_FLUSH,
        ["log.flush.interval.ms", "log.flush.scheduler.interval.ms"]:
        "Milliseconds after which a partition is synced to disk.";
    "follower.replication.throttled.replicas" List "", ThrottledReplicas, ONE_REPLICA, []:
        "Replicas whose copying is slowed down on the follower's side.";
    "index.interval.bytes" Int "4096", AtLeast(0), NO_SEGMENTS, ["log.index.interval.bytes"]:
        "Bytes of records between two entries of a segment's index.";
    "internal.segment.bytes" Int "", Any, NO_SEGMENTS, []:
        "Bytes of a segment file, for tests of Apache Kafka itself.";
    "leader.replication.throttled.replicas" List "", ThrottledReplicas, ONE_REPLICA, []:
        "Replicas whose copying is slowed down on the leader's side.";
    "local.retention.bytes" Long "-2", AtLeast(-2), NO_TIERS, ["log.local.retention.bytes"]:
        "Bytes that stay on the local disk once they are in remote storage.";
    "local.retention.ms" Long "-2", AtLeast(-2), NO_TIERS, ["log.local.retention.ms"]:
        "Milliseconds that records stay on the local disk once they are in remote storage.";
    "max.compaction.lag.ms" Long "9223372036854775807", AtLeast(1), NO_COMPACTION,
        ["log.cleaner.max.compaction.lag.ms"]:
        "Milliseconds after which a record must have been looked at by compaction.";
    "max.message.bytes" Int "1048588", AtLeast(0), Honoured, ["message.max.bytes"]:
        "The largest record batch that is accepted, in bytes, compressed as it comes.";
    "message.timestamp.after.max.ms" Long "3600000", AtLeast(0), Honoured,
        ["log.message.timestamp.after.max.ms"]:
        "Milliseconds that a producer's timestamp may lie ahead of the broker's clock.";
    "message.timestamp.before.max.ms" Long "9223372036854775807", AtLeast(0), Honoured,
        ["log.message.timestamp.before.max.ms"]:
        "Milliseconds that a producer's timestamp may lie behind the broker's clock.";
    "message.timestamp.type" String "CreateTime", OneOf(&["CreateTime", "LogAppendTime"]),
        Honoured, ["log.message.timestamp.type"]:
        "Whose time records carry: the producer's (CreateTime) or the broker's (LogAppendTime).";
    "min.cleanable.dirty.ratio" Double "0.5", Ratio(0.0, 1.0), NO_COMPACTION,
        ["log.cleaner.min.cleanable.ratio"]:
        "Share of records not yet compacted at which compaction starts.";
    "min.compaction.lag.ms" Long "0", AtLeast(0), NO_COMPACTION,
        ["log.cleaner.min.compaction.lag.ms"]:
        "Milliseconds that a record is safe from compaction.";
    "min.insync.replicas" Int "1", AtLeast(1),
        Meaningless("a partition has one replica, and Kafka too asks for no more than there are"),
        ["min.insync.replicas"]:
        "Replicas that must have a record before acks=all is answered.";
    "preallocate" Boolean "false", Any, NO_SEGMENTS, ["log.preallocate"]:
        "Whether segment files are made at their full size.";
    "remote.log.copy.disable" Boolean "false", Any, NO_TIERS, []:
        "Whether copying to remote storage is paused.";
    "remote.log.delete.on.disable" Boolean "false", Any, NO_TIERS, []:
        "Whether records in remote storage are deleted when it is turned off.";
    "remote.storage.enable" Boolean "false", Any,
        Refused("Tiered Storage functionality is disabled in the broker. Topic cannot be \
                 configured with remote log storage"), []:
        "Whether old records move to remote storage.";
    "retention.bytes" Long "-1", Any, Honoured, ["log.retention.bytes"]:
        "Bytes that a partition may hold before its oldest records go; -1 without end.";
    "retention.ms" Long "604800000", AtLeast(-1), Honoured,
        ["log.retention.ms", "log.retention.minutes", "log.retention.hours"]:
        "Milliseconds that records are kept; -1 without end.";
    "segment.bytes" Int "1073741824", AtLeast(1_048_576), NO_SEGMENTS, ["log.segment.bytes"]:
        "Bytes after which a partition starts a new segment file.";
    "segment.index.bytes" Int "10485760", AtLeast(4), NO_SEGMENTS, ["log.index.size.max.bytes"]:
        "Bytes of a segment's index.";
    "segment.jitter.ms" Long "0", AtLeast(0), NO_SEGMENTS,
        ["log.roll.jitter.ms", "log.roll.jitter.hours"]:
        "Milliseconds by which the start of new segment files is spread.";
    "segment.ms" Long "604800000", AtLeast(1), NO_SEGMENTS, ["log.roll.ms", "log.roll.hours"]:
        "Milliseconds after which a partition starts a new segment file.";
    "unclean.leader.election.enable" Boolean "false", Any, ONE_REPLICA,
        ["unclean.leader.election.enable"]:
        "Whether a replica that lacks acknowledged records may become leader.";
}

impl TopicKey {
    /// What the setting does, and what Klamm makes of it: the text that DescribeConfigs shows.
    pub fn documentation(&self) -> String {
        match self.standing {
            Honoured => self.summary.to_owned(),
            Meaningless(why) => format!("{} It has no effect in Klamm: {why}.", self.summary),
            Refused(why) => format!("{} Klamm accepts the default only: {why}.", self.summary),
        }
    }

    /// Parses and checks a value.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let value = Value::parse(self.kind, text)?;
        match (self.check.accepts(&value), self.check) {
            (Ok(()), _) => Ok(value),
            (Err(why), ThrottledReplicas) => Err(format!("{} {why}", self.name)),
            (Err(why), _) => Err(why),
        }
    }

    /// The default, parsed.
    pub fn default_value(&self) -> Value {
        if self.default.is_empty() && self.kind != Kind::List {
            return Value::Null;
        }
        Value::parse(self.kind, self.default).expect("a test parses every default")
    }
}

/// All topic settings, sorted by name.
pub fn all() -> impl Iterator<Item = &'static TopicKey> {
    TABLE.iter()
}

/// The topic setting of this name.
pub fn find(name: &str) -> Option<&'static TopicKey> {
    TABLE.binary_search_by(|key| key.name.cmp(name)).ok().map(|index| &TABLE[index])
}

/// The most similar name of a topic setting.
pub fn near(name: &str) -> Option<&'static str> {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    keys::nearest(name, NAMES.get_or_init(|| all().map(|key| key.name).collect()))
}

/// The value in force: the topic's own, else the first broker setting that has one, else the
/// default. An own value that does not parse (only an older Klamm can have stored it) counts as
/// none.
pub fn value(key: &TopicKey, overrides: &BTreeMap<String, String>, settings: &Settings) -> Value {
    if let Some(value) = overrides.get(key.name).and_then(|text| key.parse(text).ok()) {
        return value;
    }
    let inherited = key.broker.iter().filter_map(|name| keys::find(name)).find_map(|definition| {
        match (settings.value(definition), unit_ms(definition.name)) {
            (Value::Null, _) => None,
            // Kafka calls every negative retention "unlimited", in whichever unit it was given.
            (Value::Number(count), _) if count < 0 && key.name == "retention.ms" => {
                Some(Value::Number(-1))
            }
            (Value::Number(count), unit) => Some(Value::Number(count.saturating_mul(unit))),
            (value, _) => Some(value),
        }
    });
    inherited.unwrap_or_else(|| key.default_value())
}

fn unit_ms(name: &str) -> i64 {
    match name.rsplit('.').next() {
        Some("hours") => 3_600_000,
        Some("minutes") => 60_000,
        _ => 1,
    }
}
