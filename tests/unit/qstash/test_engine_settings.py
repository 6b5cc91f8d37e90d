"""The settings of the engine: what is refused, in which words, and what is hidden."""

from __future__ import annotations

import pytest

from app.config.engine_settings import EngineName, QStashAccess
from app.configured_secrets import redactor_of
from app.connections.server_urls import Urls
from app.errors import ConfigurationError
from app.main import create_app
from app.settings import load_settings
from tests.support.own_settings import refused_settings

HIDDEN = "hunter2hunter2hunter2hunter2hunter2"
SET = {
    "SLUICE_ENGINE": "qstash",
    "SLUICE_TOKENS": "ops:a-good-secret-of-32-characters-0",
    "APP_URL": "https://jobs.example.com/",
    "QSTASH_TOKEN": "eyJVc2VySUQiOiJhYmMifQ==",
    "QSTASH_CURRENT_SIGNING_KEY": "sig_abcdefghijklmnopqrstuvwxyz01",
    "QSTASH_NEXT_SIGNING_KEY": "sig_bcdefghijklmnopqrstuvwxyz012",
}


def set_all(env: pytest.MonkeyPatch) -> None:
    for name, value in SET.items():
        env.setenv(name, value)


def test_without_any_setting_the_engine_is_postgres(env: pytest.MonkeyPatch) -> None:
    assert load_settings().engine is EngineName.POSTGRES


def test_qstash_is_reached_where_the_settings_say_and_reaches_us_below_the_path(
    env: pytest.MonkeyPatch,
) -> None:
    set_all(env)
    settings = load_settings()
    _, _, _, token, current, following = SET.values()
    at = "https://jobs.example.com"
    public = "https://qstash.upstash.io"
    assert settings.qstash() == QStashAccess(at, public, token, current, following)
    assert settings.qstash("/sluice").app_url == f"{at}/sluice"
    env.setenv("APP_URL", f"{at}/sluice/")
    env.setenv("QSTASH_URL", "http://127.0.0.1:8080/")
    settings = load_settings()
    assert settings.qstash("/sluice").app_url == f"{at}/sluice"
    assert settings.qstash("/sluice").url == "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "name",
    ["APP_URL", "QSTASH_TOKEN", "QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"],
)
def test_what_is_missing_stops_the_start_and_is_named(env: pytest.MonkeyPatch, name: str) -> None:
    set_all(env)
    env.delenv(name)
    settings = load_settings()  # the command line, as a caller of the API, needs none of it
    with pytest.raises(ConfigurationError, match=f"SLUICE_ENGINE is qstash, and {name} is not set"):
        create_app(settings, Urls("", ""), [])


def test_all_that_is_missing_is_told_at_once(env: pytest.MonkeyPatch) -> None:
    set_all(env)
    env.delenv("APP_URL")
    env.delenv("QSTASH_TOKEN")
    env.setenv("QSTASH_TOKN", HIDDEN)
    with pytest.raises(ConfigurationError, match="APP_URL and QSTASH_TOKEN are not set") as refused:
        load_settings().qstash()
    assert refused.value.detail.endswith(" QSTASH_TOKN is set: did you mean QSTASH_TOKEN?")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLUICE_ENGINE", "sqs"),
        ("APP_URL", "jobs.example.com"),
        ("APP_URL", "https://"),
        ("APP_URL", "https://jobs.example.com:x"),
        ("APP_URL", "https://jobs.example.com/?a=b"),
        ("APP_URL", "https://jobs.example.com/#a"),
        ("APP_URL", f"https://me:{HIDDEN}@jobs.example.com"),
        ("QSTASH_URL", "qstash.upstash.io"),
        ("QSTASH_URL", f"https://:{HIDDEN}@qstash.upstash.io"),
        ("QSTASH_TOKEN", f"{HIDDEN}\n"),
        ("QSTASH_TOKEN", f"Bearer {HIDDEN}"),
        ("QSTASH_CURRENT_SIGNING_KEY", HIDDEN[:31]),
        ("QSTASH_NEXT_SIGNING_KEY", f"{HIDDEN}\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ],
)
def test_what_is_malformed_is_refused_by_its_name_and_not_shown(
    env: pytest.MonkeyPatch, name: str, value: str
) -> None:
    set_all(env)
    env.setenv(name, value)
    sentence = refused_settings()
    assert sentence.startswith(f"{name} cannot be used: ")
    assert HIDDEN[:31] not in sentence


def test_its_secrets_are_shown_nowhere(env: pytest.MonkeyPatch) -> None:
    set_all(env)
    settings = load_settings()
    secrets = list(SET.values())[3:]
    shown = f"{settings!r} {settings.model_dump_json()} {settings.qstash()!r}"
    told = redactor_of(settings)(f"refused: {' '.join(secrets)}")
    for secret in secrets:
        assert secret not in shown
        assert secret not in told
