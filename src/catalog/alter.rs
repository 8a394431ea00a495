//! Altering settings: of topics, of this broker, of every broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::limits::SETTINGS_BYTES_MAX;
use crate::catalog::names::{self, NameFault};
use crate::catalog::{BrokerOverrides, Catalog, Change, Decided, Mode, Scope, Topic};
use crate::config::keys::{self, topics};
use crate::config::{self, ConfigError, Kind, Settings};

/// Whose settings are altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A topic's, by its name.
    Topic(String),
    /// Brokers'.
    Broker(Scope),
}

/// What becomes of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// It gets this value.
    Set(String),
    /// It gets back what it would be if it had never been set.
    Delete,
    /// These items are added to its list.
    Append(String),
    /// These items are taken out of its list.
    Subtract(String),
}

/// What becomes of a resource's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edits {
    /// These change, the others stay (KIP-339).
    Some(Vec<(String, Edit)>),
    /// These are all there are, the others go (the old AlterConfigs).
    All(BTreeMap<String, String>),
}

/// One resource's altered settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// Whose.
    pub resource: Resource,
    /// What becomes of them.
    pub edits: Edits,
}

/// What is wrong with settings.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigFault {
    /// These keys have no value.
    NoValue {
        /// The keys.
        keys: Vec<String>,
    },
    /// Items can be added and taken out only of lists.
    NotAList {
        /// The key.
        key: String,
        /// What was to be done.
        edit: &'static str,
    },
    /// A key or value is refused.
    Refused(ConfigError),
    /// All settings of the resource together are longer than [`SETTINGS_BYTES_MAX`].
    TooLong,
}

/// Why settings are not altered.
#[derive(Clone, Debug, PartialEq)]
pub enum AlterError {
    /// They are not right.
    Config(ConfigFault),
    /// Topics have no default that could be altered.
    NoName,
    /// The name is not a topic's name.
    Name(NameFault),
    /// There is no topic of this name.
    NoSuchTopic {
        /// The name.
        name: String,
    },
}

impl Catalog {
    /// Alters settings, each resource's whole or not at all.
    pub fn alter(
        &mut self,
        asked: &[Alteration],
        mode: Mode,
        settings: &Settings,
    ) -> Decided<Result<(), AlterError>> {
        let mut changes = Vec::new();
        let mut answers = Vec::with_capacity(asked.len());
        for alteration in asked {
            let planned = match &alteration.resource {
                Resource::Topic(name) => self.plan_topic(name, &alteration.edits, settings),
                Resource::Broker(scope) => self.plan_broker(*scope, &alteration.edits, settings),
            };
            answers.push(planned.map(|change| changes.extend(change)));
        }
        self.commit(mode, answers, changes)
    }

    /// Kafka asks for the topic last, so that a wrong setting is told first.
    fn plan_topic(
        &self,
        name: &str,
        edits: &Edits,
        settings: &Settings,
    ) -> Result<Option<Change>, AlterError> {
        let nothing = BTreeMap::new();
        let topic = self.topic(name);
        let before = topic.map_or(&nothing, |topic| &topic.overrides);
        let after = edited(before, edits, topic_list).map_err(AlterError::Config)?;
        if name.is_empty() {
            return Err(AlterError::NoName);
        }
        names::check(name).map_err(AlterError::Name)?;
        check_topic(&after, settings).map_err(AlterError::Config)?;
        let topic = topic.ok_or_else(|| AlterError::NoSuchTopic { name: name.to_owned() })?;
        if after == topic.overrides {
            return Ok(None);
        }
        let altered = Topic { overrides: after, ..Topic::clone(topic) };
        Ok(Some(Change::Topic(Arc::new(altered.resolved(settings)))))
    }

    fn plan_broker(
        &self,
        scope: Scope,
        edits: &Edits,
        settings: &Settings,
    ) -> Result<Option<Change>, AlterError> {
        let nothing = BTreeMap::new();
        let before = self.altered.get(&scope).unwrap_or(&nothing);
        let after = edited(before, edits, broker_list).map_err(AlterError::Config)?;
        check_length(&after).map_err(AlterError::Config)?;
        let mut altered = self.altered.clone();
        altered.insert(scope, after.clone());
        in_force(settings, &altered)
            .map_err(|error| AlterError::Config(ConfigFault::Refused(error)))?;
        Ok((after != *before).then_some(Change::Broker(scope, after)))
    }
}

/// Checks the settings of a topic that is about to be made.
pub(super) fn check_new(
    configs: &[(String, Option<String>)],
    settings: &Settings,
) -> Result<(), ConfigFault> {
    let without: Vec<String> =
        configs.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| key.clone()).collect();
    if !without.is_empty() {
        return Err(ConfigFault::NoValue { keys: without });
    }
    let overrides =
        configs.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect();
    check_topic(&overrides, settings)
}

/// The broker's settings with those put in force that were altered while it ran.
pub fn in_force(settings: &Settings, altered: &BrokerOverrides) -> Result<Settings, ConfigError> {
    let of = |scope| altered.get(&scope).cloned().unwrap_or_default();
    let node = Scope::Node(settings.node_id());
    settings.with_dynamic(config::Dynamic { cluster: of(Scope::Cluster), broker: of(node) })
}

/// All settings of one resource after the edits. `list` gives a list's default, `None` for keys
/// that are no lists.
fn edited(
    before: &BTreeMap<String, String>,
    edits: &Edits,
    list: fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, ConfigFault> {
    let edits = match edits {
        Edits::All(all) => return Ok(all.clone()),
        Edits::Some(edits) => edits,
    };
    let mut after = before.clone();
    for (key, edit) in edits {
        let items = |edit| match list(key) {
            None => Err(ConfigFault::NotAList { key: key.clone(), edit }),
            Some(default) => Ok(split(before.get(key).unwrap_or(&default))),
        };
        match edit {
            Edit::Set(value) => drop(after.insert(key.clone(), value.clone())),
            Edit::Delete => drop(after.remove(key)),
            Edit::Append(added) => {
                let mut items = items("APPEND")?;
                for item in added.split(',') {
                    if !items.iter().any(|known| known == item) {
                        items.push(item.to_owned());
                    }
                }
                after.insert(key.clone(), items.join(","));
            }
            Edit::Subtract(taken) => {
                let mut items = items("SUBTRACT")?;
                for item in taken.split(',') {
                    if let Some(at) = items.iter().position(|known| known == item) {
                        items.remove(at);
                    }
                }
                after.insert(key.clone(), items.join(","));
            }
        }
    }
    Ok(after)
}

fn split(list: &str) -> Vec<String> {
    list.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn topic_list(key: &str) -> Option<String> {
    let key = topics::find(key).filter(|key| key.kind == Kind::List)?;
    Some(key.default.to_owned())
}

fn broker_list(key: &str) -> Option<String> {
    let key = keys::find(key).filter(|key| key.kind == Kind::List)?;
    Some(key.default.unwrap_or_default().to_owned())
}

fn check_topic(
    overrides: &BTreeMap<String, String>,
    settings: &Settings,
) -> Result<(), ConfigFault> {
    check_length(overrides)?;
    config::check_topic_configs(overrides, settings).map_err(ConfigFault::Refused)
}

fn check_length(overrides: &BTreeMap<String, String>) -> Result<(), ConfigFault> {
    let bytes: usize = overrides.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes <= SETTINGS_BYTES_MAX { Ok(()) } else { Err(ConfigFault::TooLong) }
}
