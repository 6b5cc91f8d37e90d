"""The settings of who may scrape metrics: nobody, unless one of them is set."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from app.config.tracing_settings import TracingSettings
from app.errors import ConfigurationError
from app.tokens import secret_fault


def _secret(value: SecretStr | None) -> SecretStr | None:
    if value is not None and (fault := secret_fault(value.get_secret_value())) is not None:
        raise ValueError(fault)
    return value


class MetricsSettings(TracingSettings):
    metrics_token: Annotated[SecretStr | None, AfterValidator(_secret)] = Field(
        None, alias="SLUICE_METRICS_TOKEN",
        description="with which metrics are scraped; set, the API serves them at /metrics",
    )  # fmt: skip
    metrics_port: int | None = Field(
        None, alias="SLUICE_METRICS_PORT", ge=1, le=65535,
        description="on which a process, a worker too, serves its metrics alone; unset: none",
    )  # fmt: skip
    metrics_host: str = Field(
        "127.0.0.1", alias="SLUICE_METRICS_HOST",
        description="address of that port; one that others reach needs the token",
    )  # fmt: skip

    @property
    def has_metrics(self) -> bool:
        """Whether anything is counted at all.

        Raises:
            ConfigurationError: others would reach them, and need nothing for it.
        """
        if self.metrics_token is not None:
            return True
        if self.metrics_port is not None and not _is_loopback(self.metrics_host):
            raise ConfigurationError(
                f"SLUICE_METRICS_HOST {self.metrics_host} can be reached from elsewhere, and"
                " SLUICE_METRICS_TOKEN is not set, so anybody could read the metrics. Set it to a"
                " secret of its own, as openssl rand -hex 24 makes one, or leave"
                " SLUICE_METRICS_HOST at 127.0.0.1."
            )
        return self.metrics_port is not None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
