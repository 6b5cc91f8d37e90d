"""The keys that deliveries are signed with."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

import jwt

from app.errors import ConfigurationError
from app.qstash_dev.state.message import new_id

LIFETIME = 300
"""Seconds."""
SHORTEST_KEY = 32
"""Bytes: what HS256 asks of a key."""


def new_key() -> str:
    return new_id("sig_")


def check_key(key: str, name: str) -> str:
    """
    Raises:
        ConfigurationError: it is too short to sign with.
    """
    if len(key.encode()) < SHORTEST_KEY:
        raise ConfigurationError(f"{name} must have at least {SHORTEST_KEY} characters.")
    return key


@dataclass(slots=True)
class SigningKeys:
    """``current`` signs; destinations try ``next`` too, so that it may become the current one."""

    current: str
    next: str

    def rotate(self) -> None:
        self.current, self.next = self.next, new_key()

    def sign(self, url: str, body: bytes, now: float) -> str:
        """The value of ``Upstash-Signature``.

        Args:
            url: that is called.
            now: Unix seconds.
        """
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()
        claims = {
            "iss": "Upstash",
            "sub": url,
            "exp": int(now) + LIFETIME,
            "nbf": int(now),
            "iat": int(now),
            "jti": new_id("jwt_"),
            "body": digest,
        }
        return jwt.encode(claims, self.current, algorithm="HS256")
