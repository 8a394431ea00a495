//! The header in front of every request: API key, version, correlation id, client id.
//!
//! Two layouts are in use: v1, and v2 which ends with tagged fields (KIP-482). Which one a request
//! has follows from its API and version, so the caller is asked once those are read.

use bytes::{Buf, Bytes};

use crate::base::limits::TAGGED_FIELDS_MAX;

/// A request's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which API.
    pub api_key: i16,
    /// Which version of it.
    pub api_version: i16,
    /// The client's number for this request; the response carries it back.
    pub correlation_id: i32,
    /// What the client calls itself: valid UTF-8 (other bytes are replaced, as Java does).
    pub client_id: Option<Bytes>,
}

/// Why a header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The frame ends within the header.
    #[error("the frame ends within it")]
    Truncated,
    /// Nobody knows this API's header.
    #[error("unknown API key {0}")]
    UnknownApi(i16),
    /// The client id has an impossible length.
    #[error("client id of length {0}")]
    ClientId(i16),
    /// A variable-length integer has more than five bytes.
    #[error("overlong variable-length integer")]
    Varint,
    /// More tagged fields than anybody sends.
    #[error("{0} tagged fields")]
    TooManyTags(u32),
}

impl RequestHeader {
    /// Takes the header off the front of `frame`. `layout` names the header version (1 or 2) of an
    /// API key and version, or `None` for an unknown key.
    pub fn read(
        frame: &mut Bytes,
        layout: impl FnOnce(i16, i16) -> Option<i16>,
    ) -> Result<Self, HeaderError> {
        let short = |_| HeaderError::Truncated;
        let api_key = frame.try_get_i16().map_err(short)?;
        let api_version = frame.try_get_i16().map_err(short)?;
        let layout = layout(api_key, api_version).ok_or(HeaderError::UnknownApi(api_key))?;
        let correlation_id = frame.try_get_i32().map_err(short)?;
        let client_id = read_client_id(frame)?;
        if layout >= 2 {
            skip_tagged_fields(frame)?;
        }
        Ok(Self { api_key, api_version, correlation_id, client_id })
    }
}

fn read_client_id(frame: &mut Bytes) -> Result<Option<Bytes>, HeaderError> {
    let announced = frame.try_get_i16().map_err(|_| HeaderError::Truncated)?;
    if announced == -1 {
        return Ok(None);
    }
    let length = usize::try_from(announced).map_err(|_| HeaderError::ClientId(announced))?;
    let text = take(frame, length)?;
    Ok(Some(match std::str::from_utf8(&text) {
        Ok(_) => text,
        Err(_) => Bytes::from(String::from_utf8_lossy(&text).into_owned()),
    }))
}

fn skip_tagged_fields(frame: &mut Bytes) -> Result<(), HeaderError> {
    let count = read_varint(frame)?;
    if count as usize > TAGGED_FIELDS_MAX {
        return Err(HeaderError::TooManyTags(count));
    }
    for _ in 0..count {
        let _tag = read_varint(frame)?;
        let size = read_varint(frame)?;
        take(frame, size as usize)?;
    }
    Ok(())
}

fn read_varint(frame: &mut Bytes) -> Result<u32, HeaderError> {
    let mut value = 0u32;
    for shift in [0, 7, 14, 21, 28] {
        let byte = u32::from(frame.try_get_u8().map_err(|_| HeaderError::Truncated)?);
        value |= (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(HeaderError::Varint)
}

fn take(frame: &mut Bytes, length: usize) -> Result<Bytes, HeaderError> {
    if frame.len() < length {
        return Err(HeaderError::Truncated);
    }
    Ok(frame.split_to(length))
}

#[cfg(test)]
mod tests;
