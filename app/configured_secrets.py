"""Every secret that the settings hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from app.config.sluice_settings import SluiceSettings
from app.redaction.redactor import Redactor

PLAIN_WORD = 8
"""Characters below which a password in a URL is taken for a word that may stand anywhere."""
PLAIN_WORDS = frozenset({"postgres", "postgresql", "password", "sluice"})

SECRET_NAME = re.compile("password|secret|token|key|sig", re.IGNORECASE)
"""Of a parameter in a URL's query."""


def redactor_of(settings: SluiceSettings, *urls: str) -> Redactor:
    """``urls``: those in use, which may be others than were set."""
    redactor = Redactor()
    know(redactor, settings)
    for url in urls:
        know_url(redactor, url)
    return redactor


def know(redactor: Redactor, settings: SluiceSettings) -> None:
    """A setting that is a secret, a token or a URL is among them without being named here."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            redactor.know(secret, *(part.strip() for part in secret.split(",")))
        elif isinstance(value, str) and "://" in value:
            know_url(redactor, value)
    redactor.know(*settings.header_secrets)
    redactor.know(*(token.secret.get_secret_value() for token in settings.tokens))
    for source in settings.webhooks:
        redactor.know(*(secret.get_secret_value() for secret in source.secrets))


def know_url(redactor: Redactor, url: str) -> None:
    """The passwords in it. One that is a plain word, or the user's name, would make gaps in every
    text: like any password it is taken out of URLs, and of nothing else."""
    redactor.know(*_secrets(url))


def _secrets(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # as a URL of several hosts may be
        return
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    clear = unquote(password)
    if len(clear) >= PLAIN_WORD and clear.lower() not in PLAIN_WORDS and clear != unquote(user):
        yield from {password, clear}
    for name, value in parse_qsl(parts.query):
        if SECRET_NAME.search(name):
            yield value
