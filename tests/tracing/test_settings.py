"""Which of OpenTelemetry's variables have runs traced, and where traces go."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.configured_secrets import redactor_of
from app.errors import ConfigurationError
from app.settings import Settings
from tests.support.families import Recording
from tests.support.service import Opener
from tests.tracing.collector import collecting

ENDPOINT = "http://collector:4318"
TOKEN = "token-of-the-collector-0123=="


def read(**variables: str) -> Settings:
    return Settings.model_validate(variables)


def test_nothing_is_traced_unless_a_collector_is_named() -> None:
    assert not read().has_traces
    assert not read(OTEL_SERVICE_NAME="sluice", SLUICE_TRACE_ITEMS="5").has_traces
    assert read(OTEL_EXPORTER_OTLP_ENDPOINT=ENDPOINT).has_traces
    assert read(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{ENDPOINT}/v1/traces").has_traces
    assert read(OTEL_TRACES_EXPORTER="otlp").has_traces


@pytest.mark.parametrize("off", ["OTEL_SDK_DISABLED=true", "OTEL_TRACES_EXPORTER=none"])
def test_it_can_be_turned_off_whatever_the_others_say(off: str) -> None:
    name, _, value = off.partition("=")
    others = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}
    assert not read(**others, **{name: value}).has_traces


def test_a_base_address_has_the_path_of_traces_added_and_a_whole_one_not() -> None:
    assert read(OTEL_EXPORTER_OTLP_ENDPOINT=f"{ENDPOINT}/").traces_to == f"{ENDPOINT}/v1/traces"
    whole = read(
        OTEL_EXPORTER_OTLP_ENDPOINT=ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{ENDPOINT}/x"
    )
    assert whole.traces_to == f"{ENDPOINT}/x"
    assert read(OTEL_TRACES_EXPORTER="otlp").traces_to == "http://127.0.0.1:4318/v1/traces"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER"),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        ),
    ],
)
def test_what_is_not_spoken_is_refused_where_there_are_to_be_traces(
    variables: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named):
        _ = read(**variables).has_traces


def test_a_protocol_for_other_signals_is_nobodys_concern() -> None:
    assert not read(OTEL_EXPORTER_OTLP_PROTOCOL="grpc").has_traces
    own = {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"}
    general = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_ENDPOINT": ENDPOINT}
    assert read(**own, **general).has_traces


@pytest.mark.parametrize("endpoint", ["collector:4317", "unix:///run/otel.sock", "http:collector"])
def test_an_address_that_is_none_here_is_refused_only_where_it_is_used(endpoint: str) -> None:
    general, own = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    for off in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        assert not read(**{general: endpoint, own: endpoint}, **off).has_traces
    told = read(**{general: endpoint, own: f"{ENDPOINT}/x"})
    assert (told.has_traces, told.traces_to) == (True, f"{ENDPOINT}/x")
    for variables, named in (
        ({general: endpoint}, general),
        ({general: ENDPOINT, own: endpoint}, own),
    ):
        with pytest.raises(ConfigurationError, match=f"{named} must begin") as refused:
            _ = read(**variables).has_traces
        assert endpoint not in refused.value.detail


@pytest.mark.parametrize("url", ["https://traces.example.com/trace", "ftp://x/{trace_id}"])
def test_a_template_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="SLUICE_TRACE_URL"):
        read(SLUICE_TRACE_URL=url)


def test_what_the_collector_is_told_is_a_secret() -> None:
    settings = read(OTEL_EXPORTER_OTLP_HEADERS=f"tenant=a,api-key={TOKEN}")
    assert redactor_of(settings)(f"sent {TOKEN} to a tenant") == "sent [redacted] to a tenant"
    assert TOKEN not in repr(settings)


async def test_opentelemetrys_own_sampler_chooses_the_runs(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with collecting() as collector:
        async with opener(Recording(), otel_endpoint=collector.endpoint) as sluice:
            run = await sluice.played(2)
        assert run.traceparent is None
        assert collector.spans == []


async def test_its_headers_and_resource_arrive(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=batches,team=data")
    with collecting() as collector:
        async with opener(Recording(), otel_endpoint=collector.endpoint) as sluice:
            await sluice.played(1)
        assert {span.service for span in collector.spans} == {"batches"}
        assert set(collector.paths) == {"/v1/traces"}
        assert b"team" in collector.bodies[0]
