"""Where a service is, and who calls it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

import httpx2

from sluice.errors import NotConfigured


@dataclass(frozen=True, slots=True)
class Address:
    """``shown``: without what must not be shown."""

    url: httpx2.URL
    shown: str

    @classmethod
    def of(cls, text: str) -> Address:
        """
        Raises:
            NotConfigured: it is no URL of a service.
        """
        try:
            url = httpx2.URL(text.strip().rstrip("/") + "/")
        except httpx2.InvalidURL:
            url = httpx2.URL("")
        if not url.host or url.scheme not in ("http", "https"):
            raise NotConfigured("SLUICE_URL cannot be used: it must be an http or https URL.")
        bare = url.copy_with(username="", password="", query=None, fragment=None)
        return cls(url, str(bare).rstrip("/"))

    def options(self, token: str | None, timeout: float) -> dict[str, Any]:
        """As an HTTP client of httpx2 takes them.

        Args:
            token: None: without one the service says what it lacks, or that no service is there.
            timeout: seconds until an answer must come.

        Raises:
            NotConfigured: the token cannot be sent.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {_sendable(token)}"}
        times = httpx2.Timeout(10, read=timeout)
        # No proxy leads to this machine, and what the environment says of certificates is for
        # others.
        here = {"trust_env": False, "verify": True} if _is_local(self.url.host) else {}
        return {"base_url": self.url, "headers": headers, "timeout": times, **here}


def _sendable(token: str) -> str:
    secret = token.strip()
    if not secret.isascii() or not secret.isprintable() or not secret:
        raise NotConfigured("SLUICE_TOKEN cannot be used: it must be printable ASCII.")
    return secret


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
