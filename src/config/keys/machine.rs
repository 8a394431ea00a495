//! Known only: threads, queues, measurements and Java plugins of Apache Kafka's own process.

use crate::config::keys::Standing::{Meaningless, Refused};
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast};

known! {
    THREADS,
    Meaningless("one worker per processor core does all the work, without queues to tune");
    "background.threads" Int "10", AtLeast(1), ClusterWide:
        "Threads for all kinds of background work.";
    "num.io.threads" Int "8", AtLeast(1), ClusterWide:
        "Threads that work on requests.";
    "num.network.threads" Int "3", AtLeast(1), ClusterWide:
        "Threads that read requests and write answers.";
    "queued.max.requests" Int "500", AtLeast(1), ReadOnly:
        "Requests that may wait for a thread.";
    "queued.max.request.bytes" Long "-1", Any, ReadOnly:
        "Bytes of requests that may wait for a thread; -1 without bound.";
    "delete.records.purgatory.purge.interval.requests" Int "1", Any, ReadOnly:
        "Waiting requests after which finished ones are cleared away.";
    "fetch.purgatory.purge.interval.requests" Int "1000", Any, ReadOnly:
        "Waiting fetches after which finished ones are cleared away.";
    "producer.purgatory.purge.interval.requests" Int "1000", Any, ReadOnly:
        "Waiting produce requests after which finished ones are cleared away.";
}

known! {
    OUTWARD,
    Meaningless("one broker sends requests to nobody");
    "request.timeout.ms" Int "30000", Any, ReadOnly:
        "Milliseconds that the broker waits for an answer to a request of its own.";
    "socket.connection.setup.timeout.max.ms" Long "30000", Any, ReadOnly:
        "The most milliseconds that the broker tries to connect.";
    "socket.connection.setup.timeout.ms" Long "10000", Any, ReadOnly:
        "Milliseconds that the broker tries to connect.";
}

known! {
    MEASURES,
    Meaningless("measurements are served as Prometheus text, see klamm.metrics.listen");
    "kafka.metrics.polling.interval.secs" Int "10", AtLeast(1), ReadOnly:
        "Seconds between two reports of Kafka's older metrics.";
    "kafka.metrics.reporters" List "", Any, ReadOnly:
        "Java classes that report Kafka's older metrics.";
    "metric.reporters" List "org.apache.kafka.common.metrics.JmxReporter", Any, ClusterWide:
        "Java classes that report metrics.";
    "metrics.num.samples" Int "2", AtLeast(1), ReadOnly:
        "Samples that a metric keeps.";
    "metrics.recording.level" String "INFO", Any, ReadOnly:
        "How detailed metrics are.";
    "metrics.sample.window.ms" Long "30000", AtLeast(1), ReadOnly:
        "Milliseconds of each sample.";
    "telemetry.max.bytes" Int "1048576", AtLeast(1), ReadOnly:
        "Bytes of metrics that a client may push.";
}

known! {
    QUOTAS,
    Meaningless("there are no client quotas yet");
    "quota.window.num" Int "11", AtLeast(1), ReadOnly:
        "Samples that the measuring of client quotas keeps.";
    "quota.window.size.seconds" Int "1", AtLeast(1), ReadOnly:
        "Seconds of each such sample.";
}

known! {
    PLUGINS,
    Refused("it names Java code, which cannot run here");
    "alter.config.policy.class.name" Class null, Any, ReadOnly:
        "Java class that may refuse changes of settings.";
    "client.quota.callback.class" Class null, Any, ReadOnly:
        "Java class that decides on client quotas.";
    "config.providers" List "", Any, ClusterWide:
        "Java classes that fill in placeholders in settings.";
    "create.topic.policy.class.name" Class null, Any, ReadOnly:
        "Java class that may refuse new topics.";
}

known! {
    LIMITS,
    Refused("this limit is not built yet");
    "cordoned.log.dirs" List "", Any, PerBroker:
        "Folders that take no new partitions.";
    "max.connection.creation.rate" Int "2147483647", AtLeast(0), ClusterWide:
        "New connections that are accepted in a second.";
}
