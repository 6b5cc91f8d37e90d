"""What callers are handed and only bring back: cursors, the console's cookies, answer links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha384
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from app.errors import BadInput

_FORM = re.compile(r"[A-Za-z0-9_.-]+")
"""Python reads base64 leniently, and a token must have one spelling alone. A digest of 48 bytes
leaves no bits over in its last character either."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes tokens of JSON values, fit for a URL, and takes back only those it issued.

    ``scope`` is what a token is for (``runs``, ``page:run_…``, ``session``), so that one list
    refuses the cursor of another. ``former``: keys that signed before this one, and whose
    signatures are still good.
    """

    key: bytes
    former: tuple[bytes, ...] = ()

    @property
    def keys(self) -> tuple[bytes, ...]:
        return (self.key, *self.former)

    def issue(self, scope: str, value: object) -> str:
        """``value``: as JSON holds it."""
        return self._serializer(scope).dumps(value)

    def accept(self, scope: str, token: str, *, field: str = "cursor") -> Any:
        """The value, as it was issued.

        Raises:
            BadInput: the token was not issued here for this scope.
        """
        try:
            if _FORM.fullmatch(token):
                return self._serializer(scope).loads(token)
        except BadData:
            pass
        raise BadInput(
            "This cursor was not issued here. Take one from an earlier answer, or leave it out to"
            " begin at the start.",
            field=field,
        )

    def _serializer(self, scope: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(reversed(self.keys)),  # the last one signs
            salt=scope.encode(),
            signer_kwargs={"key_derivation": "hmac", "digest_method": sha384},
        )
