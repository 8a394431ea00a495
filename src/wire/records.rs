//! Walking the records of a batch without keeping them.
//!
//! A record is `size, attributes, timestamp delta, offset delta, key, value, headers`, where every
//! number but the attributes is a zig-zag varint and a negative length means null (Kafka's
//! `DefaultRecord`). The walk reads from [`Input`]: a slice, or a compressed stream that unfolds
//! through a small buffer. It allocates nothing per record and trusts no number it reads.

use std::io::Read;

use crate::base::limits;
use crate::wire::batch::{BatchError, BatchHeader, Codec, HEADER_LEN};
use crate::wire::compression;

/// What the walk tells of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// Its place in the batch, from 0.
    pub index: i32,
    /// Its offset minus the batch's base offset.
    pub offset_delta: i32,
    /// Its timestamp, append time considered.
    pub timestamp_ms: i64,
    /// False when its key is null.
    pub has_key: bool,
}

/// What is wrong with the records' bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordFormat {
    /// The bytes end within a record.
    #[error("the batch ends before its last record does")]
    Truncated,
    /// A varint has too many bytes.
    #[error("a variable-length number does not end")]
    Varint,
    /// The record's size is negative or reaches beyond the batch.
    #[error("a record claims {0} bytes")]
    Size(i32),
    /// The record's fields fill more or less than its size.
    #[error("a record's fields do not fill the size it claims")]
    SizeMismatch,
    /// The count is negative, or there is no room for so many.
    #[error("a record claims {0} headers")]
    HeaderCount(i32),
    /// Header keys cannot be null.
    #[error("a record header's key has length {0}")]
    HeaderKey(i32),
}

/// Why a walk stopped, before it is known which record it was.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    Format(RecordFormat),
    /// The compressed stream is damaged; the input knows how. (Kept out of here because this is
    /// what every step of the walk returns.)
    Undecodable,
    /// It unfolds to more than `limits::DECOMPRESSED_BATCH_MAX`.
    TooMuch,
}

impl From<RecordFormat> for Stop {
    fn from(fault: RecordFormat) -> Self {
        Self::Format(fault)
    }
}

/// Visits every record of a batch, from the first to the last, until `visit` says to stop.
/// Nothing may follow the last record.
pub fn walk(
    batch: &[u8],
    header: &BatchHeader,
    mut visit: impl FnMut(RecordView) -> Next,
) -> Result<(), BatchError> {
    let payload = batch.get(HEADER_LEN..).unwrap_or_default();
    match header.compression()? {
        Codec::None => walk_input(&mut Slice { rest: payload, at: 0 }, header, &mut visit),
        codec => {
            let mut stream = Stream::new(compression::decoder(codec, payload)?);
            walk_input(&mut stream, header, &mut visit)
        }
    }
}

/// Whether the walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// To the next record.
    Go,
    /// No: what follows is not looked at.
    Stop,
}

fn walk_input(
    input: &mut impl Input,
    header: &BatchHeader,
    visit: &mut impl FnMut(RecordView) -> Next,
) -> Result<(), BatchError> {
    for index in 0..header.record_count {
        let record = read_record(input, header, index).map_err(|stop| named(stop, index, input))?;
        if visit(record) == Next::Stop {
            return Ok(());
        }
    }
    let at_end = input.is_at_end();
    if at_end.map_err(|stop| named(stop, header.record_count, input))? {
        Ok(())
    } else {
        Err(BatchError::BytesRemain { records: header.record_count })
    }
}

fn named(stop: Stop, index: i32, input: &impl Input) -> BatchError {
    match stop {
        Stop::Format(fault) => BatchError::Record { index, fault },
        Stop::Undecodable => BatchError::Undecodable { reason: input.damage() },
        Stop::TooMuch => BatchError::UnfoldsTooLarge { max: limits::DECOMPRESSED_BATCH_MAX },
    }
}

fn read_record(
    input: &mut impl Input,
    header: &BatchHeader,
    index: i32,
) -> Result<RecordView, Stop> {
    let size = varint(input)?;
    let bytes = u64::try_from(size).map_err(|_| RecordFormat::Size(size))?;
    input.check_room(bytes).map_err(|stop| stop.unwrap_or(RecordFormat::Size(size).into()))?;
    let end = input.position() + bytes;
    input.byte()?; // A record's attributes are unused.
    let timestamp_delta = varlong(input)?;
    let offset_delta = varint(input)?;
    let has_key = skip_field(input, end)?.is_some();
    skip_field(input, end)?;
    skip_headers(input, end)?;
    if input.position() != end {
        return Err(RecordFormat::SizeMismatch.into());
    }
    let timestamp_ms = header.timestamp(timestamp_delta);
    Ok(RecordView { index, offset_delta, timestamp_ms, has_key })
}

fn skip_headers(input: &mut impl Input, end: u64) -> Result<(), Stop> {
    let count = varint(input)?;
    // A header takes two bytes at least, so a count within the room cannot loop for long.
    let room = end.saturating_sub(input.position());
    if u64::try_from(count).map_or(true, |count| count > room) {
        return Err(RecordFormat::HeaderCount(count).into());
    }
    for _ in 0..count {
        if let Err(length) = skip_field_or_length(input, end)? {
            return Err(RecordFormat::HeaderKey(length).into());
        }
        skip_field(input, end)?;
    }
    Ok(())
}

/// Skips a key or a value; `None` for null.
fn skip_field(input: &mut impl Input, end: u64) -> Result<Option<u64>, Stop> {
    Ok(skip_field_or_length(input, end)?.ok())
}

/// Skips bytes that follow their length; a negative length is given back.
fn skip_field_or_length(input: &mut impl Input, end: u64) -> Result<Result<u64, i32>, Stop> {
    let length = varint(input)?;
    let Ok(bytes) = u64::try_from(length) else { return Ok(Err(length)) };
    if bytes > end.saturating_sub(input.position()) {
        return Err(RecordFormat::SizeMismatch.into());
    }
    input.skip(bytes)?;
    Ok(Ok(bytes))
}

fn varint(input: &mut impl Input) -> Result<i32, Stop> {
    let mut value = 0_u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = input.byte()?;
        value |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    Err(RecordFormat::Varint.into())
}

fn varlong(input: &mut impl Input) -> Result<i64, Stop> {
    let mut value = 0_u64;
    for shift in (0..=63).step_by(7) {
        let byte = input.byte()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    Err(RecordFormat::Varint.into())
}

/// The same uncompressed records with the offset deltas 0, 1, 2 and so on. They were walked before.
pub(crate) fn renumber(payload: &[u8], count: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len());
    let mut rest = payload;
    for index in 0..count {
        let (body, after) = split_record(rest).expect("the records were walked before");
        let (time, tail) = split_before_delta(body).expect("the records were walked before");
        rest = after;
        let mut delta = Vec::with_capacity(5);
        put_varint(&mut delta, index);
        let size = time.len() + delta.len() + tail.len();
        put_varint(&mut out, i32::try_from(size).unwrap_or(i32::MAX));
        out.extend_from_slice(time);
        out.extend_from_slice(&delta);
        out.extend_from_slice(tail);
    }
    out
}

/// The first record's body and what follows it.
fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut input = Slice { rest: bytes, at: 0 };
    let size = usize::try_from(varint(&mut input).ok()?).ok()?;
    input.rest.split_at_checked(size)
}

/// A record's body without its offset delta: what stands before it and what follows.
fn split_before_delta(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut input = Slice { rest: body, at: 0 };
    input.byte().ok()?;
    varlong(&mut input).ok()?;
    let time = body.get(..usize::try_from(input.at).ok()?)?;
    varint(&mut input).ok()?;
    Some((time, input.rest))
}

/// Appends a zig-zag varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, value: i32) {
    put_varlong(out, i64::from(value));
}

/// Appends a zig-zag varlong; for what fits an `i32` it is the varint too.
pub(crate) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Where records are read from.
pub(crate) trait Input {
    fn byte(&mut self) -> Result<u8, Stop>;
    fn skip(&mut self, bytes: u64) -> Result<(), Stop>;
    /// Bytes consumed so far.
    fn position(&self) -> u64;
    /// Fails if so many bytes cannot follow; with `None` because they are not there.
    fn check_room(&self, bytes: u64) -> Result<(), Option<Stop>>;
    fn is_at_end(&mut self) -> Result<bool, Stop>;
    /// What is wrong with the stream, after `Stop::Undecodable`.
    fn damage(&self) -> String;
}

/// Uncompressed records.
struct Slice<'a> {
    rest: &'a [u8],
    at: u64,
}

impl Input for Slice<'_> {
    #[inline]
    fn byte(&mut self) -> Result<u8, Stop> {
        let (first, rest) = self.rest.split_first().ok_or(RecordFormat::Truncated)?;
        self.rest = rest;
        self.at += 1;
        Ok(*first)
    }

    #[inline]
    fn skip(&mut self, bytes: u64) -> Result<(), Stop> {
        let count = usize::try_from(bytes).map_err(|_| RecordFormat::Truncated)?;
        self.rest = self.rest.get(count..).ok_or(RecordFormat::Truncated)?;
        self.at += bytes;
        Ok(())
    }

    fn position(&self) -> u64 {
        self.at
    }

    fn check_room(&self, bytes: u64) -> Result<(), Option<Stop>> {
        if bytes > self.rest.len() as u64 { Err(None) } else { Ok(()) }
    }

    fn is_at_end(&mut self) -> Result<bool, Stop> {
        Ok(self.rest.is_empty())
    }

    fn damage(&self) -> String {
        String::new()
    }
}

/// Bytes unfolded at a time.
const CHUNK: usize = 16 << 10;

/// A compressed stream, unfolded through one buffer and counted.
struct Stream<R> {
    from: R,
    chunk: Vec<u8>,
    at: usize,
    filled: usize,
    /// Bytes that were consumed before the chunk's first one.
    before: u64,
    damage: Option<std::io::Error>,
}

impl<R: Read> Stream<R> {
    fn new(from: R) -> Self {
        Self { from, chunk: vec![0; CHUNK], at: 0, filled: 0, before: 0, damage: None }
    }

    /// Gets the next chunk; false at the end.
    fn fill(&mut self) -> Result<bool, Stop> {
        self.before += self.filled as u64;
        self.at = 0;
        self.filled = 0;
        self.filled = self.from.read(&mut self.chunk).map_err(|error| {
            self.damage = Some(error);
            Stop::Undecodable
        })?;
        if self.before + self.filled as u64 > limits::DECOMPRESSED_BATCH_MAX as u64 {
            return Err(Stop::TooMuch);
        }
        Ok(self.filled > 0)
    }
}

impl<R: Read> Input for Stream<R> {
    #[inline]
    fn byte(&mut self) -> Result<u8, Stop> {
        if self.at == self.filled && !self.fill()? {
            return Err(RecordFormat::Truncated.into());
        }
        let byte = self.chunk[self.at];
        self.at += 1;
        Ok(byte)
    }

    fn skip(&mut self, mut bytes: u64) -> Result<(), Stop> {
        loop {
            let here = (self.filled - self.at) as u64;
            if bytes <= here {
                self.at += usize::try_from(bytes).expect("no more than what the chunk holds");
                return Ok(());
            }
            bytes -= here;
            if !self.fill()? {
                return Err(RecordFormat::Truncated.into());
            }
        }
    }

    fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    fn check_room(&self, bytes: u64) -> Result<(), Option<Stop>> {
        // How much a stream holds is known at its end only, how much it may hold at once. One
        // record that claims all of it is a lie, several that come to more are too much.
        let most = limits::DECOMPRESSED_BATCH_MAX as u64;
        if bytes >= most {
            Err(None)
        } else if bytes > most.saturating_sub(self.position()) {
            Err(Some(Stop::TooMuch))
        } else {
            Ok(())
        }
    }

    fn is_at_end(&mut self) -> Result<bool, Stop> {
        Ok(self.at == self.filled && !self.fill()?)
    }

    fn damage(&self) -> String {
        self.damage.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}
