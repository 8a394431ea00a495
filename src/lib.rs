//! Klamm: a Kafka wire-protocol compatible broker.
//!
//! The rooms, from the ground up; a room uses only rooms of a lower layer (a test checks it):
//!
//! ```text
//! 5  net       sockets: accept, frames in, ordered replies out, drain
//! 4  api       one file per Kafka API, and the table
//! 3  broker    the running broker: locks, tasks, timers
//! 2  log  groups  catalog  auth      pure: (state, now, input) -> effects
//! 1  config  wire  store       the key table | frames, headers, batches | the engine seam
//! 0  base      ids, clock, limits
//! ```
//! ARCHITECTURE.md leads through them.

pub mod base;

pub mod config;
pub mod store;
pub mod wire;

pub mod auth;
pub mod catalog;
pub mod groups;
pub mod log;

pub mod broker;

pub mod api;

pub mod net;
