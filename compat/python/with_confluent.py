"""confluent-kafka (librdkafka) against a broker: see checks below, each is a sentence."""

import functools
import sys
import time
import uuid

import broker as brokers
from checks import Checks, Skip, eventually
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)
from group_of_three import PARTITIONS, share_and_kill_one

checks = Checks("confluent")
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


# librdkafka reports every failed connection while a broker restarts: only what is fatal is shown.
QUIET = {"log_level": 2}


@functools.cache
def admin_at(address):
    return AdminClient({"bootstrap.servers": address, **QUIET})


def admin_of(broker):
    """One for all checks: an admin client that is dropped takes its running calls with it."""
    return admin_at(broker.address)


def new_topic(broker, partitions=1, **config):
    name = f"confluent-{uuid.uuid4().hex[:12]}"
    settings = {key.replace("_", "."): str(value) for key, value in config.items()}
    topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=settings)
    admin_of(broker).create_topics([topic])[name].result(30)
    # Apache Kafka's brokers learn of a topic a moment after its creation is answered.
    eventually(lambda: name in admin_of(broker).list_topics(timeout=30).topics)
    return name


def produce(broker, topic, records, **config):
    """Writes (partition, key, value, headers, timestamp) tuples; returns the offsets, in order."""
    settings = {key.replace("_", "."): value for key, value in config.items()}
    producer = Producer({"bootstrap.servers": broker.address, **QUIET, **settings})
    delivered = {}

    def on_delivery(number):
        def remember(error, message):
            delivered[number] = (error, message)

        return remember

    for number, (partition, key, value, headers, timestamp) in enumerate(records):
        producer.produce(
            topic,
            value,
            key,
            partition,
            headers=headers,
            timestamp=timestamp,
            on_delivery=on_delivery(number),
        )
        producer.poll(0)
    assert producer.flush(60) == 0, "all were sent"
    errors = [error for error, _ in delivered.values() if error]
    assert not errors, errors
    return [delivered[number][1].offset() for number in range(len(records))]


def plain(values, partition=0):
    return [(partition, None, value, None, 0) for value in values]


def consumer_of(broker, group=None, **config):
    settings = {key.replace("_", "."): value for key, value in config.items()}
    return Consumer(
        {
            "bootstrap.servers": broker.address,
            "group.id": group or f"group-{uuid.uuid4().hex[:12]}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            **QUIET,
            **settings,
        }
    )


def take(consumer, count, seconds=60):
    """Reads exactly `count` messages."""
    messages, deadline = [], time.monotonic() + seconds
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} after {seconds} s"
        message = consumer.poll(0.5)
        if message is None:
            continue
        assert message.error() is None, message.error()
        messages.append(message)
    return messages


def read_from(broker, topic, offset, count, partition=0, **config):
    consumer = consumer_of(broker, **config)
    consumer.assign([TopicPartition(topic, partition, offset)])
    messages = take(consumer, count)
    consumer.close()
    return messages


@checks.add
def keys_headers_and_nulls(broker):
    """keys, headers and null values come back as they were written"""
    topic = new_topic(broker)
    now = int(time.time() * 1000)
    records = [
        (0, b"key", b"value", [("trace", b"1"), ("trace", b"2"), ("no", b""), ("", None)], now),
        (0, None, b"no key", None, now + 1),
        (0, b"tombstone", None, None, now + 2),
        (0, b"", b"", None, now + 3),
        (0, bytes(range(256)), "ünïcödé ✓".encode(), [("ключ", bytes(range(256)))], now + 4),
    ]
    assert produce(broker, topic, records) == [0, 1, 2, 3, 4]
    for message, (_, key, value, headers, timestamp) in zip(
        read_from(broker, topic, 0, 5), records, strict=True
    ):
        assert (message.key(), message.value()) == (key, value)
        assert (message.headers() or None) == headers, message.headers()
        assert message.timestamp() == (1, timestamp), message.timestamp()


@checks.add
def every_codec(broker):
    """records of every codec, and of none, are read back in order with checked CRCs"""
    for codec in CODECS:
        topic = new_topic(broker)
        values = [f"{codec} {number} ".encode() * 20 for number in range(1000)]
        produce(broker, topic, plain(values), compression_type=codec, linger_ms=20)
        got = read_from(broker, topic, 0, len(values), check_crcs=True)
        assert [message.value() for message in got] == values, codec
        assert [message.offset() for message in got] == list(range(len(values))), codec


@checks.add
def recompression(broker):
    """a topic's own compression.type is applied to what comes otherwise"""
    for codec in ["gzip", "zstd", "lz4", "snappy", "uncompressed"]:
        topic = new_topic(broker, compression_type=codec)
        values = [f"{codec} {number}".encode() for number in range(200)]
        produce(broker, topic, plain(values), compression_type="lz4", linger_ms=20)
        got = read_from(broker, topic, 0, len(values), check_crcs=True)
        assert [message.value() for message in got] == values, codec


@checks.add
def large_records(broker):
    """records of almost 1 MiB pass, larger ones are refused with Kafka's error"""
    topic = new_topic(broker)
    sizes = [1_000_000, 1_048_000, 500_000]
    values = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
    produce(broker, topic, plain(values), message_max_bytes=2_000_000)
    got = read_from(broker, topic, 0, 3, fetch_message_max_bytes=100_000)
    assert [message.value() for message in got] == values
    try:
        produce(broker, topic, plain([b"x" * 1_200_000]), message_max_bytes=2_000_000)
        raise AssertionError("taken")
    except AssertionError as refused:
        assert "MSG_SIZE_TOO_LARGE" in str(refused), refused


@checks.add
def raised_limit(broker):
    """a topic with a higher max.message.bytes takes 5 MB"""
    topic = new_topic(broker, max_message_bytes=6_000_000)
    value = b"m" * 5_000_000
    produce(broker, topic, plain([value]), message_max_bytes=6_000_000)
    assert read_from(broker, topic, 0, 1)[0].value() == value


@checks.add
def log_append_time(broker):
    """with LogAppendTime the broker's clock stamps the records"""
    topic = new_topic(broker, message_timestamp_type="LogAppendTime")
    before = int(time.time() * 1000)
    produce(broker, topic, [(0, None, b"stamped", None, 1000)])
    kind, timestamp = read_from(broker, topic, 0, 1)[0].timestamp()
    assert kind == 2 and before - 1000 <= timestamp <= int(time.time() * 1000) + 1000


@checks.add
def beginning_end_timestamp(broker):
    """a consumer starts at the beginning, the end, a timestamp, or a number before the end"""
    topic = new_topic(broker)
    start = int(time.time() * 1000) - 1_000_000
    records = [(0, None, f"{n}".encode(), None, start + n * 1000) for n in range(100)]
    produce(broker, topic, records[:40], linger_ms=20)
    produce(broker, topic, records[40:], linger_ms=20, compression_type="lz4")
    consumer = consumer_of(broker)
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)
    assert (low, high) == (0, 100)

    for after, expected in [(0, 0), (41_500, 42), (99_000, 99), (10**7, -1)]:
        asked = TopicPartition(topic, 0, start + after)
        (found,) = consumer.offsets_for_times([asked], timeout=30)
        assert found.offset == expected, (after, found)

    consumer.assign([TopicPartition(topic, 0, 42)])
    assert take(consumer, 1)[0].value() == b"42"
    consumer.assign([TopicPartition(topic, 0, -2)])
    assert take(consumer, 1)[0].value() == b"0"
    consumer.assign([TopicPartition(topic, 0, -1)])
    assert consumer.poll(1.5) is None
    produce(broker, topic, plain([b"live"]))
    assert take(consumer, 1)[0].value() == b"live"
    consumer.close()


@checks.add
def offset_out_of_range(broker):
    """an offset that is not there falls back as auto.offset.reset says"""
    topic = new_topic(broker)
    produce(broker, topic, plain([b"a", b"b"]))
    assert read_from(broker, topic, 500, 1)[0].value() == b"a"


@checks.add
def many_partitions(broker):
    """records of a key stay in order, and every partition is read"""
    topic = new_topic(broker, partitions=8)
    records = [(-1, f"key-{n % 50}".encode(), f"{n}".encode(), None, 0) for n in range(5000)]
    produce(broker, topic, records, linger_ms=5)
    consumer = consumer_of(broker)
    consumer.subscribe([topic])
    messages = take(consumer, 5000)
    consumer.close()
    by_key = {}
    for message in messages:
        by_key.setdefault(message.key(), []).append((message.partition(), int(message.value())))
    assert len(by_key) == 50
    for seen in by_key.values():
        assert len({partition for partition, _ in seen}) == 1
        assert [number for _, number in seen] == sorted(number for _, number in seen)


@checks.add
def idempotent_producer(broker):
    """an idempotent producer with five requests in flight writes each record once and in order"""
    topic = new_topic(broker)
    values = [f"{number}".encode() for number in range(20_000)]
    produce(broker, topic, plain(values), enable_idempotence=True, batch_num_messages=100)
    got = read_from(broker, topic, 0, len(values))
    assert [message.value() for message in got] == values


@checks.add
def acknowledgements(broker):
    """acks 0, 1 and all"""
    topic = new_topic(broker)
    for number, acks in enumerate(["0", "1", "all"]):
        produce(broker, topic, plain([acks.encode()]), acks=acks)
        assert read_from(broker, topic, number, 1)[0].value() == acks.encode()


@checks.add
def commit_and_resume(broker):
    """a committed offset and its metadata are kept, and a new member goes on there"""
    topic, group = new_topic(broker), f"group-{uuid.uuid4().hex[:12]}"
    produce(broker, topic, plain([f"{n}".encode() for n in range(10)]))
    consumer = consumer_of(broker, group)
    consumer.subscribe([topic])
    seventh = take(consumer, 7)[-1]
    mark = TopicPartition(topic, 0, seventh.offset() + 1, metadata="seven")
    consumer.commit(offsets=[mark], asynchronous=False)
    consumer.close()
    consumer = consumer_of(broker, group)
    (committed,) = consumer.committed([TopicPartition(topic, 0)], timeout=30)
    assert (committed.offset, committed.metadata) == (7, "seven"), committed
    consumer.subscribe([topic])
    assert [message.value() for message in take(consumer, 3)] == [b"7", b"8", b"9"]
    consumer.close()


def resume_after(broker, restart):
    if not broker.can_restart:
        raise Skip("this broker is somebody else's")
    topic, group = new_topic(broker, partitions=2), f"group-{uuid.uuid4().hex[:12]}"
    first = [f"first {n}".encode() for n in range(100)]
    produce(broker, topic, plain(first, 0), acks="all")
    produce(broker, topic, plain([b"other"], 1), acks="all", compression_type="gzip")
    consumer = consumer_of(broker, group)
    consumer.subscribe([topic])
    take(consumer, 101)
    consumer.commit(
        offsets=[TopicPartition(topic, 0, 60), TopicPartition(topic, 1, 1)], asynchronous=False
    )
    restart()
    # The member that lived through the restart goes on, without a new subscription.
    produce(broker, topic, plain([b"after"], 0), acks="all", enable_idempotence=True)
    assert take(consumer, 1)[0].value() == b"after"
    consumer.close()
    consumer = consumer_of(broker, group)
    consumer.subscribe([topic])
    got = [message.value() for message in take(consumer, 41)]
    assert got == first[60:] + [b"after"], got
    consumer.close()
    everything = [message.value() for message in read_from(broker, topic, 0, 101)]
    assert everything == first + [b"after"]


@checks.add
def resume_after_restart(broker):
    """topics, records and committed offsets outlive a restart; live clients go on"""
    resume_after(broker, broker.restart)


@checks.add
def resume_after_kill(broker):
    """topics, records and committed offsets outlive kill -9; live clients go on"""

    def kill_and_start():
        broker.kill()
        broker.start()

    resume_after(broker, kill_and_start)


@checks.add
def group_of_three(broker):
    """three share a group, one is killed: the others take over and nothing is lost"""
    topic = new_topic(broker, partitions=PARTITIONS)

    def spread(values):
        records = [(n % PARTITIONS, None, v.encode(), None, 0) for n, v in enumerate(values)]
        produce(broker, topic, records)

    share_and_kill_one("confluent", broker.address, topic, spread)


@checks.add
def cooperative_and_static_members(broker):
    """the cooperative-sticky assignor hands over partitions; a static member comes back unmoved"""
    topic, group = new_topic(broker, partitions=4), f"group-{uuid.uuid4().hex[:12]}"
    settings = {"partition.assignment.strategy": "cooperative-sticky"}
    one = consumer_of(broker, group, group_instance_id="one", **settings)
    one.subscribe([topic])
    eventually(lambda: one.poll(0.1) or len(one.assignment()) == 4)
    two = consumer_of(broker, group, group_instance_id="two", **settings)
    two.subscribe([topic])

    def halves():
        one.poll(0.1), two.poll(0.1)
        return len(one.assignment()) == 2 and len(two.assignment()) == 2

    eventually(halves)
    had = {part.partition for part in two.assignment()}
    # A static member leaves without telling and comes back within its session.
    two.close()
    two = consumer_of(broker, group, group_instance_id="two", **settings)
    two.subscribe([topic])

    def back():
        one.poll(0.1), two.poll(0.1)
        return {part.partition for part in two.assignment()} == had

    eventually(back)
    assert len(one.assignment()) == 2, "the other member kept its partitions"
    one.close(), two.close()


@checks.add
def admin_topics(broker):
    """topics are created, described, grown, listed and deleted; faults have Kafka's codes"""
    admin, topic = admin_of(broker), new_topic(broker, partitions=2)
    assert topic in admin.list_topics(timeout=30).topics
    described = admin.describe_topics(TopicCollection([topic]))[topic].result(30)
    assert len(described.partitions) == 2 and described.topic_id is not None
    assert [partition.leader.id for partition in described.partitions] == [1, 1]
    admin.create_partitions([NewPartitions(topic, 5)])[topic].result(30)
    eventually(lambda: len(admin.list_topics(topic, timeout=30).topics[topic].partitions) == 5)

    def code_of(future):
        try:
            future.result(30)
        except KafkaException as failure:
            return failure.args[0].code()
        raise AssertionError("no error")

    again = admin.create_topics([NewTopic(topic, 1, 1)])[topic]
    assert code_of(again) == KafkaError.TOPIC_ALREADY_EXISTS
    bad = admin.create_topics([NewTopic("bad name!", 1, 1)])["bad name!"]
    assert code_of(bad) == KafkaError.TOPIC_EXCEPTION
    wide = admin.create_topics([NewTopic("wide", 1, 3)])["wide"]
    assert code_of(wide) == KafkaError.INVALID_REPLICATION_FACTOR
    dry = admin.create_topics([NewTopic("only-checked", 1, 1)], validate_only=True)["only-checked"]
    dry.result(30)
    assert "only-checked" not in admin.list_topics(timeout=30).topics
    admin.delete_topics([topic])[topic].result(30)
    eventually(lambda: topic not in admin.list_topics(timeout=30).topics)
    assert code_of(admin.delete_topics([topic])[topic]) == KafkaError.UNKNOWN_TOPIC_OR_PART


@checks.add
def admin_configs(broker):
    """settings are described, altered step by step, and taken back"""
    admin, topic = admin_of(broker), new_topic(broker, retention_ms=123456)
    resource = ConfigResource(ResourceType.TOPIC, topic)

    def described():
        return admin.describe_configs([resource])[resource].result(30)

    assert described()["retention.ms"].value == "123456"
    assert described()["cleanup.policy"].value == "delete"
    change = ConfigResource(ResourceType.TOPIC, topic)
    change.add_incremental_config(
        ConfigEntry("max.message.bytes", "4321", incremental_operation=AlterConfigOpType.SET)
    )
    change.add_incremental_config(
        ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE)
    )
    admin.incremental_alter_configs([change])[change].result(30)
    eventually(lambda: described()["max.message.bytes"].value == "4321")
    assert described()["retention.ms"].value == "604800000"
    broker_resource = ConfigResource(ResourceType.BROKER, "1")
    entries = admin.describe_configs([broker_resource])[broker_resource].result(30)
    assert entries["node.id"].value == "1" and entries["node.id"].is_read_only


@checks.add
def admin_groups(broker):
    """groups are listed, described, altered and deleted"""
    admin, topic, group = admin_of(broker), new_topic(broker), f"group-{uuid.uuid4().hex[:12]}"
    produce(broker, topic, plain([f"{n}".encode() for n in range(10)]))
    consumer = consumer_of(broker, group)
    consumer.subscribe([topic])
    take(consumer, 10)
    consumer.commit(asynchronous=False)
    described = admin.describe_consumer_groups([group])[group].result(30)
    assert described.state.name == "STABLE" and len(described.members) == 1
    (part,) = described.members[0].assignment.topic_partitions
    assert (part.topic, part.partition) == (topic, 0)
    consumer.close()
    listed = admin.list_consumer_groups().result(30)
    assert group in {entry.group_id for entry in listed.valid}
    wanted = ConsumerGroupTopicPartitions(group)
    offsets = admin.list_consumer_group_offsets([wanted])[group].result(30).topic_partitions
    assert [(entry.topic, entry.offset) for entry in offsets] == [(topic, 10)]
    moved = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 4)])
    admin.alter_consumer_group_offsets([moved])[group].result(30)
    offsets = admin.list_consumer_group_offsets([wanted])[group].result(30).topic_partitions
    assert offsets[0].offset == 4
    admin.delete_consumer_groups([group])[group].result(30)
    listed = admin.list_consumer_groups().result(30)
    assert group not in {entry.group_id for entry in listed.valid}


@checks.add
def admin_offsets_and_records(broker):
    """offsets are listed by kind, records deleted, and the cluster described"""
    admin, topic = admin_of(broker), new_topic(broker)
    now = int(time.time() * 1000)
    produce(broker, topic, [(0, None, b"x", None, now + n % 7) for n in range(20)])
    where = TopicPartition(topic, 0)

    def offset(spec):
        return admin.list_offsets({where: spec})[where].result(30)

    assert offset(OffsetSpec.earliest()).offset == 0
    assert offset(OffsetSpec.latest()).offset == 20
    newest = offset(OffsetSpec.max_timestamp())
    assert newest.timestamp == now + 6 and newest.offset % 7 == 6, newest
    result = admin.delete_records([TopicPartition(topic, 0, 5)])
    assert result[where].result(30).low_watermark == 5
    assert offset(OffsetSpec.earliest()).offset == 5
    cluster = admin.describe_cluster().result(30)
    assert len(cluster.cluster_id) == 22 and [node.id for node in cluster.nodes] == [1]


@checks.add
def deleted_topic_is_gone(broker):
    """a deleted topic's records do not come back with its name"""
    admin, topic = admin_of(broker), new_topic(broker)
    produce(broker, topic, plain([b"old"] * 100))
    admin.delete_topics([topic])[topic].result(30)
    eventually(lambda: topic not in admin.list_topics(timeout=30).topics)
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    produce(broker, topic, plain([b"new"]))
    assert read_from(broker, topic, 0, 1)[0].value() == b"new"


if __name__ == "__main__":
    with brokers.open_broker() as opened:
        code = checks.run(opened)
    sys.exit(code)
