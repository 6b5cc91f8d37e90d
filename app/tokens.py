"""Bearer tokens as a setting names them: who may call the API, and for what."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, SecretStr

MIN_TOKEN_LENGTH = 16
FORM = "name:secret or name[scope+scope]:secret"

_SAMPLE = re.compile(r"make-your-own|change-?me|\$[({]|your-?secret|example", re.IGNORECASE)
"""In a secret that somebody copied out of an example, which everybody can read; or that a shell was
meant to fill in, and did not."""

_NAME = re.compile(r"(?P<name>[^\[\]]+?)\s*(\[(?P<scopes>[^\[\]]*)\])?")


class Scope(StrEnum):
    """What a token is for. The routes that ask for each: ``app.api.auth.scopes``."""

    READ = "read"  # look at everything
    RUN = "run"  # change everything, and no approval
    APPROVE = "approve"  # let a run or an item go on that waits for a person
    CRON = "cron"  # say that time has passed, and see nothing
    EVENT = "event"  # say that something has happened, and see nothing


EVERYTHING = frozenset(Scope)


class Token(BaseModel):
    """A bearer token and the name under which a run remembers who started it."""

    model_config = ConfigDict(frozen=True)
    name: str
    secret: SecretStr
    scopes: frozenset[Scope] = EVERYTHING


def parse_tokens(text: object) -> tuple[Token, ...]:
    """Read ``name:secret,name2[read+approve]:secret2``. Without brackets: every scope.

    Raises:
        ValueError: names the entry by its position, never by its secret.
    """
    if isinstance(text, tuple):
        return text
    if not isinstance(text, str):
        raise ValueError(f"must be a list of {FORM}")  # noqa: TRY004 for pydantic
    tokens: list[Token] = []
    for position, entry in enumerate((e.strip() for e in text.split(",") if e.strip()), start=1):
        before, colon, secret = (part.strip() for part in entry.partition(":"))
        found = _NAME.fullmatch(before)
        if not colon or found is None:
            raise ValueError(f"entry {position} is not of the form {FORM}")
        name = found["name"].strip()
        if (fault := secret_fault(secret)) is not None:
            raise ValueError(f"the secret of entry {position} {fault}")
        if any(t.name == name for t in tokens):
            raise ValueError(f"the name of entry {position} stands twice")
        if any(t.secret.get_secret_value() == secret for t in tokens):
            raise ValueError(f"the secret of entry {position} stands twice")
        scopes = _scopes(found["scopes"], position)
        tokens.append(Token(name=name, secret=SecretStr(secret), scopes=scopes))
    return tuple(tokens)


def secret_fault(secret: str) -> str | None:
    """Why this is no secret to be let in by, behind a word for it; None: it is one."""
    if len(secret) < MIN_TOKEN_LENGTH or not secret.isascii() or not secret.isprintable():
        return (
            f"needs at least {MIN_TOKEN_LENGTH} printable ASCII characters"
            " (try: openssl rand -hex 24)"
        )
    if _SAMPLE.search(secret):
        return (
            "is one of an example, which everybody knows. Make one of your own with:"
            " openssl rand -hex 24"
        )
    return None


def _scopes(text: str | None, position: int) -> frozenset[Scope]:
    if text is None:
        return EVERYTHING
    words = [word.strip() for word in text.split("+")]
    if not all(word in EVERYTHING for word in words):
        # Without the word: what stands there by mistake may be a secret.
        raise ValueError(
            f"entry {position} has a scope that is not known. Known are: {', '.join(Scope)}"
        )
    return frozenset(Scope(word) for word in words)
