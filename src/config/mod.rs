//! Settings: the table of every key Kafka 4.3 knows, and the values in force.
//!
//! ```text
//!   defaults < server.properties < KAFKA_* environment < flags      Settings::load
//!            < cluster-wide dynamic < per-broker dynamic            Settings::with_dynamic
//!            < the topic's own                                      TopicConfig::resolve
//! ```
//! Each key stands once, in `keys/`, with its type, default, check and standing: honoured, without
//! meaning here (accepted with a log line that says why), or refused. Nothing is ever accepted and
//! then ignored in silence. This room does not know who reads a key.
//!
//! Reading order: `value.rs`, `keys/`, `sources.rs`, `listeners.rs`, `settings.rs`, `topic.rs`,
//! `describe.rs`, `docs.rs`.
//! Kafka's behaviour: ConfigDef (types, checks), LogConfig (topics), DynamicBrokerConfig (which
//! keys can be altered), ConfigHelper (what DescribeConfigs shows), the apache/kafka image
//! (environment).

pub mod describe;
pub mod docs;
mod error;
pub mod keys;
pub mod listeners;
mod settings;
mod sources;
mod topic;
mod value;

pub use error::{ConfigError, Reason};
pub use listeners::{Endpoint, Listener, Protocol};
pub use settings::{Dynamic, Level, Settings, check_dynamic};
pub use sources::{Flag, Sources};
pub use topic::{
    Cleanup, CompressionType, TopicConfig, check_topic_config, check_topic_configs, topic_key,
};
pub use value::{Check, Kind, Value};

#[cfg(test)]
mod tests;
