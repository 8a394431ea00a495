//! A response as it leaves: length, header, body.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::protocol::{Encodable, HeaderVersion};

/// The bytes of one response, its length in front. Several parts spare large bodies a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Length, header and the start of the body, or all of it.
    pub head: Bytes,
    /// What follows, in order.
    pub rest: Vec<Bytes>,
}

impl Reply {
    /// Bytes on the wire.
    pub fn len(&self) -> usize {
        self.head.len() + self.rest.iter().map(Bytes::len).sum::<usize>()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Encodes `response` with its header, which is flexible (v1) when the response's version says so.
pub(super) fn encode<R: Encodable + HeaderVersion>(
    correlation_id: i32,
    version: i16,
    response: &R,
) -> Result<Reply, String> {
    let describe = |error: &dyn std::fmt::Display| error.to_string();
    let flexible = R::header_version(version) >= 1;
    let header = 4 + usize::from(flexible);
    let body = response.compute_size(version).map_err(|e| describe(&e))?;
    let mut buffer = BytesMut::with_capacity(4 + header + body);
    let announced = i32::try_from(header + body).map_err(|e| describe(&e))?;
    buffer.put_i32(announced);
    buffer.put_i32(correlation_id);
    if flexible {
        buffer.put_u8(0); // no tagged fields
    }
    response.encode(&mut buffer, version).map_err(|e| describe(&e))?;
    if buffer.len() != 4 + header + body {
        return Err(format!("{} bytes announced, {} written", body, buffer.len() - 4 - header));
    }
    Ok(Reply { head: buffer.freeze(), rest: Vec::new() })
}
