//! How groups and committed offsets are kept in the store, and read back.
//!
//! ```text
//!   Space::Groups   group                 version:u8 since_ms:i64 generation:i32
//!                                         type? protocol? leader? members:u32 (member)...
//!     member                              id instance? client_id client_host rebalance_ms:i32
//!                                         session_ms:i32 subscription assignment
//!   Space::Offsets  group topic part:i32  version:u8 offset:i64 leader_epoch:i32 metadata
//!                                         commit_ms:i64 expire?:i64
//! ```
//! Numbers are big-endian. A text or bytes is its length as u32 and itself; with `?` a byte 0 or 1
//! comes first. Reading never panics and never trusts a count: what is not exactly this is
//! [`Corrupt`].

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::inputs::{Generation, OffsetKey};
use super::offsets::Committed;
use crate::base::{GroupId, MemberId};
use crate::store::{Space, Write};

const VERSION: u8 = 1;

/// A record that is not as it was written, or was written by a newer version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Corrupt(pub String);

/// One stored record of a group.
#[derive(Clone, Debug)]
pub enum Record {
    /// Its membership.
    Group(GroupRecord),
    /// One committed offset.
    Offset(OffsetKey, Committed),
}

/// A group's membership as it was last assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    pub(super) since_ms: i64,
    pub(super) generation: Generation,
    pub(super) protocol_type: Option<Arc<str>>,
    pub(super) protocol: Option<Arc<str>>,
    pub(super) leader: Option<MemberId>,
    pub(super) members: Vec<MemberRecord>,
}

/// A member as it was last assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberRecord {
    pub(super) id: MemberId,
    pub(super) instance: Option<Arc<str>>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) session_timeout_ms: i32,
    pub(super) subscription: Bytes,
    pub(super) assignment: Bytes,
}

/// Reads a record of [`Space::Groups`].
pub fn read_group(key: &[u8], value: &Bytes) -> Result<(GroupId, Record), Corrupt> {
    let id = GroupId::from(text_of(key).ok_or_else(|| corrupt("group key", key))?);
    let record = group_value(value).ok_or_else(|| corrupt("group", key))?;
    Ok((id, Record::Group(record)))
}

/// Reads a record of [`Space::Offsets`].
pub fn read_offset(key: &[u8], value: &Bytes) -> Result<(GroupId, Record), Corrupt> {
    let (id, offset_key) = offset_key_of(key).ok_or_else(|| corrupt("offset key", key))?;
    let committed = offset_value(value).ok_or_else(|| corrupt("offset", key))?;
    Ok((id, Record::Offset(offset_key, committed)))
}

fn corrupt(what: &str, key: &[u8]) -> Corrupt {
    Corrupt(format!("{what} record {} cannot be read", String::from_utf8_lossy(key)))
}

pub(super) fn put_group(id: &GroupId, record: &GroupRecord) -> Write {
    let mut value = BytesMut::with_capacity(64);
    value.put_u8(VERSION);
    value.put_i64(record.since_ms);
    value.put_i32(record.generation);
    put_maybe(&mut value, record.protocol_type.as_deref());
    put_maybe(&mut value, record.protocol.as_deref());
    put_maybe(&mut value, record.leader.as_ref().map(MemberId::as_str));
    value.put_u32(length(record.members.len()));
    for member in &record.members {
        put(&mut value, member.id.as_str().as_bytes());
        put_maybe(&mut value, member.instance.as_deref());
        put(&mut value, member.client_id.as_bytes());
        put(&mut value, member.client_host.as_bytes());
        value.put_i32(member.rebalance_timeout_ms);
        value.put_i32(member.session_timeout_ms);
        put(&mut value, &member.subscription);
        put(&mut value, &member.assignment);
    }
    Write::Put { space: Space::Groups, key: group_key(id), value: value.freeze() }
}

pub(super) fn delete_group(id: &GroupId) -> Write {
    Write::Delete { space: Space::Groups, key: group_key(id) }
}

pub(super) fn put_offset(id: &GroupId, key: &OffsetKey, committed: &Committed) -> Write {
    let mut value = BytesMut::with_capacity(34 + committed.metadata.len());
    value.put_u8(VERSION);
    value.put_i64(committed.offset);
    value.put_i32(committed.leader_epoch);
    put(&mut value, committed.metadata.as_bytes());
    value.put_i64(committed.commit_ms);
    value.put_u8(u8::from(committed.expire_ms.is_some()));
    if let Some(expire_ms) = committed.expire_ms {
        value.put_i64(expire_ms);
    }
    Write::Put { space: Space::Offsets, key: offset_key(id, key), value: value.freeze() }
}

pub(super) fn delete_offset(id: &GroupId, key: &OffsetKey) -> Write {
    Write::Delete { space: Space::Offsets, key: offset_key(id, key) }
}

fn group_key(id: &GroupId) -> Bytes {
    Bytes::copy_from_slice(id.as_str().as_bytes())
}

fn offset_key(id: &GroupId, key: &OffsetKey) -> Bytes {
    let mut bytes = BytesMut::with_capacity(12 + id.as_str().len() + key.topic.len());
    put(&mut bytes, id.as_str().as_bytes());
    put(&mut bytes, key.topic.as_bytes());
    bytes.put_i32(key.partition);
    bytes.freeze()
}

fn put(value: &mut BytesMut, bytes: &[u8]) {
    value.put_u32(length(bytes.len()));
    value.put_slice(bytes);
}

fn put_maybe(value: &mut BytesMut, text: Option<&str>) {
    value.put_u8(u8::from(text.is_some()));
    if let Some(text) = text {
        put(value, text.as_bytes());
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("requests are far smaller than 4 GiB")
}

fn group_value(value: &Bytes) -> Option<GroupRecord> {
    let mut rest = value.clone();
    if rest.try_get_u8().ok()? != VERSION {
        return None;
    }
    let since_ms = rest.try_get_i64().ok()?;
    let generation = rest.try_get_i32().ok()?;
    let protocol_type = get_maybe(&mut rest)?;
    let protocol = get_maybe(&mut rest)?;
    let leader = get_maybe(&mut rest)?.map(MemberId);
    let mut members = Vec::new();
    for _ in 0..rest.try_get_u32().ok()? {
        members.push(MemberRecord {
            id: MemberId(get_text(&mut rest)?),
            instance: get_maybe(&mut rest)?,
            client_id: get_text(&mut rest)?,
            client_host: get_text(&mut rest)?,
            rebalance_timeout_ms: rest.try_get_i32().ok()?,
            session_timeout_ms: rest.try_get_i32().ok()?,
            subscription: get(&mut rest)?,
            assignment: get(&mut rest)?,
        });
    }
    let whole = !rest.has_remaining();
    whole.then_some(GroupRecord { since_ms, generation, protocol_type, protocol, leader, members })
}

fn offset_key_of(key: &[u8]) -> Option<(GroupId, OffsetKey)> {
    let mut rest = Bytes::copy_from_slice(key);
    let id = GroupId(get_text(&mut rest)?);
    let topic = get_text(&mut rest)?;
    let partition = rest.try_get_i32().ok()?;
    let whole = !rest.has_remaining();
    whole.then_some((id, OffsetKey { topic, partition }))
}

fn offset_value(value: &Bytes) -> Option<Committed> {
    let mut rest = value.clone();
    if rest.try_get_u8().ok()? != VERSION {
        return None;
    }
    let offset = rest.try_get_i64().ok()?;
    let leader_epoch = rest.try_get_i32().ok()?;
    let metadata = get_text(&mut rest)?;
    let commit_ms = rest.try_get_i64().ok()?;
    let expire_ms = match rest.try_get_u8().ok()? {
        0 => None,
        _ => Some(rest.try_get_i64().ok()?),
    };
    let whole = !rest.has_remaining();
    whole.then_some(Committed { offset, leader_epoch, metadata, commit_ms, expire_ms })
}

/// Copied, so that what is kept does not keep the store's page.
fn get(rest: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(rest.try_get_u32().ok()?).ok()?;
    let fits = length <= rest.remaining();
    fits.then(|| Bytes::copy_from_slice(&rest.split_to(length)))
}

fn get_text(rest: &mut Bytes) -> Option<Arc<str>> {
    text_of(&get(rest)?).map(Arc::from)
}

fn get_maybe(rest: &mut Bytes) -> Option<Option<Arc<str>>> {
    match rest.try_get_u8().ok()? {
        0 => Some(None),
        _ => get_text(rest).map(Some),
    }
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
