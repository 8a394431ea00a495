//! Identities: what names a topic, a log, a group, a member, a producer.

use std::fmt;
use std::sync::Arc;

/// A position in a partition's log, in records; the first record is 0.
pub type Offset = i64;

/// Names an idempotent producer (KIP-98); -1 in a batch means "not idempotent".
pub type ProducerId = i64;

/// A topic's UUID (KIP-516), big-endian as on the wire. All zero means "no id".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// What clients send when they name a topic by its name only.
    pub const NONE: Self = Self([0; 16]);
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Where a partition's batches are stored: chosen when the partition is made, recorded in the
/// catalog, never changed and never used again for another partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogId {
    /// Ordinal of the column family in the store's fixed pool.
    pub family: u8,
    /// The topic's number: counted up from 1 as topics are made, never reused.
    pub topic: u32,
    /// The partition's index within its topic.
    pub partition: u32,
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}-{}", self.family, self.topic, self.partition)
    }
}

/// A consumer group's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub Arc<str>);

/// A member of a consumer group, as the coordinator named it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub Arc<str>);

macro_rules! text_id {
    ($name:ident) => {
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(GroupId);
text_id!(MemberId);
