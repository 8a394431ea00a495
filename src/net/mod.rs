//! Sockets: accept, frames in, ordered replies out, drain. And the metrics page.
//!
//! No handler is known here by name: what a frame means is the dispatcher's affair.
//!
//! Reading order: `listener.rs` (bind, accept), `gate.rs` (how many connections), `policy.rs`
//! (the settings that matter here), `connection.rs` (one connection), `pipeline.rs` (the order of
//! replies), `outbox.rs` (writing), `meter.rs`; `page.rs` (metrics and health).

mod connection;
mod gate;
mod listener;
mod meter;
mod outbox;
mod page;
mod pipeline;
mod policy;

pub use connection::Service;
pub use listener::{BindError, Bound, bind, serve};
pub use page::{Page, PageError, open_page};
