"""Whose certificates our HTTP clients trust."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


@cache
def trusted() -> ssl.SSLContext:
    """Those of the machine. Reading them takes some 45 ms, and all clients may share them."""
    return httpx2.create_ssl_context()
