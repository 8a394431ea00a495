"""kafka-python (pure Python) against a broker: see checks below, each is a sentence."""

import logging
import sys
import time
import uuid

import broker as brokers
from checks import Checks, Skip, eventually
from group_of_three import PARTITIONS, share_and_kill_one
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import (
    InvalidReplicationFactorError,
    InvalidTopicError,
    MessageSizeTooLargeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)
from kafka.structs import OffsetAndMetadata

checks = Checks("kafkapython")
CODECS = [None, "gzip", "snappy", "lz4", "zstd"]


class Admin:
    """An admin client for the length of a `with`."""

    def __init__(self, broker):
        self.client = KafkaAdminClient(bootstrap_servers=broker.address)

    def __enter__(self):
        return self.client

    def __exit__(self, *_):
        self.client.close()


def new_topic(broker, partitions=1, **configs):
    name = f"kafka-python-{uuid.uuid4().hex[:12]}"
    settings = {key.replace("_", "."): str(value) for key, value in configs.items()}
    options = {"num_partitions": partitions, "replication_factor": 1, "configs": settings}
    with Admin(broker) as admin:
        admin.create_topics({name: options}, wait_for_metadata=True)
    return name


def produce(broker, topic, records, **config):
    """Writes (partition, key, value, headers, timestamp) tuples; returns the offsets, in order."""
    producer = KafkaProducer(bootstrap_servers=broker.address, **config)
    sent = [
        producer.send(topic, value, key, headers or [], partition, timestamp_ms=timestamp)
        for partition, key, value, headers, timestamp in records
    ]
    producer.flush(60)
    offsets = [future.get(60).offset for future in sent]
    producer.close()
    return offsets


def plain(values, partition=0):
    return [(partition, None, value, None, None) for value in values]


def consumer_of(broker, group=None, **config):
    settings = {"enable_auto_commit": False, "auto_offset_reset": "earliest", **config}
    return KafkaConsumer(bootstrap_servers=broker.address, group_id=group, **settings)


def take(consumer, count, seconds=60):
    """Reads exactly `count` records."""
    records, deadline = [], time.monotonic() + seconds
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} after {seconds} s"
        for batch in consumer.poll(timeout_ms=500, max_records=count - len(records)).values():
            records.extend(batch)
    return records


def read_from(broker, topic, offset, count, partition=0, **config):
    consumer = consumer_of(broker, **config)
    where = TopicPartition(topic, partition)
    consumer.assign([where])
    consumer.seek(where, offset)
    records = take(consumer, count)
    consumer.close()
    return records


@checks.add
def keys_headers_and_nulls(broker):
    """keys, headers and null values come back as they were written"""
    topic = new_topic(broker)
    now = int(time.time() * 1000)
    records = [
        (0, b"key", b"value", [("trace", b"1"), ("trace", b"2"), ("empty", b"")], now),
        (0, None, b"no key", None, now + 1),
        (0, b"tombstone", None, None, now + 2),
        (0, b"", b"", None, now + 3),
        (0, bytes(range(256)), "ünïcödé ✓".encode(), [("ключ", bytes(range(256)))], now + 4),
    ]
    assert produce(broker, topic, records) == [0, 1, 2, 3, 4]
    for record, (_, key, value, headers, timestamp) in zip(
        read_from(broker, topic, 0, 5), records, strict=True
    ):
        assert (record.key, record.value) == (key, value)
        assert list(record.headers) == (headers or [])
        assert (record.timestamp, record.timestamp_type) == (timestamp, 0)


@checks.add
def every_codec(broker):
    """records of every codec, and of none, are read back in order with checked CRCs"""
    for codec in CODECS:
        topic = new_topic(broker)
        values = [f"{codec} {number} ".encode() * 20 for number in range(500)]
        produce(broker, topic, plain(values), compression_type=codec, linger_ms=20)
        got = read_from(broker, topic, 0, len(values), check_crcs=True)
        assert [record.value for record in got] == values, codec
        assert [record.offset for record in got] == list(range(len(values))), codec


@checks.add
def large_records(broker):
    """records of almost 1 MiB pass, larger ones are refused with Kafka's error"""
    topic = new_topic(broker)
    values = [bytes([65 + number]) * size for number, size in enumerate([1_000_000, 1_048_000])]
    produce(broker, topic, plain(values), max_request_size=3_000_000)
    got = read_from(broker, topic, 0, 2, max_partition_fetch_bytes=100_000)
    assert [record.value for record in got] == values
    try:
        produce(broker, topic, plain([b"x" * 1_200_000]), max_request_size=3_000_000)
        raise AssertionError("taken")
    except MessageSizeTooLargeError:
        pass


@checks.add
def beginning_end_timestamp(broker):
    """a consumer starts at the beginning, the end or a timestamp"""
    topic = new_topic(broker)
    where = TopicPartition(topic, 0)
    start = int(time.time() * 1000) - 1_000_000
    records = [(0, None, f"{n}".encode(), None, start + n * 1000) for n in range(60)]
    produce(broker, topic, records[:30], linger_ms=20)
    produce(broker, topic, records[30:], linger_ms=20, compression_type="gzip")
    consumer = consumer_of(broker)
    consumer.assign([where])
    assert consumer.beginning_offsets([where]) == {where: 0}
    assert consumer.end_offsets([where]) == {where: 60}
    found = consumer.offsets_for_times({where: start + 31_500})[where]
    assert (found.offset, found.timestamp) == (32, start + 32_000), found
    assert consumer.offsets_for_times({where: start + 10**7})[where] is None
    consumer.seek(where, found.offset)
    assert take(consumer, 1)[0].value == b"32"
    consumer.seek_to_beginning(where)
    assert take(consumer, 1)[0].value == b"0"
    consumer.seek_to_end(where)
    assert not consumer.poll(timeout_ms=1000)
    produce(broker, topic, plain([b"live"]))
    assert take(consumer, 1)[0].value == b"live"
    consumer.close()


@checks.add
def idempotent_producer(broker):
    """an idempotent producer writes each record once and in order"""
    topic = new_topic(broker)
    values = [f"{number}".encode() for number in range(5000)]
    produce(broker, topic, plain(values), enable_idempotence=True, batch_size=1000)
    assert [record.value for record in read_from(broker, topic, 0, 5000)] == values


@checks.add
def acknowledgements(broker):
    """acks 0, 1 and all"""
    topic = new_topic(broker)
    for number, acks in enumerate([0, 1, "all"]):
        value = f"{acks}".encode()
        produce(broker, topic, plain([value]), acks=acks, enable_idempotence=acks == "all")
        assert read_from(broker, topic, number, 1)[0].value == value


def resume_after(broker, restart):
    topic, group = new_topic(broker), f"group-{uuid.uuid4().hex[:12]}"
    where = TopicPartition(topic, 0)
    values = [f"{n}".encode() for n in range(10)]
    produce(broker, topic, plain(values))
    consumer = consumer_of(broker, group)
    consumer.subscribe([topic])
    take(consumer, 7)
    consumer.commit({where: OffsetAndMetadata(7, "seven", -1)})
    consumer.close()
    restart()
    consumer = consumer_of(broker, group)
    assert consumer.committed(where) == 7
    assert consumer.committed(where, metadata=True).metadata == "seven"
    consumer.subscribe([topic])
    assert [record.value for record in take(consumer, 3)] == values[7:]
    consumer.close()


@checks.add
def commit_and_resume(broker):
    """a committed offset and its metadata are kept, and a new member goes on there"""
    resume_after(broker, lambda: None)


@checks.add
def resume_after_kill(broker):
    """committed offsets and records outlive kill -9 of the broker"""
    if not broker.can_restart:
        raise Skip("this broker is somebody else's")

    def kill_and_start():
        broker.kill()
        broker.start()

    resume_after(broker, kill_and_start)


@checks.add
def group_of_three(broker):
    """three share a group, one is killed: the others take over and nothing is lost"""
    topic = new_topic(broker, partitions=PARTITIONS)

    def spread(values):
        records = [(n % PARTITIONS, None, v.encode(), None, None) for n, v in enumerate(values)]
        produce(broker, topic, records)

    share_and_kill_one("kafka-python", broker.address, topic, spread)


@checks.add
def admin_topics(broker):
    """topics are created, described, grown and deleted; faults have Kafka's codes"""

    def refused(error, call):
        try:
            call()
        except error:
            return
        raise AssertionError(f"no {error.__name__}")

    topic = new_topic(broker, partitions=2)
    with Admin(broker) as admin:
        assert topic in admin.list_topics()
        (described,) = admin.describe_topics([topic])
        assert [part["leader_id"] for part in described["partitions"]] == [1, 1]
        admin.create_partitions({topic: 4})
        eventually(lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 4)
        one = {"num_partitions": 1, "replication_factor": 1}
        refused(TopicAlreadyExistsError, lambda: admin.create_topics({topic: one}))
        refused(InvalidTopicError, lambda: admin.create_topics({"bad name!": one}))
        wide = {"num_partitions": 1, "replication_factor": 3}
        refused(InvalidReplicationFactorError, lambda: admin.create_topics({"wide": wide}))
        admin.delete_topics([topic])
        eventually(lambda: topic not in admin.list_topics())
        refused(UnknownTopicOrPartitionError, lambda: admin.delete_topics([topic]))


@checks.add
def admin_configs(broker):
    """settings are described, altered and reset"""
    topic = new_topic(broker, retention_ms=123456)
    with Admin(broker) as admin:

        def described(**config_filter):
            resource = ConfigResource(ConfigResourceType.TOPIC, topic)
            return admin.describe_configs([resource], **config_filter)["topic"][topic]

        assert described()["retention.ms"]["value"] == "123456", described()
        assert len(described(config_filter="all")) > 25
        change = {"max.message.bytes": "4321", "cleanup.policy": ("APPEND", "compact")}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=change)])
        eventually(lambda: described().get("max.message.bytes", {}).get("value") == "4321")
        assert set(described()["cleanup.policy"]["value"].split(",")) == {"delete", "compact"}
        reset = ConfigResource(ConfigResourceType.TOPIC, topic, configs=["retention.ms"])
        admin.reset_configs([reset])
        eventually(lambda: "retention.ms" not in described())


@checks.add
def admin_groups(broker):
    """groups are listed, described, reset, relieved of offsets and deleted"""
    topic, group = new_topic(broker), f"group-{uuid.uuid4().hex[:12]}"
    where = TopicPartition(topic, 0)
    produce(broker, topic, plain([b"x"] * 10))
    consumer = consumer_of(broker, group)
    consumer.subscribe([topic])
    take(consumer, 10)
    consumer.commit()
    with Admin(broker) as admin:
        described = admin.describe_groups([group])[group]
        assert described["group_state"] == "Stable" and len(described["members"]) == 1, described
        consumer.close()
        assert group in {entry["group_id"] for entry in admin.list_groups()}
        assert admin.list_group_offsets({group: None})[group][where].offset == 10
        admin.alter_group_offsets(group, {where: OffsetAndMetadata(4, "", -1)})
        assert admin.list_group_offsets({group: [where]})[group][where].offset == 4
        admin.reset_group_offsets(group, {where: OffsetSpec.EARLIEST})
        assert admin.list_group_offsets({group: [where]})[group][where].offset == 0
        admin.delete_group_offsets(group, [where])
        offsets = admin.list_group_offsets({group: [where]})[group]
        assert where not in offsets or offsets[where].offset == -1, offsets
        admin.delete_groups([group])
        assert group not in {entry["group_id"] for entry in admin.list_groups()}


@checks.add
def admin_cluster(broker):
    """offsets, records, log folders, quorum and partitions are administered"""
    topic = new_topic(broker)
    where = TopicPartition(topic, 0)
    produce(broker, topic, plain([b"x"] * 20))
    with Admin(broker) as admin:
        offsets = admin.list_partition_offsets({where: OffsetSpec.LATEST})
        assert offsets[where].offset == 20, offsets
        admin.delete_records({where: 5})
        offsets = admin.list_partition_offsets({where: OffsetSpec.EARLIEST})
        assert offsets[where].offset == 5, offsets
        cluster = admin.describe_cluster()
        assert len(cluster["cluster_id"]) == 22 and len(cluster["brokers"]) == 1
        assert topic in str(admin.describe_log_dirs({topic: [0]}))
        pages = admin.describe_topic_partitions([topic])
        assert topic in str(pages), pages
        admin.elect_leaders(0, {topic: [0]})
        assert admin.list_partition_reassignments() == {}
        assert admin.describe_metadata_quorum()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with brokers.open_broker() as opened:
        code = checks.run(opened)
    sys.exit(code)
