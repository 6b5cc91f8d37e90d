"""A target's address and the secret that signs for it, sealed as they are kept."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from app.workflows.serialization.secret_box import SecretBox

PREFIX = "whsec_"
LONG_PART = 16
"""Characters from which a part of a path is taken for a secret by itself: a word is none."""
SECRET_BYTES = 32
"""The specification asks for 24 to 64."""


@dataclass(frozen=True, slots=True)
class TargetSecrets:
    """``secret``: in the specification's form; None: what goes there is not signed."""

    url: str = field(repr=False)
    secret: str | None = field(repr=False)

    @classmethod
    def unsealed(cls, box: SecretBox, sealed: str) -> Self:
        """
        Raises:
            SecretsLost
        """
        return cls(**json.loads(box.open(sealed)))

    def told(self) -> Iterator[str]:
        """What must stand in no log and no error, however it got there."""
        parts = urlsplit(self.url)
        yield from (self.url, f"{parts.path}?{parts.query}" if parts.query else parts.path)
        yield from (value for _, value in parse_qsl(parts.query))
        yield from (part for part in parts.path.split("/") if len(part) >= LONG_PART)
        if self.secret is not None:
            yield from (self.secret, self.secret.removeprefix(PREFIX))

    def sealed(self, box: SecretBox) -> str:
        return box.seal(json.dumps({"url": self.url, "secret": self.secret}))


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
