"""Apache Kafka itself, as a reference: what it does is the specification, and a test that it fails is
wrong.

Jars come from Maven through the small poms beside this file, once, into `.cache/` (not in git). 4.3.1
runs in KRaft mode as one node that is broker and controller; formatting a folder costs a JVM start, so
it is done once and copied. 3.9.2 runs in ZooKeeper mode beside a ZooKeeper process with its own class
path. A small heap, the serial collector and the C1 compiler alone bring a broker up in a second or two;
`tuned_for_speed` gives the JVM's own choices instead, for measurements.

`observable` brokers have the settings of observable.properties and four listeners each, PLAINTEXT the first; `KafkaCluster`
runs three 4.3.1 nodes.
"""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from harness.fetched import Unavailable, alone, step
from harness.process import BrokerProcess, StartFailed, free_port
from harness.rawwire import broker_count, connect
from reference import observable

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
QUICK_START = ["-Xmx256m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
PROTOCOL_MAP = ",".join(
    ["CONTROLLER:PLAINTEXT", *(f"{name}:{name}" for name in ("PLAINTEXT", *observable.PROTOCOLS))]
)
CLUSTER_ID = "cHlrYnJva2VyLXJlZmVyZW"  # 16 bytes in URL-safe base64

# One node, tests: replication 1, no waiting for a group's first members, few internal partitions (Kafka
# creates each as a folder with files), and a short memory for a broker that was killed and comes again.
COMMON = {
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
}
KRAFT = {
    **COMMON,
    "process.roles": "broker,controller",
    "node.id": "0",
    "controller.listener.names": "CONTROLLER",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "broker.session.timeout.ms": "4000",
    "broker.heartbeat.interval.ms": "500",
}
REPLICATED = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}
ZOOKEEPER = {**COMMON, "broker.id": "0", "zookeeper.session.timeout.ms": "2000"}


def jars(artifact: str) -> Path:
    """The folder of jars of `poms/<artifact>.xml`, fetched with Maven if it is not there yet.

    Raises: Unavailable.
    """
    target = CACHE / artifact
    if (target / "complete").exists():
        return target
    with alone(target):
        if not (target / "complete").exists():
            _fetch(artifact, target)
    return target


def _fetch(artifact: str, target: Path) -> None:
    if shutil.which("java") is None:
        raise Unavailable("java is not installed")
    shutil.rmtree(target, ignore_errors=True)
    pom = shutil.copy(HERE / "poms" / f"{artifact}.xml", CACHE / f"{artifact}.pom.xml")
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    step(["mvn", "-q", "-B", "-f", str(pom), *copy])
    (target / "complete").touch()


def java_command(jars_dir: Path, options: list[str], main: str, *arguments: str) -> list[str]:
    logging = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
    return ["java", *options, *logging, "-cp", f"{jars_dir}/*", main, *arguments]


def write_properties(path: Path, settings: dict[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return path


class ApacheKafka(BrokerProcess):
    """Kafka 4.3.1 in KRaft mode: one node, broker and controller. Settings override those above."""

    name = "kafka-4.3.1"
    version = "4.3.1"
    start_timeout_s = 60.0
    artifact = "kafka-4.3.1"

    def __init__(
        self,
        work_dir: Path | None = None,
        settings: dict[str, str] | None = None,
        tuned_for_speed: bool = False,
        is_observable: bool = False,
    ) -> None:
        super().__init__(work_dir)
        self.settings = settings or {}
        self.options = ["-Xmx1g"] if tuned_for_speed else QUICK_START
        self.is_observable = is_observable
        self.listeners: dict[str, str] = {}  # protocol -> HOST:PORT of the further ones
        self.ca_file: Path | None = None

    @property
    def data_dir(self) -> Path:
        return self.work_dir / "data"

    def _settings(self) -> dict[str, str]:
        return {**KRAFT, **self._observable(), **self.settings, "log.dirs": str(self.data_dir)}

    def _observable(self) -> dict[str, str]:
        if not self.is_observable:
            return {}
        identity = observable.identity(CACHE / "identity")
        self.ca_file = identity.certificate
        return {**observable.settings(), "ssl.keystore.location": str(identity.key_store)}

    def _client_listeners(self) -> str:
        """The value of `listeners`, without a controller's."""
        if self.is_observable:
            self.listeners = {name: f"127.0.0.1:{free_port()}" for name in observable.PROTOCOLS}
        everyone = {"PLAINTEXT": self.bootstrap, **self.listeners}
        return ",".join(f"{name}://{address}" for name, address in everyone.items())

    def command(self) -> list[str]:
        jars_dir = jars(self.artifact)
        properties = self.work_dir / "server.properties"
        if not properties.exists():
            self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
            self._prepare(jars_dir, properties)
        return java_command(jars_dir, self.options, "kafka.Kafka", str(properties))

    def _prepare(self, jars_dir: Path, properties: Path) -> None:
        self._write(jars_dir, properties, 0, {0: f"127.0.0.1:{free_port()}"})

    def _write(self, jars_dir: Path, properties: Path, node: int, controllers: dict[int, str]) -> None:
        """Properties and a formatted folder for one node of a quorum. controllers: node -> HOST:PORT."""
        clients = self._client_listeners()
        own = {
            "node.id": str(node),
            "listeners": f"{clients},CONTROLLER://{controllers[node]}",
            "advertised.listeners": clients,
            "listener.security.protocol.map": PROTOCOL_MAP,
            "controller.quorum.voters": ",".join(f"{i}@{address}" for i, address in controllers.items()),
        }
        write_properties(properties, {**self._settings(), **own})
        shutil.copytree(formatted_folder(jars_dir), self.data_dir)
        if node:
            identify(self.data_dir / "meta.properties", node)


def formatted_folder(jars_dir: Path) -> Path:
    """A log dir as StorageTool leaves it, made once: no address of a run is written in it.

    Raises: StartFailed.
    """
    target = jars_dir / "formatted"
    with alone(target):
        if target.exists():
            return target
        fresh = jars_dir / f"formatted.{os.getpid()}"
        addresses = {
            "listeners": "PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2",
            "controller.quorum.voters": "0@127.0.0.1:2",
        }
        settings = {**KRAFT, **addresses, "log.dirs": str(fresh)}
        properties = write_properties(jars_dir / "format.properties", settings)
        tool = java_command(jars_dir, QUICK_START, "kafka.tools.StorageTool", "format")
        arguments = ["--cluster-id", CLUSTER_ID, "--config", str(properties)]
        done = subprocess.run([*tool, *arguments], capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise StartFailed(f"StorageTool: {done.stdout}{done.stderr}")
        fresh.rename(target)
    return target


def identify(meta: Path, node: int) -> None:
    """Make the formatted folder that of another node: its id, and a directory id of its own."""
    directory_id = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A", 1)
    own = {"node.id": str(node), "directory.id": directory_id}
    lines = [line.partition("=") for line in meta.read_text().splitlines() if not line.startswith("#")]
    meta.write_text("".join(f"{name}={own.get(name, value)}\n" for name, _, value in lines))


class KafkaNode(ApacheKafka):
    """One of several; `controllers` are those of all."""

    def __init__(
        self, node: int, controllers: dict[int, str], work_dir: Path, settings: dict[str, str], observed: bool
    ):
        super().__init__(work_dir, settings, is_observable=observed)
        self.node = node
        self.controllers = controllers

    def _prepare(self, jars_dir: Path, properties: Path) -> None:
        self._write(jars_dir, properties, self.node, self.controllers)

    def _answers(self) -> bool:
        """All of them are there: none serves before a majority does."""
        return broker_count(self.bootstrap, 1.0) == len(self.controllers)


class KafkaCluster:
    """Nodes of Kafka 4.3.1, each broker and controller. Tests do not stop them: `owned` is False."""

    version = ApacheKafka.version
    owned = False

    def __init__(
        self,
        work_dir: Path,
        settings: dict[str, str] | None = None,
        is_observable: bool = False,
        count: int = 3,
    ) -> None:
        self.name = f"kafka-4.3.1 with {count} nodes"
        controllers = {node: f"127.0.0.1:{free_port()}" for node in range(count)}
        own = {**REPLICATED, **(settings or {})}
        self.nodes = [
            KafkaNode(node, controllers, work_dir / f"node-{node}", own, is_observable)
            for node in range(count)
        ]

    @property
    def bootstrap(self) -> str:
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def listeners(self) -> dict[str, str]:
        return self.nodes[0].listeners

    @property
    def ca_file(self) -> Path | None:
        return self.nodes[0].ca_file

    def start(self) -> None:
        """All at once. Raises: StartFailed."""
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_ready()

    def close(self) -> None:
        for node in self.nodes:
            with contextlib.suppress(OSError):
                node.terminate()
        for node in self.nodes:
            node.close()

    def log(self) -> str:
        return "\n".join(f"--- node {node.node}\n{node.log(4096)}" for node in self.nodes)


class ZooKeeperServer(BrokerProcess):
    """A standalone ZooKeeper 3.8.4, the one that Kafka 3.9.2 is built with."""

    name = "zookeeper-3.8.4"

    def command(self) -> list[str]:
        self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
        settings = {
            "tickTime": "500",
            "dataDir": str(self.work_dir / "data"),
            "clientPort": self.bootstrap.rpartition(":")[2],
            "clientPortAddress": "127.0.0.1",
            "admin.enableServer": "false",
            "4lw.commands.whitelist": "ruok",
            "maxClientCnxns": "0",
        }
        properties = write_properties(self.work_dir / "zoo.cfg", settings)
        main = "org.apache.zookeeper.server.ZooKeeperServerMain"
        return java_command(jars("zookeeper-3.8.4"), QUICK_START, main, str(properties))

    def _answers(self) -> bool:
        with connect(self.bootstrap, 1.0) as sock:
            sock.sendall(b"ruok")
            return sock.recv(16) == b"imok"


class ApacheKafkaWithZooKeeper(ApacheKafka):
    """Kafka 3.9.2 in ZooKeeper mode, with a ZooKeeper of its own that outlives the broker's restarts."""

    name = "kafka-3.9.2"
    version = "3.9.2"
    artifact = "kafka-3.9.2"

    def __init__(
        self,
        work_dir: Path | None = None,
        settings: dict[str, str] | None = None,
        tuned_for_speed: bool = False,
        is_observable: bool = False,
    ) -> None:
        super().__init__(work_dir, settings, tuned_for_speed, is_observable)
        self.zookeeper = ZooKeeperServer(self.work_dir / "zookeeper")

    def _settings(self) -> dict[str, str]:
        observed = self._observable()
        if observed:
            observed["authorizer.class.name"] = observable.ACL_AUTHORIZER
        return {**ZOOKEEPER, **observed, **self.settings, "log.dirs": str(self.data_dir)}

    def _prepare(self, jars_dir: Path, properties: Path) -> None:
        self.zookeeper.start()
        addresses = {
            "listeners": self._client_listeners(),
            "zookeeper.connect": self.zookeeper.bootstrap,
        }
        write_properties(properties, {**self._settings(), **addresses})

    def close(self) -> None:
        broker_files, self._own_work_dir = self._own_work_dir, False
        super().close()
        self.zookeeper.close()
        if broker_files:
            shutil.rmtree(self.work_dir, ignore_errors=True)


VERSIONS: dict[str, type[ApacheKafka]] = {"4.3.1": ApacheKafka, "3.9.2": ApacheKafkaWithZooKeeper}
