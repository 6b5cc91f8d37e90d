"""Our HTTP clients: whose certificates they trust, and what they keep."""

from __future__ import annotations

import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """Those of the machine. Reading them takes some 45 ms, and all clients may share them."""
    return httpx2.create_ssl_context()


def http_client() -> httpx2.AsyncClient:
    """A client that keeps no cookies: it is shared, and what one item is given must not go out with
    another's call, of another family perhaps. A header ``Cookie`` of a call itself is sent."""
    nobodys = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx2.AsyncClient(verify=trusted(), cookies=nobodys)
