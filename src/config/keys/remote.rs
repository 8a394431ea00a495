//! Known only: tiered storage.

use crate::config::keys::Standing::{Meaningless, Refused};
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast, NonEmpty, Ratio};

known! {
    SWITCH,
    Refused("there is no tiered storage");
    "remote.log.storage.system.enable" Boolean "false", Any, ReadOnly:
        "Whether old records can move to remote storage.";
}

known! {
    TABLE,
    Meaningless("there is no tiered storage, all records are local");
    "log.local.retention.bytes" Long "-2", AtLeast(-2), ClusterWide:
        "Bytes that stay on the local disk once they are in remote storage.";
    "log.local.retention.ms" Long "-2", AtLeast(-2), ClusterWide:
        "Milliseconds that records stay on the local disk once they are in remote storage.";
    "remote.fetch.max.wait.ms" Int "500", AtLeast(1), ClusterWide:
        "Milliseconds that a fetch waits for remote storage.";
    "remote.list.offsets.request.timeout.ms" Long "30000", AtLeast(1), ClusterWide:
        "Milliseconds that a search by time waits for remote storage.";
    "remote.log.index.file.cache.total.size.bytes" Long "1073741824", AtLeast(1), ClusterWide:
        "Bytes of index files kept from remote storage.";
    "remote.log.index.file.cache.ttl.ms" Long "900000", AtLeast(-1), ReadOnly:
        "Milliseconds that an unused index file is kept.";
    "remote.log.manager.copier.thread.pool.size" Int "10", AtLeast(1), ClusterWide:
        "Threads that copy to remote storage.";
    "remote.log.manager.copy.max.bytes.per.second" Long
        "9223372036854775807",
        AtLeast(1), ClusterWide:
        "Bytes per second that are copied to remote storage.";
    "remote.log.manager.copy.quota.window.num" Int "11", AtLeast(1), ReadOnly:
        "Samples that the measuring of such copying keeps.";
    "remote.log.manager.copy.quota.window.size.seconds" Int "1", AtLeast(1), ReadOnly:
        "Seconds of each such sample.";
    "remote.log.manager.expiration.thread.pool.size" Int "10", AtLeast(1), ClusterWide:
        "Threads that delete from remote storage.";
    "remote.log.manager.fetch.max.bytes.per.second" Long
        "9223372036854775807",
        AtLeast(1), ClusterWide:
        "Bytes per second that are read from remote storage.";
    "remote.log.manager.fetch.quota.window.num" Int "11", AtLeast(1), ReadOnly:
        "Samples that the measuring of such reading keeps.";
    "remote.log.manager.fetch.quota.window.size.seconds" Int "1", AtLeast(1), ReadOnly:
        "Seconds of each such sample.";
    "remote.log.manager.follower.thread.pool.size" Int "2", AtLeast(1), ClusterWide:
        "Threads that follow remote storage on replicas.";
    "remote.log.manager.task.interval.ms" Long "30000", AtLeast(1), ReadOnly:
        "Milliseconds between two rounds of copying and deleting.";
    "remote.log.manager.task.retry.backoff.max.ms" Long "30000", AtLeast(1), ReadOnly:
        "The most milliseconds between two tries of such a round.";
    "remote.log.manager.task.retry.backoff.ms" Long "500", AtLeast(1), ReadOnly:
        "Milliseconds between the first tries of such a round.";
    "remote.log.manager.task.retry.jitter" Double "0.2", Ratio(0.0, 0.5), ReadOnly:
        "Random share of time added to such waits.";
    "remote.log.manager.thread.pool.size" Int "2", AtLeast(1), ReadOnly:
        "Threads of the remote log manager.";
    "remote.log.metadata.custom.metadata.max.bytes" Int "128", AtLeast(0), ReadOnly:
        "Bytes that a plugin may attach to a remote segment.";
    "remote.log.metadata.manager.class.name" String
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
        NonEmpty, ReadOnly:
        "Java class that keeps the metadata of remote storage.";
    "remote.log.metadata.manager.class.path" String null, Any, ReadOnly:
        "Where that class is.";
    "remote.log.metadata.manager.impl.prefix" String "rlmm.config.", NonEmpty, ReadOnly:
        "Prefix of that class's own settings.";
    "remote.log.metadata.manager.listener.name" String null, NonEmpty, ReadOnly:
        "Listener that this class uses.";
    "remote.log.reader.max.pending.tasks" Int "100", AtLeast(1), ReadOnly:
        "Reads from remote storage that may wait.";
    "remote.log.reader.threads" Int "10", AtLeast(1), ClusterWide:
        "Threads that read from remote storage.";
    "remote.log.storage.manager.class.name" String null, NonEmpty, ReadOnly:
        "Java class that is the remote storage.";
    "remote.log.storage.manager.class.path" String null, Any, ReadOnly:
        "Where that class is.";
    "remote.log.storage.manager.impl.prefix" String "rsm.config.", NonEmpty, ReadOnly:
        "Prefix of that class's own settings.";
}
