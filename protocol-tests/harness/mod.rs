//! What the protocol tests stand on: a broker process, a blocking client, record batches.
//!
//! Every test talks raw Kafka bytes over TCP. With `ORACLE=host:port` in the environment the
//! same tests run against that broker (Apache Kafka) instead of starting Klamm: what they
//! assert is what Kafka does. Tests that need a broker of their own are then skipped, visibly.
//!
//! Reading order: `broker` (processes), `client` (bytes), `batch` (records), `requests`
//! (everyday requests in one line), `raw` (requests built by hand, valid or not).

pub(crate) mod batch;
pub(crate) mod broker;
pub(crate) mod client;
pub(crate) mod groups;
pub(crate) mod requests;

pub(crate) use batch::{Batch, Codec, Record, View, views};
pub(crate) use broker::{Broker, connect, skipped_on_oracle};
pub(crate) use client::Client;
pub(crate) use kafka_protocol::ResponseError as E;
pub(crate) use requests::*;
