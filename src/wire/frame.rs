//! Frames: four bytes of length, then a request. Cuts what arrives into frames.
//!
//! Memory follows the bytes that have arrived, never the length that was announced: a buffer
//! begins small and is at most [`GROWTH`] times what it holds. Records are kept as slices of the
//! frame that brought them, so a frame keeps exactly its own size alive: small ones are copied out
//! of a buffer that is used again, a large one gets a buffer of its size in the end.

use bytes::{Buf, Bytes, BytesMut};

/// What is read at once while no large frame is on its way.
const CHUNK: usize = 8 << 10;

/// First buffer of a frame that is larger than a chunk.
const LARGE: usize = 64 << 10;

/// A buffer that is too small for its frame grows by this factor.
const GROWTH: usize = 4;

/// Bytes of the length in front of each frame.
const PREFIX: usize = 4;

/// A length that no request has. Kafka closes the connection as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length is negative.
    #[error("a frame announces {0} bytes")]
    Negative(i32),
    /// The length is over `socket.request.max.bytes`.
    #[error("a frame announces {announced} bytes; socket.request.max.bytes is {max}")]
    TooLarge {
        /// The length in front of the frame.
        announced: usize,
        /// The bound.
        max: usize,
    },
}

/// What has arrived of a connection's bytes and is not yet taken as frames.
#[derive(Debug)]
pub struct Frames {
    buffer: BytesMut,
    max: usize,
}

impl Frames {
    /// Nothing yet; no frame may announce more than `max` bytes.
    pub fn new(max: usize) -> Self {
        Self { buffer: BytesMut::new(), max }
    }

    /// Takes the next whole frame off, without its length.
    pub fn take(&mut self) -> Result<Option<Bytes>, FrameError> {
        let Some(length) = self.announced()? else { return Ok(None) };
        if self.buffer.len() < PREFIX + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        if PREFIX + length <= CHUNK {
            let frame = Bytes::copy_from_slice(&self.buffer[..length]);
            self.buffer.advance(length);
            return Ok(Some(frame));
        }
        let frame = self.buffer.split_to(length).freeze();
        if self.buffer.is_empty() {
            // Lets go of the storage: it is the frame's now.
            self.buffer = BytesMut::new();
        }
        Ok(Some(frame))
    }

    /// The buffer to read into; it has room for at least one byte more.
    pub fn space(&mut self) -> &mut BytesMut {
        let wanted = match self.announced() {
            Ok(Some(length)) if PREFIX + length > CHUNK => PREFIX + length,
            _ => CHUNK,
        };
        let held = self.buffer.len();
        if wanted == CHUNK {
            let spare = self.buffer.capacity() - held;
            if spare < CHUNK / GROWTH && !self.buffer.try_reclaim(CHUNK / GROWTH) {
                self.move_to(CHUNK.max(held + CHUNK / GROWTH));
            }
        } else if self.buffer.capacity() < wanted && self.buffer.capacity() - held < LARGE / GROWTH
        {
            self.move_to(wanted.min(LARGE.max(held * GROWTH)));
        }
        &mut self.buffer
    }

    /// Whether part of a frame has arrived.
    pub fn has_partial(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn announced(&self) -> Result<Option<usize>, FrameError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX>() else { return Ok(None) };
        let announced = i32::from_be_bytes(*prefix);
        let length = usize::try_from(announced).map_err(|_| FrameError::Negative(announced))?;
        if length > self.max {
            return Err(FrameError::TooLarge { announced: length, max: self.max });
        }
        Ok(Some(length))
    }

    fn move_to(&mut self, capacity: usize) {
        let mut larger = BytesMut::with_capacity(capacity);
        larger.extend_from_slice(&self.buffer);
        self.buffer = larger;
    }
}

#[cfg(test)]
mod tests;
