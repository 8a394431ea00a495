//! Names that are no settings of Kafka 4.3: those it had before, and variables that mean others.

/// Settings of older Kafka versions, which Kafka 4 takes out of files without a word. They are
/// accepted with a log line, so that a grown server.properties still loads.
static FORMER: &[(&str, &str)] = &[
    ("zookeeper.", "there is no ZooKeeper"),
    ("confluent.", "it is a setting of Confluent Server"),
    ("auto.include.jmx.reporter", GONE),
    ("broker.id.generation.enable", GONE),
    ("control.plane.listener.name", GONE),
    ("delegation.token.master.key", GONE),
    ("eligible.leader.replicas.enable", GONE),
    ("group.coordinator.new.enable", GONE),
    ("inter.broker.protocol.version", GONE),
    ("log.message.downconversion.enable", GONE),
    ("log.message.format.version", GONE),
    ("log.message.timestamp.difference.max.ms", GONE),
    ("offsets.commit.required.acks", GONE),
    ("password.encoder.", GONE),
    ("reserved.broker.max.id", GONE),
];

const GONE: &str = "Apache Kafka 4 no longer has it";

/// Why a name that Kafka 4.3 does not know is accepted all the same.
pub fn former(name: &str) -> Option<&'static str> {
    let same = |known: &str| match known.strip_suffix('.') {
        Some(_) => name.starts_with(known),
        None => name == known,
    };
    FORMER.iter().find(|(known, _)| same(known)).map(|(_, why)| *why)
}

/// Why a name with one of Kafka's prefixes is refused.
pub fn prefixed(name: &str) -> Option<&'static str> {
    const PREFIXES: &[(&str, &str)] = &[
        ("listener.name.", "settings for a single listener are not built yet"),
        ("rlmm.config.", "there is no tiered storage"),
        ("rsm.config.", "there is no tiered storage"),
    ];
    PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, why)| *why)
}

/// Whom an environment variable that looks like a setting is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A Java virtual machine.
    Java,
    /// Client programs, shells, Kubernetes.
    Other,
}

/// Says whether a variable that starts with `KAFKA_` is no setting.
pub fn foreign(variable: &str) -> Option<Foreign> {
    const JAVA: &[&str] = &[
        "KAFKA_HEAP_OPTS",
        "KAFKA_OPTS",
        "KAFKA_GC_LOG_OPTS",
        "KAFKA_DEBUG",
        "KAFKA_JAVA_DEBUG_OPTS",
        "KAFKA_JAVA_DEBUG_PORT",
        "KAFKA_EXTENDED_OPTS",
    ];
    const JAVA_PREFIXES: &[&str] =
        &["KAFKA_LOG4J", "KAFKA_JMX", "KAFKA_TOOLS_LOG4J", "KAFKA_JVM_PERFORMANCE_OPTS"];
    const OTHER: &[&str] = &[
        "KAFKA_VERSION",
        "KAFKA_HOME",
        "KAFKA_MODE",
        "KAFKA_URL",
        "KAFKA_HOST",
        "KAFKA_BROKER",
        "KAFKA_BROKERS",
        "KAFKA_BROKER_URL",
        "KAFKA_BROKER_LIST",
        "KAFKA_BOOTSTRAP_SERVER",
        "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_SSL_KEYSTORE_FILENAME",
        "KAFKA_SSL_KEY_CREDENTIALS",
        "KAFKA_SSL_KEYSTORE_CREDENTIALS",
        "KAFKA_SSL_TRUSTSTORE_FILENAME",
        "KAFKA_SSL_TRUSTSTORE_CREDENTIALS",
        // What Kubernetes tells every pod about a service of the name "kafka".
        "KAFKA_PORT",
        "KAFKA_SERVICE_HOST",
        "KAFKA_SERVICE_PORT",
    ];
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| variable.starts_with(prefix));
    if JAVA.contains(&variable) || starts(JAVA_PREFIXES) {
        return Some(Foreign::Java);
    }
    let service = variable.contains("_SERVICE_PORT")
        || variable.contains("_SERVICE_HOST")
        || variable.strip_prefix("KAFKA_").is_some_and(is_service_port);
    (OTHER.contains(&variable) || service).then_some(Foreign::Other)
}

/// `PORT_9092_TCP`, `BROKER_PORT_9092_TCP_ADDR`: Kubernetes' older names for a service's ports.
fn is_service_port(rest: &str) -> bool {
    let mut words = rest.split('_').skip_while(|word| *word != "PORT").skip(1);
    let port = words.next().is_some_and(|word| word.parse::<u16>().is_ok());
    port && matches!(words.next(), Some("TCP" | "UDP"))
}
