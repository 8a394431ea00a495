//! What a topic may be called, and which names are too alike.

use crate::base::limits::TOPIC_NAME_MAX;

/// Kafka keeps its own metadata in a topic of this name; nobody may make it.
pub const CLUSTER_METADATA: &str = "__cluster_metadata";

/// Names under which Kafka keeps coordinator state (`Topic.INTERNAL_TOPICS`).
const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// What is wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// It is empty.
    Empty,
    /// It is "." or "..", which no file system could hold.
    Dots,
    /// It is longer than [`TOPIC_NAME_MAX`].
    TooLong,
    /// It has characters other than ASCII letters, digits, '.', '_' and '-'.
    Characters,
}

/// Checks a name as Kafka's `Topic.validate` does.
pub fn check(name: &str) -> Result<(), NameFault> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => Err(NameFault::Empty),
        "." | ".." => Err(NameFault::Dots),
        // Kafka counts UTF-16 units.
        _ if name.encode_utf16().nth(TOPIC_NAME_MAX).is_some() => Err(NameFault::TooLong),
        _ if !name.chars().all(legal) => Err(NameFault::Characters),
        _ => Ok(()),
    }
}

/// Kafka marks these in Metadata, and consumers leave them out of patterns.
pub fn is_internal(name: &str) -> bool {
    INTERNAL.contains(&name)
}

/// The name that stands for all that differ from this one only in '.' and '_' (their metrics
/// would have the same name); `None` when it has neither.
pub fn unified(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}
