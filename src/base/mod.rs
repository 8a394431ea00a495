//! What every room may use: identities, time as a value, and the limits.
//!
//! Nothing in here does anything by itself: no input, no output, no task.
//!
//! Reading order: `ids.rs`, `clock.rs`, `limits.rs`.

pub mod clock;
pub mod ids;
pub mod limits;

pub use clock::{Clock, Now, SystemClock};
pub use ids::{GroupId, LogId, MemberId, Offset, ProducerId, TopicId};
