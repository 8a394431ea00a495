//! Offsets by time within one stored batch (ListOffsets).

use bytes::Bytes;

use crate::base::Offset;
use crate::wire::batch::{BatchError, BatchHeader};
use crate::wire::records::{self, Next};

/// The first record at `from` or after it (a log may start within a batch) whose timestamp is
/// `at_ms` or later: its offset and timestamp.
pub fn first_from(
    records: &Bytes,
    base: Offset,
    from: Offset,
    at_ms: i64,
) -> Result<Option<(Offset, i64)>, BatchError> {
    let header = BatchHeader::read(records)?;
    if header.max_timestamp_ms < at_ms {
        return Ok(None);
    }
    first(records, &header, base, |offset, timestamp_ms| offset >= from && timestamp_ms >= at_ms)
}

/// Offset and timestamp of the first record that has the batch's largest timestamp.
pub fn max_timestamp(records: &Bytes, base: Offset) -> Result<(Offset, i64), BatchError> {
    let header = BatchHeader::read(records)?;
    let max = header.max_timestamp_ms;
    let found = first(records, &header, base, |_, timestamp_ms| timestamp_ms == max)?;
    // Validation made the header true, so the walk finds it; a batch of before that has an end.
    Ok(found.unwrap_or((base.saturating_add(i64::from(header.last_offset_delta)), max)))
}

fn first(
    records: &Bytes,
    header: &BatchHeader,
    base: Offset,
    wanted: impl Fn(Offset, i64) -> bool,
) -> Result<Option<(Offset, i64)>, BatchError> {
    let mut found = None;
    records::walk(records, header, |record| {
        let offset = base.saturating_add(i64::from(record.offset_delta));
        if !wanted(offset, record.timestamp_ms) {
            return Next::Go;
        }
        found = Some((offset, record.timestamp_ms));
        Next::Stop
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests;
