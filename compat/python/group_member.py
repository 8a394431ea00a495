"""One member of a consumer group, as a process of its own that a test may kill.

Prints a line per event: "assigned 0 2", "record PARTITION OFFSET VALUE". A record is printed
first and committed after: what a killed member had not committed comes again at another member.

    group_member.py confluent|kafka-python BROKER GROUP TOPIC
"""

import sys

SESSION_TIMEOUT_MS = 6000
HEARTBEAT_MS = 1000


def tell(*words):
    print(*words, flush=True)


def run_confluent(broker, group, topic):
    from confluent_kafka import Consumer

    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": SESSION_TIMEOUT_MS,
            "heartbeat.interval.ms": HEARTBEAT_MS,
            "log_level": 2,
        }
    )
    consumer.subscribe(
        [topic],
        on_assign=lambda _, parts: tell("assigned", *sorted(part.partition for part in parts)),
    )
    while True:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error():
            sys.stderr.write(f"{message.error()}\n")
            continue
        tell("record", message.partition(), message.offset(), message.value().decode())
        consumer.commit(message, asynchronous=False)


def run_kafka_python(broker, group, topic):
    from kafka import ConsumerRebalanceListener, KafkaConsumer

    class Listener(ConsumerRebalanceListener):
        def on_partitions_revoked(self, revoked):
            pass

        def on_partitions_assigned(self, assigned):
            tell("assigned", *sorted(part.partition for part in assigned))

    consumer = KafkaConsumer(
        bootstrap_servers=broker,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
    )
    consumer.subscribe([topic], listener=Listener())
    while True:
        for records in consumer.poll(timeout_ms=1000).values():
            for record in records:
                tell("record", record.partition, record.offset, record.value.decode())
            consumer.commit()


if __name__ == "__main__":
    library, *where = sys.argv[1:]
    {"confluent": run_confluent, "kafka-python": run_kafka_python}[library](*where)
