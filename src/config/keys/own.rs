//! Klamm's own settings, as few as possible.

use std::sync::Arc;

use crate::config::keys::honoured;
use crate::config::value::Check::{Any, AtLeast};

honoured! {
    /// Whether acks=all waits until the disk has the record. When false an acknowledged record
    /// survives the end of the process, but not of the machine's power; all else is as before.
    FSYNC: bool = "klamm.fsync" "true", Any, ReadOnly;

    /// Bytes of recent records that are kept in memory for consumers that read at the end.
    TAIL_CACHE_BYTES: i64 = "klamm.tail.cache.bytes" "67108864", AtLeast(0), ReadOnly;

    /// Bytes of written records that the store holds in memory before they go to its files. After
    /// a crash this much is read again at the start.
    MEMTABLE_BYTES: i64 = "klamm.memtable.bytes" "134217728", AtLeast(4_194_304), ReadOnly;

    /// Where /metrics (Prometheus) and /healthz are served, as host:port; null serves neither.
    METRICS_LISTEN: Option<Arc<str>> = "klamm.metrics.listen" null, Any, ReadOnly;

    /// The cluster's id that a new data folder gets; null makes a random one. A folder that has
    /// one keeps it.
    CLUSTER_ID: Option<Arc<str>> = "klamm.cluster.id" null, Any, ReadOnly;
}
