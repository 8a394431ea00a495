//! Record batches for tests, written and read by code that shares nothing with what it tests
//! but the codecs.

use bytes::{BufMut, Bytes, BytesMut};

use crate::wire::batch::{Codec, HEADER_LEN, Rules};
use crate::wire::compression;

/// A moment that tests take for now.
pub const NOW_MS: i64 = 1_700_000_000_000;

/// A record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SampleRecord {
    /// Its timestamp.
    pub timestamp_ms: i64,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// Its offset delta, when it is not its place.
    pub delta: Option<i32>,
}

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How it is compressed.
    pub codec: Codec,
    /// Attributes beside the codec.
    pub flags: i16,
    /// What timestamps count from.
    pub base_timestamp_ms: i64,
    /// The producer, -1 for none.
    pub producer_id: i64,
    /// Its epoch.
    pub epoch: i16,
    /// The first sequence number.
    pub sequence: i32,
    /// The records.
    pub records: Vec<SampleRecord>,
}

/// Rules that let every honest batch pass.
pub fn rules() -> Rules {
    Rules {
        now_ms: NOW_MS,
        max_bytes: 1_048_588,
        log_append_time: false,
        before_max_ms: i64::MAX,
        after_max_ms: 3_600_000,
        target: None,
        keys_required: false,
        zstd_allowed: true,
    }
}

/// A batch of one record per value, not idempotent, not compressed.
pub fn sample(values: &[&str]) -> Sample {
    let record = |(index, value): (usize, &&str)| SampleRecord {
        timestamp_ms: NOW_MS + index as i64,
        key: Some(format!("key {index}").into_bytes()),
        value: Some(value.as_bytes().to_vec()),
        ..SampleRecord::default()
    };
    Sample {
        codec: Codec::None,
        flags: 0,
        base_timestamp_ms: NOW_MS,
        producer_id: -1,
        epoch: -1,
        sequence: -1,
        records: values.iter().enumerate().map(record).collect(),
    }
}

impl Sample {
    /// The same from an idempotent producer.
    pub fn from_producer(mut self, producer_id: i64, epoch: i16, sequence: i32) -> Self {
        (self.producer_id, self.epoch, self.sequence) = (producer_id, epoch, sequence);
        self
    }

    /// The same in another codec.
    pub fn in_codec(mut self, codec: Codec) -> Self {
        self.codec = codec;
        self
    }

    /// The batch as a client sends it.
    pub fn bytes(&self) -> Bytes {
        let mut plain = Vec::new();
        for (index, record) in self.records.iter().enumerate() {
            self.put_record(&mut plain, index as i32, record);
        }
        let mut payload = Vec::new();
        compression::compress(self.codec, &mut &plain[..], &mut payload).expect("it is memory");
        self.with_payload(&payload)
    }

    /// The batch with a payload of the caller's.
    pub fn with_payload(&self, payload: &[u8]) -> Bytes {
        let max = self.records.iter().map(|record| record.timestamp_ms).max();
        let mut out = BytesMut::new();
        out.put_i64(0);
        out.put_i32(0);
        out.put_i32(-1);
        out.put_i8(2);
        out.put_u32(0);
        out.put_i16(self.flags | self.codec as i16);
        out.put_i32(self.records.len() as i32 - 1);
        out.put_i64(self.base_timestamp_ms);
        out.put_i64(max.unwrap_or(-1));
        out.put_i64(self.producer_id);
        out.put_i16(self.epoch);
        out.put_i32(self.sequence);
        out.put_i32(self.records.len() as i32);
        assert_eq!(out.len(), HEADER_LEN);
        out.put_slice(payload);
        seal(out)
    }

    fn put_record(&self, out: &mut Vec<u8>, index: i32, record: &SampleRecord) {
        let mut body = vec![0];
        put_number(&mut body, record.timestamp_ms.wrapping_sub(self.base_timestamp_ms));
        put_number(&mut body, i64::from(record.delta.unwrap_or(index)));
        put_bytes(&mut body, record.key.as_deref());
        put_bytes(&mut body, record.value.as_deref());
        put_number(&mut body, record.headers.len() as i64);
        for (key, value) in &record.headers {
            put_bytes(&mut body, Some(key));
            put_bytes(&mut body, value.as_deref());
        }
        put_bytes(out, Some(&body));
    }

    /// Reads a batch back; the codec's stream is unfolded whole.
    pub fn read(batch: &[u8]) -> Self {
        let int = |at: usize, len: usize| {
            let first = i64::from(batch[at].cast_signed());
            batch[at + 1..at + len].iter().fold(first, |n, byte| (n << 8) | i64::from(*byte))
        };
        let attributes = int(21, 2) as i16;
        let codec = Codec::from_id(attributes & 7).expect("a known codec");
        let mut plain = Vec::new();
        std::io::Read::read_to_end(
            &mut compression::decoder(codec, &batch[HEADER_LEN..]).expect("a stream"),
            &mut plain,
        )
        .expect("a whole stream");
        let base_timestamp_ms = int(27, 8);
        let mut rest = &plain[..];
        let records = (0..int(57, 4))
            .map(|index| read_record(&mut rest, base_timestamp_ms, index as i32))
            .collect();
        assert!(rest.is_empty(), "bytes remain");
        Self {
            codec,
            flags: attributes & !7,
            base_timestamp_ms,
            producer_id: int(43, 8),
            epoch: int(51, 2) as i16,
            sequence: int(53, 4) as i32,
            records,
        }
    }

    /// The values as text.
    pub fn values(&self) -> Vec<String> {
        let text = |record: &SampleRecord| {
            String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
        };
        self.records.iter().map(text).collect()
    }
}

/// Makes length and CRC true.
pub fn seal(mut batch: BytesMut) -> Bytes {
    let length = batch.len() as i32 - 12;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c::crc32c(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
    batch.freeze()
}

/// The batch with some bytes replaced, and length and CRC true again.
pub fn patched(batch: &Bytes, at: usize, bytes: &[u8]) -> Bytes {
    let mut batch = BytesMut::from(&batch[..]);
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    seal(batch)
}

/// A zig-zag varint.
pub fn put_number(out: &mut Vec<u8>, number: i64) {
    let mut rest = number.wrapping_mul(2).cast_unsigned();
    if number < 0 {
        rest = !rest;
    }
    loop {
        let low = (rest % 128) as u8;
        rest /= 128;
        out.push(if rest == 0 { low } else { low + 128 });
        if rest == 0 {
            return;
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_number(out, bytes.map_or(-1, |bytes| bytes.len() as i64));
    out.extend_from_slice(bytes.unwrap_or_default());
}

fn read_record(rest: &mut &[u8], base_timestamp_ms: i64, index: i32) -> SampleRecord {
    let body = read_bytes(rest).expect("a record");
    let mut body = &body[1..];
    let timestamp_ms = base_timestamp_ms.wrapping_add(read_number(&mut body));
    let delta = read_number(&mut body) as i32;
    let key = read_bytes(&mut body);
    let value = read_bytes(&mut body);
    let headers = (0..read_number(&mut body))
        .map(|_| (read_bytes(&mut body).expect("a header's key"), read_bytes(&mut body)))
        .collect();
    assert!(body.is_empty(), "a record is longer than its fields");
    SampleRecord { timestamp_ms, key, value, headers, delta: (delta != index).then_some(delta) }
}

fn read_number(rest: &mut &[u8]) -> i64 {
    let (mut number, mut factor) = (0_u64, 1_u64);
    loop {
        let byte = u64::from(rest[0]);
        *rest = &rest[1..];
        number = number.wrapping_add((byte % 128).wrapping_mul(factor));
        factor = factor.wrapping_mul(128);
        if byte < 128 {
            let half = (number / 2).cast_signed();
            return if number % 2 == 0 { half } else { -half - 1 };
        }
    }
}

fn read_bytes(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(read_number(rest)).ok()?;
    let (bytes, after) = rest.split_at(length);
    *rest = after;
    Some(bytes.to_vec())
}
