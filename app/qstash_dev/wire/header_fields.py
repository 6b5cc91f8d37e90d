"""The header fields of a call, or of one message of a batch, before they are understood."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.qstash_dev.refusal import QStashRefusal

MOST_HEADERS = 100
LONGEST_VALUE = 16_384
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}", re.ASCII)
_VALUE = re.compile(r"[^\0-\x08\x0a-\x1f\x7f\ud800-\udfff]*")
_FRAMING = frozenset(
    {
        "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Of the call itself; nobody forwards these."""
_FORWARD = "upstash-forward-"
_FAILURE_CALLBACK = "upstash-failure-callback-"
_CALLBACK = "upstash-callback-"

Pairs = tuple[tuple[str, str], ...]
"""Names, in small letters, and values, in the order in which they came."""


class HeaderFields:
    """
    Raises:
        QStashRefusal: there are too many, or one is none that HTTP could carry.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs: Pairs = tuple((name.lower(), value.strip()) for name, value in pairs)
        if len(self.pairs) > MOST_HEADERS:
            raise QStashRefusal(f"There are more than {MOST_HEADERS} headers.")
        for name, value in self.pairs:
            if not _NAME.fullmatch(name):
                raise QStashRefusal(f"{name[:40]!r} is no name of a header.")
            if len(value) > LONGEST_VALUE or not _VALUE.fullmatch(value):
                raise QStashRefusal(f"The value of {name} is too long, or has control characters.")
        self._by_name = dict(self.pairs)

    def get(self, name: str) -> str | None:
        """The field's value; None: it is not there, or empty.

        Args:
            name: as documented, such as ``Upstash-Retries``.
        """
        return self._by_name.get(name.lower()) or None

    def forwarded(self) -> Pairs:
        """What goes to the destination: ``Content-Type``, and what ``Upstash-Forward-`` begins."""
        own = self.get("Content-Type")
        passed = [
            (name.removeprefix(_FORWARD), value)
            for name, value in self.pairs
            if name.startswith(_FORWARD) and len(name) > len(_FORWARD)
        ]
        kept = [(name, value) for name, value in passed if name not in _FRAMING]
        if own is not None and all(name != "content-type" for name, _ in kept):
            kept.insert(0, ("content-type", own))
        return tuple(kept)

    def of_callback(self, known: frozenset[str], *, failure: bool) -> HeaderFields:
        """What is said of a callback, as if it were said of a message of its own.

        Args:
            known: names in small letters that say how something is published. Any other goes to
                the callback's destination, with or without ``Forward-``: clients write both.
        """
        prefix = _FAILURE_CALLBACK if failure else _CALLBACK
        pairs = []
        for name, value in self.pairs:
            if not name.startswith(prefix) or len(name) == len(prefix):
                continue
            rest = f"upstash-{name.removeprefix(prefix)}"
            if rest not in known and not rest.startswith(_FORWARD):
                rest = _FORWARD + rest.removeprefix("upstash-")
            pairs.append((rest, value))
        return HeaderFields([("content-type", "application/json"), *pairs])
