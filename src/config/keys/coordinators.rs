//! Known only: transactions, the newer kinds of groups, and the coordinators' topics.

use crate::config::keys::Standing::Meaningless;
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast, Between, EachOneOf, OneOfAnyCase};

known! {
    OFFSETS,
    Meaningless("group state and committed offsets lie in the store, not in a topic");
    "offsets.commit.timeout.ms" Int "5000", AtLeast(1), ReadOnly:
        "Milliseconds that a commit waits for the replicas of the offsets topic.";
    "offsets.load.buffer.size" Int "5242880", AtLeast(1), ReadOnly:
        "Bytes that are read at once when a coordinator starts.";
    "offsets.topic.compression.codec" Int "0", Any, ReadOnly:
        "Compression of the offsets topic.";
    "offsets.topic.num.partitions" Int "50", AtLeast(1), ReadOnly:
        "Partitions of the offsets topic.";
    "offsets.topic.replication.factor" Short "3", AtLeast(1), ReadOnly:
        "Replicas of the offsets topic.";
    "offsets.topic.segment.bytes" Int "104857600", AtLeast(1), ReadOnly:
        "Bytes of a segment file of the offsets topic.";
    "group.coordinator.append.linger.ms" Int "-1", AtLeast(-1), ReadOnly:
        "Milliseconds that a coordinator gathers records before it writes them.";
    "group.coordinator.background.threads" Int "2", AtLeast(1), ReadOnly:
        "Threads for a coordinator's slow work.";
    "group.coordinator.cached.buffer.max.bytes" Int "1048588", AtLeast(524_288), ClusterWide:
        "Bytes of a buffer that a coordinator keeps for its next write.";
    "group.coordinator.rebalance.protocols" List
        "classic,consumer,streams",
        EachOneOf(&["consumer", "classic", "share", "streams"]), ReadOnly:
        "Group protocols that are offered; Klamm offers the classic one.";
    "group.coordinator.threads" Int "4", AtLeast(1), ReadOnly:
        "Threads of the group coordinator.";
}

known! {
    CONSUMER,
    Meaningless("the consumer group protocol of KIP-848 is not served yet");
    "group.consumer.assignment.interval.ms" Int "1000", AtLeast(0), ClusterWide:
        "Milliseconds between two assignments of a consumer group.";
    "group.consumer.heartbeat.interval.ms" Int "5000", AtLeast(1), ReadOnly:
        "Milliseconds between two heartbeats of a member of a consumer group.";
    "group.consumer.max.assignment.interval.ms" Int "15000", AtLeast(0), ReadOnly:
        "The most milliseconds that a group may set between assignments.";
    "group.consumer.max.heartbeat.interval.ms" Int "15000", AtLeast(1), ReadOnly:
        "The most milliseconds that a group may set between heartbeats.";
    "group.consumer.max.session.timeout.ms" Int "60000", AtLeast(1), ReadOnly:
        "The longest session timeout that a group may set.";
    "group.consumer.max.size" Int "2147483647", AtLeast(1), ReadOnly:
        "Members that a consumer group may have.";
    "group.consumer.min.assignment.interval.ms" Int "0", AtLeast(0), ReadOnly:
        "The fewest milliseconds that a group may set between assignments.";
    "group.consumer.min.heartbeat.interval.ms" Int "5000", AtLeast(1), ReadOnly:
        "The fewest milliseconds that a group may set between heartbeats.";
    "group.consumer.min.session.timeout.ms" Int "45000", AtLeast(1), ReadOnly:
        "The shortest session timeout that a group may set.";
    "group.consumer.session.timeout.ms" Int "45000", AtLeast(1), ReadOnly:
        "Milliseconds without a heartbeat after which a member of a consumer group is removed.";
    "group.consumer.assignors" List "uniform,range", Any, ReadOnly:
        "Ways to assign partitions that the broker offers.";
    "group.consumer.migration.policy" String
        "bidirectional",
        OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]), ReadOnly:
        "Whether groups move between the classic and the new protocol.";
    "group.consumer.regex.refresh.interval.ms" Int "600000", AtLeast(10_000), ReadOnly:
        "Milliseconds between two looks for topics that match a subscribed pattern.";
}

known! {
    SHARE,
    Meaningless("share groups are not served yet");
    "group.share.assignment.interval.ms" Int "1000", AtLeast(0), ClusterWide:
        "Milliseconds between two assignments of a share group.";
    "group.share.heartbeat.interval.ms" Int "5000", AtLeast(1), ReadOnly:
        "Milliseconds between two heartbeats of a member of a share group.";
    "group.share.max.assignment.interval.ms" Int "15000", AtLeast(0), ReadOnly:
        "The most milliseconds that a group may set between assignments.";
    "group.share.max.heartbeat.interval.ms" Int "15000", AtLeast(1), ReadOnly:
        "The most milliseconds that a group may set between heartbeats.";
    "group.share.max.session.timeout.ms" Int "60000", AtLeast(1), ReadOnly:
        "The longest session timeout that a group may set.";
    "group.share.max.size" Int "200", Between(1, 1000), ReadOnly:
        "Members that a share group may have.";
    "group.share.min.assignment.interval.ms" Int "0", AtLeast(0), ReadOnly:
        "The fewest milliseconds that a group may set between assignments.";
    "group.share.min.heartbeat.interval.ms" Int "5000", AtLeast(1), ReadOnly:
        "The fewest milliseconds that a group may set between heartbeats.";
    "group.share.min.session.timeout.ms" Int "45000", AtLeast(1), ReadOnly:
        "The shortest session timeout that a group may set.";
    "group.share.session.timeout.ms" Int "45000", AtLeast(1), ReadOnly:
        "Milliseconds without a heartbeat after which a member of a share group is removed.";
    "group.share.assignors" List "simple", Any, ReadOnly:
        "Ways to assign partitions that the broker offers.";
    "group.share.delivery.count.limit" Int "5", Between(2, 10), ReadOnly:
        "Times that a record is delivered at most.";
    "group.share.initialize.retry.interval.ms" Int "30000", AtLeast(1), ReadOnly:
        "Milliseconds before the set-up of a share partition is tried again.";
    "group.share.max.delivery.count.limit" Int "10", Between(5, 25), ReadOnly:
        "The most deliveries that a group may set.";
    "group.share.max.partition.max.record.locks" Int "4000", Between(2000, 10_000), ReadOnly:
        "The most locked records per partition that a group may set.";
    "group.share.max.record.lock.duration.ms" Int "60000", Between(30_000, 3_600_000), ReadOnly:
        "The longest lock of a record that a group may set.";
    "group.share.max.share.sessions" Int "2000", AtLeast(1), ReadOnly:
        "Share sessions of a broker.";
    "group.share.min.delivery.count.limit" Int "2", Between(2, 5), ReadOnly:
        "The fewest deliveries that a group may set.";
    "group.share.min.partition.max.record.locks" Int "100", Between(100, 2000), ReadOnly:
        "The fewest locked records per partition that a group may set.";
    "group.share.min.record.lock.duration.ms" Int "15000", Between(1000, 30_000), ReadOnly:
        "The shortest lock of a record that a group may set.";
    "group.share.partition.max.record.locks" Int "2000", Between(100, 10_000), ReadOnly:
        "Records of a partition that may be locked at once.";
    "group.share.persister.class.name" String
        "org.apache.kafka.server.share.persister.DefaultStatePersister",
        Any, ReadOnly:
        "Java class that keeps the state of share groups.";
    "group.share.record.lock.duration.ms" Int "30000", Between(1000, 3_600_000), ReadOnly:
        "Milliseconds that a delivered record stays locked.";
    "share.coordinator.append.linger.ms" Int "-1", AtLeast(-1), ReadOnly:
        "Milliseconds that the share coordinator gathers records before it writes them.";
    "share.coordinator.cached.buffer.max.bytes" Int "1048588", AtLeast(524_288), ClusterWide:
        "Bytes of a buffer that the share coordinator keeps for its next write.";
    "share.coordinator.cold.partition.snapshot.interval.ms" Int "300000", AtLeast(1), ReadOnly:
        "Milliseconds between two snapshots of quiet share partitions.";
    "share.coordinator.load.buffer.size" Int "5242880", AtLeast(1), ReadOnly:
        "Bytes that are read at once when the share coordinator starts.";
    "share.coordinator.snapshot.update.records.per.snapshot" Int "500", Between(0, 500), ReadOnly:
        "Updates between two snapshots.";
    "share.coordinator.state.topic.compression.codec" Int "0", Any, ReadOnly:
        "Compression of the share state topic.";
    "share.coordinator.state.topic.min.isr" Short "2", AtLeast(1), ReadOnly:
        "Replicas that the share state topic needs for a write.";
    "share.coordinator.state.topic.num.partitions" Int "50", AtLeast(1), ReadOnly:
        "Partitions of the share state topic.";
    "share.coordinator.state.topic.prune.interval.ms" Int "300000", AtLeast(1), ReadOnly:
        "Milliseconds between two prunings of the share state topic.";
    "share.coordinator.state.topic.replication.factor" Short "3", AtLeast(1), ReadOnly:
        "Replicas of the share state topic.";
    "share.coordinator.state.topic.segment.bytes" Int "104857600", AtLeast(1), ReadOnly:
        "Bytes of a segment file of the share state topic.";
    "share.coordinator.threads" Int "1", AtLeast(1), ReadOnly:
        "Threads of the share coordinator.";
    "share.coordinator.write.timeout.ms" Int "5000", AtLeast(1), ReadOnly:
        "Milliseconds that the share coordinator waits for a write.";
    "share.fetch.purgatory.purge.interval.requests" Int "1000", Any, ReadOnly:
        "Waiting share fetches after which finished ones are cleared away.";
}

known! {
    STREAMS,
    Meaningless("streams groups are not served yet");
    "group.streams.assignment.interval.ms" Int "1000", AtLeast(0), ClusterWide:
        "Milliseconds between two assignments of a streams group.";
    "group.streams.heartbeat.interval.ms" Int "5000", AtLeast(1), ReadOnly:
        "Milliseconds between two heartbeats of a member of a streams group.";
    "group.streams.max.assignment.interval.ms" Int "15000", AtLeast(0), ReadOnly:
        "The most milliseconds that a group may set between assignments.";
    "group.streams.max.heartbeat.interval.ms" Int "15000", AtLeast(1), ReadOnly:
        "The most milliseconds that a group may set between heartbeats.";
    "group.streams.max.session.timeout.ms" Int "60000", AtLeast(1), ReadOnly:
        "The longest session timeout that a group may set.";
    "group.streams.max.size" Int "2147483647", AtLeast(1), ReadOnly:
        "Members that a streams group may have.";
    "group.streams.min.assignment.interval.ms" Int "0", AtLeast(0), ReadOnly:
        "The fewest milliseconds that a group may set between assignments.";
    "group.streams.min.heartbeat.interval.ms" Int "5000", AtLeast(1), ReadOnly:
        "The fewest milliseconds that a group may set between heartbeats.";
    "group.streams.min.session.timeout.ms" Int "45000", AtLeast(1), ReadOnly:
        "The shortest session timeout that a group may set.";
    "group.streams.session.timeout.ms" Int "45000", AtLeast(1), ReadOnly:
        "Milliseconds without a heartbeat after which a member of a streams group is removed.";
    "group.streams.initial.rebalance.delay.ms" Int "3000", AtLeast(0), ReadOnly:
        "Milliseconds that an empty streams group waits for more members.";
    "group.streams.max.standby.replicas" Int "2", AtLeast(0), ReadOnly:
        "The most standby replicas that a group may set.";
    "group.streams.num.standby.replicas" Int "0", AtLeast(0), ReadOnly:
        "Standby replicas of each task.";
}

known! {
    TRANSACTIONS,
    Meaningless("transactions are not served yet");
    "transaction.abort.timed.out.transaction.cleanup.interval.ms" Int "10000", AtLeast(1), ReadOnly:
        "Milliseconds between two looks for transactions that ran out of time.";
    "transaction.max.timeout.ms" Int "900000", AtLeast(1), ReadOnly:
        "The longest transaction timeout that a producer may ask for.";
    "transaction.partition.verification.enable" Boolean "true", Any, ClusterWide:
        "Whether a write is checked against its transaction.";
    "transaction.remove.expired.transaction.cleanup.interval.ms" Int
        "3600000",
        AtLeast(1), ReadOnly:
        "Milliseconds between two looks for transactional ids to forget.";
    "transaction.state.log.load.buffer.size" Int "5242880", AtLeast(1), ReadOnly:
        "Bytes that are read at once when the transaction coordinator starts.";
    "transaction.state.log.min.isr" Int "2", AtLeast(1), ReadOnly:
        "Replicas that the transaction topic needs for a write.";
    "transaction.state.log.num.partitions" Int "50", AtLeast(1), ReadOnly:
        "Partitions of the transaction topic.";
    "transaction.state.log.replication.factor" Short "3", AtLeast(1), ReadOnly:
        "Replicas of the transaction topic.";
    "transaction.state.log.segment.bytes" Int "104857600", AtLeast(1), ReadOnly:
        "Bytes of a segment file of the transaction topic.";
    "transaction.two.phase.commit.enable" Boolean "false", Any, ReadOnly:
        "Whether producers may take part in a two-phase commit.";
    "transactional.id.expiration.ms" Int "604800000", AtLeast(1), ReadOnly:
        "Milliseconds after which an unused transactional id is forgotten.";
}
