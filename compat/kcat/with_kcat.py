"""kcat against a broker: produce, consume, metadata, offsets and groups on its command line."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import broker as brokers
from checks import Checks

checks = Checks("kcat")


def kcat(broker, *words, given="", ok=True, seconds=60):
    done = subprocess.run(
        [shutil.which("kcat") or "kafkacat", "-b", broker.address, *words],
        input=given.encode(),
        capture_output=True,
        timeout=seconds,
    )
    output, errors = done.stdout.decode(), done.stderr.decode()
    assert (done.returncode == 0) == ok, f"kcat {words} ended with {done.returncode}: {errors}"
    return output if ok else errors


def new_name(what="kcat"):
    return f"{what}-{uuid.uuid4().hex[:12]}"


@checks.add
def lines(broker):
    """lines are produced to a topic that does not exist yet, and consumed"""
    topic = new_name()
    kcat(broker, "-P", "-t", topic, given="one\ntwo\nthree\n")
    assert kcat(broker, "-C", "-t", topic, "-e", "-q") == "one\ntwo\nthree\n"


@checks.add
def keys_headers_nulls(broker):
    """keys, headers and null values come back, as text and as JSON"""
    topic = new_name()
    header = ["-H", "trace=1", "-H", "from=test"]
    kcat(broker, "-P", "-t", topic, "-K:", "-Z", *header, given="a:first\nb:\n")
    shape = "%p %o %k %s %h\n"
    text = kcat(broker, "-C", "-t", topic, "-e", "-q", "-f", shape)
    assert text == "0 0 a first trace=1,from=test\n0 1 b  trace=1,from=test\n", text
    records = [json.loads(line) for line in kcat(broker, "-CJeq", "-t", topic).splitlines()]
    assert [record["payload"] for record in records] == ["first", None], records
    assert records[0]["headers"] == ["trace", "1", "from", "test"]
    assert records[0]["tstype"] == "create"


@checks.add
def codecs(broker):
    """every codec is stored and read with checked CRCs"""
    topic = new_name()
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        given = "".join(f"{codec} {number}\n" for number in range(100))
        kcat(broker, "-P", "-t", topic, "-X", f"compression.codec={codec}", given=given)
    got = kcat(broker, "-C", "-t", topic, "-e", "-q", "-X", "check.crcs=true").splitlines()
    assert len(got) == 500 and got[0] == "none 0" and got[-1] == "zstd 99"


@checks.add
def metadata(broker):
    """metadata lists broker, topic and partitions, for all topics and for one"""
    topic = new_name()
    kcat(broker, "-P", "-t", topic, given="x\n")
    one = json.loads(kcat(broker, "-L", "-J", "-t", topic))
    assert [node["name"] for node in one["brokers"]] == [broker.address], one["brokers"]
    assert one["topics"] == [
        {
            "topic": topic,
            "partitions": [
                {"partition": 0, "leader": 1, "replicas": [{"id": 1}], "isrs": [{"id": 1}]}
            ],
        }
    ], one["topics"]
    everything = json.loads(kcat(broker, "-L", "-J"))
    assert topic in {entry["topic"] for entry in everything["topics"]}


@checks.add
def positions(broker):
    """a consumer starts at an offset, before the end, or at a time"""
    topic = new_name()
    kcat(broker, "-P", "-t", topic, given="0\n1\n2\n3\n")
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    kcat(broker, "-P", "-t", topic, given="4\n5\n")
    starts = [("3", "345"), ("-1", "5"), (f"s@{between}", "45"), ("beginning", "012345")]
    for start, expected in starts:
        got = kcat(broker, "-C", "-t", topic, "-p", "0", "-e", "-q", "-o", start)
        assert got.replace("\n", "") == expected, (start, got)
    assert kcat(broker, "-C", "-t", topic, "-o", "1", "-p", "0", "-c", "2", "-q") == "1\n2\n"


@checks.add
def query(broker):
    """offsets are queried by time: earliest, latest, between, never"""
    topic = new_name()
    kcat(broker, "-P", "-t", topic, given="0\n1\n")
    time.sleep(0.05)
    between = int(time.time() * 1000)
    time.sleep(0.05)
    kcat(broker, "-P", "-t", topic, given="2\n")
    for at, expected in [(-2, 0), (-1, 3), (between, 2), (between + 10**9, -1)]:
        got = kcat(broker, "-Q", "-t", f"{topic}:0:{at}")
        assert f"{topic} [0] offset {expected}" in got, (at, got)


@checks.add
def group(broker):
    """a balanced group reads everything once and goes on where it was"""
    topic, name = new_name(), new_name("group")
    start = ["-X", "auto.offset.reset=earliest", "-e", "-q"]
    kcat(broker, "-P", "-t", topic, given="a\nb\n")
    assert kcat(broker, *start, "-G", name, topic) == "a\nb\n"
    kcat(broker, "-P", "-t", topic, given="c\n")
    assert kcat(broker, *start, "-G", name, topic) == "c\n"


@checks.add
def idempotent(broker):
    """an idempotent producer writes a file of lines once and in order"""
    topic = new_name()
    with tempfile.NamedTemporaryFile("w+") as file:
        file.writelines(f"line {number}\n" for number in range(10_000))
        file.flush()
        kcat(broker, "-P", "-t", topic, "-X", "enable.idempotence=true", "-l", file.name)
    got = kcat(broker, "-C", "-t", topic, "-e", "-q").splitlines()
    assert got == [f"line {number}" for number in range(10_000)]


@checks.add
def large(broker):
    """a file of 900 kB is one record; 2 MB are refused"""
    topic = new_name()
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("m" * 900_000)
        file.flush()
        kcat(broker, "-P", "-t", topic, file.name)
        assert kcat(broker, "-C", "-t", topic, "-e", "-q", "-f", "%S") == "900000"
        file.write("m" * 1_100_000)
        file.flush()
        big = ["-X", "message.max.bytes=3000000"]
        errors = kcat(broker, "-P", "-t", topic, *big, file.name, ok=False)
        assert "too large" in errors.lower() or "size" in errors.lower(), errors


@checks.add
def unknown(broker):
    """a partition that does not exist is said to be unknown"""
    topic = new_name()
    kcat(broker, "-P", "-t", topic, given="x\n")
    errors = kcat(broker, "-C", "-t", topic, "-p", "9", "-e", "-q", ok=False)
    assert "unknown partition" in errors.lower() or "does not exist" in errors.lower(), errors


if __name__ == "__main__":
    with brokers.open_broker() as opened:
        code = checks.run(opened)
    sys.exit(code)
