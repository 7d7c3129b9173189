"""From file, environment and command line to the settings in force: the order, the refusals, the notes, the paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykbroker.config.broker import BROKER, BrokerConfig
from pykbroker.config.described import Source
from pykbroker.config.listeners import Listener
from pykbroker.config.loading import Loaded, Options, advertised_of, connection_overrides, listeners_of, load
from pykbroker.errors import ConfigError, StartError

KAFKAS_OWN_FILE = """
############################# Server Basics #############################
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
"""
"""The keys and values of the file that Kafka 4 ships."""


def loaded(*sets: str, **environ: str) -> Loaded:
    return load(environ=environ, sets=sets)


def refused(*sets: str, **environ: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(environ=environ, sets=sets)
    assert caught.value.exit_code == 78
    return caught.value


# --- order --------------------------------------------------------------------------------------------------------


def test_order_of_layers(tmp_path: Path) -> None:
    """Defaults < file < KAFKA_* < --set < named options."""
    file = tmp_path / "server.properties"
    file.write_text("broker.id=1\nnum.partitions=1\nlog.roll.hours=1\n")
    environ = {"KAFKA_BROKER_ID": "2", "KAFKA_NUM_PARTITIONS": "2"}

    def id_and_partitions(config: BrokerConfig) -> tuple[int, int]:
        return config.integer("broker.id"), config.integer("num.partitions")

    assert id_and_partitions(load().config) == (0, 1)
    config = load(str(file)).config
    assert id_and_partitions(config) == (1, 1)
    assert config.source("num.partitions") is Source.STATIC_BROKER
    assert id_and_partitions(load(str(file), environ).config) == (2, 2)
    assert id_and_partitions(load(str(file), environ, ["broker.id=3"]).config) == (3, 2)
    final = load(str(file), environ, ["broker.id=3"], Options(broker_id="4")).config
    assert id_and_partitions(final) == (4, 2)
    assert final.integer("log.roll.hours") == 1


def test_of_a_setting_given_twice_the_last_wins() -> None:
    assert loaded("num.partitions=1", "num.partitions=2").config.integer("num.partitions") == 2


def test_broker_id_and_node_id_are_one_number() -> None:
    config = loaded(KAFKA_NODE_ID="7").config
    assert (config.integer("broker.id"), config.integer("node.id")) == (7, 7)
    config = loaded("broker.id=8", KAFKA_NODE_ID="7").config
    assert (config.integer("broker.id"), config.integer("node.id")) == (8, 8)
    assert loaded("broker.id=-1").config.integer("broker.id") == 0
    assert "contradicts node.id" in refused("broker.id=1", "node.id=2").fix
    assert loaded("broker.id=2", "node.id=2").config.integer("node.id") == 2


def test_a_setting_without_a_value_stands_at_its_default_of_none() -> None:
    assert loaded("broker.rack=", "advertised.listeners=").config.text("broker.rack") == ""
    assert advertised_of(loaded("advertised.listeners=").config) is None


def test_the_file_that_kafka_ships_is_taken_unmodified(tmp_path: Path) -> None:
    file = tmp_path / "server.properties"
    file.write_text(KAFKAS_OWN_FILE)
    config, paths, notes = load(str(file))
    assert listeners_of(config) == (Listener("PLAINTEXT", "", 9092),)
    assert advertised_of(config) == (Listener("PLAINTEXT", "localhost", 9092),)
    assert paths.log_dirs == ("/tmp/kraft-combined-logs",)
    assert config.integer("broker.id") == 1
    assert notes.warnings == ()
    assert any("process.roles=broker,controller: ignored" in line for line in notes.lines)
    assert any("listener CONTROLLER is for a quorum and is not opened" in line for line in notes.lines)


def test_the_environment_of_a_compose_file_is_taken() -> None:
    """As the examples of the apache/kafka image have it."""
    config, _, notes = loaded(
        KAFKA_NODE_ID="1",
        KAFKA_PROCESS_ROLES="broker,controller",
        KAFKA_LISTENERS="PLAINTEXT://localhost:29092,PLAINTEXT_HOST://:9092,CONTROLLER://localhost:9093",
        KAFKA_ADVERTISED_LISTENERS="PLAINTEXT://localhost:29092,PLAINTEXT_HOST://localhost:9092",
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT",
        KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
        KAFKA_INTER_BROKER_LISTENER_NAME="PLAINTEXT",
        KAFKA_CONTROLLER_QUORUM_VOTERS="1@localhost:9093",
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
        KAFKA_HEAP_OPTS="-Xmx1g",
        KAFKA_JMX_PORT="9101",
        CLUSTER_ID="4L6g3nShT-eMCtK--X86sw",
    )
    assert [str(each) for each in listeners_of(config)] == [
        "PLAINTEXT://localhost:29092",
        "PLAINTEXT_HOST://:9092",
    ]
    assert notes.warnings == ()
    assert "KAFKA_HEAP_OPTS is no setting and is skipped" in notes.details
    assert any("controller.quorum.voters" in line for line in notes.details)


def test_zookeeper_is_noted() -> None:
    notes = loaded(KAFKA_ZOOKEEPER_CONNECT="zk:2181", KAFKA_ZOOKEEPER_CLIENTCNXNSOCKET="x.Y").notes
    assert notes.lines == ("zookeeper.connect=zk:2181: embedded store used instead",)
    assert notes.summary == "2 settings have no effect here (--log-level debug names them)"
    assert notes.warnings == ()


def test_nothing_given_is_nothing_told() -> None:
    assert loaded().notes == (None, (), (), ())


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BROKER.handled("refused"))
def test_what_asks_for_protection_is_refused(name: str) -> None:
    """Nobody may believe to be protected who is not."""
    setting = BROKER[name]
    values = {
        "security.inter.broker.protocol": "SASL_SSL",
        "ssl.client.auth": "required",
        "connections.max.reauth.ms": "5",
    }
    error = refused(f"{name}={values.get(name, 'wanted')}")
    assert error.setting == name
    assert "remove it" in error.fix
    assert ("wanted" in str(error)) is (not setting.sensitive and name not in values)


@pytest.mark.parametrize("name", BROKER.handled("refused"))
def test_kafkas_default_asks_for_nothing(name: str) -> None:
    default = BROKER[name].kafka_default
    loaded(f"{name}={default or ''}")


@pytest.mark.parametrize(
    "setting",
    [
        "listeners=SSL://:9092",
        "listeners=SASL_PLAINTEXT://:9092",
        "listeners=PLAINTEXT://:9092,SASL_SSL://:9093",
        "listener.name.external.ssl.keystore.location=/k.jks",
        "listener.name.external.scram-sha-256.sasl.jaas.config=x",
        "listener.name.external.sasl.enabled.mechanisms=PLAIN",
        "super.users=User:admin",
        "allow.everyone.if.no.acl.found=false",
    ],
)
def test_other_ways_to_ask_for_protection(setting: str) -> None:
    refused(setting)


def test_a_name_mapped_to_a_protected_protocol_is_refused_where_it_is_listened_on() -> None:
    protocols = "listener.security.protocol.map=EXT:SASL_SSL,PLAINTEXT:PLAINTEXT"
    error = refused(protocols, "listeners=EXT://:9092")
    assert "listener EXT uses SASL_SSL, and only PLAINTEXT is served" in error.fix
    loaded(protocols, "listeners=PLAINTEXT://:9092")  # no listener, no protection expected
    error = refused(protocols, "listeners=PLAINTEXT://:9092", "advertised.listeners=EXT://h:9092")
    assert error.setting == "advertised.listeners"


def test_secrets_are_not_told() -> None:
    secret = [row.name for row in BROKER.rows() if row.sensitive and row.handling == "refused"]
    assert "ssl.keystore.password" in secret
    for name in secret:
        error = refused(f"{name}=hunter2")
        assert "hunter2" not in str(error)
        assert error.value == "[hidden]"
    error = refused(KAFKA_LISTENER_NAME_EXT_PLAIN_SASL_JAAS_CONFIG="hunter2")
    assert "hunter2" not in str(error)


# --- bad values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("num.partitions=abc", "num.partitions=abc: not a whole number; give 1 or more"),
        ("num.partitions=0", "num.partitions=0: too small; give 1 or more"),
        ("auto.create.topics.enable=1", "auto.create.topics.enable=1: not true or false; give true or false"),
        ("num.io.threads=x", "num.io.threads=x: not a whole number; give 1 or more"),  # ignored, and checked
        ("broker.id=x", "broker.id=x: not a whole number; give 0 or more"),
        ("log.retention.hours=0", "log.retention.hours=0: too small; give 1 or more, or -1 for no bound"),
        ("log.cleanup.policy=keep", "log.cleanup.policy=keep: 'keep' is not known; give any of compact, delete"),
        ("compression.gzip.level=10", "compression.gzip.level=10: out of range; give 1 to 9, or -1"),
        ("num.partitions=", "num.partitions=: not a whole number; give 1 or more"),
        ("listeners=9092", "listeners=9092: '9092' is not NAME://HOST:PORT, such as PLAINTEXT://127.0.0.1:9092"),
        ("listeners=CONTROLLER://:1", "listeners=CONTROLLER://:1: only controller listeners"),
        ("listeners=FOO://:1", "listeners=FOO://:1: no protocol for FOO; add FOO:PLAINTEXT to"),
        ("listener.security.protocol.map=x", "listener.security.protocol.map=x: 'x' is not NAME:PROTOCOL"),
        ("advertised.listeners=PLAINTEXT://:9092", "advertised.listeners=PLAINTEXT://:9092: a client cannot"),
        ("advertised.listeners=SSL://h:1", "advertised.listeners=SSL://h:1: listener SSL uses SSL"),
        ("inter.broker.listener.name=X", "inter.broker.listener.name=X: not among listeners (PLAINTEXT)"),
        ("max.connections.per.ip.overrides=a", "max.connections.per.ip.overrides=a: 'a' is not HOST:COUNT"),
        ("log.cleaner.threads=128", "log.cleaner.dedupe.buffer.size=134217728: 1 MiB or less for each"),
        ("queued.max.request.bytes=5", "queued.max.request.bytes=5: less than socket.request.max.bytes"),
        ("group.min.session.timeout.ms=9999999", "group.min.session.timeout.ms=9999999: above group.max.session.timeout.ms"),
        ("log.dirs=/", "log.dirs=/: the root directory"),
        ("log.dirs=/a,/a/", "log.dirs=/a,/a/: the same directory twice"),
        ("log.dirs=,", "log.dirs=,: no directory"),
        ("log.dirs=/a/b,/a", "log.dirs=/a/b,/a: the store would lie in /a/b.zk, inside a log directory"),
        ("nonsense", "--set=nonsense: not name=value; give for example --set num.partitions=3"),
    ],
)  # fmt: skip
def test_a_malformed_value_is_one_line_with_setting_value_and_fix(setting: str, line: str) -> None:
    assert str(refused(setting)).startswith(line)


def test_the_line_says_where_a_bad_value_came_from(tmp_path: Path) -> None:
    assert str(refused(KAFKA_NUM_PARTITIONS="x")).endswith("give 1 or more (from KAFKA_NUM_PARTITIONS)")
    file = tmp_path / "f"
    file.write_text("num.partitions=x")
    with pytest.raises(ConfigError, match=str(file)):
        load(str(file))


@pytest.mark.parametrize(
    ("options", "setting"),
    [
        (Options(listen="9092"), "--listen"),
        (Options(listen="::1:9092"), "--listen"),
        (Options(listen="h:99999"), "--listen"),
        (Options(data_dir=""), "--data-dir"),
        (Options(broker_id="one"), "broker.id"),
    ],
)
def test_malformed_options(options: Options, setting: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(options=options)
    assert caught.value.setting == setting


@pytest.mark.parametrize("content", [None, b"a=\xff", b"a=\\u00zz"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "server.properties"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(StartError) as caught:
        load(str(file))
    assert str(file) in str(caught.value)
    assert caught.value.exit_code == (66 if content is None else 78)


# --- unknown names ------------------------------------------------------------------------------------------------


def test_an_unknown_name_warns_with_the_nearest_known_one() -> None:
    notes = loaded("num.partitons=3", KAFKA_XYZZY="1").notes
    assert notes.warnings == (
        "num.partitons (from --set) is not a setting of Kafka's and is ignored; nearest: num.partitions",
        "xyzzy (from KAFKA_XYZZY) is not a setting of Kafka's and is ignored",
    )


def test_settings_of_plug_ins_do_not_warn() -> None:
    notes = loaded("confluent.license.topic.replication.factor=1", "rsm.config.a=b").notes
    assert notes.warnings == ()
    assert notes.summary is not None


class Recorder:
    """Stands where a logger stands."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def __getattr__(self, level: str) -> object:
        return lambda form, *values: self.told.append((level, form % values))


def test_notes_are_told_at_the_level_where_they_belong() -> None:
    recorder = Recorder()
    notes = loaded("num.partitons=3", "process.roles=broker", "num.io.threads=4").notes
    notes.log(recorder)  # type: ignore[arg-type]
    assert [level for level, _ in recorder.told] == ["warning", "info", "info", "debug", "debug"]
    assert recorder.told[1][1].startswith("process.roles=broker: ignored")
    assert recorder.told[3][1].startswith("setting num.io.threads is ignored: it tunes the threads")


# --- listeners and paths ------------------------------------------------------------------------------------------


def test_listen_is_a_listener() -> None:
    config = load(options=Options(listen="[::1]:0")).config
    assert listeners_of(config) == (Listener("PLAINTEXT", "::1", 0),)
    assert config.value("listeners") == "PLAINTEXT://[::1]:0"
    assert listeners_of(load().config) == (Listener("PLAINTEXT", "127.0.0.1", 9092),)


def test_several_plaintext_listeners() -> None:
    config = loaded(
        "listeners=A://:1,B://:2", "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT"
    ).config
    assert [each.name for each in listeners_of(config)] == ["A", "B"]
    assert advertised_of(config) is None


def test_connection_overrides() -> None:
    config = loaded("max.connections.per.ip.overrides=127.0.0.1:5, [::1]:6").config
    assert connection_overrides(config) == {"127.0.0.1": 5, "[::1]": 6}


def test_data_dir_holds_logs_and_store() -> None:
    paths = load(options=Options(data_dir="/d")).paths
    assert paths == (("/d/log",), "/d/zk")
    loaded_config = load(environ={"KAFKA_LOG_DIRS": "/x"}, options=Options(data_dir="/d")).config
    assert loaded_config.listing("log.dirs") == ["/d/log"]


def test_without_a_word_the_data_lies_in_pykbroker_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "pykbroker-data"
    assert load().paths == ((str(root / "log"),), str(root / "zk"))


def test_log_dirs_alone_put_the_store_beside_the_first() -> None:
    assert loaded("log.dirs=/a/logs/,/b").paths == (("/a/logs", "/b"), "/a/logs.zk")
    assert loaded("log.dir=/a").paths == (("/a",), "/a.zk")
    assert loaded("log.dir=/a", "log.dirs=/b").paths == (("/b",), "/b.zk")


def test_a_later_log_dir_wins_over_earlier_log_dirs() -> None:
    assert loaded("log.dir=/a", KAFKA_LOG_DIRS="/b").paths == (("/a",), "/a.zk")


def test_codec_of_the_offsets_topic_is_one_of_five() -> None:
    name = "offsets.topic.compression.codec"
    assert loaded(f"{name}=4").config.integer(name) == 4
    for number in (-1, 5):
        assert name in str(refused(f"{name}={number}"))
