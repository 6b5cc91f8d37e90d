"""The settings of Sluice itself. ``app.settings`` reads them, with the service's own."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
)
from pydantic_settings import NoDecode

from app import SERVICE
from app.config.environment import scheme
from app.config.priorities import BULK_SHARE
from app.config.setting_values import Network, networks, schema_name, sealing_keys
from app.config.webhook_settings import WebhookSettings
from app.connections.postgres_url import PostgresUrl
from app.connections.redis_url import plain_redis_url
from app.connections.schema import SCHEMA
from app.tokens import Token, parse_tokens

OWN_PATHS = frozenset({"api", "console", "answer", "healthz", "metrics", "readyz", "openapi.json"})
"""With one of these it could not be told whether a proxy has taken its prefix away."""
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def _below(path: str) -> str:
    """Without a slash at its end."""
    path = path.rstrip("/")
    if path and not _PATH.fullmatch(path):
        raise ValueError("must be a path such as /sluice, of letters, digits and any of . _ ~ -")
    parts = path.split("/")[1:]
    if any(set(part) == {"."} for part in parts):
        raise ValueError("must not have a dot for a part")
    if parts and parts[0] in OWN_PATHS:
        raise ValueError(f"must not begin with /{parts[0]}, which is a path of the service itself")
    return path


def reached_at(host: object, port: object) -> str:
    """How one reaches, from this machine, what listens there."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(host), str(host))  # noqa: S104 - not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _postgres(value: str | None) -> str | None:
    return value if value is None else str(PostgresUrl.parse(value))


def _redis(value: str | None) -> str | None:
    return value if value is None else plain_redis_url(value)


class SluiceSettings(WebhookSettings):
    """The names of the environment variables are the aliases."""

    database_url: Annotated[str | None, AfterValidator(_postgres)] = Field(
        None, alias="DATABASE_URL", description="Postgres; unset: the embedded one"
    )
    listen_url: Annotated[str | None, AfterValidator(_postgres)] = Field(
        None, alias="SLUICE_LISTEN_URL",
        description="the same database for what listens, where DATABASE_URL is a pooler",
    )  # fmt: skip
    db_schema: Annotated[str, AfterValidator(schema_name)] = Field(
        SCHEMA, alias="SLUICE_SCHEMA", description="Postgres schema of Sluice's own tables"
    )
    redis_url: Annotated[str | None, AfterValidator(_redis)] = Field(
        None, alias="REDIS_URL", description="Redis or Valkey; unset: the embedded one"
    )
    tokens: Annotated[tuple[Token, ...], NoDecode, BeforeValidator(parse_tokens)] = Field(
        (), alias="SLUICE_TOKENS", description="name[scopes]:secret,… of those who may call the API"
    )
    secret_key: Annotated[SecretStr | None, AfterValidator(sealing_keys)] = Field(
        None, alias="SLUICE_SECRET_KEY",
        description="encrypts secrets in params; former keys behind it, with commas; unset: one of"
        " the database's",
    )  # fmt: skip
    data_dir: Path = Field(
        Path(".sluice"), alias="SLUICE_DATA_DIR", description="where embedded servers keep data"
    )
    redis_prefix: str = Field(
        SERVICE[:40], alias="SLUICE_REDIS_PREFIX", pattern=r"^[\w.-]{1,40}$",
        description="before every Redis key",
    )  # fmt: skip
    host: str = Field("127.0.0.1", alias="SLUICE_HOST", description="address the API listens on")
    port: int = Field(8000, alias="SLUICE_PORT", ge=1, le=65535, description="its port")
    root_path: Annotated[str, AfterValidator(_below)] = Field(
        "", alias="SLUICE_ROOT_PATH",
        description="path under which a proxy serves it, such as /sluice; unset: the root",
    )  # fmt: skip
    max_connections: int | None = Field(
        None, alias="SLUICE_MAX_CONNECTIONS", ge=16, le=1_000_000,
        description="callers' connections at once; unset: what the process's descriptors allow",
    )  # fmt: skip
    max_connections_per_address: int | None = Field(
        None, alias="SLUICE_MAX_CONNECTIONS_PER_ADDRESS", ge=1, le=1_000_000,
        description="of them, from one address; unset: all, for all may come from one proxy",
    )  # fmt: skip
    max_header_bytes: int = Field(
        16_384, alias="SLUICE_MAX_HEADER_BYTES", ge=4_096, le=1_000_000,
        description="largest header of a request, cookies and all",
    )  # fmt: skip
    head_timeout: float = Field(
        10, alias="SLUICE_HEAD_TIMEOUT", gt=0, le=3600,
        description="seconds in which a request's address and header must come",
    )  # fmt: skip
    body_timeout: float = Field(
        30, alias="SLUICE_BODY_TIMEOUT", gt=0, le=3600,
        description="seconds in which its body must, from then on",
    )  # fmt: skip
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="SLUICE_LOG_LEVEL", description="the least that is logged"
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", alias="SLUICE_LOG_FORMAT", description="auto: console on a terminal, else json"
    )
    pool_size: int = Field(
        10, alias="SLUICE_POOL_SIZE", ge=2, le=200,
        description="Postgres connections for families' code, of a worker or of the API",
    )  # fmt: skip
    worker_concurrency: int = Field(
        100, alias="SLUICE_WORKER_CONCURRENCY", ge=1, le=10_000,
        description="items in one worker's hands at once",
    )  # fmt: skip
    worker_threads: int = Field(
        40, alias="SLUICE_WORKER_THREADS", ge=1, le=1_000,
        description="threads for methods that are plain def",
    )  # fmt: skip
    bulk_share: float = Field(
        BULK_SHARE, alias="SLUICE_BULK_SHARE", ge=0.01, le=0.5,
        description="share of starts that runs of lower priorities have while others are waiting",
    )  # fmt: skip
    worker_heartbeat: float = Field(
        30, alias="SLUICE_WORKER_HEARTBEAT", ge=0.5, le=3600,
        description="seconds of silence after which another worker takes a message over",
    )  # fmt: skip
    stop_timeout: float = Field(
        20, alias="SLUICE_STOP_TIMEOUT", ge=0, le=3600,
        description="seconds that a stop gives to what is in hand",
    )  # fmt: skip
    max_result_bytes: int = Field(
        1_000_000, alias="SLUICE_MAX_RESULT_BYTES", ge=10_000, le=50_000_000,
        description="largest result of an item, or of a step of it, as JSON",
    )  # fmt: skip
    max_params_bytes: int = Field(
        32_000, alias="SLUICE_MAX_PARAMS_BYTES", ge=1_000, le=1_000_000,
        description="largest params of a run, as JSON",
    )  # fmt: skip
    calls_per_token: int = Field(
        4, alias="SLUICE_CALLS_PER_TOKEN", ge=1, le=10_000,
        description="API calls of one token at once; its others wait",
    )  # fmt: skip
    long_calls_per_token: int = Field(
        3, alias="SLUICE_LONG_CALLS_PER_TOKEN", ge=1, le=1_000,
        description="dry runs and counts of one token at once, and as many previews",
    )  # fmt: skip
    long_calls: int = Field(
        6, alias="SLUICE_LONG_CALLS", ge=1, le=1_000, description="the same of all tokens"
    )
    streams_per_token: int = Field(
        50, alias="SLUICE_STREAMS_PER_TOKEN", ge=1, le=10_000,
        description="event streams, and files of runs, of one token at once",
    )  # fmt: skip
    streams: int = Field(
        200, alias="SLUICE_STREAMS", ge=1, le=10_000, description="the same of all tokens"
    )
    look_ahead: int = Field(
        1_000, alias="SLUICE_LOOK_AHEAD", ge=1, le=1_000_000,
        description="outstanding items of a run at which its next page waits",
    )  # fmt: skip
    watchdog_seconds: float = Field(
        5, alias="SLUICE_WATCHDOG_SECONDS", ge=0.1, le=3600,
        description="seconds between two looks for runs that cannot go on",
    )  # fmt: skip
    retention_days: int = Field(
        30, alias="SLUICE_RETENTION_DAYS", ge=0, le=36_500,
        description="days after which ended runs are deleted; 0: never",
    )  # fmt: skip
    audit_days: int = Field(
        365, alias="SLUICE_AUDIT_DAYS", ge=0, le=36_500,
        description="days for which is kept who changed flow keys, schedules, backfills and targets"
        " of notifications; 0: for good",
    )  # fmt: skip
    event_days: int = Field(
        7, alias="SLUICE_EVENT_DAYS", ge=1, le=3_650,
        description="days after which events that were sent are deleted; so long, one that comes"
        " again is known",
    )  # fmt: skip
    notify_private: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(networks)] = Field(
        (), alias="SLUICE_NOTIFY_PRIVATE",
        description="private networks to which notifications may go, such as"
        " 10.1.0.0/16,127.0.0.1; unset: none",
    )  # fmt: skip
    dry_run_budget: float = Field(
        15, alias="SLUICE_DRY_RUN_BUDGET", gt=0, le=600,
        description="seconds after which a dry run extrapolates",
    )  # fmt: skip
    url: Annotated[str, scheme("http", "https")] = Field(
        default_factory=lambda given: reached_at(given.get("host"), given.get("port")),
        alias="SLUICE_URL",
        description="the API that the CLI calls, and where links lead",
        validate_default=True,
    )
    token: SecretStr | None = Field(
        None, alias="SLUICE_TOKEN", description="the secret with which the CLI calls it"
    )
    files_dir: Path = Field(
        Path(".sluice/files"), alias="SLUICE_FILES_DIR", description="where families keep files"
    )

    @property
    def silence(self) -> timedelta:
        """After which a process that hangs has nothing locked any more: by then others have taken
        it for dead."""
        return timedelta(seconds=2 * self.worker_heartbeat)

    @property
    def public_url(self) -> str:
        """Under which people reach the service."""
        url = self.url.rstrip("/")
        return url if urlsplit(url).path.endswith(self.root_path) else url + self.root_path

    @property
    def secret_keys(self) -> list[str]:
        """The newest first."""
        told = "" if self.secret_key is None else self.secret_key.get_secret_value()
        return [key.strip() for key in told.split(",") if key.strip()]
