"""How the server is to be."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, field

from app.errors import ConfigurationError
from app.qstash_dev.delivery.signing_keys import check_key, new_key
from app.qstash_dev.state.deduplication import WINDOW

LOOPBACK = "127.0.0.1"
PORT = 8080
"""That of the official development server."""
SHORTEST_TOKEN = 16
FASTEST = 1_000_000
"""The largest ``speed``."""


def new_token() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class QStashOptions:
    """
    Args:
        host: of the loopback.
        port: 0: any that is free.
        speed: how many times faster than asked for to wait: see ``Clock``.
        at_once: deliveries, whatever their flow-control keys allow.
        longest_answer: seconds that a destination has, where a message does not say.
        deduplication_window: seconds.
    """

    token: str = field(default_factory=new_token, repr=False)
    current_signing_key: str = field(default_factory=new_key, repr=False)
    next_signing_key: str = field(default_factory=new_key, repr=False)
    host: str = LOOPBACK
    port: int = 0
    speed: float = 1.0
    at_once: int = 100
    longest_answer: float = 900.0
    deduplication_window: float = WINDOW

    def check(self) -> None:
        """
        Raises:
            ConfigurationError: one of them cannot be.
        """
        if len(self.token) < SHORTEST_TOKEN or not (
            self.token.isascii() and self.token.isprintable()
        ):
            raise ConfigurationError(
                f"QSTASH_TOKEN must have at least {SHORTEST_TOKEN} printable ASCII characters."
            )
        check_key(self.current_signing_key, "QSTASH_CURRENT_SIGNING_KEY")
        check_key(self.next_signing_key, "QSTASH_NEXT_SIGNING_KEY")
        if not _is_loopback(self.host):
            raise ConfigurationError(
                f"{self.host} is not of this machine's loopback. The QStash for development listens"
                " on 127.0.0.1, ::1 or localhost alone."
            )
        if not 0 < self.speed <= FASTEST:
            raise ConfigurationError(
                f"The speed of the QStash for development is more than 0, and {FASTEST:,} at most."
            )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
