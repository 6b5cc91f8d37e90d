"""Redis servers that are not what Sluice needs, or whose user may not do all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from app.connections.faults import Fault
from app.connections.redis import open_redis
from app.errors import ConfigurationError
from app.flow.redis_check import RedisCheck
from app.workflows.family import Flow, FlowControl
from tests.support.families import Recording
from tests.support.http import api
from tests.support.logged import warnings_logged
from tests.support.servers.valkey import valkey
from tests.support.service import Opener

ALL_BUT_CHANNELS = "user sluice on >pass#w[rd ~* resetchannels +@all"


class Limited(Recording):
    """Of which two at a time are at work."""

    name = "limited"
    flow = Flow(execute=FlowControl(parallelism=2))


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a socket's path is short enough."""
    return tmp_path_factory.mktemp("v")


def on(opener: Opener, redis: str) -> Opener:
    return replace(opener, urls=replace(opener.urls, redis=redis))


async def refusal(opener: Opener, redis: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        await on(opener, redis)(Recording()).__aenter__()
    return refused.value.detail


async def test_a_node_of_a_cluster_is_refused_with_what_is_needed(
    opener: Opener, short: Path
) -> None:
    with valkey(short, "cluster-enabled yes") as url:
        assert "node of a Redis Cluster" in await refusal(opener, url)


async def test_a_sentinel_is_refused_with_what_is_needed(opener: Opener, short: Path) -> None:
    with valkey(short, arguments=("--sentinel",)) as url:
        sentence = await refusal(opener, url)
    assert "Sentinel" in sentence
    assert "primary" in sentence


async def test_a_replica_is_refused(opener: Opener, short: Path) -> None:
    with valkey(short, "replicaof 127.0.0.1 1") as url:
        assert "replica" in await refusal(opener, url)


async def test_a_redis_that_evicts_is_remarked_at_the_start(opener: Opener, short: Path) -> None:
    with valkey(short, "maxmemory-policy allkeys-lru") as url, warnings_logged() as logged:
        async with on(opener, url)(Recording()):
            pass
    [told] = [entry for entry in logged if entry["event"] == "redis_evicts"]
    assert told["policy"] == "allkeys-lru"
    assert "noeviction" in told["advice"]


async def test_a_redis_as_it_must_be_goes_unremarked(opener: Opener) -> None:
    with warnings_logged() as logged:
        async with opener(Recording()):
            pass
    assert not [entry for entry in logged if entry["event"].startswith("redis_")]


async def test_a_user_without_channel_rights_is_told_and_the_work_is_done_by_polling(
    opener: Opener, short: Path
) -> None:
    with valkey(short, ALL_BUT_CHANNELS) as url, warnings_logged() as logged:
        named = url.replace("unix://", "unix://sluice:pass#w[rd@")
        async with on(opener, named)(Limited()) as sluice:
            run = await sluice.played(20)
            assert (run.status, run.succeeded) == ("succeeded", 20)
    [told] = [entry for entry in logged if entry["event"] == "redis_channel_refused"]
    assert "&" + opener.settings.redis_prefix in told["advice"]
    unheard = [entry for entry in logged if entry["event"] == "gate_unheard"]
    assert len(unheard) <= 1  # not one a second
    assert all("right" in entry["reason"] for entry in unheard)


async def test_a_user_of_the_prefix_alone_is_enough(opener: Opener, short: Path) -> None:
    prefix = opener.settings.redis_prefix
    user = f"user sluice on >secret ~{prefix}:* &{prefix}:* +@all -@dangerous +info"
    with valkey(short, user) as url, warnings_logged() as logged:
        async with on(opener, url.replace("//", "//sluice:secret@"))(Limited()) as sluice:
            assert (await sluice.played(5)).succeeded == 5
    assert not [e for e in logged if e["event"] in ("redis_channel_refused", "gate_unheard")]


async def test_a_user_that_may_not_ask_what_redis_is_can_still_work(
    opener: Opener, short: Path
) -> None:
    prefix = opener.settings.redis_prefix
    user = f"user sluice on >secret ~{prefix}:* &{prefix}:* +@all -@dangerous"
    with valkey(short, user) as url:
        async with on(opener, url.replace("//", "//sluice:secret@"))(Limited()) as sluice:
            assert (await sluice.played(5)).succeeded == 5


async def test_a_user_without_the_keys_is_refused_with_the_rights_to_give(
    opener: Opener, short: Path
) -> None:
    with valkey(short, "user sluice on >secret ~other:* &* +@all") as url:
        sentence = await refusal(opener, url.replace("//", "//sluice:secret@"))
    assert f"~{opener.settings.redis_prefix}:*" in sentence
    assert "secret" not in sentence


async def test_readiness_says_in_a_sentence_that_redis_refuses_the_password(
    opener: Opener, short: Path
) -> None:
    with valkey(short, "requirepass secret"), warnings_logged():
        url = f"unix://:hunter2@{short}/v.sock"
        async with (
            on(opener, url)(Recording()) as sluice,
            api(sluice, secret=None) as caller,
        ):
            answer = (await caller.get("/readyz")).json()
    assert answer["checks"] == {"postgres": True, "redis": False}
    assert answer["reasons"] == {"redis": "Redis refuses the user or the password of REDIS_URL."}


async def test_the_first_call_after_redis_has_closed_idle_connections_is_answered(
    short: Path,
) -> None:
    with valkey(short) as url:
        client, operator = open_redis(url), open_redis(url)
        await client.ping()
        await operator.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]
        await client.ping()
        await client.aclose()
        await operator.aclose()


async def test_a_cluster_that_comes_after_the_start_is_told_by_readiness(short: Path) -> None:
    check = RedisCheck(open_redis(f"unix://{short}/v.sock"), "p")
    with warnings_logged():
        await check.at_start()
    with (
        valkey(short, "cluster-enabled yes"),
        pytest.raises(ConfigurationError, match="Redis Cluster"),
    ):
        await check()
    await check.redis.aclose()


def test_a_fault_is_logged_when_it_begins_seldom_while_it_lasts_and_when_it_ends() -> None:
    fault = Fault(_Silent(), "gate_unreachable", every=3_600)
    log = fault.log
    refused = NoPermissionError("no permissions to access a channel")
    fault.over()
    assert log.lines == []
    for _ in range(1_000):
        fault.seen(refused)
    assert [line["state"] for line in log.lines] == ["began"]
    assert "right" in log.lines[0]["reason"]
    fault.every = 0.0  # as if that time had passed
    fault.seen(refused)
    assert [line["state"] for line in log.lines] == ["began", "lasts"]
    fault.every = 3_600
    fault.seen(OSError("another one"))  # another reason is told at once
    assert log.lines[-1]["error"] == "OSError: another one"
    fault.over()
    fault.over()
    assert [line["state"] for line in log.lines] == ["began", "lasts", "lasts", "ended"]
    assert log.lines[-1]["times"] == 1_002


class _Silent:
    def __init__(self) -> None:
        self.lines: list[dict[str, object]] = []

    def warning(self, event: str, **fields: object) -> None:
        assert event == "gate_unreachable"
        self.lines.append(fields)


async def test_what_is_no_fault_of_a_server_is_logged_with_its_place_once() -> None:
    fault = Fault(_Silent(), "gate_unreachable")
    for _ in range(3):
        fault.seen(KeyError("a mistake of ours"))
    assert [bool(line.get("exc_info")) for line in fault.log.lines] == [True]


def test_the_client_gives_up_a_silent_redis(short: Path) -> None:
    client: Redis = open_redis(f"unix://{short}/v.sock")
    assert client.connection_pool.connection_kwargs["socket_timeout"] == 5
    assert client.connection_pool.connection_kwargs["socket_connect_timeout"] == 5
