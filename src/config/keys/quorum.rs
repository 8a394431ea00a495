//! Known only: controllers, their quorum and the metadata log.

use crate::config::keys::Standing::Meaningless;
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast, NonEmpty};

known! {
    TABLE,
    Meaningless("the broker keeps its own metadata, there is no controller quorum");
    "controller.quorum.append.linger.ms" Int "25", AtLeast(0), ReadOnly:
        "Milliseconds that the leader gathers records before it writes them.";
    "controller.quorum.auto.join.enable" Boolean "false", Any, ReadOnly:
        "Whether a controller joins the quorum by itself.";
    "controller.quorum.bootstrap.servers" List "", NonEmpty, ReadOnly:
        "Where to find the controllers.";
    "controller.quorum.election.backoff.max.ms" Int "1000", AtLeast(0), ReadOnly:
        "The most milliseconds between two elections.";
    "controller.quorum.election.timeout.ms" Int "1000", AtLeast(0), ReadOnly:
        "Milliseconds without a leader after which an election starts.";
    "controller.quorum.fetch.max.bytes" Int "1048576", AtLeast(1), ReadOnly:
        "Bytes of metadata that a controller asks for at once.";
    "controller.quorum.fetch.snapshot.max.bytes" Int "1048576", AtLeast(1), ReadOnly:
        "Bytes of a snapshot that a controller asks for at once.";
    "controller.quorum.fetch.timeout.ms" Int "2000", AtLeast(0), ReadOnly:
        "Milliseconds without an answer from the leader after which an election starts.";
    "controller.quorum.request.timeout.ms" Int "2000", AtLeast(0), ReadOnly:
        "Milliseconds that a controller waits for an answer.";
    "controller.quorum.retry.backoff.ms" Int "20", AtLeast(0), ReadOnly:
        "Milliseconds before a failed request to a controller is sent again.";
    "controller.quorum.voters" List "", NonEmpty, ReadOnly:
        "The controllers that vote, as id@host:port.";
    "controller.socket.timeout.ms" Int "30000", Any, ReadOnly:
        "Milliseconds that the broker waits for a controller's answer.";
    "controller.performance.always.log.threshold.ms" Long "2000", AtLeast(0), ReadOnly:
        "Milliseconds after which a slow controller event is always logged.";
    "controller.performance.sample.period.ms" Long "60000", AtLeast(100), ReadOnly:
        "Milliseconds between two reports of slow controller events.";
    "controller.quota.window.num" Int "11", AtLeast(1), ReadOnly:
        "Samples that the measuring of topic changes keeps.";
    "controller.quota.window.size.seconds" Int "1", AtLeast(1), ReadOnly:
        "Seconds of each such sample.";
    "controlled.shutdown.enable" Boolean "true", Any, ReadOnly:
        "Whether leadership moves away before a broker stops.";
    "broker.heartbeat.interval.ms" Int "2000", Any, ReadOnly:
        "Milliseconds between two heartbeats of a broker to the controller.";
    "broker.session.timeout.ms" Int "9000", Any, ReadOnly:
        "Milliseconds without a heartbeat after which a broker counts as gone.";
    "initial.broker.registration.timeout.ms" Int "60000", Any, ReadOnly:
        "Milliseconds that a broker has to register with the controller.";
    "server.max.startup.time.ms" Long "9223372036854775807", AtLeast(0), ReadOnly:
        "Milliseconds that a start may take.";
    "early.start.listeners" List null, Any, ReadOnly:
        "Listeners that open before the metadata is complete.";
    "metadata.log.dir" String null, Any, ReadOnly:
        "The folder of the metadata log.";
    "metadata.log.max.record.bytes.between.snapshots" Long "20971520", AtLeast(1), ReadOnly:
        "Bytes of metadata between two snapshots.";
    "metadata.log.max.snapshot.interval.ms" Long "3600000", AtLeast(0), ReadOnly:
        "Milliseconds between two snapshots.";
    "metadata.log.segment.bytes" Int "1073741824", AtLeast(8_388_608), ReadOnly:
        "Bytes of a file of the metadata log.";
    "metadata.log.segment.ms" Long "604800000", Any, ReadOnly:
        "Milliseconds after which the metadata log starts a new file.";
    "metadata.max.idle.interval.ms" Int "500", AtLeast(0), ReadOnly:
        "Milliseconds after which an idle controller writes an empty record.";
    "metadata.max.retention.bytes" Long "104857600", Any, ReadOnly:
        "Bytes of metadata log and snapshots that are kept.";
    "metadata.max.retention.ms" Long "604800000", Any, ReadOnly:
        "Milliseconds that metadata log files and snapshots are kept.";
    "internal.metadata.delete.delay.millis" Long "60000", Any, ReadOnly:
        "Milliseconds before a file of the metadata log is deleted.";
    "internal.metadata.log.segment.bytes" Int null, Any, ReadOnly:
        "Bytes of a file of the metadata log, for tests of Apache Kafka itself.";
    "internal.metadata.max.batch.size.in.bytes" Int "8388608", Any, ReadOnly:
        "Bytes of a batch of metadata, for tests of Apache Kafka itself.";
    "unstable.api.versions.enable" Boolean "false", Any, ReadOnly:
        "Whether request versions still in development are offered.";
    "unstable.feature.versions.enable" Boolean "false", Any, ReadOnly:
        "Whether features still in development are offered.";
}
