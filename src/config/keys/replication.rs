//! Known only: copying partitions between brokers.

use crate::config::keys::Standing::Meaningless;
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast, OneOf};

known! {
    TABLE,
    Meaningless("one broker keeps the only replica of every partition");
    "auto.leader.rebalance.enable" Boolean "true", Any, ReadOnly:
        "Whether leadership moves back to preferred replicas by itself.";
    "leader.imbalance.check.interval.seconds" Long "300", AtLeast(1), ReadOnly:
        "Seconds between two looks for leaders that are not the preferred ones.";
    "unclean.leader.election.enable" Boolean "false", Any, ClusterWide:
        "Whether a replica that lacks acknowledged records may become leader.";
    "unclean.leader.election.interval.ms" Long "300000", AtLeast(1), ReadOnly:
        "Milliseconds between two looks for partitions that need such a leader.";
    "min.insync.replicas" Int "1", AtLeast(1), ClusterWide:
        "Replicas that must have a record before acks=all is answered.";
    "num.replica.fetchers" Int "1", AtLeast(1), ClusterWide:
        "Threads that copy from each other broker.";
    "num.replica.alter.log.dirs.threads" Int null, Any, ReadOnly:
        "Threads that move replicas between folders.";
    "replica.fetch.backoff.ms" Int "1000", AtLeast(0), ReadOnly:
        "Milliseconds that a failed copy waits before it is tried again.";
    "replica.fetch.max.bytes" Int "1048576", AtLeast(0), ReadOnly:
        "Bytes per partition that a replica asks for at once.";
    "replica.fetch.min.bytes" Int "1", Any, ReadOnly:
        "Bytes that a replica waits for.";
    "replica.fetch.response.max.bytes" Int "10485760", AtLeast(0), ReadOnly:
        "Bytes that a replica asks for at once in all.";
    "replica.fetch.wait.max.ms" Int "500", Any, ReadOnly:
        "Milliseconds that a replica waits for new records.";
    "replica.high.watermark.checkpoint.interval.ms" Long "5000", Any, ReadOnly:
        "Milliseconds between two notes of the high watermarks on disk.";
    "replica.lag.time.max.ms" Long "30000", Any, ReadOnly:
        "Milliseconds after which a slow replica no longer counts as in sync.";
    "replica.selector.class" String null, Any, ReadOnly:
        "Java class that says which replica a consumer reads from.";
    "replica.socket.receive.buffer.bytes" Int "65536", Any, ReadOnly:
        "Receive buffer of a replica's socket.";
    "replica.socket.timeout.ms" Int "30000", Any, ReadOnly:
        "Milliseconds that a replica waits for an answer.";
    "replication.quota.window.num" Int "11", AtLeast(1), ReadOnly:
        "Samples that the measuring of replication bandwidth keeps.";
    "replication.quota.window.size.seconds" Int "1", AtLeast(1), ReadOnly:
        "Seconds of each such sample.";
    "alter.log.dirs.replication.quota.window.num" Int "11", AtLeast(1), ReadOnly:
        "Samples that the measuring of moves between folders keeps.";
    "alter.log.dirs.replication.quota.window.size.seconds" Int "1", AtLeast(1), ReadOnly:
        "Seconds of each such sample.";
    "inter.broker.listener.name" String null, Any, ReadOnly:
        "The listener by which brokers talk to each other.";
    "security.inter.broker.protocol" String
        "PLAINTEXT",
        OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), ReadOnly:
        "The protocol that brokers speak with each other.";
    "follower.fetch.last.tiered.offset.enable" Boolean "false", Any, ClusterWide:
        "Whether a new replica starts from the records that are not in remote storage.";
    "add.partitions.to.txn.retry.backoff.ms" Int "20", AtLeast(1), ReadOnly:
        "Milliseconds before a broker asks another one again to verify a transaction.";
    "add.partitions.to.txn.retry.backoff.max.ms" Int "100", AtLeast(0), ReadOnly:
        "The most milliseconds of such a wait.";
}
