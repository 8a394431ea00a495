//! The four codecs, as streams: nothing in here holds an unfolded batch.
//!
//! What each costs at most: gzip its 32 KiB window; zstd the frame's window, 128 MiB at most (the
//! library's default, which the highest level needs); LZ4 two blocks of 4 MiB; snappy one block,
//! whose claimed size is believed only up to what the format can reach.
//!
//! Accepted is what Kafka's Java consumers can read too (its `Lz4BlockInputStream` wants
//! independent blocks and an end mark; snappy-java reads its own framing and bare blocks).

use std::io::{self, Read, Write};

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use crate::wire::batch::{BatchError, Codec};
use crate::wire::compression::snappy::{SnappyReader, SnappyWriter};

mod snappy;

/// Unfolds what follows a batch's header.
pub fn decoder(codec: Codec, payload: &[u8]) -> Result<Box<dyn Read + '_>, BatchError> {
    Ok(match codec {
        Codec::None => Box::new(payload),
        Codec::Gzip => Box::new(GzipReader { member: GzDecoder::new(payload) }),
        Codec::Snappy => Box::new(SnappyReader::new(payload)),
        Codec::Lz4 => {
            check_lz4_frame(payload)
                .map_err(|reason| BatchError::Undecodable { reason: reason.to_owned() })?;
            Box::new(FrameDecoder::new(payload))
        }
        Codec::Zstd => Box::new(
            zstd::stream::read::Decoder::with_buffer(payload)
                .map_err(|error| BatchError::Undecodable { reason: error.to_string() })?,
        ),
    })
}

/// Compresses all of `from` into `to` with the codec's default level.
pub fn compress(codec: Codec, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
    match codec {
        Codec::None => {
            io::copy(from, to)?;
        }
        Codec::Gzip => {
            let mut encoder = GzEncoder::new(to, flate2::Compression::default());
            io::copy(from, &mut encoder)?;
            encoder.finish()?;
        }
        Codec::Snappy => {
            let mut encoder = SnappyWriter::new(to)?;
            io::copy(from, &mut encoder)?;
            encoder.finish()?;
        }
        Codec::Lz4 => {
            // As Kafka's own writer does it: blocks of 64 KiB that stand alone.
            let frame =
                FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(frame, to);
            io::copy(from, &mut encoder)?;
            encoder.finish().map_err(io::Error::other)?;
        }
        Codec::Zstd => {
            let mut encoder =
                zstd::stream::write::Encoder::new(to, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            io::copy(from, &mut encoder)?;
            encoder.finish()?;
        }
    }
    Ok(())
}

/// Member after member; what follows them and is none is left alone, as Java's reader does it.
struct GzipReader<'a> {
    member: GzDecoder<&'a [u8]>,
}

const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 8];

impl Read for GzipReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.member.read(out)?;
            let rest = *self.member.get_ref();
            if count > 0 || out.is_empty() || !rest.starts_with(&GZIP_MAGIC) {
                return Ok(count);
            }
            self.member = GzDecoder::new(rest);
        }
    }
}

const LZ4_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
const LZ4_INDEPENDENT: u8 = 0x20;
const LZ4_BLOCK_CHECKSUMS: u8 = 0x10;
const LZ4_CONTENT_SIZE: u8 = 0x08;
/// The bit of a block's length that says "stored as it is".
const LZ4_STORED: u32 = 1 << 31;

/// Checks what the library lets pass and Kafka's consumers cannot read: blocks that need their
/// predecessors, and a frame without its end mark.
fn check_lz4_frame(frame: &[u8]) -> Result<(), &'static str> {
    let Some((magic, rest)) = frame.split_first_chunk::<4>() else {
        return Err("the LZ4 frame is shorter than its header");
    };
    if *magic != LZ4_MAGIC {
        return Err("not an LZ4 frame");
    }
    let [flags, _block_size, rest @ ..] = rest else {
        return Err("the LZ4 frame is shorter than its header");
    };
    if flags & LZ4_INDEPENDENT == 0 {
        return Err("LZ4 blocks must not depend on each other");
    }
    let to_blocks = if flags & LZ4_CONTENT_SIZE == 0 { 1 } else { 9 };
    let after_block = if flags & LZ4_BLOCK_CHECKSUMS == 0 { 0 } else { 4 };
    let mut blocks = rest.get(to_blocks..);
    while let Some((length, block)) = blocks.and_then(|blocks| blocks.split_first_chunk::<4>()) {
        let bytes = u32::from_le_bytes(*length) & !LZ4_STORED;
        if bytes == 0 {
            return Ok(());
        }
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_add(after_block);
        blocks = block.get(bytes..);
    }
    Err("the LZ4 frame has no end mark")
}

#[cfg(test)]
mod tests;
