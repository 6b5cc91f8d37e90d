"""Our HTTP clients: whose certificates they trust, what they keep, how long they connect."""

from __future__ import annotations

import os
import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from app.errors import ConfigurationError
from app.services.http.traced_client import TracedClient

Client = TypeVar("Client", TracedClient, httpx2.Client)
CONNECT_SECONDS = 5.0
PROXIES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY")


@cache
def trusted() -> ssl.SSLContext:
    """Those of the machine. Reading them takes some 45 ms, and all clients may share them.

    Raises:
        ConfigurationError: the environment names certificates that are not there.
    """
    for name, is_there in (("SSL_CERT_FILE", Path.is_file), ("SSL_CERT_DIR", Path.is_dir)):
        named = os.environ.get(name)
        if named and not is_there(Path(named)):
            raise ConfigurationError(
                f"{name} names certificates that are not there: {named}. Mend it, or unset it."
            )
    try:
        return httpx2.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            "The certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read:"
            f" {error.strerror or type(error).__name__}. Mend them, or unset it."
        ) from None


def http_client() -> httpx2.AsyncClient:
    """A client that keeps no cookies: it is shared, and what one item is given must not go out with
    another's call, of another family perhaps. A header ``Cookie`` of a call itself is sent.

    Raises:
        ConfigurationError: through the proxy that the environment names it cannot.
    """
    nobodys = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    # How many calls go out at once, flow control says. A call that waited for a connection here
    # would do so within its own time limit.
    return open_client(TracedClient, cookies=nobodys, limits=httpx2.Limits(max_connections=None))


def open_client(kind: type[Client], **options: Any) -> Client:  # as httpx2 takes them
    """An HTTP client that trusts those, through the proxy that the environment names.

    Raises:
        ConfigurationError: through that proxy it cannot.
    """
    options.setdefault("verify", trusted())
    try:
        return kind(**options)
    except (ImportError, ValueError, httpx2.InvalidURL):
        named = [n for name in PROXIES for n in (name, name.lower()) if os.environ.get(n)]
        if not named:
            raise
        raise ConfigurationError(
            f"{' or '.join(named)} names a proxy that cannot be used: it must be http://host:port"
            " or https://host:port, and for socks5:// the package socksio must be installed. Mend"
            " it, or unset it."
        ) from None
