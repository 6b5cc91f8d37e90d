"""One connection to Postgres: what every place that connects goes through."""

from __future__ import annotations

import random
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import asyncpg

from app.connections.postgres_url import PostgresUrl
from app.errors import ConfigurationError

CONNECT_SECONDS = 10.0
KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}
UNACKNOWLEDGED = 90_000
"""Milliseconds until a connection whose other side vanished without a word is given up."""

_SET = "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS t(name, value)"


async def connect(
    url: str,
    *,
    settings: Mapping[str, str] | None = None,
    command_timeout: float | None = None,
    prepares: bool = True,
) -> asyncpg.Connection:
    """
    Args:
        url: as ``PostgresUrl`` reads it.
        settings: of Postgres, for this connection; they win over those of the URL. Set when it is
            made and not with its start-up message, which a pooler would refuse.
        prepares: keep prepared statements; a pooler in transaction mode would lose them.

    Raises:
        ConfigurationError: the URL cannot be used, or a file that it names.
    """
    try:
        parsed = PostgresUrl.parse(url)
        arguments = _arguments(parsed)
    except ValueError as error:
        raise ConfigurationError(f"DATABASE_URL cannot be used: {error}.") from None
    try:
        connection = await asyncpg.connect(
            **arguments,
            command_timeout=command_timeout,
            **({} if prepares else {"statement_cache_size": 0}),
        )
    except (ssl.SSLCertVerificationError, asyncpg.PostgresError):
        raise  # the server's own words
    except (ssl.SSLError, FileNotFoundError, IsADirectoryError, PermissionError) as error:
        if not _names_a_file(parsed, error):
            raise
        raise ConfigurationError(
            "DATABASE_URL cannot be used: a file of sslrootcert, sslcert, sslkey or sslcrl cannot"
            f" be read ({error.strerror or type(error).__name__})."
        ) from None
    except asyncpg.ClientConfigurationError as error:
        raise ConfigurationError(f"DATABASE_URL cannot be used: {error}.") from None
    try:
        _keep_alive(connection, parsed.numbers)
        wanted = {**parsed.settings, **(settings or {})}
        if wanted:
            await connection.fetch(
                _SET, list(wanted), list(wanted.values()), timeout=CONNECT_SECONDS
            )
    except BaseException:
        connection.terminate()
        raise
    return connection


def _arguments(url: PostgresUrl) -> dict[str, Any]:  # asyncpg's own, of several types
    """For ``asyncpg.connect``."""
    hosts = list(url.hosts)
    if url.shuffled:
        random.shuffle(hosts)
    driver = dict(url.driver)
    found: dict[str, Any] = {
        "user": url.user,
        "password": url.password,
        "database": url.database,
        "timeout": float(max(2, limit)) if (limit := url.numbers.get("connect_timeout", 0)) > 0
        else CONNECT_SECONDS,
    }  # fmt: skip
    if hosts:
        found["host"] = [host or "localhost" for host, _ in hosts]
        found["port"] = [port or 5432 for _, port in hosts]
    if driver.get("sslrootcert") == "system":
        del driver["sslrootcert"]
        driver.pop("sslmode", None)
        found["ssl"] = ssl.create_default_context()
    if url.application_name is not None:
        found["server_settings"] = {"application_name": url.application_name}
    if driver:
        found["dsn"] = f"postgresql://?{urlencode(driver)}"
    return found


def _names_a_file(url: PostgresUrl, error: Exception) -> bool:
    if isinstance(error, FileNotFoundError) and any(host.startswith("/") for host, _ in url.hosts):
        return False  # the socket is what is not there
    return any(name in url.driver for name in ("sslrootcert", "sslcert", "sslkey", "sslcrl"))


def _keep_alive(connection: asyncpg.Connection, numbers: Mapping[str, int]) -> None:
    """Without it a statement waits for a vanished server for as long as the kernel likes: hours."""
    wire = connection._transport.get_extra_info("socket")  # noqa: SLF001 - asyncpg has no other way
    if wire is None or wire.family == socket.AF_UNIX or numbers.get("keepalives") == 0:
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    values = {**KEEPALIVES, **{name: n for name, n in numbers.items() if n > 0}}
    for option, value in (
        ("TCP_KEEPIDLE", values["keepalives_idle"]),
        ("TCP_KEEPINTVL", values["keepalives_interval"]),
        ("TCP_KEEPCNT", values["keepalives_count"]),
        ("TCP_USER_TIMEOUT", values.get("tcp_user_timeout", UNACKNOWLEDGED)),
    ):
        if hasattr(socket, option):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
