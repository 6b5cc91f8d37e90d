"""Where a message goes: a URL, as the rest of the path that a call was made to, or a URL group."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.flow_limits import check_name

LONGEST_URL = 8_192
TOKEN_PARAMETER = "qstash_token"  # noqa: S105 - the parameter's name


def check_url(text: str, what: str = "The destination") -> str:
    """
    Raises:
        QStashRefusal: it is no URL of http or https with a host.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and _port_fits(parts)
    except ValueError:
        usable = False
    if not usable or len(text) > LONGEST_URL or any(c.isspace() or c < " " for c in text):
        raise QStashRefusal(f"{what} must be a whole URL, with http:// or https:// before it.")
    return text


def _port_fits(parts: object) -> bool:
    """Reading it raises ValueError where it does not."""
    return getattr(parts, "port", None) != 0


def is_url(destination: str) -> bool:
    """Rather than the name of a URL group. Says nothing of its being a right one."""
    return "/" in destination or ":" in destination


def destination_of(path: str, query: str) -> str:
    """
    Args:
        path: what came behind ``/v2/publish/``, as it was sent, with its escapes.
        query: of the call, which is the destination's, but for a token.

    Raises:
        QStashRefusal: it is neither a URL nor a name.
    """
    text = path if path.lower().startswith(("http:", "https:")) else unquote(path)
    if TOKEN_PARAMETER in query:
        pairs = parse_qsl(query, keep_blank_values=True)
        query = urlencode([pair for pair in pairs if pair[0] != TOKEN_PARAMETER])
    if not is_url(text):
        return check_name(text, "URL group")
    return check_url(f"{text}?{query}" if query else text)
