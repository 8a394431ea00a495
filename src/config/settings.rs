//! The values in force: one immutable snapshot, replaced when a client alters settings.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::describe::Source;
use crate::config::error::{ConfigError, Reason};
use crate::config::keys::{self, Definition, Key, Reload, Standing, Stored};
use crate::config::listeners::Listeners;
use crate::config::sources::{Given, Sources};
use crate::config::value::Value;

/// Every broker setting, typed and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    values: HashMap<&'static str, Value>,
    given: BTreeMap<&'static str, Given>,
    dynamic: Dynamic,
    listeners: Arc<Listeners>,
    notes: Arc<[String]>,
}

/// Settings that clients gave to a running broker, by Kafka's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dynamic {
    /// For all brokers.
    pub cluster: BTreeMap<String, String>,
    /// For this broker; these win.
    pub broker: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self::load(&Sources::default()).expect("a test loads the defaults")
    }
}

impl Settings {
    /// Defaults, then file, then environment, then flags; all that is wrong is told at once.
    pub fn load(sources: &Sources) -> Result<Self, Vec<ConfigError>> {
        let mut read = sources.read();
        let mut values: HashMap<_, _> =
            keys::all().map(|definition| (definition.name, definition.default_value())).collect();
        for (name, given) in &read.given {
            let definition = keys::find(name).expect("read() gives known names only");
            match accept(definition, &given.text) {
                Ok(value) => {
                    values.insert(definition.name, value);
                    read.notes.extend(note(definition, given));
                }
                Err(error) => read.errors.push(error.from(&given.origin)),
            }
        }
        let mut settings = Self {
            values,
            given: read.given,
            dynamic: Dynamic::default(),
            listeners: Arc::default(),
            notes: Arc::default(),
        };
        if read.errors.is_empty() {
            read.errors.extend(settings.check_together());
            match Listeners::resolve(&settings) {
                Ok(listeners) => settings.listeners = Arc::new(listeners),
                Err(error) => read.errors.push(error),
            }
        }
        if !read.errors.is_empty() {
            return Err(read.errors);
        }
        read.notes.extend(settings.listeners.notes());
        settings.notes = read.notes.into();
        Ok(settings)
    }

    /// The same start, with these settings from clients on top.
    pub fn with_dynamic(&self, dynamic: Dynamic) -> Result<Self, ConfigError> {
        let mut next = self.clone();
        for (name, text) in self.dynamic.cluster.iter().chain(&self.dynamic.broker) {
            let definition = known(name, text)?;
            let value = match self.given.get(definition.name) {
                Some(given) => Value::parse(definition.kind, &given.text)
                    .map_err(|why| ConfigError::invalid(name, &given.text, why))?,
                None => definition.default_value(),
            };
            next.values.insert(definition.name, value);
        }
        for (name, text) in dynamic.cluster.iter() {
            next.values.insert(known(name, text)?.name, check_dynamic(name, text, Level::Cluster)?);
        }
        for (name, text) in dynamic.broker.iter() {
            next.values.insert(known(name, text)?.name, check_dynamic(name, text, Level::Broker)?);
        }
        next.dynamic = dynamic;
        match next.check_together() {
            Some(error) => Err(error),
            None => Ok(next),
        }
    }

    /// The value of an honoured setting.
    pub fn get<T: Stored>(&self, key: Key<T>) -> T {
        T::from_value(self.slot(key.name())).expect("a test reads every key with its type")
    }

    /// The value of any setting in the table.
    pub fn value(&self, definition: &Definition) -> Value {
        self.slot(definition.name).clone()
    }

    /// Settings that clients gave while the broker ran.
    pub fn dynamic(&self) -> &Dynamic {
        &self.dynamic
    }

    /// Where to listen and what to tell clients.
    pub fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// What a person should know about these settings: one line each, for the log.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The folder that holds the data.
    pub fn data_dir(&self) -> PathBuf {
        match self.get(keys::LOG_DIRS) {
            Some(dirs) => dirs.first().map(|dir| PathBuf::from(&**dir)),
            None => self.get(keys::LOG_DIR).first().map(|dir| PathBuf::from(&**dir)),
        }
        .unwrap_or_else(|| PathBuf::from("klamm-data"))
    }

    /// The broker's number.
    pub fn node_id(&self) -> i32 {
        match self.get(keys::BROKER_ID) {
            id if id >= 0 && !self.given.contains_key(keys::NODE_ID.name()) => id,
            _ => self.get(keys::NODE_ID),
        }
    }

    /// The text that `source` gives for a setting.
    pub(crate) fn given(&self, source: Source, name: &str) -> Option<&str> {
        match source {
            Source::DynamicTopic => None,
            Source::DynamicBroker => self.dynamic.broker.get(name).map(String::as_str),
            Source::DynamicDefaultBroker => self.dynamic.cluster.get(name).map(String::as_str),
            Source::StaticBroker => self.given.get(name).map(|given| given.text.as_str()),
            Source::Default => keys::find(name).and_then(|definition| definition.default),
        }
    }

    fn slot(&self, name: &str) -> &Value {
        self.values.get(name).expect("every key of the table has a value")
    }

    /// An error about the value that a setting has.
    pub(crate) fn blame(&self, definition: &Definition, reason: Reason) -> ConfigError {
        let value = self.slot(definition.name).text().unwrap_or_default();
        ConfigError::new(definition.name, &value, reason).from(self.origin(definition.name))
    }

    fn origin(&self, name: &str) -> &str {
        self.given.get(name).map_or("", |given| &given.origin)
    }

    /// Rules over several settings (Kafka's `KafkaConfig.validateValues`).
    fn check_together(&self) -> Option<ConfigError> {
        RULES.iter().find_map(|rule| {
            let (name, why) = rule(self)?;
            Some(self.blame(keys::find(name)?, Reason::Invalid(why)))
        })
    }
}

type Rule = fn(&Settings) -> Option<(&'static str, String)>;

static RULES: &[Rule] = &[
    |settings| {
        let retention = [
            (keys::LOG_RETENTION_MS.name(), settings.get(keys::LOG_RETENTION_MS)),
            (
                keys::LOG_RETENTION_MINUTES.name(),
                settings.get(keys::LOG_RETENTION_MINUTES).map(i64::from),
            ),
            (
                keys::LOG_RETENTION_HOURS.name(),
                Some(i64::from(settings.get(keys::LOG_RETENTION_HOURS))),
            ),
        ];
        let (name, value) = retention.into_iter().find_map(|(n, v)| v.map(|v| (n, v)))?;
        let why = || "it must be unlimited (-1) or, greater than or equal to 1".to_owned();
        (value == 0).then(|| (name, why()))
    },
    |settings| {
        let dirs = match settings.get(keys::LOG_DIRS) {
            Some(dirs) => (keys::LOG_DIRS.name(), dirs),
            None => (keys::LOG_DIR.name(), settings.get(keys::LOG_DIR)),
        };
        let usable = dirs.1.len() == 1 && !dirs.1[0].is_empty();
        (!usable).then(|| (dirs.0, "Klamm keeps its data in exactly one folder".to_owned()))
    },
    |settings| {
        let both = settings.given.contains_key(keys::BROKER_ID.name())
            && settings.given.contains_key(keys::NODE_ID.name());
        let (broker, node) = (settings.get(keys::BROKER_ID), settings.get(keys::NODE_ID));
        let differ = both && broker >= 0 && broker != node;
        differ.then(|| (keys::BROKER_ID.name(), format!("node.id={node} says otherwise")))
    },
    |settings| {
        let roles = settings.get(keys::PROCESS_ROLES);
        let broker = roles.iter().any(|role| &**role == "broker");
        let why = "Klamm is a broker: there is no process that is only a controller".to_owned();
        (!broker).then_some((keys::PROCESS_ROLES.name(), why))
    },
    |settings| {
        let (least, most) = (
            settings.get(keys::GROUP_MIN_SESSION_TIMEOUT_MS),
            settings.get(keys::GROUP_MAX_SESSION_TIMEOUT_MS),
        );
        let why = || format!("it must not exceed group.max.session.timeout.ms={most}");
        (least > most).then(|| (keys::GROUP_MIN_SESSION_TIMEOUT_MS.name(), why()))
    },
];

/// Which brokers an alteration is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// This one.
    Broker,
    /// All.
    Cluster,
}

/// Checks one alteration of a running broker's settings.
pub fn check_dynamic(name: &str, text: &str, level: Level) -> Result<Value, ConfigError> {
    let definition = known(name, text)?;
    match (definition.reload, level) {
        (Reload::ReadOnly, _) => Err(ConfigError::new(name, text, Reason::ReadOnly)),
        (Reload::PerBroker, Level::Cluster) => {
            Err(ConfigError::new(name, text, Reason::PerBrokerOnly))
        }
        _ => accept(definition, text),
    }
}

fn known(name: &str, text: &str) -> Result<&'static Definition, ConfigError> {
    let reason = || Reason::Unknown { what: "config", near: keys::near(name) };
    keys::find(name).ok_or_else(|| ConfigError::new(name, text, reason()))
}

/// Parses, checks, and refuses what Klamm cannot do.
fn accept(definition: &Definition, text: &str) -> Result<Value, ConfigError> {
    let hide = |mut error: ConfigError| {
        if definition.sensitive() {
            error.value = None;
        }
        error
    };
    let value = definition
        .parse(text)
        .map_err(|why| hide(ConfigError::invalid(definition.name, text, why)))?;
    match definition.standing {
        Standing::Refused(why) if value != definition.default_value() => {
            Err(hide(ConfigError::new(definition.name, text, Reason::Refused(why))))
        }
        _ => Ok(value),
    }
}

fn note(definition: &Definition, given: &Given) -> Option<String> {
    let Standing::Meaningless(why) = definition.standing else { return None };
    Some(format!("{} ({}) has no effect: {why}", definition.name, given.origin))
}
