"""Three processes share a group; one is killed; the others take over and nothing is lost."""

import pathlib
import subprocess
import sys
import tempfile
import time

MEMBER = pathlib.Path(__file__).with_name("group_member.py")
PARTITIONS = 6


class Member:
    def __init__(self, library, broker, group, topic):
        self.events = tempfile.NamedTemporaryFile("w+", prefix="klamm-member-")
        command = [sys.executable, str(MEMBER), library, broker, group, topic]
        self.process = subprocess.Popen(command, stdout=self.events, stdin=subprocess.DEVNULL)

    def lines(self):
        text = pathlib.Path(self.events.name).read_text()
        # A killed member may have left half a line.
        return [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def assigned(self):
        latest = [line[1:] for line in self.lines() if line[0] == "assigned"]
        return {int(partition) for partition in latest[-1]} if latest else set()

    def values(self):
        return {line[3] for line in self.lines() if line[0] == "record"}

    def kill(self):
        self.process.kill()
        self.process.wait()


def wait_until(what, check, seconds=60):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"{what}: not so after {seconds} s"
        time.sleep(0.1)


def share_and_kill_one(library, broker, topic, produce):
    """`produce(values)` writes one record per value, spread over the topic's six partitions."""
    everything = set(range(PARTITIONS))
    members = [Member(library, broker, f"{topic}-group", topic) for _ in range(3)]
    try:
        wait_until(
            "each of three has two partitions",
            lambda: all(len(member.assigned()) == 2 for member in members)
            and set.union(*(member.assigned() for member in members)) == everything,
        )
        first = {f"first-{number}" for number in range(300)}
        produce(sorted(first))
        wait_until(
            "the three have read the first records",
            lambda: set.union(*(member.values() for member in members)) >= first,
        )
        assert all(member.values() for member in members), "each member has had a share"

        members[0].kill()
        second = {f"second-{number}" for number in range(300)}
        produce(sorted(second))
        left = members[1:]
        wait_until(
            "the other two take over all partitions",
            lambda: set.union(*(member.assigned() for member in left)) == everything,
        )
        wait_until(
            "no record is lost",
            lambda: set.union(*(member.values() for member in members)) >= first | second,
        )
        for member in left:
            assert member.process.poll() is None, "a member ended by itself"
    finally:
        for member in members:
            member.kill()
