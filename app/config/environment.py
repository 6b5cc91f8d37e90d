"""What Sluice's settings and a service's own have in common: where they are read from, and how."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import nearest

NEARLY_THE_SAME = 0.88
"""REDIS_URI is as near to REDIS_URL as this, REDIS_TLS_URL is not."""


class EnvironmentSettings(BaseSettings):
    """The base of classes whose fields are settings, from the environment and ``.env``.

    A field's name in capitals is the name of its variable, unless it has an ``alias``. Its
    ``description`` is what ``make docs`` says of it.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        defer_build=True,  # one class is read, of which the others are the bases
    )

    prefixes: ClassVar[tuple[str, ...]] = ()
    """A name that begins with one of these and is no setting is refused as a misspelt one."""


def names_of(kind: type[EnvironmentSettings]) -> list[str]:
    """The variables that its fields are read from."""
    return sorted(name_of(kind, field) for field in kind.model_fields)


def name_of(kind: type[EnvironmentSettings], field: str) -> str:
    return kind.model_fields[field].alias or field.upper()


def nearly_set(missing: str, kind: type[EnvironmentSettings]) -> str | None:
    """A variable that is set, is none of the settings, and is named nearly as the one that is
    missing; None: there is none. The same in ``.env`` is refused."""
    others = {name for name, value in os.environ.items() if value} - {*names_of(kind)}
    return next(iter(nearest(missing, sorted(others), nearness=NEARLY_THE_SAME)), None)


def what_was_meant(missing: Iterable[str], kind: type[EnvironmentSettings]) -> str:
    """Sentences for the end of an error, with a blank before each."""
    near = ((name, nearly_set(name, kind)) for name in missing)
    return "".join(f" {found} is set: did you mean {name}?" for name, found in near if found)


def scheme(*allowed: str) -> AfterValidator:
    """Of a field that is a URL: with which schemes it may begin."""

    def check(value: str | None) -> str | None:
        if value is not None and not value.startswith(tuple(f"{a}:" for a in allowed)):
            raise ValueError(f"must begin with {' or '.join(f'{a}://' for a in allowed)}")
        return value

    return AfterValidator(check)


WEB = ("https", "http")
WebUrl = Annotated[str, scheme(*WEB)]


def is_web_url(value: str) -> bool:
    return value.startswith(tuple(f"{one}://" for one in WEB))
