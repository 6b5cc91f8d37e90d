"""The settings of where traces go: nowhere, unless OpenTelemetry's own variables say so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr

from app.config.environment import WebUrl, is_web_url
from app.config.throttle_settings import ThrottleSettings
from app.errors import ConfigurationError

PROTOCOL = "http/protobuf"
TRACE_ID = "{trace_id}"
"""In the address of a trace."""
SHORTEST_HEADER = 8
"""Characters of a header's value that is taken for a secret."""


def _template(value: str | None) -> str | None:
    if value is not None and TRACE_ID not in value:
        raise ValueError(f"must hold {TRACE_ID}, such as https://example.com/trace/{TRACE_ID}")
    return value


class TracingSettings(ThrottleSettings):
    otel_endpoint: str | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="of an OpenTelemetry collector, such as http://127.0.0.1:4318; set, runs are"
        " traced",
    )  # fmt: skip
    otel_traces_endpoint: str | None = Field(
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
    otel_protocol: str | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_PROTOCOL", description=f"{PROTOCOL}, or unset"
    )
    otel_traces_protocol: str | None = Field(
        None, alias="OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", description="likewise"
    )
    otel_traces_exporter: str | None = Field(
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
        """
        Raises:
            ConfigurationError: there are to be some, and it is not spoken here what the others of
                these variables ask for. Where there are none, they are somebody else's.
        """
        if self.otel_disabled or self.otel_traces_exporter == "none":
            return False
        named = self.otel_endpoint or self.otel_traces_endpoint
        if named is None and self.otel_traces_exporter is None:
            return False
        if self.otel_traces_exporter not in (None, "otlp"):
            raise ConfigurationError(
                f"OTEL_TRACES_EXPORTER is {self.otel_traces_exporter}, and traces go out by OTLP"
                " alone. Set it to otlp, or to none to have no traces."
            )
        protocol = self.otel_traces_protocol or self.otel_protocol
        if protocol not in (None, PROTOCOL):
            raise ConfigurationError(
                f"Traces are to go out by {protocol}, and only {PROTOCOL} is spoken here. Set"
                f" OTEL_EXPORTER_OTLP_TRACES_PROTOCOL to {PROTOCOL} and"
                " OTEL_EXPORTER_OTLP_TRACES_ENDPOINT to where the collector takes that, usually"
                " port 4318 with the path /v1/traces; or OTEL_TRACES_EXPORTER to none to have no"
                " traces."
            )
        self._require_address()
        return True

    def _require_address(self) -> None:
        """Of the one that is used alone: the other may be meant for who speaks gRPC."""
        name, named = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", self.otel_traces_endpoint
        if named is None:
            name, named = "OTEL_EXPORTER_OTLP_ENDPOINT", self.otel_endpoint
        if named is not None and not is_web_url(named):
            raise ConfigurationError(
                f"{name} must begin with http:// or https://, as the address at which the collector"
                f" takes {PROTOCOL}, usually port 4318. Mend it; or set OTEL_TRACES_EXPORTER to"
                " none to have no traces."
            )

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
