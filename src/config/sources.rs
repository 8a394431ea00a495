//! Where settings come from at the start: a properties file, the environment, flags.
//!
//! Environment variables are read as the apache/kafka image reads them: `KAFKA_NUM_PARTITIONS` is
//! `num.partitions`, a double underscore is `_`, a triple one `-`. Variables of that image that are
//! no settings (`KAFKA_HEAP_OPTS`), those that Kubernetes makes for a service called "kafka" and
//! those that client programs use are left alone, with a log line.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use crate::config::error::{ConfigError, Reason};
use crate::config::keys::{self, Foreign};

/// What was given at the start.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A properties file.
    pub file: Option<PathBuf>,
    /// Environment variables, all of them.
    pub env: Vec<(String, String)>,
    /// Settings that flags stand for; the last of a name wins.
    pub flags: Vec<Flag>,
    /// Whether the listeners' defaults are those of the apache/kafka image.
    pub container: bool,
}

/// A setting given by a flag.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The setting.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The flag, such as `--listen`.
    pub flag: &'static str,
}

/// A value as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) text: String,
    pub(crate) origin: String,
}

/// All sources read, the later over the earlier; only known names are in `given`.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) given: BTreeMap<&'static str, Given>,
    pub(crate) errors: Vec<ConfigError>,
    pub(crate) notes: Vec<String>,
}

impl Sources {
    pub(crate) fn read(&self) -> Read {
        let mut read = Read::default();
        self.read_file(&mut read);
        for (variable, value) in &self.env {
            read_variable(variable, value, &mut read);
        }
        for Flag { name, value, flag } in &self.flags {
            read.put(name, value, format!("flag {flag}"));
        }
        if self.container {
            read.container_defaults();
        }
        read
    }

    fn read_file(&self, read: &mut Read) {
        let Some(path) = &self.file else { return };
        let fail = |why: String| ConfigError {
            name: String::new(),
            value: None,
            origin: String::new(),
            reason: Reason::Unreadable(why),
        };
        let shown = path.display();
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => {
                return read
                    .errors
                    .push(fail(format!("cannot read settings from {shown}: {error}")));
            }
        };
        // ISO-8859-1 with \uXXXX escapes, as java.util.Properties reads a stream.
        let origin = format!("file {shown}");
        let mut lines = java_properties::PropertiesIter::new(BufReader::new(file));
        if let Err(error) = lines.read_into(|name, value| read.put(&name, &value, origin.clone())) {
            read.errors.push(fail(format!("cannot parse settings in {shown}: {error}")));
        }
    }
}

fn read_variable(variable: &str, value: &str, read: &mut Read) {
    let origin = format!("environment variable {variable}");
    if variable == "CLUSTER_ID" || variable == "KAFKA_CLUSTER_ID" {
        return read.put(keys::CLUSTER_ID.name(), value, origin);
    }
    let Some(rest) = variable.strip_prefix("KAFKA_") else { return };
    match keys::foreign(variable) {
        Some(Foreign::Java) => {
            read.notes.push(format!("{origin} has no effect: it is for a Java virtual machine"));
        }
        Some(Foreign::Other) => {
            read.notes.push(format!("{origin} has no effect: it is not a broker setting"));
        }
        None => read.put(&variable_to_name(rest), value, origin),
    }
}

/// `NUM_PARTITIONS` to `num.partitions`, `A__B` to `a_b`, `A___B` to `a-b`.
fn variable_to_name(rest: &str) -> String {
    rest.to_lowercase().replace('_', ".").replace("...", "-").replace("..", "_")
}

impl Read {
    fn put(&mut self, name: &str, value: &str, origin: String) {
        if let Some(definition) = keys::find(name) {
            let given = Given { text: value.to_owned(), origin };
            self.given.insert(definition.name, given);
        } else if let Some(why) = keys::former(name) {
            self.notes.push(format!("{name} ({origin}) has no effect: {why}"));
        } else if let Some(why) = keys::prefixed(name) {
            self.errors.push(ConfigError::new(name, value, Reason::Refused(why)).from(&origin));
        } else {
            let reason = Reason::Unknown { what: "config", near: keys::near(name) };
            self.errors.push(ConfigError::new(name, value, reason).from(&origin));
        }
    }

    /// As in the apache/kafka image: who says only what clients are told listens on all
    /// interfaces at the same ports; who says nothing listens on all and tells "localhost". The
    /// data lies on the image's volume.
    fn container_defaults(&mut self) {
        let (dirs, dir) = (keys::LOG_DIRS.name(), keys::LOG_DIR.name());
        if !self.given.contains_key(dirs) && !self.given.contains_key(dir) {
            self.fill(dirs, "/var/lib/kafka/data".to_owned());
        }
        let (listeners, advertised) = (keys::LISTENERS.name(), keys::ADVERTISED_LISTENERS.name());
        if self.given.contains_key(listeners) {
            return;
        }
        let told = self.given.get(advertised).map(|given| on_all_interfaces(&given.text));
        if told.is_none() {
            self.fill(advertised, "PLAINTEXT://localhost:9092".to_owned());
        }
        self.fill(listeners, told.unwrap_or_else(|| "PLAINTEXT://0.0.0.0:9092".to_owned()));
    }

    fn fill(&mut self, name: &'static str, text: String) {
        self.given.insert(name, Given { text, origin: "container image".to_owned() });
    }
}

/// `A://host:1,B://other:2` with every host replaced by 0.0.0.0.
fn on_all_interfaces(advertised: &str) -> String {
    let everywhere = |item: &str| match (item.split_once("://"), item.rsplit_once(':')) {
        (Some((name, _)), Some((_, port))) => format!("{name}://0.0.0.0:{port}"),
        _ => item.to_owned(),
    };
    advertised.split(',').map(everywhere).collect::<Vec<_>>().join(",")
}
