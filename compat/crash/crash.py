"""Kills the broker again and again while producers write: what was acknowledged must be there.

Two producers number their records and write every acknowledgement into a ledger (offset, number):

  all    idempotent, acks=all    after each restart every number up to the last acknowledged one is
                                 in the log exactly once, in order, at the offset that was promised
  one    plain, acks=1           every acknowledged record is at its offset (a retry may have
                                 written another copy)

The kill is SIGKILL, so acks=1 must hold too: the operating system has the bytes. After each
restart the producers go on, with the connections and sequences they have.

    crash.py [KILLS]           or CRASH_KILLS=20 in the environment; 6 unless said
"""

import os
import random
import sys
import threading
import time

import broker as brokers
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

KILLS = int((sys.argv[1:] or [os.environ.get("CRASH_KILLS", "6")])[0])
SEED = int(os.environ.get("CRASH_SEED", "1"))
QUIET = {"log_level": 2}


class Writer(threading.Thread):
    """Writes numbers without a pause and remembers what the broker acknowledged."""

    def __init__(self, address, topic, **config):
        super().__init__(daemon=True)
        self.topic = topic
        self.producer = Producer(
            {"bootstrap.servers": address, "linger.ms": 1, "batch.num.messages": 50}
            | {"message.timeout.ms": 120_000, "retry.backoff.ms": 50}
            | {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200}
            | QUIET
            | config
        )
        self.lock = threading.Lock()
        self.ledger = {}  # offset -> number
        self.failures = []
        self.sent = 0
        self.stopping = False

    def run(self):
        while not self.stopping:
            try:
                self.producer.produce(
                    self.topic, b"%d" % self.sent + b" " * 200, partition=0, on_delivery=self.note
                )
                self.sent += 1
            except BufferError:
                self.producer.poll(0.05)
            if self.sent % 50 == 0:
                # About 5,000 a second: enough to be always writing, few enough to check them all.
                self.producer.poll(0)
                time.sleep(0.01)
        self.left = self.producer.flush(60)

    def note(self, error, message):
        with self.lock:
            if error:
                self.failures.append(str(error))
            else:
                self.ledger[message.offset()] = int(message.value())

    def acknowledged(self):
        with self.lock:
            return dict(self.ledger)


def read_all(address, topic, upto):
    """The log from its start to at least offset `upto`, as offset -> number."""
    consumer = Consumer(
        {"bootstrap.servers": address, "group.id": "crash-reader", "check.crcs": True}
        | {"auto.offset.reset": "error", "enable.auto.commit": False}
        | QUIET
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found, deadline = {}, time.monotonic() + 60
    while not found or max(found) < upto:
        if time.monotonic() > deadline:
            break
        for message in consumer.consume(5000, 0.5):
            if message.error():
                raise KafkaException(message.error())
            found[message.offset()] = int(message.value())
    consumer.close()
    return found


def compare(name, ledger, found, exactly_once):
    """What is wrong between what was promised and what is there, as sentences."""
    wrong = []
    lost = [offset for offset in ledger if offset not in found]
    if lost:
        wrong.append(f"{name}: {len(lost)} acknowledged offsets are gone, first {min(lost)}")
    moved = [at for at, number in ledger.items() if at in found and found[at] != number]
    if moved:
        at = min(moved)
        wrong.append(f"{name}: offset {at} holds {found[at]}, promised was {ledger[at]}")
    if sorted(found) != list(range(len(found))):
        wrong.append(f"{name}: the offsets have a hole")
    numbers = [found[offset] for offset in sorted(found)]
    if exactly_once and numbers != list(range(len(numbers))):
        at = next(index for index, number in enumerate(numbers) if index != number)
        around = numbers[max(0, at - 2) : at + 3]
        wrong.append(f"{name}: not once and in order at offset {at}: ... {around} ...")
    return wrong


def main():
    chance = random.Random(SEED)
    passed = failed = 0
    print(f"crash: {KILLS} kills, seed {SEED}", flush=True)
    with brokers.open_broker() as broker:
        if not broker.can_restart:
            print("crash: 0 passed, 0 failed, 1 skipped")
            return 0
        admin = AdminClient({"bootstrap.servers": broker.address} | QUIET)
        for future in admin.create_topics([NewTopic("all", 1, 1), NewTopic("one", 1, 1)]).values():
            future.result(30)
        writers = [
            Writer(broker.address, "all", **{"enable.idempotence": True}),
            Writer(broker.address, "one", **{"acks": "1"}),
        ]
        for writer in writers:
            writer.start()
        for kill in range(1, KILLS + 1):
            before = [len(writer.acknowledged()) for writer in writers]
            deadline = time.monotonic() + 60
            while any(len(w.acknowledged()) <= b for w, b in zip(writers, before, strict=True)):
                assert time.monotonic() < deadline, "a producer does not go on after the restart"
                time.sleep(0.01)
            time.sleep(chance.uniform(0.2, 2.0))
            broker.kill()
            # Acknowledgements that were on their way when the broker died still arrive.
            time.sleep(0.2)
            ledgers = [writer.acknowledged() for writer in writers]
            began = time.monotonic()
            broker.start()
            seconds = time.monotonic() - began
            wrong = []
            for writer, ledger in zip(writers, ledgers, strict=True):
                found = read_all(broker.address, writer.topic, max(ledger))
                wrong += compare(writer.topic, ledger, found, writer.topic == "all")
            passed, failed = passed + (not wrong), failed + bool(wrong)
            promised = " and ".join(f"{len(ledger)}" for ledger in ledgers)
            print(
                f"{'FAILED' if wrong else 'ok    '} kill {kill}: {promised} acknowledged records,"
                f" ready again after {seconds * 1000:.0f} ms",
                flush=True,
            )
            for sentence in wrong:
                print(f"       {sentence}", flush=True)
        for writer in writers:
            writer.stopping = True
        for writer in writers:
            writer.join(90)
        wrong = []
        for writer in writers:
            ledger = writer.acknowledged()
            found = read_all(broker.address, writer.topic, max(ledger))
            wrong += compare(writer.topic, ledger, found, writer.topic == "all")
            if writer.topic == "all" and (writer.failures or writer.left):
                wrong.append(f"all: {len(writer.failures)} not delivered: {writer.failures[:3]}")
            if writer.topic == "all" and not wrong and len(found) != writer.sent:
                wrong.append(f"all: {writer.sent} were sent, {len(found)} are there")
        passed, failed = passed + (not wrong), failed + bool(wrong)
        print(f"{'FAILED' if wrong else 'ok    '} at the end everything sent is there once")
        for sentence in wrong:
            print(f"       {sentence}", flush=True)
    print(f"crash: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
