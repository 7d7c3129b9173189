"""Wiring only: what is built from what, what starts before what, and how it all stops.

Start: bind the listeners (a busy port ends the start before anything is touched; early clients wait in the kernel's queue),
lock and open the data directories, enter the cluster, recover the logs, load the image, and only then accept. Stop: the
same backwards; what was acknowledged is on disk anyway, a clean stop only spares the next start its recovery.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import trio

from pykbroker.api.dispatch import Dispatcher
from pykbroker.clock import SystemClock
from pykbroker.config.listeners import Listener as Address
from pykbroker.config.listeners import bracketed
from pykbroker.config.loading import advertised_of, connection_overrides, listeners_of
from pykbroker.core.cluster.image import BrokerImage, ClusterImage, Endpoint
from pykbroker.core.cluster.znodes import MalformedZnode
from pykbroker.errors import StartError
from pykbroker.files import DiskFiles
from pykbroker.log.directory import LogDirs
from pykbroker.logs import get_logger
from pykbroker.server import registration
from pykbroker.server.controller import Controller
from pykbroker.server.coordinator import GroupCoordinator
from pykbroker.server.listener import Limits, Listener, bind
from pykbroker.server.metadata import MetadataCache
from pykbroker.server.poller import new_poller
from pykbroker.server.producer_ids import ProducerIds
from pykbroker.server.replicas import Replicas
from zk.embedded import EmbeddedStore
from zk.errors import DirectoryInUse, StoreOpenError

if TYPE_CHECKING:
    from pykbroker.config.broker import BrokerConfig
    from pykbroker.config.notes import Notes
    from pykbroker.config.paths import DataPaths

log = get_logger(__name__)

EX_USAGE, EX_DATAERR, EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL = 64, 65, 73, 74, 75  # sysexits
INTERRUPTED = 128 + signal.SIGINT
WILDCARDS = ("", "0.0.0.0", "::")

# The broker makes few cycles and many short-lived objects: the collector's defaults look at them far too often.
GC_THRESHOLDS = (50_000, 20, 100)


class Broker:
    """The services of one broker, as handlers see them (`ctx.broker`)."""

    def __init__(
        self, config: BrokerConfig, paths: DataPaths, sockets: Sequence[tuple[Address, socket.socket]]
    ) -> None:
        self.static_config = config
        self.config = config
        self.id = config.integer("broker.id")
        self.clock = SystemClock()
        self.sockets = sockets
        advertised = advertised_of(config)
        self.advertises = advertised is not None
        self.endpoints = endpoints_of(sockets, advertised)
        self.log_dirs = LogDirs.open(DiskFiles(), paths.log_dirs)
        try:
            self.store = open_store(paths.store_dir, self.clock.now_ms)
        except BaseException:
            self.log_dirs.abandon()
            raise
        self.metadata = MetadataCache()
        self.replicas = Replicas(self.log_dirs, config, self.clock, self.id)
        self.groups = GroupCoordinator(self.id, config, self.clock, self.replicas.partition)
        self.producer_ids = ProducerIds(self.store, self.id)
        self.controller = Controller(self.id, self.store, self.metadata, self.clock, lambda: self.config)
        self.registered: BrokerImage | None = None
        self._stopping = trio.Event()
        self._exit_code = 0
        self._loaded = False

    def stop(self, exit_code: int = 0) -> None:
        """Ask for a clean stop; `run` then returns this code."""
        if not self._stopping.is_set():
            self._exit_code = exit_code
            self._stopping.set()

    async def run(self, on_ready: Callable[[], None]) -> int:
        """Serve until `stop`. Returns the exit code. Raises: StartError."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._watch_store)
                self.groups.start(nursery)
                await self._enter_cluster()
                nursery.start_soon(self.replicas.upkeep)
                self.store.sync = "always"  # what a start writes is written again by the next one
                self._accept(nursery)
                on_ready()
                await self._stopping.wait()
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await self._close()
        return self._exit_code

    async def _enter_cluster(self) -> None:
        cluster_id = await registration.prepare(self.store, self.log_dirs.cluster_id, self.clock)
        died = not self.log_dirs.left_cleanly
        self.log_dirs.identify(self.id, cluster_id)
        self.metadata.subscribe(self._image_changed)
        if died:
            self.store.sync = "always"  # new leader epochs are to outlive the machine before they are used
        try:
            self.registered = await self.controller.start(
                cluster_id, self.endpoints, self.config.text("broker.rack"), died
            )
        except MalformedZnode as error:
            raise StartError(f"{error}; mend or delete that znode", EX_DATAERR) from error

    def _image_changed(self, old: ClusterImage, new: ClusterImage) -> None:
        """Settings first, then the logs, then who works on them."""
        entities = (f"brokers/{self.id}", "brokers/<default>")
        if any(old.config(entity) is not new.config(entity) for entity in entities):
            mine, everyones = (new.config(entity) for entity in entities)
            self.config = self.static_config.with_dynamic(mine, everyones)
            self.replicas.reconfigure(self.config)
        if self._loaded:
            self.replicas.apply(new)
        else:
            self.replicas.load(new)
            self._loaded = True
        self.groups.image_changed(old, new)

    def _accept(self, nursery: trio.Nursery) -> None:
        config, poller, dispatcher = self.config, new_poller(), Dispatcher(self)
        limits = Limits(
            max_frame_bytes=config.integer("socket.request.max.bytes"),
            max_connections=config.integer("max.connections"),
            max_connections_per_ip=config.integer("max.connections.per.ip"),
            max_idle_ms=config.integer("connections.max.idle.ms"),
            per_ip_overrides=connection_overrides(config),
            send_buffer_bytes=config.integer("socket.send.buffer.bytes"),
            receive_buffer_bytes=config.integer("socket.receive.buffer.bytes"),
        )
        nursery.start_soon(poller.run)
        for address, sock in self.sockets:
            listener = Listener(address.name, sock, dispatcher, poller, limits, self.clock)
            nursery.start_soon(listener.run)

    async def _watch_store(self) -> None:
        """The store keeps itself durable; when its disk fails the broker cannot go on."""
        await self.store.run()
        if self.store.failure is not None:
            log.error("the store failed and the broker stops: %s", self.store.failure)
            self.stop(EX_IOERR)

    async def _close(self) -> None:
        epoch = -1 if self.registered is None else self.registered.epoch
        if self._loaded:
            self.replicas.close(epoch)
        else:
            self.log_dirs.abandon()
        await self.store.close()


def open_store(directory: str, now_ms: Callable[[], int]) -> EmbeddedStore:
    """Raises: StartError with the fix."""
    try:
        return EmbeddedStore.open(directory, now_ms=now_ms, sync="background")
    except DirectoryInUse as error:
        raise StartError(str(error), EX_TEMPFAIL) from error
    except StoreOpenError as error:
        raise StartError(str(error), EX_DATAERR) from error
    except OSError as error:
        raise StartError(
            f"{directory}: the store cannot be opened: {error.strerror or error}; mend that or give another --data-dir",
            EX_CANTCREAT,
        ) from error


def endpoints_of(
    sockets: Sequence[tuple[Address, socket.socket]], advertised: Sequence[Address] | None
) -> tuple[Endpoint, ...]:
    """What the registration says: the advertised addresses, or else those listened on."""
    if advertised is not None:
        return tuple(Endpoint(each.name, each.host, each.port) for each in advertised)
    return tuple(
        Endpoint(
            address.name,
            socket.gethostname() if address.host in WILDCARDS else address.host,
            sock.getsockname()[1],
        )
        for address, sock in sockets
    )


def raise_open_files_limit() -> None:
    """As many file descriptors as the system grants: a thousand partitions and their clients need more than 1024."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):
            log.debug("the limit of open files stays at %d", soft)


def run(config: BrokerConfig, paths: DataPaths, notes: Notes, ready_fd: int | None = None) -> int:
    """Serve until SIGTERM (exit code 0) or Ctrl-C (130). Raises: StartError."""
    raise_open_files_limit()
    backlog = config.integer("socket.listen.backlog.size")
    sockets = []
    try:
        for address in listeners_of(config):
            sockets.append((address, bind(address.name, address.host, address.port, backlog)))
        broker = Broker(config, paths, sockets)

        def ready() -> None:
            gc.freeze()  # what a start makes stays; nothing of it is worth a look
            gc.set_threshold(*GC_THRESHOLDS)
            gc.enable()
            announce(sockets, paths, ready_fd)

        return trio.run(_serve, broker, ready)
    except BaseExceptionGroup as group:
        starting, other = group.split(StartError)
        if other is not None or starting is None:
            raise
        raise first(starting) from None
    finally:
        for _, sock in sockets:
            sock.close()


async def _serve(broker: Broker, ready: Callable[[], None]) -> int:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_watch_signals, broker)
        code = await broker.run(ready)
        nursery.cancel_scope.cancel()
    return code


async def _watch_signals(broker: Broker) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            broker.stop(INTERRUPTED if number == signal.SIGINT else 0)


def announce(
    sockets: Sequence[tuple[Address, socket.socket]], paths: DataPaths, ready_fd: int | None
) -> None:
    """The one line that says that the broker is ready, and HOST:PORT to who asked for it."""
    reached = [
        f"{bracketed('127.0.0.1' if address.host in WILDCARDS else address.host)}:{sock.getsockname()[1]}"
        for address, sock in sockets
    ]
    print(f"pykbroker is ready on {', '.join(reached)}; data in {', '.join(paths.log_dirs)}", flush=True)
    if ready_fd is None:
        return
    try:
        os.write(ready_fd, f"{reached[0]}\n".encode())
        if ready_fd > sys.stderr.fileno():
            os.close(ready_fd)
    except OSError as error:
        raise StartError(
            f"--ready-fd {ready_fd}: {error.strerror}; give a descriptor that is open for writing", EX_USAGE
        ) from error


def first(group: BaseExceptionGroup[StartError]) -> StartError:
    """The first StartError in what a nursery gathered."""
    error = group.exceptions[0]
    return first(error) if isinstance(error, BaseExceptionGroup) else error
