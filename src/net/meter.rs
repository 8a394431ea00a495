//! What the network room counts. Without a metrics recorder all of this does nothing.

use metrics::{Counter, Gauge, counter, gauge};

/// Bytes of one connection, added up over all.
#[derive(Clone)]
pub(super) struct Traffic {
    bytes_in: Counter,
    bytes_out: Counter,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self {
            bytes_in: counter!("klamm_network_received_bytes_total"),
            bytes_out: counter!("klamm_network_sent_bytes_total"),
        }
    }

    pub(super) fn received(&self, bytes: usize) {
        self.bytes_in.increment(bytes as u64);
    }

    pub(super) fn sent(&self, bytes: usize) {
        self.bytes_out.increment(bytes as u64);
    }
}

/// Connections of one listener.
#[derive(Clone)]
pub(super) struct Connections {
    open: Gauge,
    accepted: Counter,
    refused: Counter,
}

impl Connections {
    pub(super) fn new(listener: &str) -> Self {
        let listener = listener.to_owned();
        Self {
            open: gauge!("klamm_connections", "listener" => listener.clone()),
            accepted: counter!("klamm_connections_accepted_total", "listener" => listener.clone()),
            refused: counter!("klamm_connections_refused_total", "listener" => listener),
        }
    }

    pub(super) fn opened(&self) {
        self.accepted.increment(1);
        self.open.increment(1.0);
    }

    pub(super) fn closed(&self) {
        self.open.decrement(1.0);
    }

    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }
}
