//! What can be wrong with a setting: facts, and the sentence for people.

use std::fmt;

/// A setting that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The key as it was given.
    pub name: String,
    /// The value as it was given; `None` for a password or where there is none.
    pub value: Option<String>,
    /// Where it was given, such as `environment variable KAFKA_NUM_PARTITIONS`; empty for a client.
    pub origin: String,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Kafka 4.3 has no such key; `near` is the most similar one that it has.
    Unknown {
        /// What kind of setting it would be, in Kafka's words: "config" or "topic config".
        what: &'static str,
        /// Did you mean this?
        near: Option<&'static str>,
    },
    /// The value does not parse or lies outside what the key takes.
    Invalid(String),
    /// The key asks for something that is not built: ignoring it would change what a user gets.
    Refused(&'static str),
    /// The key cannot be altered while the broker runs.
    ReadOnly,
    /// The key can be altered for one broker only, not for the whole cluster.
    PerBrokerOnly,
    /// It does not go together with another setting.
    Conflict(String),
    /// A file or argument cannot be read.
    Unreadable(String),
}

impl ConfigError {
    pub(crate) fn new(name: &str, value: &str, reason: Reason) -> Self {
        Self { name: name.into(), value: Some(value.into()), origin: String::new(), reason }
    }

    pub(crate) fn invalid(name: &str, value: &str, why: impl Into<String>) -> Self {
        Self::new(name, value, Reason::Invalid(why.into()))
    }

    pub(crate) fn from(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// The message that Kafka's clients get for it.
    pub fn client_message(&self) -> String {
        let value = self.value.as_deref().unwrap_or("[hidden]");
        match &self.reason {
            Reason::Invalid(why) => {
                format!("Invalid value {value} for configuration {}: {why}", self.name)
            }
            Reason::Unknown { what, .. } => format!("Unknown {what} name: {}", self.name),
            Reason::ReadOnly => {
                format!("Cannot update these configs dynamically: [{}]", self.name)
            }
            Reason::PerBrokerOnly => format!(
                "Cannot update these configs at default cluster level, broker id must be \
                 specified: [{}]",
                self.name
            ),
            Reason::Refused(why) => format!("{}={value} is refused: {why}", self.name),
            Reason::Conflict(why) | Reason::Unreadable(why) => why.clone(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Reason::Unreadable(why) = &self.reason {
            return f.write_str(why);
        }
        let origin =
            if self.origin.is_empty() { String::new() } else { format!(" ({})", self.origin) };
        if let Reason::Unknown { near, .. } = &self.reason {
            write!(f, "unknown setting {}{origin}", self.name)?;
            return match near {
                Some(near) => write!(f, ": did you mean {near}?"),
                None => Ok(()),
            };
        }
        write!(f, "invalid setting {}={}", self.name, self.value.as_deref().unwrap_or("[hidden]"))?;
        write!(f, "{origin}: ")?;
        match &self.reason {
            Reason::Invalid(why) | Reason::Conflict(why) => f.write_str(why),
            Reason::Refused(why) => f.write_str(why),
            Reason::ReadOnly => f.write_str("it cannot be altered while the broker runs"),
            Reason::PerBrokerOnly => f.write_str("it can be altered for one broker only"),
            Reason::Unknown { .. } | Reason::Unreadable(_) => Ok(()),
        }
    }
}

impl std::error::Error for ConfigError {}
