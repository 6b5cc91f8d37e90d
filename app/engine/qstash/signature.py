"""Whether a call comes from QStash: the JWT in ``Upstash-Signature``.

Verified here, because the official ``Receiver`` takes text alone for a body and leaves out the
tolerance that it is given.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

from app.errors import full_stop

HEADER = "Upstash-Signature"
ISSUER = "Upstash"
LEEWAY = timedelta(seconds=30)
"""By which QStash's clock and ours may differ."""
_CLAIMS = ["iss", "sub", "exp", "nbf", "body"]


class SignatureRefused(Exception):
    """The call is not QStash's, or not as QStash has sent it. Its text says why, and holds neither
    key nor signature."""


class SignatureCheck:
    """
    Args:
        app_url: under which QStash reaches us. What a call says of its host is the caller's word.
        current: the signing key.
        following: the one that takes its place when keys are rolled; tried second.
    """

    def __init__(
        self, app_url: str, current: str, following: str, *, leeway: timedelta = LEEWAY
    ) -> None:
        self._app_url = app_url.rstrip("/")
        self._keys = (current, following)
        self._leeway = leeway

    def verify(self, signature: str | None, path: str, body: bytes) -> None:
        """
        Args:
            path: below ``app_url``, with the slash that it begins with.
            body: as it came, byte for byte.

        Raises:
            SignatureRefused: nothing may be done for this call.
        """
        if not signature:
            raise SignatureRefused(f"The call has no {HEADER}.")
        claims = self._claims(signature, self._app_url + path)
        told = claims["body"]
        if not isinstance(told, str) or not told.isascii():
            raise SignatureRefused("The signature holds no digest of a body.")
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()
        if not hmac.compare_digest(told.rstrip("="), digest.rstrip("=")):
            raise SignatureRefused("The body is not the one that was signed.")

    def _claims(self, signature: str, url: str) -> dict[str, object]:
        # Here, because it takes long, and the engine on Postgres needs none of it.
        import jwt  # noqa: PLC0415

        refused: jwt.InvalidTokenError | None = None
        for key in self._keys:
            try:
                claims: dict[str, object] = jwt.decode(
                    signature,
                    key,
                    algorithms=["HS256"],
                    issuer=ISSUER,
                    subject=url,
                    leeway=self._leeway,
                    options={"require": _CLAIMS, "verify_aud": False},
                )
            except jwt.InvalidSignatureError as error:
                refused = error
            except jwt.InvalidTokenError as error:
                raise SignatureRefused(full_stop(f"The signature is refused: {error}")) from None
            else:
                return claims
        raise SignatureRefused(full_stop(f"The signature is refused: {refused}")) from None
