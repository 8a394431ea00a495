//! What travels on the wire: record batches here, requests' frames and headers beside them.
//!
//! Nothing in here knows a topic, a partition or an answer's error code: faults are named in
//! words, and the api room maps them.
//!
//! Reading order: `frame.rs`, `header.rs`; `batch.rs` (the header of a batch), `records.rs`
//! (walking its records), `compression.rs`, `validate.rs` (what a producer may send), `rebuild.rs`
//! (when its bytes must change), `lookup.rs` (offsets by time).

pub mod frame;
pub mod header;

pub mod batch;
pub mod compression;
pub mod lookup;
pub mod rebuild;
pub mod records;
pub mod validate;

#[cfg(test)]
pub mod sample;
