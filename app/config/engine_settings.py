"""The settings of the engine: which one, and where QStash and we reach one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from app.config.environment import EnvironmentSettings, WebUrl, what_was_meant
from app.errors import ConfigurationError

SHORTEST_KEY = 32
"""Characters: what HS256 asks of a key."""


class EngineName(StrEnum):
    POSTGRES = "postgres"
    QSTASH = "qstash"


@dataclass(frozen=True, slots=True)
class QStashAccess:
    """How QStash and we reach one another. ``app_url`` and ``url`` have no slash at their end."""

    app_url: str
    url: str
    token: str = field(repr=False)
    current_key: str = field(repr=False)
    next_key: str = field(repr=False)


def _base(value: str | None) -> str | None:
    """A URL that paths are put behind."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        known = parts.hostname and parts.port != 0
    except ValueError:
        known = None
    if not known:
        raise ValueError("must be a URL with a host, such as https://example.com")
    if parts.query or parts.fragment or parts.username is not None or not value.isprintable():
        raise ValueError("must be a URL without a query, a fragment, a user or a password")
    return value.rstrip("/")


def _printable(value: SecretStr | None) -> SecretStr | None:
    told = "" if value is None else value.get_secret_value()
    if not (told.isascii() and told.isprintable()) or " " in told:
        raise ValueError("must be as QStash's console shows it, without spaces or line breaks")
    return value


def _signing_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(
            f"must have {SHORTEST_KEY} characters or more: QStash's console shows it under Signing"
            " Keys"
        )
    return _printable(value)


BaseUrl = Annotated[WebUrl, AfterValidator(_base)]
SigningKey = Annotated[SecretStr | None, AfterValidator(_signing_key)]


class EngineSettings(EnvironmentSettings):
    engine: EngineName = Field(
        EngineName.POSTGRES, alias="SLUICE_ENGINE",
        description="postgres: workers; qstash: QStash calls the API, and there is no worker",
    )  # fmt: skip
    app_url: Annotated[str | None, AfterValidator(_base)] = Field(
        None, alias="APP_URL", description="under which QStash reaches the API"
    )
    qstash_token: Annotated[SecretStr | None, AfterValidator(_printable)] = Field(
        None, alias="QSTASH_TOKEN", description="with which QStash is called"
    )
    qstash_url: BaseUrl = Field(
        "https://qstash.upstash.io", alias="QSTASH_URL",
        description="QStash's API: of a region, or of your own host",
    )  # fmt: skip
    qstash_current_signing_key: SigningKey = Field(
        None, alias="QSTASH_CURRENT_SIGNING_KEY", description="what QStash signs its calls with"
    )
    qstash_next_signing_key: SigningKey = Field(
        None, alias="QSTASH_NEXT_SIGNING_KEY", description="and what it will once keys are rolled"
    )

    def qstash(self, root_path: str = "") -> QStashAccess:
        """
        Args:
            root_path: under which a proxy serves the API.

        Raises:
            ConfigurationError: one of what it takes is not set.
        """
        secrets = {
            "QSTASH_TOKEN": self.qstash_token,
            "QSTASH_CURRENT_SIGNING_KEY": self.qstash_current_signing_key,
            "QSTASH_NEXT_SIGNING_KEY": self.qstash_next_signing_key,
        }
        clear = {name: secret and secret.get_secret_value() for name, secret in secrets.items()}
        told = {"APP_URL": self.app_url, **clear}
        missing = [name for name, value in told.items() if not value]
        if missing:
            raise ConfigurationError(
                f"SLUICE_ENGINE is qstash, and {_enumerated(missing)} not set. APP_URL is the"
                " address under which QStash reaches this API; QStash's console shows the others,"
                " and `sluice qstash-dev` prints them for a try on this machine."
                f"{what_was_meant(missing, type(self))}"
            )
        app_url, token, current, following = (value or "" for value in told.values())
        if not urlsplit(app_url).path.endswith(root_path):
            app_url += root_path
        return QStashAccess(app_url, self.qstash_url, token, current, following)


def _enumerated(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:-1])} and {names[-1]} are"
