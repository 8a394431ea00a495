//! The table: every setting of Apache Kafka 4.3, and Klamm's own few, each once.
//!
//! A setting that Klamm honours is a [`Key`] with a Rust type, so that reading it cannot fail. The
//! others are rows only: [`Standing`] says why they have no meaning here, or why they are refused.
//!
//! Reading order: `mod.rs`, the honoured keys (`broker.rs`, `network.rs`, `logs.rs`, `groups.rs`,
//! `own.rs`), the topics' (`topics.rs`), then what is only known: `replication.rs`, `quorum.rs`,
//! `segments.rs`, `coordinators.rs`, `security.rs`, `remote.rs`, `machine.rs`, `former.rs`.

mod broker;
mod coordinators;
mod former;
mod groups;
mod logs;
mod machine;
mod network;
mod own;
mod quorum;
mod remote;
mod replication;
mod security;
mod segments;
pub mod topics;

use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use crate::config::value::{Check, Kind, Value};

pub use broker::*;
pub use former::{Foreign, foreign, former, prefixed};
pub use groups::*;
pub use logs::*;
pub use network::*;
pub use own::*;

/// What the table says about one broker setting.
#[derive(Debug)]
pub struct Definition {
    /// Kafka's name for it.
    pub name: &'static str,
    /// What it does, as in the source: lines still start with a space.
    text: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Its default as text; `None` is null.
    pub default: Option<&'static str>,
    /// What a value must be.
    pub check: Check,
    /// Whether it can be altered while the broker runs.
    pub reload: Reload,
    /// What Klamm does with it.
    pub standing: Standing,
}

/// Whether a setting can be altered while the broker runs (Kafka's dynamic update modes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// It cannot.
    ReadOnly,
    /// For one broker.
    PerBroker,
    /// For one broker or for the whole cluster.
    ClusterWide,
}

/// What Klamm does with a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// What Kafka does.
    Honoured,
    /// Nothing, because of this; it is accepted, checked and listed, and a log line says so.
    Meaningless(&'static str),
    /// Nothing, because of this; and since that would change what a user gets, any value but the
    /// default is an error.
    Refused(&'static str),
}

impl Definition {
    /// What the setting does, and what Klamm makes of it: the text that DescribeConfigs shows.
    pub fn documentation(&self) -> String {
        let mut text = self.summary();
        match self.standing {
            Standing::Honoured => {}
            Standing::Meaningless(why) => {
                text.push_str(" It has no effect in Klamm: ");
                text.push_str(why);
                text.push('.');
            }
            Standing::Refused(why) => {
                text.push_str(" Klamm accepts the default only: ");
                text.push_str(why);
                text.push('.');
            }
        }
        text
    }

    /// What the setting does.
    pub fn summary(&self) -> String {
        self.text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// Parses and checks a value.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        let value = Value::parse(self.kind, text)?;
        self.check.accepts(&value)?;
        Ok(value)
    }

    /// The default, parsed.
    pub fn default_value(&self) -> Value {
        match self.default {
            None => Value::Null,
            Some(text) => Value::parse(self.kind, text).expect("a test parses every default"),
        }
    }

    /// Whether the value must never be shown.
    pub fn sensitive(&self) -> bool {
        self.kind == Kind::Password
    }
}

/// All broker settings, sorted by name.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    sorted().iter().copied()
}

/// The broker setting of this name.
pub fn find(name: &str) -> Option<&'static Definition> {
    let table = sorted();
    table.binary_search_by(|definition| definition.name.cmp(name)).ok().map(|index| table[index])
}

/// The most similar name of a broker setting.
pub fn near(name: &str) -> Option<&'static str> {
    static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
    nearest(name, NAMES.get_or_init(|| all().map(|definition| definition.name).collect()))
}

/// The names under which a setting's value may be given, in the order in which they win
/// (Kafka's `DynamicBrokerConfig.brokerConfigSynonyms`).
pub fn synonyms(definition: &'static Definition) -> &'static [&'static str] {
    const RETENTION: &[&str] =
        &["log.retention.ms", "log.retention.minutes", "log.retention.hours"];
    const ROLL: &[&str] = &["log.roll.ms", "log.roll.hours"];
    const JITTER: &[&str] = &["log.roll.jitter.ms", "log.roll.jitter.hours"];
    const FLUSH: &[&str] = &["log.flush.interval.ms", "log.flush.scheduler.interval.ms"];
    match definition.name {
        "log.flush.interval.ms" => FLUSH,
        name if RETENTION.contains(&name) => RETENTION,
        name if ROLL.contains(&name) => ROLL,
        name if JITTER.contains(&name) => JITTER,
        _ => std::slice::from_ref(&definition.name),
    }
}

/// Settings that Kafka does not show unless somebody gave them a value.
static INTERNAL: &[&str] = &[
    "controller.performance.always.log.threshold.ms",
    "controller.performance.sample.period.ms",
    "group.consumer.regex.refresh.interval.ms",
    "group.share.initialize.retry.interval.ms",
    "group.share.persister.class.name",
    "internal.metadata.delete.delay.millis",
    "internal.metadata.log.segment.bytes",
    "internal.metadata.max.batch.size.in.bytes",
    "internal.segment.bytes",
    "log.initial.task.delay.ms",
    "producer.id.expiration.check.interval.ms",
    "remote.log.index.file.cache.ttl.ms",
    "remote.log.manager.task.retry.backoff.max.ms",
    "remote.log.manager.task.retry.backoff.ms",
    "remote.log.manager.task.retry.jitter",
    "server.max.startup.time.ms",
    "share.coordinator.cold.partition.snapshot.interval.ms",
    "share.coordinator.state.topic.prune.interval.ms",
    "unclean.leader.election.interval.ms",
    "unstable.api.versions.enable",
    "unstable.feature.versions.enable",
];

/// Whether a setting, of a broker or a topic, is shown only when somebody gave it a value.
pub fn is_internal(name: &str) -> bool {
    INTERNAL.binary_search(&name).is_ok()
}

fn sorted() -> &'static [&'static Definition] {
    static SORTED: OnceLock<Vec<&'static Definition>> = OnceLock::new();
    SORTED.get_or_init(|| {
        let mut all: Vec<_> = TABLES.iter().flat_map(|table| table.iter().copied()).collect();
        all.sort_by_key(|definition| definition.name);
        all
    })
}

static TABLES: &[&[&Definition]] = &[
    broker::TABLE,
    network::TABLE,
    logs::TABLE,
    groups::TABLE,
    own::TABLE,
    replication::TABLE,
    quorum::TABLE,
    segments::SEGMENTS,
    segments::FLUSH,
    segments::CLEANER,
    segments::LEVELS,
    coordinators::OFFSETS,
    coordinators::CONSUMER,
    coordinators::SHARE,
    coordinators::STREAMS,
    coordinators::TRANSACTIONS,
    security::TLS,
    security::SASL,
    security::ACCESS,
    security::TOKENS,
    remote::SWITCH,
    remote::TABLE,
    machine::THREADS,
    machine::OUTWARD,
    machine::MEASURES,
    machine::QUOTAS,
    machine::PLUGINS,
    machine::LIMITS,
];

/// The name most like `name`, when one is like it enough to be what was meant.
fn nearest(name: &str, names: &[&'static str]) -> Option<&'static str> {
    let alike = |other: &&'static str| strsim::normalized_damerau_levenshtein(name, other);
    let best = names.iter().copied().max_by(|a, b| alike(a).total_cmp(&alike(b)))?;
    (alike(&best) >= 0.7).then_some(best)
}

/// A setting that Klamm honours, with the Rust type of its value.
#[derive(Debug)]
pub struct Key<T> {
    definition: &'static Definition,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> Key<T> {
    const fn new(definition: &'static Definition) -> Self {
        Self { definition, value: PhantomData }
    }

    /// What the table says about it.
    pub const fn definition(self) -> &'static Definition {
        self.definition
    }

    /// Kafka's name for it.
    pub const fn name(self) -> &'static str {
        self.definition.name
    }
}

/// A Rust type that a setting's value can have.
pub trait Stored: Sized {
    /// The type that the table shows for it.
    const KIND: Kind;
    /// Takes the value out. `None` when it is of another type, which a test of the table excludes.
    fn from_value(value: &Value) -> Option<Self>;
}

macro_rules! stored_number {
    ($($type:ty => $kind:ident),+) => { $(
        impl Stored for $type {
            const KIND: Kind = Kind::$kind;
            fn from_value(value: &Value) -> Option<Self> {
                match value {
                    Value::Number(number) => <$type>::try_from(*number).ok(),
                    _ => None,
                }
            }
        }
    )+ };
}

stored_number!(i16 => Short, i32 => Int, i64 => Long);

impl Stored for bool {
    const KIND: Kind = Kind::Boolean;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Boolean(value) => Some(*value),
            _ => None,
        }
    }
}

impl Stored for f64 {
    const KIND: Kind = Kind::Double;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Double(value) => Some(*value),
            _ => None,
        }
    }
}

impl Stored for Arc<str> {
    const KIND: Kind = Kind::String;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl Stored for Arc<[Arc<str>]> {
    const KIND: Kind = Kind::List;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::List(items) => Some(items.clone()),
            _ => None,
        }
    }
}

impl<T: Stored> Stored for Option<T> {
    const KIND: Kind = T::KIND;
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// Honoured keys: a constant of type [`Key`] each, and the table of them all. The comment of a
/// constant is also the text that users see.
macro_rules! honoured {
    ($( $(#[doc = $doc:literal])+
        $name:ident: $type:ty = $text:literal $default:tt, $check:expr, $reload:ident; )+) => {
        $( $(#[doc = $doc])+
        pub const $name: $crate::config::keys::Key<$type> =
            $crate::config::keys::Key::new(&$crate::config::keys::Definition {
                name: $text,
                text: concat!($($doc, "\n"),+),
                kind: <$type as $crate::config::keys::Stored>::KIND,
                default: $crate::config::keys::default_text!($default),
                check: $check,
                reload: $crate::config::keys::Reload::$reload,
                standing: $crate::config::keys::Standing::Honoured,
            }); )+
        pub(super) static TABLE: &[&$crate::config::keys::Definition] =
            &[$( $name.definition() ),+];
    };
}

/// Keys that are only known: rows without a constant, with one standing for them all.
macro_rules! known {
    ($table:ident, $standing:expr;
     $( $text:literal $kind:ident $default:tt, $check:expr, $reload:ident: $doc:literal; )+) => {
        pub(super) static $table: &[&$crate::config::keys::Definition] = &[$(
            &$crate::config::keys::Definition {
                name: $text,
                text: $doc,
                kind: $crate::config::value::Kind::$kind,
                default: $crate::config::keys::default_text!($default),
                check: $check,
                reload: $crate::config::keys::Reload::$reload,
                standing: $standing,
            }
        ),+];
    };
}

macro_rules! default_text {
    (null) => {
        None
    };
    ($text:literal) => {
        Some($text)
    };
}

use {default_text, honoured, known};
