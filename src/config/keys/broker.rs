//! Honoured: who this broker is, and what topics it makes.

use std::sync::Arc;

use crate::config::keys::honoured;
use crate::config::value::Check::{Any, AtLeast, EachOneOf};

honoured! {
    /// The broker's number, which clients see in metadata.
    NODE_ID: i32 = "node.id" "1", AtLeast(0), ReadOnly;

    /// The broker's number as older Kafka versions called it; node.id wins.
    BROKER_ID: i32 = "broker.id" "-1", Any, ReadOnly;

    /// The rack or zone of this broker, which clients see in metadata.
    BROKER_RACK: Option<Arc<str>> = "broker.rack" null, Any, ReadOnly;

    /// What this process is. Klamm is a broker that needs no controller, so "broker" must be there
    /// and "controller" changes nothing.
    PROCESS_ROLES: Arc<[Arc<str>]> = "process.roles" "broker,controller",
        EachOneOf(&["broker", "controller"]), ReadOnly;

    /// The folder that holds the data, when log.dirs is not set.
    LOG_DIR: Arc<[Arc<str>]> = "log.dir" "klamm-data", Any, ReadOnly;

    /// The folder that holds the data. Klamm keeps everything in one folder, so there can be only
    /// one here; null means log.dir.
    LOG_DIRS: Option<Arc<[Arc<str>]>> = "log.dirs" null, Any, ReadOnly;

    /// Whether a topic is made when a client that allows it first asks for it.
    AUTO_CREATE_TOPICS_ENABLE: bool = "auto.create.topics.enable" "true", Any, ReadOnly;

    /// Partitions of a topic whose maker does not say how many.
    NUM_PARTITIONS: i32 = "num.partitions" "1", AtLeast(1), ReadOnly;

    /// Replicas of a topic whose maker does not say how many. There is one broker, so a topic can
    /// only be made while this is 1.
    DEFAULT_REPLICATION_FACTOR: i32 = "default.replication.factor" "1", Any, ReadOnly;

    /// Whether topics may be deleted.
    DELETE_TOPIC_ENABLE: bool = "delete.topic.enable" "true", Any, ReadOnly;

    /// Bytes that one fetch answer may hold, whatever more the consumer asked for. A first batch
    /// that is larger by itself is delivered all the same.
    FETCH_MAX_BYTES: i32 = "fetch.max.bytes" "57671680", AtLeast(1024), ReadOnly;

    /// Incremental fetch sessions that are kept at most.
    MAX_INCREMENTAL_FETCH_SESSION_CACHE_SLOTS: i32 =
        "max.incremental.fetch.session.cache.slots" "1000", AtLeast(0), ReadOnly;

    /// Partitions that one answer to DescribeTopicPartitions may hold.
    MAX_REQUEST_PARTITION_SIZE_LIMIT: i32 =
        "max.request.partition.size.limit" "2000", AtLeast(1), ReadOnly;

    /// Milliseconds after which the broker forgets an idempotent producer that has not written to
    /// a partition.
    PRODUCER_ID_EXPIRATION_MS: i32 =
        "producer.id.expiration.ms" "86400000", AtLeast(1), ClusterWide;

    /// Milliseconds between two looks for idempotent producers to forget.
    PRODUCER_ID_EXPIRATION_CHECK_INTERVAL_MS: i32 =
        "producer.id.expiration.check.interval.ms" "600000", AtLeast(1), ReadOnly;
}
