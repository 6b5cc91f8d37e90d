"""``Upstash-Redact-Fields``: what of a message is told to nobody but its destination."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.header_fields import Pairs

_ONE = re.compile(r"headers?\[([^\[\]]+)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RedactFields:
    """``headers``: names in small letters; ``every_header``: whatever they are."""

    body: bool = False
    every_header: bool = False
    headers: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, text: str) -> RedactFields:
        """
        Raises:
            QStashRefusal: it names something else than the body and headers.
        """
        body, every_header, names = False, False, set()
        for part in filter(None, (part.strip() for part in text.split(","))):
            one = _ONE.fullmatch(part)
            if one:
                names.add(one[1].strip().lower())
            elif part.lower() in ("header", "headers"):
                every_header = True
            elif part.lower() == "body":
                body = True
            else:
                raise QStashRefusal("Upstash-Redact-Fields may name body, headers, header[Name].")
        return cls(body, every_header, frozenset(names))

    def shown_body(self, body: bytes) -> bytes:
        return _redacted(body).encode() if self.body else body

    def shown_headers(self, headers: Pairs) -> dict[str, list[str]]:
        """As answers have them: ``{"Content-Type": ["text/plain"]}``."""
        shown: dict[str, list[str]] = {}
        for name, value in headers:
            hidden = self.every_header or name in self.headers
            told = _redacted(value.encode()) if hidden else value
            shown.setdefault(name.title(), []).append(told)
        return shown


def _redacted(value: bytes) -> str:
    return f"REDACTED:{hashlib.sha256(value).hexdigest()}"
