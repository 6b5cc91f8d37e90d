"""The tokens that were configured, found by what a caller shows."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.api.auth.scopes import Principal
from app.tokens import Token


@dataclass(frozen=True, slots=True)
class RegisteredToken:
    """``digest``: SHA-256 of the secret, which itself is kept nowhere here."""

    principal: Principal
    digest: bytes

    def mark(self, key: bytes) -> str:
        """What names this token, and its secret of today, to whoever has ``key``; nobody else can
        try secrets on it."""
        return hmac.digest(key, b"token\0" + self.digest, hashlib.sha256).hex()[:32]


class TokenRegistry:
    """Every look compares with all of them, so that the time it takes tells nothing."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        # Digests are of one length, so comparing them tells nothing about a token's length.
        self._all = [
            RegisteredToken(Principal.of(t), digest(t.secret.get_secret_value())) for t in tokens
        ]

    def of_secret(self, secret: str) -> RegisteredToken | None:
        shown = digest(secret.strip())
        found = [known for known in self._all if hmac.compare_digest(known.digest, shown)]
        return found[0] if found else None

    def of_mark(self, mark: str, keys: Iterable[bytes]) -> RegisteredToken | None:
        """
        Args:
            keys: with one of which the mark may have been made.
        """
        shown = mark.encode()
        found = [
            known
            for key in keys
            for known in self._all
            if hmac.compare_digest(known.mark(key).encode(), shown)
        ]
        return found[0] if found else None


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
