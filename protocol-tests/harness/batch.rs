//! Record batches (magic 2), made by hand so that every field can lie, and a view of stored ones.

use bytes::Bytes;
use std::io::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    None,
    Gzip,
    /// Snappy in the framing of the Java library.
    Snappy,
    /// Snappy without a framing, as librdkafka sends it.
    RawSnappy,
    Lz4,
    Zstd,
}

impl Codec {
    /// The codec's number in a batch's attributes.
    pub(crate) fn bits(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy | Self::RawSnappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    pub(crate) fn compress(self, plain: &[u8]) -> Vec<u8> {
        match self {
            Self::None => plain.to_vec(),
            Self::Gzip => {
                let mut out = flate2::write::GzEncoder::new(Vec::new(), Default::default());
                out.write_all(plain).expect("memory");
                out.finish().expect("memory")
            }
            Self::RawSnappy => snap::raw::Encoder::new().compress_vec(plain).expect("it fits"),
            Self::Snappy => {
                let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
                for chunk in plain.chunks(32 * 1024) {
                    let block = Self::RawSnappy.compress(chunk);
                    out.extend_from_slice(&(block.len() as u32).to_be_bytes());
                    out.extend_from_slice(&block);
                }
                out
            }
            Self::Lz4 => {
                let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
                out.write_all(plain).expect("memory");
                out.finish().expect("memory")
            }
            Self::Zstd => zstd::bulk::compress(plain, 3).expect("memory"),
        }
    }
}

/// One record. `None` in a field that counts means: the truth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    pub(crate) timestamp_delta: i64,
    /// Its position in the batch unless given.
    pub(crate) offset_delta: Option<i64>,
    pub(crate) length: Option<i64>,
    pub(crate) header_count: Option<i64>,
    pub(crate) value_length: Option<i64>,
}

impl Record {
    pub(crate) fn new(value: impl AsRef<[u8]>) -> Self {
        Self { value: Some(value.as_ref().to_vec()), ..Self::default() }
    }

    pub(crate) fn keyed(key: &str, value: &str) -> Self {
        Self { key: Some(key.into()), ..Self::new(value) }
    }

    fn write(&self, out: &mut Vec<u8>, position: i64) {
        let mut body = vec![0u8];
        varint(&mut body, self.timestamp_delta);
        varint(&mut body, self.offset_delta.unwrap_or(position));
        blob(&mut body, self.key.as_deref(), None);
        blob(&mut body, self.value.as_deref(), self.value_length);
        varint(&mut body, self.header_count.unwrap_or(self.headers.len() as i64));
        for (name, value) in &self.headers {
            blob(&mut body, Some(name.as_bytes()), None);
            blob(&mut body, value.as_deref(), None);
        }
        varint(out, self.length.unwrap_or(body.len() as i64));
        out.extend_from_slice(&body);
    }
}

/// A record batch. `None` in a field that counts or sums means: the truth.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) base_offset: i64,
    pub(crate) length: Option<i32>,
    pub(crate) leader_epoch: i32,
    pub(crate) magic: i8,
    pub(crate) crc: Option<u32>,
    /// Without the codec's bits, which `codec` sets.
    pub(crate) attributes: i16,
    pub(crate) last_offset_delta: Option<i32>,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: Option<i64>,
    pub(crate) producer: (i64, i16),
    pub(crate) base_sequence: i32,
    pub(crate) count: Option<i32>,
    pub(crate) codec: Codec,
    pub(crate) records: Vec<Record>,
    /// Stands in for the records' (compressed) bytes.
    pub(crate) body: Option<Vec<u8>>,
}

/// Any time of day will do, as long as it is not in a broker's future.
pub(crate) const TIME: i64 = 1_760_000_000_000;

impl Batch {
    /// An honest batch of these values.
    pub(crate) fn of<V: AsRef<[u8]>>(values: impl IntoIterator<Item = V>) -> Self {
        Self::from(values.into_iter().map(Record::new).collect::<Vec<_>>())
    }

    pub(crate) fn idempotent(mut self, producer: (i64, i16), base_sequence: i32) -> Self {
        (self.producer, self.base_sequence) = (producer, base_sequence);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn bytes(&self) -> Bytes {
        let body = self.body.clone().unwrap_or_else(|| self.codec.compress(&self.plain()));
        let count = self.records.len() as i32;
        let times = self.records.iter().map(|r| self.base_timestamp + r.timestamp_delta);
        let max_timestamp = self.max_timestamp.or(times.max()).unwrap_or(-1);
        let mut tail = Vec::new();
        tail.extend_from_slice(&(self.attributes | self.codec.bits()).to_be_bytes());
        tail.extend_from_slice(&self.last_offset_delta.unwrap_or(count - 1).to_be_bytes());
        tail.extend_from_slice(&self.base_timestamp.to_be_bytes());
        tail.extend_from_slice(&max_timestamp.to_be_bytes());
        tail.extend_from_slice(&self.producer.0.to_be_bytes());
        tail.extend_from_slice(&self.producer.1.to_be_bytes());
        tail.extend_from_slice(&self.base_sequence.to_be_bytes());
        tail.extend_from_slice(&self.count.unwrap_or(count).to_be_bytes());
        tail.extend_from_slice(&body);
        let mut out = Vec::new();
        out.extend_from_slice(&self.base_offset.to_be_bytes());
        out.extend_from_slice(&self.length.unwrap_or(tail.len() as i32 + 9).to_be_bytes());
        out.extend_from_slice(&self.leader_epoch.to_be_bytes());
        out.push(self.magic as u8);
        out.extend_from_slice(&self.crc.unwrap_or_else(|| crc32c::crc32c(&tail)).to_be_bytes());
        out.extend_from_slice(&tail);
        out.into()
    }

    /// The records' bytes before compression.
    pub(crate) fn plain(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.records.iter().zip(0..).for_each(|(record, at)| record.write(&mut out, at));
        out
    }
}

impl From<Vec<Record>> for Batch {
    fn from(records: Vec<Record>) -> Self {
        Self {
            base_offset: 0,
            length: None,
            leader_epoch: -1,
            magic: 2,
            crc: None,
            attributes: 0,
            last_offset_delta: None,
            base_timestamp: TIME,
            max_timestamp: None,
            producer: (-1, -1),
            base_sequence: -1,
            count: None,
            codec: Codec::None,
            records,
            body: None,
        }
    }
}

/// What a fetched batch says of itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) base_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) attributes: i16,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer: (i64, i16),
    pub(crate) base_sequence: i32,
    pub(crate) count: i32,
    /// The records' bytes as they are stored.
    pub(crate) body: Bytes,
}

/// The batches in the records of a fetch answer, each with a good CRC; a last one that was cut
/// off by a size limit is left out, as consumers do.
pub(crate) fn views(records: &Bytes) -> Vec<View> {
    let mut found = Vec::new();
    let mut rest = records.clone();
    while rest.len() >= 61 {
        let int = |at: usize| i32::from_be_bytes(rest[at..at + 4].try_into().expect("4 bytes"));
        let long = |at: usize| i64::from_be_bytes(rest[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| i16::from_be_bytes(rest[at..at + 2].try_into().expect("2 bytes"));
        let end = 12 + int(8) as usize;
        if end > rest.len() {
            break;
        }
        assert_eq!(rest[16], 2, "the magic of a stored batch");
        assert_eq!(int(17) as u32, crc32c::crc32c(&rest[21..end]), "the CRC of a stored batch");
        found.push(View {
            base_offset: long(0),
            last_offset: long(0) + i64::from(int(23)),
            leader_epoch: int(12),
            attributes: short(21),
            base_timestamp: long(27),
            max_timestamp: long(35),
            producer: (long(43), short(51)),
            base_sequence: int(53),
            count: int(57),
            body: rest.slice(61..end),
        });
        rest = rest.slice(end..);
    }
    found
}

/// A zigzag variable-length integer.
pub(crate) fn varint(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn blob(out: &mut Vec<u8>, bytes: Option<&[u8]>, length: Option<i64>) {
    varint(out, length.unwrap_or(bytes.map_or(-1, |b| b.len() as i64)));
    out.extend_from_slice(bytes.unwrap_or_default());
}
