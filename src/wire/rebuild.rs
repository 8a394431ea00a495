//! When a batch cannot be kept as it came: other timestamps, another codec, other numbers.

use std::io::{self, Write};

use bytes::{BufMut, Bytes, BytesMut};

use crate::wire::batch::{
    self, APPEND_TIME_FLAG, ATTRIBUTES_AT, BatchError, BatchHeader, CODEC_MASK, CRC_AT, Codec,
    HEADER_LEN, LENGTH_AT, LENGTH_OVERHEAD, MAX_TIME_AT,
};
use crate::wire::compression;
use crate::wire::records;

/// What a batch's header is to say of time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// All timestamps are the time of the append.
    pub(crate) append_time: bool,
    /// The largest timestamp.
    pub(crate) max_timestamp_ms: i64,
}

/// The batch with its header saying what `stamp` says; copied only if it does not yet.
pub(crate) fn restamp(batch: Bytes, header: BatchHeader, stamp: Stamp) -> (Bytes, BatchHeader) {
    let unchanged = header.is_log_append_time() == stamp.append_time
        && header.max_timestamp_ms == stamp.max_timestamp_ms;
    if unchanged {
        return (batch, header);
    }
    let codec_bits = header.attributes & CODEC_MASK;
    finish(BytesMut::from(&batch[..]), header, codec_bits, stamp)
}

/// The batch with its records in codec `target` and numbered from 0.
pub(crate) fn rebuild(
    batch: &Bytes,
    header: &BatchHeader,
    target: Codec,
    stamp: Stamp,
    max_bytes: i32,
) -> Result<(Bytes, BatchHeader), BatchError> {
    let payload = &batch[HEADER_LEN..];
    let max = usize::try_from(max_bytes).unwrap_or(0);
    let mut out =
        Bounded { bytes: BytesMut::with_capacity(batch.len().min(max)), max, over: false };
    let copied = out.write_all(&batch[..HEADER_LEN]).and_then(|()| {
        let source = header.compression().map_err(io::Error::other)?;
        if source == Codec::None {
            let renumbered = records::renumber(payload, header.record_count);
            return compression::compress(target, &mut &renumbered[..], &mut out);
        }
        let mut unfolded = compression::decoder(source, payload).map_err(io::Error::other)?;
        compression::compress(target, &mut unfolded, &mut out)
    });
    match copied {
        Ok(()) => Ok(finish(out.bytes, header.clone(), target as i16, stamp)),
        Err(_) if out.over => {
            Err(BatchError::TooLarge { bytes: max.saturating_add(1), max: max_bytes })
        }
        Err(error) => Err(BatchError::Undecodable { reason: error.to_string() }),
    }
}

/// Makes header and CRC fit the batch's new bytes.
fn finish(
    mut bytes: BytesMut,
    mut header: BatchHeader,
    codec_bits: i16,
    stamp: Stamp,
) -> (Bytes, BatchHeader) {
    let kept = header.attributes & !CODEC_MASK & !APPEND_TIME_FLAG;
    let time = if stamp.append_time { APPEND_TIME_FLAG } else { 0 };
    header.attributes = kept | codec_bits | time;
    header.max_timestamp_ms = stamp.max_timestamp_ms;
    header.length = i32::try_from(bytes.len() - LENGTH_OVERHEAD)
        .expect("a batch is no longer than max.message.bytes, an i32");
    (&mut bytes[LENGTH_AT..]).put_i32(header.length);
    (&mut bytes[ATTRIBUTES_AT..]).put_i16(header.attributes);
    (&mut bytes[MAX_TIME_AT..]).put_i64(header.max_timestamp_ms);
    header.crc = batch::checksum(&bytes);
    (&mut bytes[CRC_AT..]).put_u32(header.crc);
    (bytes.freeze(), header)
}

/// Takes bytes up to a limit and then fails.
struct Bounded {
    bytes: BytesMut,
    max: usize,
    over: bool,
}

impl Write for Bounded {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if more.len() > self.max.saturating_sub(self.bytes.len()) {
            self.over = true;
            return Err(io::Error::other("the rebuilt batch is too large"));
        }
        self.bytes.put_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
