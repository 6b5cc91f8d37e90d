"""Secrets at rest: encrypted by Fernet (AES-128-CBC with HMAC-SHA256) with a key of the service."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.errors import Conflict


class SecretsLost(Conflict):
    """They were encrypted with a key that is not here any more."""

    def __init__(self) -> None:
        super().__init__(
            "The secrets were encrypted with a key that this process does not have. Give every"
            " process the same SLUICE_SECRET_KEY, and keep a former key behind the new one, with a"
            " comma between."
        )


class SecretBox:
    """
    Args:
        keys: as the setting has them, the newest first; it encrypts, and each decrypts.
        made: the key that the service has made for itself, which encrypts where there are none.
    """

    def __init__(self, keys: Sequence[str], made: str) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in (*keys, made)])
        # The oldest, so that a new key in front of it changes no digest.
        self._digest = (*keys, made)[len(keys) - 1 if keys else 0].encode()

    @classmethod
    def fresh(cls) -> SecretBox:
        """With a key that goes with the process."""
        return cls([], Fernet.generate_key().decode())

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """
        Raises:
            SecretsLost
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise SecretsLost from None

    def digest(self, text: str) -> bytes:
        """The same for the same text, and of no use to guess it without the key."""
        return hmac.digest(self._digest, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
