"""Where an OpenAI-compatible API is, and the secrets that go there and nowhere else."""

from __future__ import annotations

from collections.abc import Generator

import httpx2

from app.errors import ConfigurationError
from app.redaction.redactor import Redactor


class Endpoint:
    """One URL and how to sign in to it.

    ``base_url`` may carry ``user:password@`` for a gateway; an API key takes precedence. A query
    (Azure's ``?api-version=…``) is kept, and must hold no secret: httpx2 logs it.
    """

    def __init__(self, base_url: str, path: str, api_key: str | None, *, settings: str) -> None:
        """Raises ConfigurationError, without quoting, for what cannot be a URL or a key.

        Args:
            settings: with which the names of its settings begin, such as ``LLM``.
        """
        self.settings = settings
        base = _http_url(base_url, f"{settings}_BASE_URL")
        key = _header_safe(api_key, f"{settings}_API_KEY")
        # httpx2 logs the request's URL, so the password must not be in it.
        self.url = base.copy_with(username="", password="", path=base.path.rstrip("/") + path)
        self.shown = str(self.url.copy_with(query=None, fragment=None))
        self.auth: httpx2.Auth | None = None
        if key:
            self.auth = _Bearer(key)
        elif base.username or base.password:
            self.auth = httpx2.BasicAuth(base.username, base.password)
        secrets = [secret for secret in (key, base.password) if secret]
        self.redact = Redactor(secrets)
        """A text without our secrets: servers do quote the key that they did not like."""


class _Bearer(httpx2.Auth):
    """RFC 6750, section 2.1."""

    def __init__(self, key: str) -> None:
        self._header = f"Bearer {key}"

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = self._header
        yield request


def _http_url(text: str, setting: str) -> httpx2.URL:
    try:
        url = httpx2.URL(text.strip())
    except httpx2.InvalidURL:
        url = httpx2.URL("")  # refused below, in a sentence that does not quote a password
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(
            f"{setting} must be an http or https URL, such as https://api.openai.com/v1."
        )
    return url


def _header_safe(api_key: str | None, setting: str) -> str | None:
    # Checked here because the HTTP library would quote the whole header in its complaint.
    key = (api_key or "").strip()
    if not key.isascii() or any(char.isspace() or not char.isprintable() for char in key):
        raise ConfigurationError(
            f"{setting} holds a space or a character that no HTTP header can carry; copy it again."
        )
    return key or None
