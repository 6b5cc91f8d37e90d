"""No secret gets past the redactor, however it is written, and nothing else is taken out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.configured_secrets import redactor_of
from app.redaction.redactor import MOST_LEARNT, Redactor
from app.settings import Settings
from app.tokens import Token
from tests.support.own_settings import OwnSettings
from tests.unit.redaction.encodings import ENCODINGS

SECRET = "sk-live/9_a-B+c'Zq8w"
ESCAPES = ("{0}", "\\u{1:04x}", "%{1:02x}", "%25{1:02X}", "\\\\u{1:04X}", "&#{1};", "\\x{1:02x}")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_is_taken_out_however_it_is_written(encoding: str) -> None:
    written = ENCODINGS[encoding](SECRET)
    redacted = Redactor([SECRET])(f"It said: {written}. Try again.")
    assert redacted.startswith("It said: ")
    assert redacted.endswith(". Try again.")
    assert "[redacted]" in redacted
    assert SECRET[6:14] not in redacted
    assert written not in redacted


@given(st.lists(st.sampled_from(ESCAPES), min_size=len(SECRET), max_size=len(SECRET)))
def test_also_with_each_character_in_another_way(how: list[str]) -> None:
    written = "".join(
        escape.format(char, ord(char)) for escape, char in zip(how, SECRET, strict=True)
    )
    assert Redactor([SECRET])(f"<{written}>") == "<[redacted]>"


@given(st.text())
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert Redactor(["never-in-a-text-of-this-test"])(text) == text


def test_json_is_json_afterwards() -> None:
    text = json.dumps({"a": f'"{SECRET}"', "b": [SECRET, {"c": f"\\{SECRET}"}]})
    assert "9_a" not in json.dumps(json.loads(Redactor([SECRET])(text)))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /answer/AbCdEf0123456789_-xyz?x", "GET /answer/[redacted]?x"),
        ("GET /answer/{token}", "GET /answer/{token}"),
        ("postgres://me:s3cret@db/app", "postgres://me:[redacted]@db/app"),
        ("Authorization: Basic bWU6c2VjcmV0", "Authorization: Basic [redacted]"),
        ("{'Authorization': 'Bearer abcdefghijklmnop0'}", "{'Authorization': 'Bearer [redacted]'}"),
        ("key=whsec_MfKQ9r8GKYqrTwjUPD8ILPZI", "key=whsec_[redacted]"),
        (
            "POST https://hooks.slack.com/services/T000/B000/XXXX failed",
            "POST https://hooks.slack.com/services/[redacted] failed",
        ),
        ("Cookie: sluice_session=AbCdEfGh01234; a=b", "Cookie: sluice_session=[redacted]; a=b"),
    ],
)
def test_what_is_a_secret_by_its_form_needs_not_be_known(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


def test_secrets_of_params_are_forgotten_in_turn_and_those_of_settings_never() -> None:
    redactor = Redactor(["of-the-settings"])
    redactor.learn({"first": ["of-the-first-run"]})
    assert redactor("of-the-first-run") == "[redacted]"
    redactor.learn(*(f"of-the-run-{n:05}" for n in range(MOST_LEARNT)))
    assert redactor("of-the-first-run") == "of-the-first-run"
    assert redactor(f"of-the-run-{MOST_LEARNT - 1:05}") == "[redacted]"
    assert redactor("of-the-settings") == "[redacted]"


@pytest.mark.parametrize("word", ["another", "request_failed", "family", "s3cr3t"])
def test_params_cannot_take_words_out_of_our_sentences(word: str) -> None:
    redactor = Redactor()
    redactor.learn(word)
    assert redactor(f"It was used for {word} call.") == f"It was used for {word} call."


def test_every_setting_that_is_a_secret_is_known() -> None:
    settings = OwnSettings(_env_file=None).model_copy(
        update={
            "database_url": "postgresql://me:of%2Fthe-database@db/app",
            "listen_url": "postgresql://me:of-what-listens@db/app",
            "redis_url": "redis://:of-redis-itself@cache/0",
            "secret_key": SecretStr("newest-key-of-all, former-key-of-all"),
            "otter_key": SecretStr("of-the-model"),
            "badger_key": SecretStr("of-the-painter"),
            "token": SecretStr("of-the-command-line"),
            "tokens": (Token(name="ops", secret=SecretStr("of-the-operators")),),
            "otter_url": "https://me:of-the-gateway@llm/v1?api-key=of-the-query",
            "badger_url": "https://me:of-the-posts@posts/",
        }
    )
    redactor = redactor_of(settings)
    for secret in (
        "of/the-database", "of%2Fthe-database", "of-what-listens", "of-redis-itself",
        "newest-key-of-all", "former-key-of-all", "of-the-model", "of-the-painter",
        "of-the-command-line", "of-the-operators", "of-the-gateway", "of-the-query", "of-the-posts",
    ):  # fmt: skip
        assert redactor(f"<{secret}>") == "<[redacted]>", secret


def test_a_password_that_is_a_plain_word_is_taken_out_of_urls_alone() -> None:
    settings = Settings(_env_file=None).model_copy(
        update={"database_url": "postgresql://postgres:postgres@db/app"}
    )
    text = "app/connections/postgres.py: postgresql://postgres:postgres@db/app"
    assert redactor_of(settings)(text) == (
        "app/connections/postgres.py: postgresql://postgres:[redacted]@db/app"
    )
