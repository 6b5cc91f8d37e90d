"""The settings of the example families, which are to Sluice as those of any service."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services.settings import ServiceSettings
from app.settings import load_settings
from tests.support.own_settings import refused_settings

ROOT = Path(__file__).parents[3]
LIST = "docs/reference/settings.md"
HIDDEN = "hunter2hunter2hunter2"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        *(("IMAGE_KEY", "IMAGE_API_KEY"), ("IMAGE_MODELL", "IMAGE_MODEL")),
        ("IMAGE_TIMEOUT_S", "IMAGE_TIMEOUT"),
        *(("IMAGE_BASE_URI", "IMAGE_BASE_URL"), ("POSTS_URI", "POSTS_URL")),
    ],
)
def test_a_misspelt_name_is_refused_and_the_one_that_was_meant_is_told(
    env: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    env.setenv(name, HIDDEN)
    sentence = refused_settings()
    assert f"Unknown setting {name}. Did you mean {meant}?" in sentence
    assert HIDDEN not in sentence


@pytest.mark.parametrize("name", ["LLM_KEY", "LLM_SEED"])
def test_one_that_is_like_none_is_refused_with_where_all_of_them_are_told(
    env: pytest.MonkeyPatch, name: str
) -> None:
    env.setenv(name, HIDDEN)
    sentence = refused_settings()
    assert f"Unknown setting {name}. All of ours are listed in {LIST}. One of your own " in sentence
    assert "LLM_API_KEY" in (ROOT / LIST).read_text()
    assert HIDDEN not in sentence


@pytest.mark.parametrize(
    "name", ["IMAGE_TAG", "IMAGE_NAME", "IMAGE_REGISTRY", "IMAGE_", "POSTS_PER_PAGE"]
)
def test_a_name_that_many_use_is_refused_only_if_it_resembles_a_setting(
    env: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    env.setenv(name, HIDDEN)
    (tmp_path / ".env").write_text(f"{name}={HIDDEN}\n")
    load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLM_BASE_URL", f"ftp://{HIDDEN}"),
        ("IMAGE_BASE_URL", f"ftp://{HIDDEN}"),
        ("POSTS_URL", HIDDEN),
        ("LLM_TIMEOUT", "inf"),
        ("IMAGE_TIMEOUT", "0"),
    ],
)
def test_a_malformed_value_is_refused_by_its_name_and_not_shown(
    env: pytest.MonkeyPatch, name: str, value: str
) -> None:
    env.setenv(name, value)
    sentence = refused_settings()
    assert sentence.startswith(f"{name} cannot be used: ")
    assert HIDDEN not in sentence


def test_keys_are_not_shown_by_the_settings_themselves(env: pytest.MonkeyPatch) -> None:
    for name in ("LLM_API_KEY", "IMAGE_API_KEY"):
        env.setenv(name, HIDDEN)
    settings = load_settings()
    assert isinstance(settings, ServiceSettings)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert HIDDEN not in shown
