//! Raw Kafka bytes against a real broker process over TCP.
//!
//! One module per API or theme. Each test is a sentence and uses names of its own, so all run
//! at once. `ORACLE=host:port` asks another broker the same questions: every assertion here was
//! first answered by Apache Kafka 4.3, and comments say where its answer surprises.

mod harness;

mod samples;

mod api_versions;
mod frames;
mod pipeline;
mod undecodable;
