"""Broker settings of the broker itself: its number, listeners, connections, fetching, quotas, metrics, plug-ins.

The form of a row stands at the head of `pykbroker.config.setting`.
"""

# ruff: noqa: E501 - a row is one line

from __future__ import annotations

ROWS = """
# the broker itself
broker.id | int 0 kafka=-1 | >=0 | high | read-only | used
    Number of this broker in the cluster.
node.id | int 0 kafka=null | >=0 | high | read-only | used
    Number of this broker, as Kafka without ZooKeeper calls it; the same as broker.id.
broker.id.generation.enable | boolean true |  | medium | read-only | ignored:zookeeper
    Let ZooKeeper hand out broker numbers.
reserved.broker.max.id | int 1000 | >=0 | medium | read-only | ignored:zookeeper
    Highest broker number that a person may give when numbers are handed out.
broker.rack | string null |  | medium | read-only | used
    Rack of this broker, which clients and replica placement may look at.
background.threads | int 10 | >=1 | high | cluster-wide | ignored:runtime
    Threads for chores.
server.max.startup.time.ms | long 9223372036854775807 | >=0 | medium* | read-only | ignored:runtime
    How long a start may take.
unstable.api.versions.enable | boolean false |  | high* | read-only | ignored:format
    Serve request versions that are still under development.
unstable.feature.versions.enable | boolean false |  | high* | read-only | ignored:format
    Allow feature levels that are still under development.

# listeners and connections
listeners | list PLAINTEXT://127.0.0.1:9092 kafka=PLAINTEXT://:9092 |  | high | per-broker | used
    Addresses to listen on, NAME://HOST:PORT separated by commas; only PLAINTEXT protocols are served.
advertised.listeners | list null |  | high | read-only | used
    Addresses told to clients; not set: the address at which a client reached the broker.
listener.security.protocol.map | string PLAINTEXT:PLAINTEXT kafka=SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT |  | low | per-broker | used
    Security protocol of each listener name; a listener that needs another than PLAINTEXT is refused.
inter.broker.listener.name | string null |  | medium | read-only | ignored:later
    Listener on which brokers talk to each other.
security.inter.broker.protocol | string PLAINTEXT | one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL | medium | read-only | refused:protection
    Security protocol between brokers.
control.plane.listener.name | string null |  | high | read-only | ignored:later
    Listener kept for the controller's requests.
early.start.listeners | list null |  | high | read-only | ignored:kraft
    Listeners opened before the authorizer is ready.
num.network.threads | int 3 | >=1 | high | cluster-wide | ignored:runtime
    Threads that read and write sockets.
num.io.threads | int 8 | >=1 | high | cluster-wide | ignored:runtime
    Threads that handle requests.
queued.max.requests | int 500 | >=1 | high | read-only | ignored:runtime
    Requests that may wait for a handler; here a connection's requests wait in its own socket.
queued.max.request.bytes | long -1 |  | medium | read-only | ignored:later
    Bytes of requests that may be held at once; -1 leaves the broker's own bound.
request.timeout.ms | int 30000 |  | high | read-only | ignored:later
    How long a broker waits for another's answer.
socket.request.max.bytes | int 104857600 | >=1 | high | read-only | used
    Longest request; a longer one closes the connection.
socket.listen.backlog.size | int 50 | >=1 | medium | read-only | used
    Connections that may wait to be accepted.
socket.send.buffer.bytes | int 102400 |  | high | read-only | used
    Size of a socket's send buffer; -1 leaves it to the system.
socket.receive.buffer.bytes | int 102400 |  | high | read-only | used
    Size of a socket's receive buffer; -1 leaves it to the system.
socket.connection.setup.timeout.ms | long 10000 |  | medium | read-only | ignored:later
    Wait for a connection to another broker.
socket.connection.setup.timeout.max.ms | long 30000 |  | medium | read-only | ignored:later
    Longest wait for a connection to another broker, after failures.
connections.max.idle.ms | long 600000 |  | medium | read-only | used
    A connection without requests for this long is closed.
connection.failed.authentication.delay.ms | int 100 | >=0 | low | read-only | ignored:security
    Wait before a failed login is answered.
max.connections | int 2147483647 | >=0 | medium | cluster-wide | used
    Most connections at once.
max.connections.per.ip | int 2147483647 | >=0 | medium | cluster-wide | used
    Most connections from one address.
max.connections.per.ip.overrides | string '' |  | medium | cluster-wide | used
    Exceptions to max.connections.per.ip, as host:count separated by commas.
max.connection.creation.rate | int 2147483647 | >=0 | medium | cluster-wide | ignored:later
    Most new connections a second.

# fetching
fetch.max.bytes | int 57671680 | >=1024 | medium | read-only | used
    Most bytes of one Fetch answer, whatever the client allows.
max.incremental.fetch.session.cache.slots | int 1000 | >=0 | medium | read-only | used
    Fetch sessions that are kept.
fetch.purgatory.purge.interval.requests | int 1000 |  | medium | read-only | ignored:runtime
    Finished waits after which Kafka's list of waiting fetches is swept.
producer.purgatory.purge.interval.requests | int 1000 |  | medium | read-only | ignored:runtime
    Finished waits after which Kafka's list of waiting produces is swept.
delete.records.purgatory.purge.interval.requests | int 1 |  | medium | read-only | ignored:runtime
    Finished waits after which Kafka's list of waiting deletions is swept.

# quotas
quota.window.num | int 11 | >=1 | low | read-only | ignored:later
    Samples over which a client's rate is measured.
quota.window.size.seconds | int 1 | >=1 | low | read-only | ignored:later
    Length of one sample of a client's rate.
replication.quota.window.num | int 11 | >=1 | low | read-only | ignored:later
    Samples over which replication is measured.
replication.quota.window.size.seconds | int 1 | >=1 | low | read-only | ignored:later
    Length of one sample of replication.
alter.log.dirs.replication.quota.window.num | int 11 | >=1 | low | read-only | ignored:later
    Samples over which moves between data directories are measured.
alter.log.dirs.replication.quota.window.size.seconds | int 1 | >=1 | low | read-only | ignored:later
    Length of one sample of moves between data directories.
controller.quota.window.num | int 11 | >=1 | low | read-only | ignored:later
    Samples over which changes of topics are measured.
controller.quota.window.size.seconds | int 1 | >=1 | low | read-only | ignored:later
    Length of one sample of changes of topics.
client.quota.callback.class | class null |  | low | read-only | refused:class
    Java class that decides quotas.
leader.replication.throttled.rate | long 9223372036854775807 | >=0 | medium* | cluster-wide | ignored:later
    Bytes a second that throttled partitions may send to followers.
follower.replication.throttled.rate | long 9223372036854775807 | >=0 | medium* | cluster-wide | ignored:later
    Bytes a second that throttled partitions may fetch from leaders.
replica.alter.log.dirs.io.max.bytes.per.second | long 9223372036854775807 | >=0 | medium* | cluster-wide | ignored:later
    Bytes a second for moves between data directories.

# metrics, telemetry and plug-ins
metrics.num.samples | int 2 | >=1 | low | read-only | ignored:runtime
    Samples over which a metric is computed.
metrics.sample.window.ms | long 30000 | >=1 | low | read-only | ignored:runtime
    Length of one sample of a metric.
metrics.recording.level | string INFO |  | low | read-only | ignored:runtime
    How detailed the metrics of Kafka's process are.
metric.reporters | list org.apache.kafka.common.metrics.JmxReporter |  | low | cluster-wide | ignored:runtime
    Java classes that get the metrics.
auto.include.jmx.reporter | boolean true |  | low | read-only | ignored:runtime
    Always add the JMX reporter.
kafka.metrics.reporters | list '' |  | low | read-only | ignored:runtime
    Java classes that get the older metrics.
kafka.metrics.polling.interval.secs | int 10 | >=1 | low | read-only | ignored:runtime
    How often the older metrics are gathered.
telemetry.max.bytes | int 1048576 | >=1 | low | read-only | ignored:later
    Largest push of metrics that a client may send.
create.topic.policy.class.name | class null |  | low | read-only | refused:class
    Java class that may forbid new topics.
alter.config.policy.class.name | class null |  | low | read-only | refused:class
    Java class that may forbid changes of settings.
alter.config.policy.kraft.compatibility.enable | boolean false |  | low | read-only | ignored:kraft
    Which form of values the policy for changes gets.
config.providers | list '' |  | low | cluster-wide | refused:class
    Java classes that fill in ${...} in values; give the values themselves.
"""
