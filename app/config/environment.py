"""What Sluice's settings and a service's own have in common: where they are read from, and how."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import AfterValidator
from pydantic_settings import BaseSettings, SettingsConfigDict


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
