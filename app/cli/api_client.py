"""The API over HTTP, as the CLI calls it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Generic, TypeVar

import httpx2
from pydantic import BaseModel, JsonValue, SecretStr, ValidationError

from app.cli.output.console import printable
from app.cli.server.demo_token import read_token
from app.errors import BadInput, ConfigurationError, SluiceError, Unavailable
from app.schemas.backfills import PartitionsAnswer
from app.schemas.base import Problem
from app.schemas.events import EventsAnswer
from app.schemas.items import ChunksAnswer
from app.schemas.schedules import SchedulesAnswer
from app.services.http.retry_after import parse_retry_after
from app.services.http.tls import open_client
from app.settings import Settings, load_settings

AWAY = frozenset({429, 502, 503, 504})
"""HTTP statuses after which trying again may help."""
SILENCE = 45.0
"""Seconds without a word from a stream, which says something every 15, after which it is lost."""
PAGE = 200
"""The most that a page may have."""

Found = TypeVar("Found", bound=BaseModel)
Paged = TypeVar("Paged", ChunksAnswer, EventsAnswer, PartitionsAnswer, SchedulesAnswer)


@dataclass(frozen=True, slots=True)
class Reply(Generic[Found]):
    """``raw``: as it was sent. ``replayed``: an earlier call under the same key had started the
    run."""

    raw: bytes
    found: Found
    replayed: bool = False


class CallRefused(SluiceError):
    """The service answered with a problem document. ``retry_after``: the seconds that it asks for
    before the next try."""

    def __init__(self, detail: str, status: int, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.status = status
        self.retry_after = retry_after


class ApiClient:
    """Made by ``open_api``."""

    def __init__(self, http: httpx2.Client, shown: str) -> None:
        self._http = http
        self._shown = shown
        self.answered = False
        """Whether a service is there: if it does not answer later, it is away."""

    def get(self, kind: type[Found], path: str, **query: str | int | None) -> Reply[Found]:
        given = {name: value for name, value in query.items() if value is not None}
        # Not as `params`, in whose place a query of the path would go.
        url = httpx2.URL(path.lstrip("/")).copy_merge_params(given)
        return self._call(kind, self._http.build_request("GET", url))

    def pages(self, kind: type[Paged], path: str, **query: str | None) -> Iterator[Reply[Paged]]:
        cursor: str | None = None
        while True:
            page = self.get(kind, path, limit=PAGE, cursor=cursor, **query)
            yield page
            cursor = page.found.next_cursor
            if cursor is None:
                return

    def send(
        self,
        kind: type[Found],
        method: str,
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        key: str | None = None,
    ) -> Reply[Found]:
        """``key``: under which the same call starts one run."""
        headers = {} if key is None else {"Idempotency-Key": _header(key)}
        return self._call(
            kind, self._http.build_request(method, path.lstrip("/"), json=body, headers=headers)
        )

    def post(
        self,
        kind: type[Found],
        path: str,
        body: Mapping[str, JsonValue] | None = None,
        *,
        key: str | None = None,
    ) -> Reply[Found]:
        return self.send(kind, "POST", path, body, key=key)

    @contextmanager
    def follow(self, path: str, *, last: str | None) -> Iterator[httpx2.EventSource | None]:
        """A stream of events, behind the one whose id is ``last``; None: nothing follows it.

        Raises:
            Unavailable, CallRefused: as any call; Unavailable also while the stream is read.
        """
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        request = self._http.build_request(
            "GET", path.lstrip("/"), headers=headers, timeout=httpx2.Timeout(10, read=SILENCE)
        )
        with self._reaching():
            answer = self._http.send(request, stream=True)
            try:
                if not answer.is_success:
                    answer.read()
                    raise self._refusal(answer)
                nothing = answer.status_code == HTTPStatus.NO_CONTENT
                yield None if nothing else httpx2.EventSource(answer)
            finally:
                answer.close()

    def read(self, kind: type[Found], answer: str | bytes) -> Found:
        try:
            # A newer service may say more.
            return kind.model_validate_json(answer, extra="ignore")
        except ValidationError:
            raise self._stranger() from None

    def _call(self, kind: type[Found], request: httpx2.Request) -> Reply[Found]:
        """
        Raises:
            Unavailable: nobody answers.
            CallRefused: the answer is an error. The sentence is the service's, with its fields.
        """
        with self._reaching():
            answer = self._http.send(request)
        if not answer.is_success:
            raise self._refusal(answer)
        replayed = "idempotency-replayed" in answer.headers
        found = self.read(kind, answer.content)
        self.answered = True
        return Reply(answer.content, found, replayed)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            raise Unavailable(
                f"No service answers at {self._shown}. Start it with: make serve"
                " (or set SLUICE_URL)"
            ) from None
        except httpx2.TransportError as error:
            raise Unavailable(
                f"The service at {self._shown} did not answer: {type(error).__name__}. Try again."
            ) from None

    def _refusal(self, answer: httpx2.Response) -> SluiceError:
        try:
            problem = Problem.model_validate_json(answer.content)
        except ValidationError:
            return self._stranger(answer.status_code)
        asked = parse_retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
        wait = 0.0 if asked is None else asked.total_seconds()
        return CallRefused(_sentence(problem, answer.status_code), answer.status_code, wait)

    def _stranger(self, status: int | None = None) -> Unavailable:
        said = "" if status is None else f" (HTTP {status})"
        return Unavailable(
            f"What answers at {self._shown} is not this version of Sluice{said}. Set SLUICE_URL."
        )


@contextmanager
def open_api(settings: Settings | None = None, *, at: str | None = None) -> Iterator[ApiClient]:
    """
    Args:
        settings: those of the environment, unless they are told.
        at: another address than SLUICE_URL.

    Raises:
        ConfigurationError: SLUICE_URL or SLUICE_TOKEN cannot be used.
    """
    settings = settings or load_settings()
    try:
        url = httpx2.URL((at or settings.url).rstrip("/") + "/")
    except httpx2.InvalidURL:
        url = httpx2.URL("")
    if not url.host:
        raise ConfigurationError("SLUICE_URL cannot be used: it must be an http or https URL.")
    shown = str(url.copy_with(username="", password="", query=None, fragment=None)).rstrip("/")
    # A dry run may take its whole budget before it answers.
    timeout = httpx2.Timeout(10, read=settings.dry_run_budget + 45)
    # No proxy leads to this machine, and what the environment says of certificates is for others.
    here = {"trust_env": False, "verify": True} if _is_local(url.host) else {}
    options = {"base_url": url, "headers": _headers(settings), "timeout": timeout, **here}
    with open_client(httpx2.Client, **options) as http:
        yield ApiClient(http, shown)


def _headers(settings: Settings) -> dict[str, str]:
    token = settings.token or read_token(settings.data_dir)
    # Without one the service says what it lacks, or it turns out that no service is there.
    return {} if token is None else {"Authorization": f"Bearer {_header_safe(token)}"}


def _header(key: str) -> str:
    if not key.isascii() or not key.isprintable():
        raise BadInput("--idempotency-key: it must be of 1 to 200 printable ASCII characters.")
    return key


def _header_safe(token: SecretStr) -> str:
    secret = token.get_secret_value().strip()
    if not secret.isascii() or not secret.isprintable() or not secret:
        raise ConfigurationError("SLUICE_TOKEN cannot be used: it must be printable ASCII.")
    return secret


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _sentence(problem: Problem, status: int) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return f"{printable(problem.detail)} The CLI sends SLUICE_TOKEN: set it to a secret there."
    lines = [printable(problem.detail)]
    if len(problem.errors) > 1:
        lines += [printable(f"  {fault.field}: {fault.message}") for fault in problem.errors]
    return "\n".join(lines)
