//! Honoured: what topics inherit when they have no setting of their own.

use std::sync::Arc;

use crate::config::keys::honoured;
use crate::config::value::Check::{Any, AtLeast, EachOneOf, OneOf};

honoured! {
    /// What is done with old records: "delete" removes them by age and size, "compact" keeps the
    /// newest of every key. Compaction is not built yet: a compacted topic keeps all its records,
    /// and refuses records without a key.
    LOG_CLEANUP_POLICY: Arc<[Arc<str>]> = "log.cleanup.policy" "delete",
        EachOneOf(&["compact", "delete"]), ClusterWide;

    /// Milliseconds that records are kept, -1 without end; null means log.retention.minutes.
    LOG_RETENTION_MS: Option<i64> = "log.retention.ms" null, Any, ClusterWide;

    /// Minutes that records are kept; null means log.retention.hours.
    LOG_RETENTION_MINUTES: Option<i32> = "log.retention.minutes" null, Any, ReadOnly;

    /// Hours that records are kept.
    LOG_RETENTION_HOURS: i32 = "log.retention.hours" "168", Any, ReadOnly;

    /// Bytes that a partition may hold before its oldest records go; -1 without end.
    LOG_RETENTION_BYTES: i64 = "log.retention.bytes" "-1", Any, ClusterWide;

    /// Milliseconds between two looks for records that are too old or too many.
    LOG_RETENTION_CHECK_INTERVAL_MS: i64 =
        "log.retention.check.interval.ms" "300000", AtLeast(1), ReadOnly;

    /// The largest record batch that is accepted, in bytes, compressed as it comes.
    MESSAGE_MAX_BYTES: i32 = "message.max.bytes" "1048588", AtLeast(0), ClusterWide;

    /// How batches are compressed on disk: "producer" keeps them as they come.
    COMPRESSION_TYPE: Arc<str> = "compression.type" "producer",
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), ClusterWide;

    /// Whose time records carry: the producer's (CreateTime) or the broker's (LogAppendTime).
    LOG_MESSAGE_TIMESTAMP_TYPE: Arc<str> = "log.message.timestamp.type" "CreateTime",
        OneOf(&["CreateTime", "LogAppendTime"]), ClusterWide;

    /// Milliseconds that a producer's timestamp may lie behind the broker's clock.
    LOG_MESSAGE_TIMESTAMP_BEFORE_MAX_MS: i64 =
        "log.message.timestamp.before.max.ms" "9223372036854775807", AtLeast(0), ClusterWide;

    /// Milliseconds that a producer's timestamp may lie ahead of the broker's clock.
    LOG_MESSAGE_TIMESTAMP_AFTER_MAX_MS: i64 =
        "log.message.timestamp.after.max.ms" "3600000", AtLeast(0), ClusterWide;
}
