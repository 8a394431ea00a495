//! What DescribeConfigs shows: every setting with its value and where the value comes from.
//!
//! The order of synonyms is Kafka's (`ConfigHelper.configSynonyms`): the topic's own value, then
//! those given to this broker, to the cluster, at the start, then the defaults.

use std::collections::BTreeMap;

use crate::config::keys::topics::{self, TopicKey};
use crate::config::keys::{self, Definition, Reload};
use crate::config::settings::Settings;
use crate::config::value::Kind;

/// Where a value comes from (Kafka's `ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The topic's own.
    DynamicTopic,
    /// Given to this broker while it runs.
    DynamicBroker,
    /// Given to all brokers while they run.
    DynamicDefaultBroker,
    /// Given at the start: file, environment or flag.
    StaticBroker,
    /// Nobody set it.
    Default,
}

/// One place where a setting has a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The name that it has there.
    pub name: &'static str,
    /// The value as it was given; `None` when it must not be shown.
    pub value: Option<String>,
    /// Which place.
    pub source: Source,
}

/// One setting as DescribeConfigs shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Kafka's name.
    pub name: &'static str,
    /// The value in force; `None` for null, or when it must not be shown.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
    /// Its type.
    pub kind: Kind,
    /// Whether it can be altered while the broker runs: `true` when not.
    pub read_only: bool,
    /// Whether the value is hidden.
    pub sensitive: bool,
    /// All places that have a value, the one in force first.
    pub synonyms: Vec<Synonym>,
    /// What the setting does.
    pub documentation: String,
}

/// All settings of a topic with these overrides, sorted by name.
pub fn topic(overrides: &BTreeMap<String, String>, settings: &Settings) -> Vec<Entry> {
    topics::all().map(|key| topic_entry(key, overrides, settings)).filter(is_shown).collect()
}

/// All settings of this broker, sorted by name.
pub fn broker(settings: &Settings) -> Vec<Entry> {
    keys::all().map(|definition| broker_entry(definition, settings)).filter(is_shown).collect()
}

fn is_shown(entry: &Entry) -> bool {
    entry.source != Source::Default || !keys::is_internal(entry.name)
}

/// The settings given to all brokers while they run (the broker resource with an empty name).
pub fn cluster(settings: &Settings) -> Vec<Entry> {
    let dynamic = settings.dynamic().cluster.keys();
    let definitions = dynamic.filter_map(|name| keys::find(name));
    definitions
        .filter_map(|definition| {
            let mut entry = broker_entry(definition, settings);
            entry.synonyms.retain(|synonym| synonym.source == Source::DynamicDefaultBroker);
            entry.value.clone_from(&entry.synonyms.first()?.value);
            entry.source = Source::DynamicDefaultBroker;
            Some(entry)
        })
        .collect()
}

fn topic_entry(
    key: &'static TopicKey,
    overrides: &BTreeMap<String, String>,
    settings: &Settings,
) -> Entry {
    let value = topics::value(key, overrides, settings).text();
    let mut synonyms = match key.broker.first() {
        Some(first) => synonyms(first, key.broker, settings, false),
        None => Vec::new(),
    };
    if overrides.contains_key(key.name) {
        let own = Synonym { name: key.name, value: value.clone(), source: Source::DynamicTopic };
        synonyms.insert(0, own);
    }
    Entry {
        name: key.name,
        value,
        source: synonyms.first().map_or(Source::Default, |first| first.source),
        kind: key.kind,
        read_only: false,
        sensitive: false,
        synonyms,
        documentation: key.documentation(),
    }
}

fn broker_entry(definition: &'static Definition, settings: &Settings) -> Entry {
    let sensitive = definition.sensitive();
    let names = keys::synonyms(definition);
    let synonyms = synonyms(definition.name, names, settings, sensitive);
    Entry {
        name: definition.name,
        value: if sensitive { None } else { settings.value(definition).text() },
        source: synonyms.first().map_or(Source::Default, |first| first.source),
        kind: definition.kind,
        read_only: definition.reload == Reload::ReadOnly,
        sensitive,
        synonyms,
        documentation: definition.documentation(),
    }
}

/// Every place where one of `names` has a value, from the first that carries `name` itself on: so
/// does Kafka leave out what was given under another name that ranks before it.
fn synonyms(
    name: &str,
    names: &[&'static str],
    settings: &Settings,
    sensitive: bool,
) -> Vec<Synonym> {
    let mut found = Vec::new();
    for source in
        [Source::DynamicBroker, Source::DynamicDefaultBroker, Source::StaticBroker, Source::Default]
    {
        for name in names.iter().copied() {
            if let Some(value) = settings.given(source, name) {
                let value = if sensitive { None } else { Some(value.to_owned()) };
                found.push(Synonym { name, value, source });
            }
        }
    }
    let before = found.iter().position(|synonym| synonym.name == name).unwrap_or(found.len());
    found.split_off(before)
}
