//! Decoding that cannot be made to allocate: the codec crate behind a suspicious buffer.
//!
//! The codec (kafka-protocol 0.18) reserves memory for as many array elements as the request
//! announces, before it looks whether they are there: nine bytes can ask for hundreds of gigabytes,
//! which ends the process. Its decoders read through a trait, so this room hands them a buffer that
//! notices announcements which cannot be true.
//!
//! ```text
//!   reads a number --> plausible (<= bytes left, <= 1,000,000): passed on as it is
//!                  '-> suspicious: passed on as a harmless small number, and then
//!                        the next call takes bytes: it was a length, serve the true one
//!                        anything else: a count (refused), or, for int32, a mere number
//! ```
//! In flexible versions (KIP-482) counts and lengths are varints, and a suspicious one that is not
//! a length is refused at once: fields that are numbers have fixed widths there. In older versions
//! both are int32, like timeouts and sizes. Those unresolved are read as -2 in a second pass, which
//! no array accepts; if that passes they were numbers, and a third pass reads all as it is.
//!
//! Known to be stricter than Kafka: a tag number above 16,384 near the end of a request, and a
//! boolean sent as a byte above 0x7f that looks like the start of an impossible count. No client
//! sends either.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::{ByteBuf, NotEnoughBytesError};
use kafka_protocol::protocol::{Decodable, HeaderVersion};

use crate::base::limits::{ARRAY_ELEMENTS_MAX, TAGGED_FIELDS_MAX};

/// Counts up to this are never suspicious: what they reserve is small.
const HARMLESS: usize = 1 << 14;

/// Decodes a request body. The error says what is wrong with it.
pub(super) fn decode<R>(body: Bytes, version: i16) -> Result<R, String>
where
    R: Decodable + HeaderVersion,
{
    let flexible = R::header_version(version) >= 2;
    let (decoded, unresolved) = pass::<R>(Guard::new(body.clone(), flexible), version);
    if unresolved.is_empty() {
        return decoded;
    }
    let mut second = Guard::new(body.clone(), flexible);
    second.verify = unresolved;
    let (verified, unresolved) = pass::<R>(second, version);
    verified?;
    if !unresolved.is_empty() {
        return Err(OVERCOUNT.to_owned());
    }
    let mut whole = body;
    R::decode(&mut whole, version).map_err(|error| error.to_string())
}

/// One run of the codec: its result, and where it left numbers unresolved.
fn pass<R: Decodable>(mut guard: Guard, version: i16) -> (Result<R, String>, Vec<usize>) {
    let decoded = R::decode(&mut guard, version).map_err(|error| error.to_string());
    let settled = guard.settle();
    let decoded = match guard.refused {
        Some(reason) => Err(reason.to_owned()),
        None if settled.is_err() => Err(OVERCOUNT.to_owned()),
        None => decoded,
    };
    (decoded, guard.unresolved)
}

const OVERCOUNT: &str = "more elements announced than there can be";
const OVERTAG: &str = "too many tagged fields";
const OVERLONG: &str = "overlong variable-length integer";

/// A number that was passed on as a harmless one.
#[derive(Clone, Copy)]
enum Probe {
    /// An int32 at this position: a count, a length or a mere number.
    Int32 { at: usize, value: usize },
    /// A varint: a count or a length, plus one; or the size of a tagged field.
    Varint { value: usize },
}

/// What the codec reads from. `Bytes` come out of it as slices of the request.
struct Guard {
    bytes: Bytes,
    length: usize,
    flexible: bool,
    /// Bytes left of the varint that is being read.
    pending: usize,
    probe: Option<Probe>,
    /// Positions of int32 values that the first pass could not tell apart.
    unresolved: Vec<usize>,
    /// The same from the pass before: read as -2 now.
    verify: Vec<usize>,
    refused: Option<&'static str>,
    tags: Tags,
}

/// Recognises a run of tagged fields: varint, varint, bytes, over and over.
#[derive(Default)]
struct Tags {
    varints: u8,
    /// The last varint but one.
    tag: u32,
    last: u32,
    run: usize,
}

impl Guard {
    fn new(bytes: Bytes, flexible: bool) -> Self {
        let length = bytes.len();
        Self {
            bytes,
            length,
            flexible,
            pending: 0,
            probe: None,
            unresolved: Vec::new(),
            verify: Vec::new(),
            refused: None,
            tags: Tags::default(),
        }
    }

    fn position(&self) -> usize {
        self.length - self.bytes.len()
    }

    fn refuse(&mut self, reason: &'static str) -> TryGetError {
        self.refused.get_or_insert(reason);
        TryGetError { requested: usize::MAX, available: self.bytes.len() }
    }

    /// A read other than the taking of bytes: an open probe was no length.
    fn settle(&mut self) -> Result<(), TryGetError> {
        match self.probe.take() {
            None => Ok(()),
            Some(Probe::Int32 { at, .. }) => {
                self.unresolved.push(at);
                Ok(())
            }
            Some(Probe::Varint { .. }) => Err(self.refuse(OVERCOUNT)),
        }
    }

    /// A read of fixed width, which no tagged field's frame has.
    fn plain(&mut self) -> Result<(), TryGetError> {
        self.tags = Tags::default();
        self.pending = 0;
        self.settle()
    }

    fn suspicious(&self, count: usize) -> bool {
        count > HARMLESS && count > self.bytes.len().min(ARRAY_ELEMENTS_MAX)
    }

    /// The varint that starts here, and its width; `None` when it is cut off.
    fn peek_varint(&mut self) -> Result<Option<(u32, usize)>, TryGetError> {
        let mut value = 0u64;
        for (index, byte) in self.bytes.iter().take(5).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                return Ok(Some((u32::try_from(value).unwrap_or(u32::MAX), index + 1)));
            }
        }
        match self.bytes.len() {
            0..5 => Ok(None),
            _ => Err(self.refuse(OVERLONG)),
        }
    }

    fn take(&mut self, size: usize) -> Result<Bytes, NotEnoughBytesError> {
        self.pending = 0;
        let size = match self.probe.take() {
            Some(Probe::Int32 { value, .. }) => value,
            // Compact strings and bytes announce one more than they have, tagged fields do not.
            Some(Probe::Varint { value }) => value - 1 + size,
            None => size,
        };
        if self.tags.ended_by_bytes() > TAGGED_FIELDS_MAX {
            self.refuse(OVERTAG);
            return Err(NotEnoughBytesError);
        }
        if self.bytes.len() < size {
            return Err(NotEnoughBytesError);
        }
        Ok(self.bytes.split_to(size))
    }
}

impl Tags {
    fn varint(&mut self, value: u32) {
        self.varints = self.varints.saturating_add(1);
        self.tag = std::mem::replace(&mut self.last, value);
    }

    /// Counts one tagged field if it looks like one. A zero in the tag's place is what an array of
    /// (string, no tagged fields) has; as a tag it could not repeat.
    fn ended_by_bytes(&mut self) -> usize {
        match (self.varints, self.tag) {
            (0 | 1, _) => self.run = 0,
            (2, 0) => {}
            (2, _) => self.run += 1,
            // Their count stood before the first of them.
            _ => self.run = 1,
        }
        self.varints = 0;
        self.run
    }
}

impl Buf for Guard {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
    }

    /// The codec reads varints (and booleans) byte by byte.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        self.settle()?;
        if self.pending > 0 {
            self.pending -= 1;
            return self.bytes.try_get_u8();
        }
        let Some((value, width)) = self.peek_varint()? else { return self.bytes.try_get_u8() };
        self.tags.varint(value);
        let count = value as usize;
        if self.suspicious(count.saturating_sub(1)) {
            self.bytes.advance(width);
            self.probe = Some(Probe::Varint { value: count });
            return Ok(1);
        }
        self.pending = width - 1;
        self.bytes.try_get_u8()
    }

    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        self.plain()?;
        let at = self.position();
        let value = self.bytes.try_get_i32()?;
        match usize::try_from(value) {
            Ok(count) if !self.flexible && self.suspicious(count) => {
                if self.verify.binary_search(&at).is_ok() {
                    return Ok(-2);
                }
                self.probe = Some(Probe::Int32 { at, value: count });
                Ok(0)
            }
            _ => Ok(value),
        }
    }

    fn try_get_i8(&mut self) -> Result<i8, TryGetError> {
        self.plain()?;
        self.bytes.try_get_i8()
    }

    fn try_get_i16(&mut self) -> Result<i16, TryGetError> {
        self.plain()?;
        self.bytes.try_get_i16()
    }

    fn try_get_u16(&mut self) -> Result<u16, TryGetError> {
        self.plain()?;
        self.bytes.try_get_u16()
    }

    fn try_get_u32(&mut self) -> Result<u32, TryGetError> {
        self.plain()?;
        self.bytes.try_get_u32()
    }

    fn try_get_i64(&mut self) -> Result<i64, TryGetError> {
        self.plain()?;
        self.bytes.try_get_i64()
    }

    fn try_get_f64(&mut self) -> Result<f64, TryGetError> {
        self.plain()?;
        self.bytes.try_get_f64()
    }

    fn try_copy_to_slice(&mut self, into: &mut [u8]) -> Result<(), TryGetError> {
        self.plain()?;
        self.bytes.try_copy_to_slice(into)
    }
}

impl ByteBuf for Guard {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.bytes.split_to(size.min(self.bytes.len()))
    }

    fn try_get_bytes(&mut self, size: usize) -> Result<Bytes, NotEnoughBytesError> {
        self.take(size)
    }
}

#[cfg(test)]
mod tests;
