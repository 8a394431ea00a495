//! Which source wins, what the environment means, and what is told about mistakes.

use std::io::Write;

use super::{faults, flags, load, map};
use crate::config::{Dynamic, Settings, Sources, keys};

fn file(text: &str) -> (tempfile::NamedTempFile, Sources) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    file.write_all(text.as_bytes()).expect("a temporary file can be written");
    let path = Some(file.path().to_owned());
    (file, Sources { file: path, ..Sources::default() })
}

fn env(variables: &[(&str, &str)]) -> Sources {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Sources { env: variables.iter().map(pair).collect(), ..Sources::default() }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let (_keep, mut sources) = file("num.partitions=2\n");
    let partitions = |sources: &Sources| {
        Settings::load(sources).expect("the settings are sound").get(keys::NUM_PARTITIONS)
    };
    assert_eq!(partitions(&Sources::default()), 1);
    assert_eq!(partitions(&sources), 2);
    sources.env = env(&[("KAFKA_NUM_PARTITIONS", "3")]).env;
    assert_eq!(partitions(&sources), 3);
    sources.flags = flags(&[("num.partitions", "4"), ("num.partitions", "5")]).flags;
    assert_eq!(partitions(&sources), 5);
}

#[test]
fn what_clients_alter_wins_over_the_start_and_this_broker_over_all() {
    let start = load(&[("message.max.bytes", "1000")]);
    let cluster = map(&[("message.max.bytes", "2000")]);
    let dynamic = Dynamic { cluster: cluster.clone(), broker: map(&[]) };
    let altered = start.with_dynamic(dynamic).expect("it can be altered");
    assert_eq!(altered.get(keys::MESSAGE_MAX_BYTES), 2000);
    let broker = map(&[("message.max.bytes", "3000")]);
    let both = altered.with_dynamic(Dynamic { cluster, broker }).expect("it can be altered");
    assert_eq!(both.get(keys::MESSAGE_MAX_BYTES), 3000);
    let back = both.with_dynamic(Dynamic::default()).expect("it can be taken back");
    assert_eq!(back.get(keys::MESSAGE_MAX_BYTES), 1000);
}

#[test]
fn alterations_that_kafka_refuses_are_refused_in_its_words() {
    let settings = Settings::default();
    let message = |cluster: &[(&str, &str)], broker: &[(&str, &str)]| {
        let dynamic = Dynamic { cluster: map(cluster), broker: map(broker) };
        settings.with_dynamic(dynamic).expect_err("it is refused").client_message()
    };
    let fixed = "Cannot update these configs dynamically: [num.partitions]";
    assert_eq!(message(&[("num.partitions", "3")], &[]), fixed);
    assert_eq!(
        message(&[], &[("message.max.bytes", "-1")]),
        "Invalid value -1 for configuration message.max.bytes: Value must be at least 0"
    );
    assert_eq!(
        message(&[("message.max.bytes", "abc")], &[]),
        "Invalid value abc for configuration message.max.bytes: Not a number of type INT"
    );
    assert_eq!(
        message(&[("principal.builder.class", "X")], &[]),
        "Cannot update these configs at default cluster level, broker id must be specified: \
         [principal.builder.class]"
    );
    assert!(message(&[], &[("log.retention.ms", "0")]).contains("greater than or equal to 1"));
    assert!(message(&[], &[("nosuch.key", "1")]).contains("Unknown config name: nosuch.key"));
}

#[test]
fn an_unknown_setting_is_told_with_the_one_that_was_meant() {
    assert_eq!(
        faults(&flags(&[("num.partition", "3")])),
        ["unknown setting num.partition (flag --set): did you mean num.partitions?"]
    );
    assert_eq!(
        faults(&env(&[("KAFKA_ADVERTISED_LISTENER", "PLAINTEXT://a:1")])),
        ["unknown setting advertised.listener (environment variable KAFKA_ADVERTISED_LISTENER): \
          did you mean advertised.listeners?"]
    );
    assert_eq!(faults(&flags(&[("xyzzy", "3")])), ["unknown setting xyzzy (flag --set)"]);
}

#[test]
fn an_invalid_value_is_told_with_its_key_its_source_and_the_reason() {
    assert_eq!(
        faults(&env(&[("KAFKA_NUM_PARTITIONS", "0")])),
        ["invalid setting num.partitions=0 (environment variable KAFKA_NUM_PARTITIONS): \
          Value must be at least 1"]
    );
    let (keep, sources) = file("delete.topic.enable=yes\nlog.retention.ms=0\n");
    let path = keep.path().display();
    assert_eq!(
        faults(&sources),
        [format!(
            "invalid setting delete.topic.enable=yes (file {path}): \
             Expected value to be either true or false"
        )]
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let wrong = flags(&[("num.partitions", "x"), ("nosuch", "1"), ("broker.id", "?")]);
    assert_eq!(faults(&wrong).len(), 3);
}

#[test]
fn what_is_not_built_is_refused_unless_it_is_the_default() {
    for (name, value) in [
        ("ssl.keystore.location", "/keys"),
        ("sasl.enabled.mechanisms", "PLAIN"),
        ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
        ("remote.log.storage.system.enable", "true"),
        ("create.topic.policy.class.name", "com.example.Policy"),
        ("listener.name.external.ssl.keystore.location", "/keys"),
    ] {
        let told = faults(&flags(&[(name, value)])).join(" ");
        assert!(told.contains("not built") || told.contains("no ") || told.contains("cannot run"));
    }
    load(&[("ssl.client.auth", "none"), ("remote.log.storage.system.enable", "false")]);
    let secret = faults(&flags(&[("ssl.key.password", "hunter2")])).join(" ");
    assert!(!secret.contains("hunter2"), "{secret}");
}

#[test]
fn what_has_no_meaning_here_is_accepted_with_a_line_that_says_so() {
    let settings = load(&[("num.io.threads", "16"), ("zookeeper.connect", "zk:2181")]);
    let notes = settings.notes().join("\n");
    assert!(notes.contains("num.io.threads (flag --set) has no effect: one worker per"), "{notes}");
    assert!(notes.contains("zookeeper.connect (flag --set) has no effect"), "{notes}");
    assert!(Settings::default().notes().is_empty());
}

/// The settings of Kafka 4.3's own config/server.properties, but for its folder.
const STOCK: &str = "\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,\\
    SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/data/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
#log.flush.interval.messages=10000
log.retention.hours=168
#log.retention.bytes=1073741824
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
";

#[test]
fn kafkas_own_server_properties_loads() {
    let (_keep, sources) = file(STOCK);
    let settings = Settings::load(&sources).expect("a stock file is fine");
    assert_eq!(settings.data_dir().to_str(), Some("/data/kraft-combined-logs"));
    assert_eq!(settings.node_id(), 1);
    assert_eq!(settings.listeners().bind().len(), 1);
    let notes = settings.notes().join("\n");
    assert!(notes.contains("listener CONTROLLER is for controllers and is not opened"), "{notes}");
}

#[test]
fn a_missing_file_is_told_with_its_path() {
    let sources = Sources { file: Some("/nowhere/server.properties".into()), ..Sources::default() };
    let told = faults(&sources).join(" ");
    assert!(told.starts_with("cannot read settings from /nowhere/server.properties: "), "{told}");
}

#[test]
fn variables_are_mapped_as_the_image_of_apache_kafka_maps_them() {
    let settings = Settings::load(&env(&[
        ("KAFKA_LOG_RETENTION_MS", "1000"),
        ("KAFKA_HEAP_OPTS", "-Xmx1g"),
        ("KAFKA_LOG4J_ROOT_LOGLEVEL", "DEBUG"),
        ("KAFKA_PORT", "tcp://10.0.0.1:9092"),
        ("KAFKA_PORT_9092_TCP_ADDR", "10.0.0.1"),
        ("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092"),
        ("CLUSTER_ID", "4L6g3nShT-eMCtK--X86sw"),
        ("PATH", "/bin"),
    ]))
    .expect("the variables are fine");
    assert_eq!(settings.get(keys::LOG_RETENTION_MS), Some(1000));
    assert_eq!(settings.get(keys::CLUSTER_ID).as_deref(), Some("4L6g3nShT-eMCtK--X86sw"));
    assert_eq!(settings.notes().len(), 5, "{:?}", settings.notes());
    let told = faults(&env(&[("KAFKA_A__B___C_D", "1")])).join(" ");
    assert!(told.contains("unknown setting a_b-c.d "), "{told}");
}

#[test]
fn there_is_one_data_folder() {
    assert_eq!(load(&[]).data_dir().to_str(), Some("klamm-data"));
    assert_eq!(load(&[("log.dir", "/a")]).data_dir().to_str(), Some("/a"));
    assert_eq!(load(&[("log.dir", "/a"), ("log.dirs", "/b")]).data_dir().to_str(), Some("/b"));
    assert!(faults(&flags(&[("log.dirs", "/a,/b")]))[0].contains("exactly one folder"));
}

#[test]
fn the_older_name_of_the_nodes_number_still_counts() {
    assert_eq!(load(&[("broker.id", "7")]).node_id(), 7);
    assert_eq!(load(&[("node.id", "8")]).node_id(), 8);
    assert!(faults(&flags(&[("broker.id", "7"), ("node.id", "8")]))[0].contains("node.id=8"));
    assert!(faults(&flags(&[("process.roles", "controller")]))[0].contains("only a controller"));
}
