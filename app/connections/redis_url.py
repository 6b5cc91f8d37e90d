"""Reading the URL of a Redis."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlencode

from app.connections.url import take_apart

SCHEMES = {
    "redis": "redis", "rediss": "rediss", "unix": "unix",
    "valkey": "redis", "valkeys": "rediss", "redis+unix": "unix",
}  # fmt: skip
"""With the word that redis-py has for it."""
FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
PARAMETERS = frozenset({
    "db", "username", "password", "client_name", "protocol", "socket_timeout",
    "socket_connect_timeout", "socket_keepalive", "health_check_interval", "max_connections",
    "ssl_cert_reqs", "ssl_check_hostname", "ssl_ca_path", "ssl_min_version", *FILES,
})  # fmt: skip
OF_NUMBERS = frozenset({
    "db", "protocol", "socket_timeout", "socket_connect_timeout", "health_check_interval",
    "max_connections",
})  # fmt: skip


def plain_redis_url(url: str) -> str:
    """The same URL with everything encoded that redis-py would stumble over.

    Raises:
        ValueError: with the end of a sentence that begins with the setting's name. It holds no part
            of the URL but the name of a parameter.
    """
    parts = take_apart(url)
    scheme = SCHEMES.get(parts.scheme)
    if scheme is None:
        raise ValueError(f"must begin with {', '.join(f'{s}://' for s in SCHEMES)}")
    if len(parts.hosts) > 1:
        raise ValueError("it names several hosts; name the primary alone")
    for name, value in parts.query:
        if name not in PARAMETERS:
            raise parts.unknown(name, "leave it out")
        if name.startswith("ssl_") and scheme != "rediss":
            raise ValueError(f"{name} is for rediss://, and it begins otherwise")
        _check(name, value)
    if scheme != "unix" and parts.path and not parts.path.isdigit():
        raise ValueError("what follows the host's / is not the number of a database")
    account = quote(parts.user or "", safe="")
    if parts.password is not None:
        account += f":{quote(parts.password, safe='')}"
    place = "" if not parts.hosts else _shown(*parts.hosts[0])
    query = urlencode(parts.query)
    path = quote(parts.path, safe="/")
    return f"{scheme}://{account and account + '@'}{place}/{path}{query and '?' + query}"


def _check(name: str, value: str) -> None:
    if name in OF_NUMBERS and not value.replace(".", "", 1).isdigit():
        raise ValueError(f"{name} is no number")
    if name in FILES and not Path(value).is_file():
        raise ValueError(f"{name} names a file that is not there")
    if name == "ssl_cert_reqs" and value.lower() not in ("none", "optional", "required"):
        raise ValueError("ssl_cert_reqs can be none, optional, required, and is something else")


def _shown(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return name if port is None else f"{name}:{port}"
