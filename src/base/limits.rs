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

/// Join requests parked per group. Above this a client is misbehaving: Kafka's own default
/// (`group.max.size`) is unbounded.
pub const GROUP_MEMBERS_MAX: usize = 10_000;

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
