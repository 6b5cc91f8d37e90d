"""The settings of what every family waits for: nothing, unless it is set."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from app.config.engine_settings import EngineSettings


def _address(value: SecretStr | None) -> SecretStr | None:
    try:
        parts = None if value is None else urlsplit(value.get_secret_value())
        fits = parts is None or (parts.scheme in ("http", "https") and parts.hostname)
        fits = fits and (parts is None or parts.port != 0)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("must be a URL such as https://example.com/healthz")
    return value


class ThrottleSettings(EngineSettings):
    throttle_replication_lag: float | None = Field(
        None, alias="SLUICE_THROTTLE_REPLICATION_LAG", gt=0, le=86_400,
        description="seconds that a replica of the database may lag before every family waits",
    )  # fmt: skip
    throttle_long_transactions: float | None = Field(
        None, alias="SLUICE_THROTTLE_LONG_TRANSACTIONS", gt=0, le=86_400,
        description="seconds that a transaction may be open before every family waits",
    )  # fmt: skip
    throttle_dead_tuples: int | None = Field(
        None, alias="SLUICE_THROTTLE_DEAD_TUPLES", ge=1_000, le=10**12,
        description="dead rows that the queue or the items may have before every family waits",
    )  # fmt: skip
    throttle_health_url: Annotated[SecretStr | None, AfterValidator(_address)] = Field(
        None, alias="SLUICE_THROTTLE_HEALTH_URL",
        description="every family waits while this address answers other than 2xx",
    )  # fmt: skip
    throttle_backoff: float = Field(
        30, alias="SLUICE_THROTTLE_BACKOFF", gt=0, le=86_400,
        description="seconds after which these are looked at again once one says no",
    )  # fmt: skip
