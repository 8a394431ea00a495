//! Every bound on what a client can make the broker hold, with its reason.

/// Elements of one array in a request. Kafka 4.4's own parser refuses more.
pub const ARRAY_ELEMENTS_MAX: usize = 1_000_000;

/// Tagged fields of one structure in a request. Kafka 4.4's own parser refuses more.
pub const TAGGED_FIELDS_MAX: usize = 10_000;

/// Requests of one connection that are being worked on at once. Kafka works on one; clients keep 5
/// in flight by default, and librdkafka up to 1,000,000: those beyond this wait in the socket.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 64;

/// Length of a topic's name (Kafka's `Topic.MAX_NAME_LENGTH`).
pub const TOPIC_NAME_MAX: usize = 249;

/// Partitions that one request may create over all its topics
/// (Kafka's `ReplicationControlManager.MAX_PARTITIONS_PER_BATCH`).
pub const PARTITIONS_PER_REQUEST_MAX: usize = 10_000;

/// Partitions that one broker may have over all its topics. Each costs memory for good, and clients
/// with auto-creation make topics by mistyping; Kafka advises 4,000 a broker and has no bound.
pub const PARTITIONS_MAX: usize = 200_000;

/// Bytes of the keys and values that one topic or broker may have set, all together. Kafka's bound
/// is the 8 MiB of a batch in its metadata log; honest settings are a few hundred bytes.
pub const SETTINGS_BYTES_MAX: usize = 64 << 10;

/// Join requests parked per group. Above this a client is misbehaving: Kafka's own default
/// (`group.max.size`) is unbounded.
pub const GROUP_MEMBERS_MAX: usize = 10_000;

/// Groups kept. Kafka has no bound; one without members and offsets is forgotten at the next look
/// (`offsets.retention.check.interval.ms`), so this many are in use or somebody makes them up.
pub const GROUPS_MAX: usize = 100_000;

/// Committed offsets shown to the metrics page at once.
pub const COMMITTED_SHOWN_MAX: usize = 100_000;

/// Fetch sessions kept (Kafka's `max.incremental.fetch.session.cache.slots`).
pub const FETCH_SESSIONS_MAX: usize = 1_000;

/// Batches that a producer may have in flight and still be recognised when it sends one again
/// (Kafka's `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`).
pub const PRODUCER_BATCHES_RETAINED: usize = 5;

/// Bytes that one compressed batch may unfold to while it is checked. Kafka has no bound; this one
/// is far above `max.message.bytes` times any honest ratio.
pub const DECOMPRESSED_BATCH_MAX: usize = 1 << 30;

/// Bytes of appended records that wait for the writer. Above this, producers wait for a permit.
pub const APPEND_QUEUE_BYTES_MAX: usize = 256 << 20;

/// Partitions that all fetch sessions together remember. Kafka bounds only the sessions; above
/// this a consumer is served without a session, which costs it bandwidth and nothing else.
pub const FETCH_SESSION_PARTITIONS_MAX: usize = 1_000_000;

/// Faulty records of one batch that its refusal names one by one. Kafka names all; a compressed
/// batch could make that a hundred million.
pub const RECORD_FAULTS_MAX: usize = 1_000;

/// Idempotent producers remembered per partition. Above this those that have been silent for the
/// longest are forgotten early, as if they had expired. Kafka remembers any number.
pub const PRODUCERS_PER_PARTITION_MAX: usize = 100_000;

/// Bytes of replies that one connection holds because its peer does not read. Above this no
/// further request of it is begun; a single reply (a fetch) may be larger.
pub const UNSENT_REPLY_BYTES_MAX: usize = 1 << 20;
