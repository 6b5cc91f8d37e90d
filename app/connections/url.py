"""Taking the URL of a server apart as libpq does: a password may hold what a web address may not.

No sentence here, and none of those who use it, repeats any part of what it was given but the names
of parameters: the rest may be a piece of a password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

ENCODE = (
    "write what is special in the user or the password percent-encoded"
    " (@ as %40, / as %2F, : as %3A, # as %23)"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Parts:
    """The decoded parts of a URL. ``hosts``: each with its port, or None if the URL names none."""

    scheme: str
    user: str | None
    password: str | None
    hosts: tuple[tuple[str, int | None], ...]
    path: str
    query: tuple[tuple[str, str], ...]
    doubtful: bool
    """An @ stands in the query: what looks like a parameter may be a piece of a password."""

    def unknown(self, name: str, instead: str) -> ValueError:
        """The refusal of a parameter, which is named unless it may be a piece of a password."""
        if self.doubtful:
            return ValueError(f"what follows the ? is not name=value&…; {ENCODE}")
        return ValueError(f"{name} is no parameter that is known here; {instead}")


def take_apart(url: str) -> Parts:
    """
    Raises:
        ValueError: with the end of a sentence that begins with the setting's name.
    """
    scheme, found, rest = url.strip().partition("://")
    if not found:
        raise ValueError(f"it has no ://, or it was cut off; {ENCODE}")
    credentials, rest = _credentials(rest)
    place, _, query = rest.partition("?")
    hosts, _, path = place.partition("/")
    user, has_password, password = credentials.partition(":")
    parts = Parts(
        scheme.lower(),
        _decoded(user) or None,
        _decoded(password) if has_password else None,
        tuple(_host(one) for one in hosts.split(",")) if hosts else (),
        _decoded(path),
        tuple(_parameter(one) for one in query.split("&") if one),
        "@" in query,
    )
    if "#" in parts.path:
        raise ValueError(f"a # stands behind the host; {ENCODE}")
    return parts


def _credentials(rest: str) -> tuple[str, str]:
    """What stands before the @, and what follows it. A password may hold ``#``, ``?`` and ``[``."""
    before_path = rest.partition("/")[0]
    first = before_path.find("@")
    if first < 0:
        return "", rest
    query = before_path.find("?", first)
    end = len(before_path) if query < 0 else query
    if "@" in before_path[end:]:
        raise ValueError(f"an @ stands behind the ? and no / before it; {ENCODE}")
    at = before_path.rfind("@", 0, end)
    return rest[:at], rest[at + 1 :]


def _host(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        name, closed, port = text[1:].partition("]")
        if not closed or (port and not port.startswith(":")):
            raise ValueError(f"the host's [ has no ]; {ENCODE}")
        port = port[1:]
    else:
        name, _, port = text.partition(":")
    name = _decoded(name)
    if not port:
        return name, None
    return name, port_number(port)


def port_number(text: str) -> int:
    """
    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
        raise ValueError(f"what stands as the port is no number from 1 to 65535; {ENCODE}")
    return int(text)


def _parameter(text: str) -> tuple[str, str]:
    name, assigned, value = text.partition("=")
    name = _decoded(name)
    if not assigned or not _NAME.fullmatch(name):
        raise ValueError(f"what follows the ? is not name=value&…; {ENCODE}")
    return name, _decoded(value)


def _decoded(text: str) -> str:
    decoded = unquote(text)
    if "\0" in decoded:
        raise ValueError("it holds a NUL character")
    return decoded
