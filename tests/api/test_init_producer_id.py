"""InitProducerId over a real store: ids are never given twice, transactions are refused for good."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from pykbroker.api.context import Context
from pykbroker.api.handlers import init_producer_id
from pykbroker.errors import ApiError
from pykbroker.server.producer_ids import BLOCK, LAST_ID, PATH, ProducerIds
from wire.errors import ErrorCode
from wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from zk.embedded import EmbeddedStore
from zk.errors import ConnectionLoss


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore.open(str(path), now_ms=lambda: 1_700_000_000_000)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        yield store
        await store.close()
        nursery.cancel_scope.cancel()


def ctx(ids: ProducerIds, version: int = 4) -> Context:
    broker: Any = SimpleNamespace(producer_ids=ids)
    connection: Any = None
    context = Context(broker, connection)
    context.version = version
    return context


async def init(ids: ProducerIds, version: int = 4, **how: Any) -> Any:
    result = init_producer_id.handle(
        ctx(ids, version), InitProducerIdRequest(**{"transactional_id": None, **how})
    )
    response = await result if isinstance(result, Coroutine) else result
    return InitProducerIdResponse.parse(
        version, b"".join(map(bytes, InitProducerIdResponse.build(version, response))), 0
    )[0]


@pytest.mark.parametrize("version", range(6))
async def test_each_producer_gets_its_own_id_at_epoch_0(tmp_path: Path, version: int) -> None:
    async with open_store(tmp_path) as store:
        ids = ProducerIds(store, 3)
        answers = [await init(ids, version) for _ in range(3)]
        assert [(each.error_code, each.producer_id, each.producer_epoch) for each in answers] == [
            (0, 0, 0),
            (0, 1, 0),
            (0, 2, 0),
        ]
        data, stat = await store.get(PATH)
        assert data == b'{"version":1,"broker":3,"block_start":"0","block_end":"999"}'
        assert stat.version == 1


async def test_second_id_of_a_block_needs_no_wait(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ids = ProducerIds(store, 0)
        await init(ids)
        assert not isinstance(
            init_producer_id.handle(ctx(ids), InitProducerIdRequest(transactional_id=None)), Coroutine
        )


async def test_block_after_block_and_none_again_after_a_restart(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ids = ProducerIds(store, 0)
        assert [await ids.next() for _ in range(BLOCK + 1)] == list(range(BLOCK + 1))
    async with open_store(tmp_path) as store:
        assert await ProducerIds(store, 0).next() == 2 * BLOCK


async def test_brokers_that_share_a_store_never_give_the_same_id(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        brokers = [ProducerIds(store, number) for number in range(3)]
        given: list[int] = []

        async def give(ids: ProducerIds) -> None:
            for _ in range(BLOCK + 10):
                given.append(await ids.next())

        async with trio.open_nursery() as nursery:
            for ids in brokers:
                nursery.start_soon(give, ids)
        assert len(set(given)) == len(given) == 3 * (BLOCK + 10)
        assert max(given) < 6 * BLOCK


async def test_many_at_once_take_one_block(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ids = ProducerIds(store, 0)
        given: list[int] = []

        async def give() -> None:
            given.append(await ids.next())

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(give)
        assert sorted(given) == list(range(20))


async def test_block_of_a_kafka_broker_is_respected(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        await store.create(PATH, b'{"block_end":"7999","version":1,"block_start":"7000","broker":1}')
        assert await ProducerIds(store, 0).next() == 8000


@pytest.mark.parametrize(
    "data", [b"nonsense", b"{}", b'{"block_end":"x"}', b"[1]", b'{"version":1,"block_end":"%d"}' % LAST_ID]
)
async def test_block_that_cannot_be_followed_is_an_error_and_stays(tmp_path: Path, data: bytes) -> None:
    async with open_store(tmp_path) as store:
        await store.create(PATH, data)
        with pytest.raises(ApiError) as raised:
            await ProducerIds(store, 0).next()
        assert raised.value.code == ErrorCode.UNKNOWN_SERVER_ERROR
        assert (await store.get(PATH))[0] == data


async def test_failing_store_is_retriable() -> None:
    class Lost:
        async def get(self, path: str) -> None:
            raise ConnectionLoss(path)

    store: Any = Lost()
    with pytest.raises(ApiError) as raised:
        await ProducerIds(store, 0).next()
    assert raised.value.code == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert raised.value.code.retriable


async def test_transactional_id_is_refused_for_good(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(ApiError) as raised:
            await init(ProducerIds(store, 0), transactional_id="tx", transaction_timeout_ms=60_000)
        assert raised.value.code == ErrorCode.INVALID_REQUEST
        assert not raised.value.code.retriable
        assert "transactions are not served" in str(raised.value)
        refused = init_producer_id.refuse(ctx(ProducerIds(store, 0)), None, raised.value)
        assert (refused.error_code, refused.producer_id, refused.producer_epoch) == (42, -1, -1)


@pytest.mark.parametrize(("producer_id", "epoch"), [(5, -1), (-1, 5)])
async def test_id_and_epoch_come_together(tmp_path: Path, producer_id: int, epoch: int) -> None:
    async with open_store(tmp_path) as store:
        with pytest.raises(ApiError) as raised:
            await init(ProducerIds(store, 0), producer_id=producer_id, producer_epoch=epoch)
        assert raised.value.code == ErrorCode.INVALID_REQUEST


async def test_producer_that_names_its_id_gets_a_new_one(tmp_path: Path) -> None:
    """As from Kafka: an idempotent producer raises its epoch by itself (KIP-360)."""
    async with open_store(tmp_path) as store:
        ids = ProducerIds(store, 0)
        await init(ids)
        answer = await init(ids, producer_id=0, producer_epoch=3)
        assert (answer.producer_id, answer.producer_epoch) == (1, 0)
