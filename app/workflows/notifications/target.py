"""A target's address and the secret that signs for it, sealed as they are kept."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

import httpx2

from app.workflows.serialization.secret_box import SecretBox

PREFIX = "whsec_"
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
        """What must stand in no log and no error, however it got there. Two texts at most: the
        redactor remembers so many, and secrets of runs' params are among them."""
        yield httpx2.URL(self.url).raw_path.decode("ascii").lstrip("/?")
        if self.secret is not None:
            yield self.secret.removeprefix(PREFIX)

    def sealed(self, box: SecretBox) -> str:
        return box.seal(json.dumps({"url": self.url, "secret": self.secret}))


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
