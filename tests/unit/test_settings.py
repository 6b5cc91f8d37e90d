"""Settings: what is refused, in which words, and what wins."""

from __future__ import annotations

import re
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path

import pytest
from pydantic import Field, ValidationError, create_model

from app import settings as settings_module
from app.config.environment import EnvironmentSettings
from app.embedded.servers import servers
from app.errors import ConfigurationError
from app.main import app_from_environment
from app.settings import Settings, load_settings, require_free_names
from app.tokens import MIN_TOKEN_LENGTH
from tests.support.logged import warnings_logged
from tests.support.own_settings import OwnSettings, refused_settings

GOOD = "a-good-secret-of-32-characters-0"
HIDDEN = "hunter2hunter2hunter2"


def test_without_any_setting_the_defaults_stand(env: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.tokens == ()
    assert settings.port == 8000


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SLUICE_PROT", "Did you mean SLUICE_PORT?"),
        ("SLUICE_TOKENS_", "Did you mean SLUICE_TOKENS?"),
        ("SLUICE_NOTHING_LIKE_IT", "All of ours are listed in docs/reference/settings.md. One"),
    ],
)
def test_an_unknown_name_of_ours_is_refused_with_the_nearest_or_else_where_all_are(
    env: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    env.setenv(name, HIDDEN)
    sentence = refused_settings()
    assert f"Unknown setting {name}. {hint}" in sentence
    assert "app/services/settings.py" in sentence
    assert HIDDEN not in sentence
    assert (Path(settings_module.__file__).parents[1] / settings_module.LISTED).is_file()


def test_an_unknown_name_that_is_not_ours_is_left_alone(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICES_PER_RIVER", "3")
    env.setenv("MY_LLM_KEY", "x")
    load_settings()


@pytest.mark.parametrize("name", ["CRM_TOKEN", "MAIL_FROM", "REDIS_TLS_URL", "DATABASE_URL_OLD"])
def test_a_name_of_ones_own_may_stand_in_the_env_file(
    env: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / ".env").write_text(f"{name}={HIDDEN}\nSLUICE_PORT=9000\n")
    assert load_settings().port == 9000


@pytest.mark.parametrize(
    ("name", "meant"), [("DATABSE_URL", "DATABASE_URL"), ("REDIS_URI", "REDIS_URL")]
)
def test_a_name_of_the_env_file_that_is_nearly_a_setting_is_refused(
    env: pytest.MonkeyPatch, tmp_path: Path, name: str, meant: str
) -> None:
    env.setenv(name, HIDDEN)
    load_settings()  # others may have it in the environment
    (tmp_path / ".env").write_text(f"{name}={HIDDEN}\n")
    sentence = refused_settings()
    assert f"Unknown setting {name}." in sentence
    assert f"Did you mean {meant}?" in sentence
    assert HIDDEN not in sentence


NOT_GIVEN = "where this is imported: no server is started for it."


@pytest.mark.parametrize(
    ("names", "hint"),
    [
        (["DATABSE_URL", "REDIS_URL"], " DATABSE_URL is set: did you mean DATABASE_URL?"),
        (["DATABASE_URL", "REDIS_ULR"], " REDIS_ULR is set: did you mean REDIS_URL?"),
        (["DATABASE_URI"], " DATABASE_URI is set: did you mean DATABASE_URL?"),
        (["DATABASE_URL_OLD", "REDIS_TLS_URL", "TEST_DATABASE_URL"], ""),
    ],
)
def test_where_a_setting_is_missing_the_one_that_is_set_in_its_place_is_named(
    env: pytest.MonkeyPatch, names: list[str], hint: str
) -> None:
    env.setenv("DATABSE_URLS", "")  # as good as not set
    for name in names:
        kind = "redis" if "REDIS" in name else "postgresql"
        env.setenv(name, f"{kind}://me:{HIDDEN}@host/0")
    with pytest.raises(ConfigurationError) as refused:
        app_from_environment()
    assert refused.value.detail.endswith(NOT_GIVEN + hint)


def test_an_embedded_server_in_place_of_a_misspelt_name_is_told(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.setenv("DATABSE_URL", f"postgresql://me:{HIDDEN}@host/db")
    env.setenv("SLUICE_DATA_DIR", str(tmp_path / "file"))
    (tmp_path / "file").touch()  # so that none starts
    settings = load_settings()

    def start() -> None:
        with suppress(OSError, ConfigurationError), servers(settings):
            pass

    with warnings_logged() as logged:
        copy_context().run(start)  # it sets the redactor in use
    assert [one for one in logged if one["event"] == "setting_missing"] == [
        {
            "event": "setting_missing",
            "log_level": "warning",
            "setting": "DATABASE_URL",
            "nearly": "DATABSE_URL",
        }
    ]


def test_an_unknown_key_of_the_env_file_is_refused_by_its_name(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"SLUICE_PORT=9000\nSLUICE_PROT={HIDDEN}\n")
    sentence = refused_settings()
    assert "Unknown setting SLUICE_PROT." in sentence
    assert HIDDEN not in sentence


def test_the_environment_wins_over_the_env_file(env: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLUICE_PORT=9000\nSLUICE_POOL_SIZE=7\n")
    env.setenv("SLUICE_PORT", "9001")
    settings = load_settings()
    assert (settings.port, settings.pool_size) == (9001, 7)


def test_an_empty_value_is_no_value(env: pytest.MonkeyPatch) -> None:
    env.setenv("DATABASE_URL", "")
    env.setenv("SLUICE_PORT", "")
    env.setenv("SLUICE_TOKENS", "")
    settings = load_settings()
    assert (settings.database_url, settings.port, settings.tokens) == (None, 8000, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", f"mysql://me:{HIDDEN}@host/db"),
        ("DATABASE_URL", HIDDEN),
        ("REDIS_URL", f"http://:{HIDDEN}@host"),
        ("SLUICE_PORT", "0"),
        ("SLUICE_PORT", "65536"),
        ("SLUICE_PORT", HIDDEN),
        ("SLUICE_POOL_SIZE", "1"),
        ("SLUICE_POOL_SIZE", "2.5"),
        ("SLUICE_LOG_LEVEL", "loud"),
        ("SLUICE_LOG_FORMAT", "xml"),
        ("SLUICE_REDIS_PREFIX", "with space"),
        ("SLUICE_SCHEMA", "public"),
        ("SLUICE_SCHEMA", "pg_sluice"),
        ("SLUICE_SCHEMA", "user"),
        ("SLUICE_SCHEMA", "left"),
        ("SLUICE_SCHEMA", "Sluice"),
        ("SLUICE_SCHEMA", 'a"; DROP SCHEMA public'),
        ("SLUICE_SCHEMA", "s" * 64),
        ("SLUICE_WORKER_HEARTBEAT", "0"),
        ("SLUICE_STOP_TIMEOUT", "-1"),
        ("SLUICE_LOOK_AHEAD", "0"),
        ("SLUICE_DRY_RUN_BUDGET", "0"),
        ("SLUICE_DRY_RUN_BUDGET", "nan"),
        ("SLUICE_STOP_TIMEOUT", "inf"),
        ("SLUICE_URL", "localhost:8000"),
        ("SLUICE_ROOT_PATH", "sluice"),
        ("SLUICE_ROOT_PATH", "/slu ice"),
        ("SLUICE_ROOT_PATH", "//sluice"),
        ("SLUICE_ROOT_PATH", "/a/../b"),
        ("SLUICE_ROOT_PATH", "/api/sluice"),
        ("SLUICE_ROOT_PATH", "/console"),
    ],
)
def test_a_malformed_value_is_refused_by_its_name_and_not_shown(
    env: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    env.setenv(name, value)
    sentence = refused_settings()
    assert sentence.startswith(f"{name} cannot be used: ")
    assert HIDDEN not in sentence
    env.delenv(name)
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    assert refused_settings().startswith(f"{name} cannot be used: ")


@pytest.mark.parametrize(
    ("url", "root", "leads"),
    [
        ("https://example.com", "/sluice/", "https://example.com/sluice"),
        ("https://example.com/sluice/", "/sluice", "https://example.com/sluice"),
        ("https://example.com/my-sluice", "/sluice", "https://example.com/my-sluice/sluice"),
        ("https://example.com/a", "/", "https://example.com/a"),
    ],
)
def test_links_lead_below_the_path_whether_or_not_the_address_names_it(
    env: pytest.MonkeyPatch, url: str, root: str, leads: str
) -> None:
    env.setenv("SLUICE_URL", url)
    env.setenv("SLUICE_ROOT_PATH", root)
    assert load_settings().public_url == leads


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (f"ops:{GOOD},{HIDDEN}", "entry 2 is not of the form name:secret"),
        (f":{HIDDEN}", "entry 1 is not of the form name:secret"),
        (f"ops:{GOOD}, ops:{GOOD}2", "the name of entry 2 stands twice"),
        (f"ops:{HIDDEN[: MIN_TOKEN_LENGTH - 1]}", "at least 16 printable ASCII"),
        ("ops:", "at least 16 printable ASCII"),
        (f"ops:{GOOD},it[red]:{HIDDEN}", "entry 2 has a scope that is not known. Known are: read,"),
        (f"ops[{HIDDEN}]:{GOOD}", "entry 1 has a scope that is not known"),
        (f"ops[]:{GOOD}", "entry 1 has a scope that is not known"),
        (f"ops[read+]:{GOOD}", "entry 1 has a scope that is not known"),
        (f"ops[READ]:{GOOD}", "entry 1 has a scope that is not known"),
        (f"ops[read,run]:{GOOD}", "entry 1 is not of the form name:secret or name[scope+scope]:"),
        (f"ops[read:{GOOD}", "entry 1 is not of the form"),
        (f"ops]read[:{GOOD}", "entry 1 is not of the form"),
        (f"[read]:{GOOD}", "entry 1 is not of the form"),
        (f"ops[read][run]:{GOOD}", "entry 1 is not of the form"),
        (f"ops[read]x:{GOOD}", "entry 1 is not of the form"),
        (f"ops:{GOOD},ops[read]:{GOOD}2", "the name of entry 2 stands twice"),
        (f"ops:{GOOD}\N{LATIN SMALL LETTER E WITH ACUTE}", "at least 16 printable ASCII"),
        (f"ops:{GOOD}\t{GOOD}", "at least 16 printable ASCII"),
    ],
)
def test_a_token_that_cannot_be_used_is_refused_without_its_secret(
    env: pytest.MonkeyPatch, tokens: str, words: str
) -> None:
    env.setenv("SLUICE_TOKENS", tokens)
    sentence = refused_settings()
    assert sentence.startswith("SLUICE_TOKENS cannot be used: ")
    assert words in sentence
    for secret in (GOOD, HIDDEN, HIDDEN[: MIN_TOKEN_LENGTH - 1]):
        assert secret not in sentence


def test_no_example_of_a_secret_is_one(env: pytest.MonkeyPatch) -> None:
    """Neither as it stands in a file of ours, nor where a shell should have filled it in."""
    top = Path(__file__).parents[2]
    files = (".env.example", "compose.env.example", "docker-compose.yml", "README.md")
    texts = [top / name for name in files] + sorted((top / "docs").rglob("*.md"))
    shown = {
        (file.name, found.strip("\"'`."))
        for file in texts
        for found in re.findall(
            r"SLUICE_TOKENS=(.*?)(?: \\|$|[\"`])", file.read_text(), re.MULTILINE
        )
    }
    assert ".env.example" in {name for name, _ in shown}
    for name, value in sorted(shown):
        if value.strip():
            env.setenv("SLUICE_TOKENS", value)
            assert "SLUICE_TOKENS cannot be used" in refused_settings(), (name, value)
    env.setenv("SLUICE_TOKENS", "ops:0000-make-your-own-0000")
    assert refused_settings() == (
        "SLUICE_TOKENS cannot be used: the secret of entry 1 is one of an example, which everybody"
        " knows. Make one of your own with: openssl rand -hex 24."
    )


def test_tokens_are_read_with_their_names_and_may_hold_colons(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICE_TOKENS", f" ops:{GOOD} , cron:a:{GOOD},")
    tokens = load_settings().tokens
    assert [t.name for t in tokens] == ["ops", "cron"]
    assert [t.secret.get_secret_value() for t in tokens] == [GOOD, f"a:{GOOD}"]


def test_a_token_is_for_what_its_brackets_say_and_without_any_for_everything(
    env: pytest.MonkeyPatch,
) -> None:
    env.setenv("SLUICE_TOKENS", f"ops:{GOOD},it [ read + approve ]:{GOOD}2,cron[cron]:[x]:{GOOD}")
    tokens = load_settings().tokens
    assert [t.name for t in tokens] == ["ops", "it", "cron"]
    assert [sorted(t.scopes) for t in tokens] == [
        ["approve", "cron", "event", "read", "run"],
        ["approve", "read"],
        ["cron"],
    ]
    assert tokens[2].secret.get_secret_value() == f"[x]:{GOOD}"


def test_a_name_that_stands_twice_is_found_whatever_its_spaces(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICE_TOKENS", f"ops:{GOOD},ops :{GOOD}2")
    assert "stands twice" in refused_settings()


def test_a_space_before_a_secret_is_no_part_of_it(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICE_TOKENS", f"ops: {GOOD}")
    assert load_settings().tokens[0].secret.get_secret_value() == GOOD


def test_a_secret_that_was_put_before_its_name_is_not_shown(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICE_TOKENS", f"{HIDDEN}:ops")
    assert HIDDEN not in refused_settings()


def test_one_secret_under_two_names_is_refused(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICE_TOKENS", f"ops:{GOOD},cron:{GOOD}")
    assert GOOD not in refused_settings()


def test_secrets_are_not_shown_by_the_settings_themselves(env: pytest.MonkeyPatch) -> None:
    env.setenv("SLUICE_TOKENS", f"ops:{GOOD}")
    env.setenv("SLUICE_TOKEN", HIDDEN)
    settings = load_settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert GOOD not in shown
    assert HIDDEN not in shown


def test_settings_are_frozen(env: pytest.MonkeyPatch) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]  # that it is frozen is the point


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"SLUICE_PORT": "9123"}, "http://127.0.0.1:9123"),
        ({"SLUICE_HOST": "0.0.0.0", "SLUICE_PORT": "9123"}, "http://127.0.0.1:9123"),  # noqa: S104
        ({"SLUICE_HOST": "::"}, "http://[::1]:8000"),
        ({"SLUICE_HOST": "10.0.0.7"}, "http://10.0.0.7:8000"),
        ({"SLUICE_PORT": "9123", "SLUICE_URL": "https://jobs.example.org"},
         "https://jobs.example.org"),
    ],
)  # fmt: skip
def test_the_command_line_calls_where_the_same_settings_make_the_service_listen(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], url: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert load_settings(None).url == url


@pytest.mark.parametrize(
    ("field", "alias"),
    [("port", None), ("my_port", "SLUICE_PORT"), ("sluice_mail", None), ("x", "DATABASE_URL")],
)
def test_a_setting_of_ones_own_must_not_hide_one_of_ours(field: str, alias: str | None) -> None:
    declared = {field: (str, Field("x", alias=alias))}
    own = create_model("Own", __base__=EnvironmentSettings, **declared)  # type: ignore[call-overload]  # names from a mapping
    with pytest.raises(ConfigurationError, match=f"declares {field}, read from "):
        require_free_names(own)


def test_a_setting_of_ones_own_is_read_from_its_name_in_capitals(
    env: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env.setenv("OTTER_KEY", HIDDEN)
    (tmp_path / ".env").write_text("BADGER_URL=https://shop.example.com\n")
    settings = OwnSettings(_env_file=".env")
    assert settings.badger_url == "https://shop.example.com"
    assert settings.otter_key is not None
    assert settings.otter_key.get_secret_value() == HIDDEN


def test_a_list_of_a_service_s_own_that_is_no_json_is_refused_by_its_name(
    env: pytest.MonkeyPatch,
) -> None:
    class WithHosts(Settings):
        otter_hosts: tuple[str, ...] = ()

    env.setattr(settings_module, "Settings", WithHosts)
    env.setenv("OTTER_HOSTS", "a,b")
    assert (
        refused_settings() == "OTTER_HOSTS cannot be used: a list or a mapping is written as JSON."
    )
    env.setenv("OTTER_HOSTS", '["a", "b"]')
    assert isinstance(loaded := load_settings(None), WithHosts)
    assert loaded.otter_hosts == ("a", "b")
