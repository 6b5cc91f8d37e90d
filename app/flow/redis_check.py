"""What Redis must be, looked at when a process starts and by ``/readyz``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from app.connections.faults import away, said
from app.errors import ConfigurationError
from app.flow.redis_script import CHANGED, UNREACHABLE, wake_channel

CLUSTER = (
    "REDIS_URL leads to a node of a Redis Cluster, and Sluice's scripts need all keys in one"
    " place. Give it a Redis or Valkey without cluster mode (cluster-enabled no)."
)
SENTINEL = (
    "REDIS_URL leads to a Sentinel, which keeps no data. Give the address of the primary that it"
    " watches (SENTINEL GET-MASTER-ADDR-BY-NAME), or a name that follows it."
)
REPLICA = "REDIS_URL leads to a replica, which takes no writes. Lead it to the primary."

log = structlog.get_logger("sluice.flow")


@dataclass(slots=True)
class RedisCheck:
    """``prefix`` is that of Sluice's keys. Looked at closely until it was once found to be right;
    afterwards a PING is enough."""

    redis: Redis
    prefix: str
    _right: bool = field(default=False, init=False)

    async def __call__(self) -> None:
        """
        Raises:
            ConfigurationError: it answers, and cannot be worked with.
            RedisError: it does not answer.
        """
        if self._right:
            await self.redis.ping()
            return
        await self._look()
        self._right = True

    async def at_start(self) -> None:
        """
        Raises:
            ConfigurationError: see above. One that does not answer is waited for, and told.
        """
        try:
            await self()
        except UNREACHABLE as error:
            log.warning("redis_not_checked", error=said(error), reason=away(error))

    async def _look(self) -> None:
        info = await self._info()
        mode = info.get("redis_mode") or info.get("mode") or info.get("server_mode")
        if mode == "sentinel":
            raise ConfigurationError(SENTINEL)
        if mode == "cluster" or info.get("cluster_enabled") in (1, "1"):
            raise ConfigurationError(CLUSTER)
        if info.get("role") in ("slave", "replica"):
            raise ConfigurationError(REPLICA)
        policy = info.get("maxmemory_policy")
        if policy not in (None, "noeviction"):
            log.warning(
                "redis_evicts",
                policy=policy,
                advice="It may forget who is at work, so that limits are passed. Set its"
                " maxmemory-policy to noeviction.",
            )
        await self._rights()

    async def _info(self) -> dict[str, Any]:  # as it answers
        try:
            return {**await self.redis.info()}
        except ResponseError:  # a hosted one, or a user, that may not be asked
            pass
        try:
            said = await self.redis.execute_command("HELLO")  # type: ignore[no-untyped-call]
        except ResponseError:
            return {}
        if isinstance(said, dict):
            pairs = list(said.items())
        else:
            pairs = list(zip(said[::2], said[1::2], strict=False))
        return {_text(name): _text(value) for name, value in pairs}

    async def _rights(self) -> None:
        """
        Raises:
            ConfigurationError: the user lacks one without which nothing works.
        """
        key = f"{self.prefix}:flow:{{check}}:rights"
        script = "redis.call('SET', KEYS[1], '1', 'PX', 1000); redis.call('ZADD', KEYS[2], 1, 'x');"
        script += "redis.call('PEXPIRE', KEYS[2], 1000); return redis.call('TIME')"
        try:
            await self.redis.eval(script, 2, key, f"{key}:set")
        except (NoPermissionError, ResponseError) as error:
            if not _is_refusal(error):
                raise
            raise ConfigurationError(
                "The user of REDIS_URL may not do what the flow control does. Give it the keys and"
                f" channels of the prefix and all commands on them: ACL SETUSER … ~{self.prefix}:*"
                f" &{self.prefix}:* +@all -@dangerous +info"
            ) from None
        channel = wake_channel(self.prefix)
        try:
            await self.redis.publish(channel, CHANGED)
            async with self.redis.pubsub(ignore_subscribe_messages=True) as calls:
                await calls.subscribe(channel)
                await calls.get_message(timeout=2)
        except (NoPermissionError, ResponseError) as error:
            if not _is_refusal(error):
                raise
            log.warning(
                "redis_channel_refused",
                channel=channel,
                advice="The user of REDIS_URL has no right to it, so that workers ask Redis four"
                " times a second and are not woken. Give it with: ACL SETUSER … "
                f"&{self.prefix}:*",
            )


def _is_refusal(error: RedisError) -> bool:
    return isinstance(error, NoPermissionError) or any(
        word in str(error).upper()
        for word in ("NOPERM", "NO PERMISSION", "ACL FAILURE", "CAN'T RUN")
    )


def _text(value: object) -> Any:  # texts and numbers
    return value.decode() if isinstance(value, bytes) else value
