//! How the catalog is kept in the store, and read back.
//!
//! ```text
//!   Space::Catalog  't' number:u32          version:u8 id:16 name partitions:u32 family:u8...
//!                                           overrides:u32 (key value)...
//!                   'd' number:u32          version:u8 partitions:u32 family:u8...
//!                   'b' [node:i32]          version:u8 overrides:u32 (key value)...
//!   Space::Meta     "catalog"               version:u8 next_topic:u32 changes:u64
//! ```
//! Numbers are big-endian; a text is its length as u32 and its UTF-8. Reading never panics and
//! never trusts a count: what is not exactly this is [`Corrupt`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use crate::base::{LogId, TopicId};
use crate::catalog::{Change, Counters, Scope, Topic, names};
use crate::config::{Settings, TopicConfig};
use crate::store::{Space, Write};

/// Key of the counters in [`Space::Meta`].
pub const COUNTERS_KEY: &[u8] = b"catalog";

const VERSION: u8 = 1;
const TOPIC: u8 = b't';
const DEAD: u8 = b'd';
const BROKER: u8 = b'b';

/// A record that is not as it was written, or was written by a newer version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Corrupt(pub String);

/// What one record says.
pub(super) enum Record {
    Topic(Topic),
    Dead(u32, Vec<LogId>),
    Broker(Scope, BTreeMap<String, String>),
}

/// Adds the writes that keep `change`.
pub(super) fn write(change: &Change, writes: &mut Vec<Write>) {
    match change {
        Change::Topic(topic) => {
            writes.push(put(topic_key(TOPIC, topic.number), topic_value(topic)))
        }
        Change::Deleted(topic) => {
            writes.push(delete(topic_key(TOPIC, topic.number)));
            writes.push(put(topic_key(DEAD, topic.number), dead_value(&topic.partitions)));
        }
        Change::Reclaimed(number) => writes.push(delete(topic_key(DEAD, *number))),
        Change::Broker(scope, overrides) if overrides.is_empty() => {
            writes.push(delete(broker_key(*scope)));
        }
        Change::Broker(scope, overrides) => {
            let mut value = versioned(64);
            write_overrides(&mut value, overrides);
            writes.push(put(broker_key(*scope), value));
        }
    }
}

/// The write that keeps the counters.
pub(super) fn write_counters(counters: Counters) -> Write {
    let mut value = versioned(16);
    value.put_u32(counters.next_topic);
    value.put_u64(counters.changes);
    Write::Put { space: Space::Meta, key: Bytes::from_static(COUNTERS_KEY), value: value.freeze() }
}

fn put(key: Bytes, value: BytesMut) -> Write {
    Write::Put { space: Space::Catalog, key, value: value.freeze() }
}

fn delete(key: Bytes) -> Write {
    Write::Delete { space: Space::Catalog, key }
}

fn versioned(capacity: usize) -> BytesMut {
    let mut value = BytesMut::with_capacity(capacity);
    value.put_u8(VERSION);
    value
}

fn topic_key(kind: u8, number: u32) -> Bytes {
    let mut key = BytesMut::with_capacity(5);
    key.put_u8(kind);
    key.put_u32(number);
    key.freeze()
}

fn broker_key(scope: Scope) -> Bytes {
    let mut key = BytesMut::with_capacity(5);
    key.put_u8(BROKER);
    if let Scope::Node(node) = scope {
        key.put_i32(node);
    }
    key.freeze()
}

fn topic_value(topic: &Topic) -> BytesMut {
    let mut value = versioned(64 + topic.name.len() + topic.partitions.len());
    value.put_slice(&topic.id.0);
    write_text(&mut value, &topic.name);
    write_families(&mut value, &topic.partitions);
    write_overrides(&mut value, &topic.overrides);
    value
}

fn dead_value(logs: &[LogId]) -> BytesMut {
    let mut value = versioned(8 + logs.len());
    write_families(&mut value, logs);
    value
}

fn write_count(value: &mut BytesMut, count: usize) {
    value.put_u32(u32::try_from(count).expect("limits keep names, settings and partitions short"));
}

fn write_text(value: &mut BytesMut, text: &str) {
    write_count(value, text.len());
    value.put_slice(text.as_bytes());
}

fn write_families(value: &mut BytesMut, logs: &[LogId]) {
    write_count(value, logs.len());
    logs.iter().for_each(|log| value.put_u8(log.family));
}

fn write_overrides(value: &mut BytesMut, overrides: &BTreeMap<String, String>) {
    write_count(value, overrides.len());
    for (key, text) in overrides {
        write_text(value, key);
        write_text(value, text);
    }
}

/// Reads one record of [`Space::Catalog`].
pub(super) fn read(key: &[u8], value: &[u8], settings: &Settings) -> Result<Record, Corrupt> {
    let mut key_rest = Reader { rest: key, what: "catalog key" };
    let kind = key_rest.u8()?;
    let mut rest = Reader { rest: value, what: "catalog record" };
    rest.version()?;
    let record = match kind {
        TOPIC => Record::Topic(read_topic(key_rest.u32()?, &mut rest, settings)?),
        DEAD => {
            let number = key_rest.u32()?;
            Record::Dead(number, rest.families(number)?)
        }
        BROKER if key_rest.rest.is_empty() => Record::Broker(Scope::Cluster, rest.overrides()?),
        BROKER => Record::Broker(Scope::Node(key_rest.u32()?.cast_signed()), rest.overrides()?),
        other => return Err(Corrupt(format!("catalog record of unknown kind {other}"))),
    };
    key_rest.finish()?;
    rest.finish()?;
    Ok(record)
}

/// Reads the counters.
pub(super) fn read_counters(value: &[u8]) -> Result<Counters, Corrupt> {
    let mut rest = Reader { rest: value, what: "catalog counters" };
    rest.version()?;
    let counters = Counters { next_topic: rest.u32()?, changes: rest.u64()? };
    rest.finish()?;
    Ok(counters)
}

fn read_topic(number: u32, rest: &mut Reader<'_>, settings: &Settings) -> Result<Topic, Corrupt> {
    let id = TopicId(rest.array()?);
    let name: Arc<str> = rest.text()?.into();
    let partitions = rest.families(number)?;
    let overrides = rest.overrides()?;
    let config = Arc::new(TopicConfig::resolve(&overrides, settings));
    let internal = names::is_internal(&name);
    Ok(Topic { id, number, name, partitions, overrides, config, internal })
}

struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    fn corrupt(&self, why: &str) -> Corrupt {
        Corrupt(format!("{} {why}", self.what))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| self.corrupt("is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        let bytes = self.take(N)?;
        Ok(bytes.try_into().expect("take gives as many bytes as asked for"))
    }

    fn u8(&mut self) -> Result<u8, Corrupt> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Result<u32, Corrupt> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Result<u64, Corrupt> {
        self.array().map(u64::from_be_bytes)
    }

    fn version(&mut self) -> Result<(), Corrupt> {
        match self.u8()? {
            VERSION => Ok(()),
            other => Err(self.corrupt(&format!("has version {other}, which is not known here"))),
        }
    }

    fn count(&mut self) -> Result<usize, Corrupt> {
        usize::try_from(self.u32()?).map_err(|_| self.corrupt("counts too far"))
    }

    fn text(&mut self) -> Result<String, Corrupt> {
        let length = self.count()?;
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.corrupt("holds broken text"))?;
        Ok(text.to_owned())
    }

    fn families(&mut self, topic: u32) -> Result<Vec<LogId>, Corrupt> {
        let count = self.count()?;
        let families = self.take(count)?;
        Ok((0..)
            .zip(families)
            .map(|(partition, family)| LogId { family: *family, topic, partition })
            .collect())
    }

    fn overrides(&mut self) -> Result<BTreeMap<String, String>, Corrupt> {
        (0..self.count()?).map(|_| Ok((self.text()?, self.text()?))).collect()
    }

    fn finish(&self) -> Result<(), Corrupt> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.corrupt("is too long")) }
    }
}
