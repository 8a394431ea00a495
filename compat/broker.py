"""The broker that a compat program talks to: Klamm, Apache Kafka itself, or one that runs already.

    BROKER unset        a fresh Klamm (the release binary) on a free port, in a temporary folder
    BROKER=kafka        a fresh Apache Kafka: every expectation here has been checked against it
    BROKER=host:port    a broker somebody else started; what needs a restart is skipped

As a program, `broker.py COMMAND...` runs COMMAND with BROKER=host:port set, then stops the broker.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "klamm"
KAFKA_LIBS = CACHE / "apache-kafka" / "libs"


def klamm_binary():
    target = os.environ.get("CARGO_TARGET_DIR") or CACHE / "target"
    return os.environ.get("KLAMM_BIN") or str(pathlib.Path(target) / "release" / "klamm")


def free_port():
    """A port below those that the system hands out by itself, so that nobody takes it meanwhile."""
    while True:
        port = random.randint(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def answers(address):
    """Whether the broker answers a raw ApiVersions request: from then on a client can use it."""
    host, port = address.rsplit(":", 1)
    request = struct.pack(">hhih", 18, 0, 1, -1)
    try:
        with socket.create_connection((host, int(port)), timeout=1) as conn:
            conn.settimeout(1)
            conn.sendall(struct.pack(">i", len(request)) + request)
            return len(conn.recv(4)) == 4
    except OSError:
        return False


class Broker:
    """What all brokers share: a process, a folder that is removed at the end, an address."""

    can_restart = True

    def __init__(self, folder=None):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="klamm-compat-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "broker.log"
        self.process = None
        self.address = None

    def prepare(self):
        """What has to be done once before the first start."""

    def launch(self, command):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
            )

    def wait_until(self, ready, seconds):
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"the broker ended at its start:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"the broker was not ready in {seconds} s:\n{self.log_tail()}")
            time.sleep(0.005)

    def log_tail(self, lines=25):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def stop(self, how=signal.SIGTERM):
        """Ends the broker and returns its exit code: SIGTERM asks, SIGKILL is a crash."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process = None
        return code

    def kill(self):
        return self.stop(signal.SIGKILL)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *failure):
        if failure[0] is not None:
            sys.stderr.write(f"-- the broker's last lines:\n{self.log_tail()}\n")
        self.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Klamm(Broker):
    def __init__(self, folder=None, args=()):
        super().__init__(folder)
        self.args = list(args)

    def start(self):
        """The first start takes a free port; later ones come back on it, as clients expect."""
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        listen = self.address or "127.0.0.1:0"
        self.launch(
            [klamm_binary(), "serve", "--listen", listen, "--data-dir", str(self.folder / "data")]
            + ["--ready-file", str(ready)]
            + self.args
        )
        self.wait_until(lambda: self.bound_address(ready), 60)
        self.address = self.bound_address(ready)

    @staticmethod
    def bound_address(ready):
        found = re.search(r"127\.0\.0\.1:\d+", ready.read_text()) if ready.exists() else None
        return found and found.group()


class ApacheKafka(Broker):
    """Apache Kafka from its own jars: one process that is broker and controller, 1 GiB of heap."""

    def __init__(self, folder=None):
        super().__init__(folder)
        self.properties = self.folder / "server.properties"

    def prepare(self):
        """Takes a port and formats the folder, once."""
        if self.address is None:
            self.address = f"127.0.0.1:{free_port()}"
            self.configure()

    def start(self):
        self.prepare()
        self.launch(self.java("kafka.Kafka", str(self.properties)))
        self.wait_until(lambda: answers(self.address), 120)

    def configure(self):
        controller = f"127.0.0.1:{free_port()}"
        self.properties.write_text(
            "process.roles=broker,controller\n"
            "node.id=1\n"
            f"listeners=PLAINTEXT://{self.address},CONTROLLER://{controller}\n"
            f"advertised.listeners=PLAINTEXT://{self.address}\n"
            "controller.listener.names=CONTROLLER\n"
            f"controller.quorum.voters=1@{controller}\n"
            f"log.dirs={self.folder / 'data'}\n"
            "offsets.topic.replication.factor=1\n"
            "transaction.state.log.replication.factor=1\n"
            "transaction.state.log.min.isr=1\n"
            "share.coordinator.state.topic.replication.factor=1\n"
            "share.coordinator.state.topic.min.isr=1\n"
        )
        subprocess.run(
            self.java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg")
            + ["-c", str(self.properties)],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    @staticmethod
    def java(main, *args):
        return [
            "java", "-Xmx1G", "-Xms1G", "-XX:+UseG1GC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp", f"{KAFKA_LIBS}/*", main, *args,
        ]  # fmt: skip


class Running(Broker):
    """A broker that somebody else started."""

    can_restart = False

    def __init__(self, address):
        super().__init__()
        self.address = address

    def start(self):
        if not answers(self.address):
            raise RuntimeError(f"no broker answers at {self.address}")


def open_broker():
    wanted = os.environ.get("BROKER")
    if not wanted:
        return Klamm()
    return ApacheKafka() if wanted == "kafka" else Running(wanted)


def main():
    with open_broker() as broker:
        environment = {**os.environ, "BROKER": broker.address}
        code = subprocess.call(sys.argv[1:], env=environment)
        if code != 0:
            sys.stderr.write(f"-- the broker's last lines:\n{broker.log_tail()}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
