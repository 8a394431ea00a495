//! Known only: segment files, their syncing, and compaction.

use crate::config::keys::Standing::Meaningless;
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast, Between, GzipLevel, Ratio};

known! {
    SEGMENTS,
    Meaningless("records lie in RocksDB, there are no segment files to roll, index or delete");
    "log.index.interval.bytes" Int "4096", AtLeast(0), ClusterWide:
        "Bytes of records between two entries of a segment's index.";
    "log.index.size.max.bytes" Int "10485760", AtLeast(4), ClusterWide:
        "Bytes of a segment's index.";
    "log.preallocate" Boolean "false", Any, ClusterWide:
        "Whether segment files are made at their full size.";
    "log.roll.hours" Int "168", AtLeast(1), ReadOnly:
        "Hours after which a partition starts a new segment file.";
    "log.roll.ms" Long null, Any, ClusterWide:
        "Milliseconds after which a partition starts a new segment file; null means \
         log.roll.hours.";
    "log.roll.jitter.hours" Int "0", AtLeast(0), ReadOnly:
        "Hours by which the start of new segment files is spread.";
    "log.roll.jitter.ms" Long null, Any, ClusterWide:
        "Milliseconds by which the start of new segment files is spread; null means \
         log.roll.jitter.hours.";
    "log.segment.bytes" Int "1073741824", AtLeast(1_048_576), ClusterWide:
        "Bytes after which a partition starts a new segment file.";
    "log.segment.delete.delay.ms" Long "60000", AtLeast(0), ClusterWide:
        "Milliseconds between giving up a file and deleting it.";
    "log.initial.task.delay.ms" Long "30000", AtLeast(0), ReadOnly:
        "Milliseconds after the start before retention and cleaning begin.";
    "log.dir.failure.timeout.ms" Long "30000", AtLeast(1), ReadOnly:
        "Milliseconds that a broker lives on with a failed folder it cannot report.";
    "num.recovery.threads.per.data.dir" Int "2", AtLeast(1), ClusterWide:
        "Threads that read segment files again after a crash.";
}

known! {
    FLUSH,
    Meaningless("every acknowledged batch is synced to disk before it is acknowledged");
    "log.flush.interval.messages" Long "9223372036854775807", AtLeast(1), ClusterWide:
        "Records after which a partition is synced to disk.";
    "log.flush.interval.ms" Long null, Any, ClusterWide:
        "Milliseconds after which a partition is synced to disk; null means \
         log.flush.scheduler.interval.ms.";
    "log.flush.scheduler.interval.ms" Long "9223372036854775807", Any, ReadOnly:
        "Milliseconds between two looks for partitions to sync.";
    "log.flush.offset.checkpoint.interval.ms" Int "60000", AtLeast(0), ReadOnly:
        "Milliseconds between two notes of how far partitions are synced.";
    "log.flush.start.offset.checkpoint.interval.ms" Int "60000", AtLeast(0), ReadOnly:
        "Milliseconds between two notes of where partitions start.";
}

known! {
    CLEANER,
    Meaningless("compaction is not built yet, so a compacted topic keeps all its records");
    "log.cleaner.backoff.ms" Long "15000", AtLeast(0), ClusterWide:
        "Milliseconds that the cleaner sleeps when there is nothing to do.";
    "log.cleaner.dedupe.buffer.size" Long "134217728", Any, ClusterWide:
        "Bytes in which the cleaner remembers keys.";
    "log.cleaner.delete.retention.ms" Long "86400000", AtLeast(0), ClusterWide:
        "Milliseconds that a compacted topic keeps the marker of a deleted key.";
    "log.cleaner.enable" Boolean "true", Any, ReadOnly:
        "Whether the cleaner runs.";
    "log.cleaner.io.buffer.load.factor" Double "0.9", Any, ClusterWide:
        "How full the cleaner's memory of keys may be.";
    "log.cleaner.io.buffer.size" Int "524288", AtLeast(0), ClusterWide:
        "Bytes of the cleaner's buffers for reading and writing.";
    "log.cleaner.io.max.bytes.per.second" Double "1.7976931348623157E308", Any, ClusterWide:
        "Bytes that the cleaner may read and write in a second.";
    "log.cleaner.max.compaction.lag.ms" Long "9223372036854775807", AtLeast(1), ClusterWide:
        "Milliseconds after which a record must have been looked at by compaction.";
    "log.cleaner.min.cleanable.ratio" Double "0.5", Ratio(0.0, 1.0), ClusterWide:
        "Share of records not yet compacted at which compaction starts.";
    "log.cleaner.min.compaction.lag.ms" Long "0", AtLeast(0), ClusterWide:
        "Milliseconds that a record is safe from compaction.";
    "log.cleaner.threads" Int "1", AtLeast(0), ClusterWide:
        "Threads of the cleaner.";
}

known! {
    LEVELS,
    Meaningless("batches are recompressed at one level per codec, its library's default");
    "compression.gzip.level" Int "-1", GzipLevel, ClusterWide:
        "Level at which batches are compressed with gzip.";
    "compression.lz4.level" Int "9", Between(1, 17), ClusterWide:
        "Level at which batches are compressed with lz4.";
    "compression.zstd.level" Int "3", Between(-131_072, 22), ClusterWide:
        "Level at which batches are compressed with zstd.";
}
