//! A partition's log as a pure machine: what offset a batch gets, whether it is a repetition, what
//! is durable, where the log starts.
//!
//! A [`Partition`] is given the time and a valid batch and gives back what to write; it never
//! waits, locks, logs or reads a clock. `broker::partitions` runs it: lock, append, submit, unlock.
//!
//! ```text
//!  log start            high watermark          log end
//!      |  readable            |  submitted, not     |
//!      |  (durable)           |  yet durable        |
//! -----+----------------------+---------------------+----> offsets
//! ```
//! Invariants (cited below, checked after every step of `partition/sim.rs`):
//! L1. log start <= high watermark <= log end.
//! L2. Every append starts at the log end: no gap, no offset given twice.
//! L3. A batch, its producer's state and its epoch's start are one list of writes.
//! L4. Restoring from any prefix of the writes gives the state that made this prefix.
//! L5. Nothing that is answered as a repetition is missing from the log.
//!
//! Reading order: `partition.rs`, `producers.rs` (KIP-98: sequences, epochs), `epochs.rs` (KIP-101,
//! KIP-320: leader epochs), `records.rs` (what is on disk), `retention.rs` (what is too old).
//! Kafka's behaviour: `UnifiedLog`, `ProducerStateManager`, `LeaderEpochFileCache`.
//! Where we differ: a producer expires by when it last wrote, not by the timestamps of its records;
//! all five of its batches survive a restart, not the last one only.

pub mod epochs;
pub mod partition;
pub mod producers;
pub mod records;
pub mod retention;

pub use partition::{AppendError, Appended, OutOfRange, Partition};
pub use producers::ProducerView;
pub use records::{Corrupt, log_prefix};
