"""How a secret may be spelt in a text other than by escapes, which ``escapes`` undoes."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote_plus

SHORTEST = 6
"""Characters. What is shorter stands in many a text by chance, such as in ids."""
SHORTEST_ENCODED = 8
"""Of a shorter one the encoded form may stand anywhere by chance."""


def spellings(secret: str) -> frozenset[str]:
    """Itself; as a form sends it; as hexadecimal; and as base64, of whichever text it is a part."""
    if len(secret) < SHORTEST:
        return frozenset()
    found = {secret, quote_plus(secret)}
    if len(secret) >= SHORTEST_ENCODED:
        data = secret.encode(errors="surrogatepass")
        found |= {data.hex(), data.hex().upper()}
        for encode in (b64encode, urlsafe_b64encode):
            found |= {_middle(encode, data, before) for before in range(3)}
    return frozenset(found)


def _middle(encode: Callable[[bytes], bytes], data: bytes, before: int) -> str:
    """What base64 makes of ``data`` behind that many bytes of a group of three, without the
    characters at both ends in which other bytes have a share."""
    text = encode(b"\0" * before + data).decode()
    start = (before * 8 + 5) // 6
    end = (before + len(data)) * 8 // 6
    return text[start:end]
