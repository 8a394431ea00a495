//! Raw Kafka bytes against a real broker process over TCP.
//!
//! One module per API or theme. Each test is a sentence and uses names of its own, so all run
//! at once. `ORACLE=host:port` asks another broker the same questions: every assertion here was
//! first answered by Apache Kafka 4.3, and comments say where its answer surprises.

mod harness;

mod samples;

mod alter_configs;
mod api_versions;
mod cluster;
mod configs;
mod crash;
mod create_partitions;
mod delete_records;
mod fetch;
mod fetch_sessions;
mod frames;
mod groups;
mod groups_admin;
mod groups_rebalance;
mod groups_static;
mod leader_epochs;
mod list_offsets;
mod metadata;
mod offsets;
mod pipeline;
mod produce;
mod produce_codecs;
mod produce_idempotent;
mod produce_invalid;
mod restart;
mod settings;
mod startup;
mod topics;
mod undecodable;
