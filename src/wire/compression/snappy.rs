//! Snappy as Kafka's clients send it.
//!
//! Java's library frames its blocks: a 16-byte header, then `length u32 BE, block` until the end;
//! what it appends to an existing stream repeats the header in between. librdkafka sends one
//! bare block instead, and Java's reader takes both, told apart by the header's first bytes.

use std::io::{self, Error, ErrorKind, Read, Write};

use crate::base::limits;

/// "\x82SNAPPY\0", version 1, readable since version 1.
const HEADER: [u8; 16] = *b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01";
const MAGIC_LEN: usize = 8;

/// Uncompressed bytes per block that we write, as Java's library does by default.
const BLOCK: usize = 32 << 10;

/// No snappy block grows by more than this: its densest element makes 64 bytes of 3.
const GROWTH_MAX: usize = 22;

/// Unfolds framed or bare snappy, one block at a time.
pub(super) struct SnappyReader<'a> {
    rest: &'a [u8],
    framed: bool,
    block: Vec<u8>,
    at: usize,
}

impl<'a> SnappyReader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        let framed = payload.len() >= HEADER.len() && payload.starts_with(&HEADER[..MAGIC_LEN]);
        let rest = if framed { &payload[HEADER.len()..] } else { payload };
        Self { rest, framed, block: Vec::new(), at: 0 }
    }

    /// The next compressed block; `None` at the end.
    fn next_block(&mut self) -> io::Result<Option<&'a [u8]>> {
        if !self.framed {
            let block = std::mem::take(&mut self.rest);
            return Ok((!block.is_empty()).then_some(block));
        }
        while self.rest.starts_with(&HEADER[..4]) {
            self.rest = self.rest.get(HEADER.len()..).ok_or_else(|| damaged("a header is cut"))?;
        }
        let Some((length, rest)) = self.rest.split_first_chunk::<4>() else {
            // Java's reader takes less than a length for the end of the stream.
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let (block, rest) =
            rest.split_at_checked(length).ok_or_else(|| damaged("a block is cut"))?;
        self.rest = rest;
        Ok(Some(block))
    }

    fn unfold(&mut self, block: &[u8]) -> io::Result<()> {
        let length = snap::raw::decompress_len(block).map_err(Error::other)?;
        let believable = block.len().saturating_mul(GROWTH_MAX).min(limits::DECOMPRESSED_BATCH_MAX);
        if length > believable {
            return Err(damaged("a block claims more than it can hold"));
        }
        self.block.resize(length, 0);
        snap::raw::Decoder::new().decompress(block, &mut self.block).map_err(Error::other)?;
        self.at = 0;
        Ok(())
    }
}

fn damaged(reason: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("snappy: {reason}"))
}

impl Read for SnappyReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            let Some(block) = self.next_block()? else { return Ok(0) };
            self.unfold(block)?;
        }
        let count = out.len().min(self.block.len() - self.at);
        out[..count].copy_from_slice(&self.block[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// Writes Java's framing.
pub(super) struct SnappyWriter<W> {
    to: W,
    block: Vec<u8>,
}

impl<W: Write> SnappyWriter<W> {
    pub(super) fn new(mut to: W) -> io::Result<Self> {
        to.write_all(&HEADER)?;
        Ok(Self { to, block: Vec::with_capacity(BLOCK) })
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.end_block()
    }

    fn end_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let block = snap::raw::Encoder::new().compress_vec(&self.block).map_err(Error::other)?;
        let length = u32::try_from(block.len()).expect("a block of 32 KiB stays small");
        self.to.write_all(&length.to_be_bytes())?;
        self.to.write_all(&block)?;
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Write for SnappyWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..count]);
        if self.block.len() == BLOCK {
            self.end_block()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_block()?;
        self.to.flush()
    }
}
