"""What Postgres can keep as text. Whatever somebody else may have written goes through here."""

from __future__ import annotations

from typing import overload

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """The text without NUL and lone surrogates, which Postgres and UTF-8 refuse: each becomes
    U+FFFD. Two surrogates that spell a character become that character."""
    if text is None:
        return None
    if "\0" in text:
        text = text.replace("\0", REPLACEMENT)
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def cut(text: str, longest: int, *, keep_end: bool = False) -> str:
    """At most so many characters of it, and ``…`` where some are left out."""
    if len(text) <= longest:
        return text
    return "…" + text[-longest:] if keep_end else text[:longest] + "…"
