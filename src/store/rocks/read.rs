//! Reads of batches and of small state. Everything in here blocks.

use bytes::Bytes;
use rocksdb::ReadOptions;

use crate::base::{LogId, Offset};
use crate::store::keys::{BATCH_HEADER_LEN, StoredHeader, base_of, log_key, state_key};
use crate::store::rocks::families::{Database, STATE, store_error};
use crate::store::rocks::view::{corrupt, log_error, within};
use crate::store::{Chunk, Page, ReadHint, Space, StoreError};

/// Read ahead for a reader that goes on; blob files are read ahead by the kernel, this is for the
/// short batches that lie in the tables themselves.
const STREAM_READAHEAD_BYTES: usize = 256 << 10;

/// Which batches of a log are wanted.
#[derive(Clone, Copy)]
pub(super) struct Stretch {
    pub(super) from: Offset,
    pub(super) upto: Offset,
    pub(super) max_bytes: usize,
}

/// See `Engine::read`.
pub(super) fn batches(
    database: &Database,
    log: LogId,
    stretch: Stretch,
    hint: ReadHint,
) -> Result<Vec<Chunk>, StoreError> {
    let from = stretch.from.max(0);
    let Some(family) = database.log(log.family).filter(|_| from < stretch.upto) else {
        return Ok(Vec::new());
    };
    let mut options = within(log);
    options.set_iterate_upper_bound(log_key(log, stretch.upto));
    if hint == ReadHint::Stream {
        options.set_readahead_size(STREAM_READAHEAD_BYTES);
    }
    let mut batches = database.db.raw_iterator_cf_opt(family, options);
    batches.seek_for_prev(log_key(log, from));
    match batches.value().map(StoredHeader::read) {
        Some(Some(header)) if header.last >= from => {}
        Some(_) => batches.next(),
        None => {
            batches.status().map_err(|error| log_error(log, &error))?;
            batches.seek(log_key(log, from));
        }
    }
    let mut chunks = Vec::new();
    let mut bytes = 0_usize;
    while let Some((key, value)) = batches.item() {
        let Some((base, header)) = base_of(key).zip(StoredHeader::read(value)) else {
            return Err(corrupt(log, "a batch cannot be read"));
        };
        let records = &value[BATCH_HEADER_LEN..];
        bytes = bytes.saturating_add(records.len());
        if bytes > stretch.max_bytes && !chunks.is_empty() {
            return Ok(chunks);
        }
        let records = Bytes::copy_from_slice(records);
        chunks.push(Chunk { base, last: header.last, records });
        // The next step would fetch a whole batch, only to put it away.
        if bytes >= stretch.max_bytes {
            return Ok(chunks);
        }
        batches.next();
    }
    batches.status().map_err(|error| log_error(log, &error))?;
    Ok(chunks)
}

/// See `Engine::get`.
pub(super) fn value(
    database: &Database,
    space: Space,
    key: &[u8],
) -> Result<Option<Bytes>, StoreError> {
    let family = database.family(STATE);
    let found = database.db.get_pinned_cf(family, state_key(space, key));
    let found = found.map_err(|error| store_error("reading state", &error))?;
    Ok(found.map(|value| Bytes::copy_from_slice(&value)))
}

/// See `Engine::scan`.
pub(super) fn page(
    database: &Database,
    space: Space,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Page, StoreError> {
    let start = match after {
        // The key that follows `after` at once.
        Some(after) if after >= prefix => [state_key(space, after), vec![0]].concat(),
        _ => state_key(space, prefix),
    };
    let mut options = ReadOptions::default();
    options.set_iterate_upper_bound(vec![space as u8 + 1]);
    let mut items = database.db.raw_iterator_cf_opt(database.family(STATE), options);
    items.seek(start);
    let mut page = Page::default();
    while let Some((key, value)) = items.item() {
        let key = &key[1..];
        if !key.starts_with(prefix) {
            return Ok(page);
        }
        if page.items.len() == limit {
            page.more = true;
            return Ok(page);
        }
        page.items.push((Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)));
        items.next();
    }
    items.status().map_err(|error| store_error("reading state", &error))?;
    Ok(page)
}
