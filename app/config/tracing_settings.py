"""The settings of where traces go: nowhere, unless OpenTelemetry's own variables say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr

from app.config.environment import WebUrl
from app.config.throttle_settings import ThrottleSettings

PROTOCOL = "http/protobuf"
TRACE_ID = "{trace_id}"
"""In the address of a trace."""
SHORTEST_HEADER = 8
"""Characters of a header's value that is taken for a secret."""


def _exporter(value: str | None) -> str | None:
    if value not in (None, "otlp", "none"):
        raise ValueError("must be otlp or none")
    return value


def _protocol(value: str | None) -> str | None:
    if value not in (None, PROTOCOL):
        raise ValueError(
            f"must be {PROTOCOL}, which collectors take on port 4318; no other is spoken here"
        )
    return value


def _template(value: str | None) -> str | None:
    if value is not None and TRACE_ID not in value:
        raise ValueError(f"must hold {TRACE_ID}, such as https://example.com/trace/{TRACE_ID}")
    return value


Protocol = Annotated[str | None, AfterValidator(_protocol)]


class TracingSettings(ThrottleSettings):
    otel_endpoint: WebUrl | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="of an OpenTelemetry collector, such as http://127.0.0.1:4318; set, runs are"
        " traced",
    )  # fmt: skip
    otel_traces_endpoint: WebUrl | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        description="likewise, with the whole path, such as http://127.0.0.1:4318/v1/traces",
    )  # fmt: skip
    otel_headers: SecretStr | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="headers for the collector: name=value,…",
    )  # fmt: skip
    otel_traces_headers: SecretStr | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_TRACES_HEADERS", description="in their stead, for traces"
    )
    otel_protocol: Protocol = Field(
        None, alias="OTEL_EXPORTER_OTLP_PROTOCOL", description=f"{PROTOCOL}, or unset"
    )
    otel_traces_protocol: Protocol = Field(
        None, alias="OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", description="likewise"
    )
    otel_traces_exporter: Annotated[str | None, AfterValidator(_exporter)] = Field(
        None, alias="OTEL_TRACES_EXPORTER",
        description="none: no traces, whatever the others say; otlp: to http://127.0.0.1:4318,"
        " where no endpoint is named",
    )  # fmt: skip
    otel_disabled: bool | None = Field(
        None, alias="OTEL_SDK_DISABLED", description="true: no traces, whatever the others say"
    )
    otel_service_name: str | None = Field(
        None, alias="OTEL_SERVICE_NAME", description="what the service is called in traces"
    )
    trace_items: int = Field(
        100, alias="SLUICE_TRACE_ITEMS", ge=0, le=100_000_000,
        description="items of a run that are traced, about, if it is; 0: none",
    )  # fmt: skip
    trace_url: Annotated[WebUrl | None, AfterValidator(_template)] = Field(
        None, alias="SLUICE_TRACE_URL",
        description=f"where a trace is looked at, with {TRACE_ID} in it: links lead there",
    )  # fmt: skip

    @property
    def has_traces(self) -> bool:
        if self.otel_disabled or self.otel_traces_exporter == "none":
            return False
        named = self.otel_endpoint or self.otel_traces_endpoint
        return named is not None or self.otel_traces_exporter == "otlp"

    @property
    def traces_to(self) -> str:
        """The address that takes them."""
        if self.otel_traces_endpoint is not None:
            return self.otel_traces_endpoint
        return f"{(self.otel_endpoint or 'http://127.0.0.1:4318').rstrip('/')}/v1/traces"

    @property
    def trace_headers(self) -> str:
        """As they are set."""
        told = self.otel_traces_headers or self.otel_headers
        return "" if told is None else told.get_secret_value()

    @property
    def header_secrets(self) -> Iterator[str]:
        """The values of all of them."""
        for told in (self.otel_headers, self.otel_traces_headers):
            for part in "" if told is None else told.get_secret_value().split(","):
                value = part.partition("=")[2].strip()
                if len(value) >= SHORTEST_HEADER:
                    yield from (value, unquote(value))
