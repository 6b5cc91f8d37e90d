"""The API over HTTP, as the CLI calls it."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, JsonValue, SecretStr, ValidationError

from app.cli.output.console import printable
from app.cli.server.demo_token import read_token
from app.errors import BadInput, ConfigurationError, SluiceError, Unavailable
from app.schemas.problems import Problem
from app.services.http.tls import open_client
from app.settings import Settings

AnswerT = TypeVar("AnswerT", bound=BaseModel)


AWAY = frozenset({502, 503, 504})
"""HTTP statuses after which trying again may help."""
SILENCE = 45.0
"""Seconds without a word from a stream, which says something every 15, after which it is lost."""


class CallRefused(SluiceError):
    """The service answered with a problem document."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


class ApiClient:
    """Made by ``open_api``."""

    def __init__(self, http: httpx2.AsyncClient, shown: str) -> None:
        self._http = http
        self._shown = shown

    async def get(self, path: str, **query: str | int | None) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        # Not as `params`, in whose place a query of the path would go.
        url = httpx2.URL(path.lstrip("/")).copy_merge_params(given)
        request = self._http.build_request("GET", url)
        return (await self._call(request)).content

    async def post(self, path: str, body: Mapping[str, JsonValue] | None = None) -> bytes:
        return await self.send("POST", path, body)

    async def send(
        self, method: str, path: str, body: Mapping[str, JsonValue] | None = None
    ) -> bytes:
        request = self._http.build_request(method, path.lstrip("/"), json=body)
        return (await self._call(request)).content

    async def start(
        self, path: str, body: Mapping[str, JsonValue], key: str | None
    ) -> tuple[bytes, bool]:
        """The answer, and whether an earlier call under the same key had started the run."""
        headers = {} if key is None else {"Idempotency-Key": _header(key)}
        request = self._http.build_request("POST", path.lstrip("/"), json=body, headers=headers)
        answer = await self._call(request)
        return answer.content, "idempotency-replayed" in answer.headers

    @asynccontextmanager
    async def follow(
        self, path: str, *, last: str | None
    ) -> AsyncIterator[httpx2.EventSource | None]:
        """A stream of events, behind the one whose id is ``last``; None: nothing follows it.

        Raises:
            Unavailable, Refused: as any call; Unavailable also while the stream is read.
        """
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        request = self._http.build_request(
            "GET", path.lstrip("/"), headers=headers, timeout=httpx2.Timeout(10, read=SILENCE)
        )
        with self._reaching():
            answer = await self._http.send(request, stream=True)
            try:
                if not answer.is_success:
                    await answer.aread()
                    raise self._refusal(answer)
                nothing = answer.status_code == HTTPStatus.NO_CONTENT
                yield None if nothing else httpx2.EventSource(answer)
            finally:
                await answer.aclose()

    def read(self, kind: type[AnswerT], answer: bytes) -> AnswerT:
        try:
            # A newer service may say more.
            return kind.model_validate_json(answer, extra="ignore")
        except ValidationError:
            raise self._stranger() from None

    async def _call(self, request: httpx2.Request) -> httpx2.Response:
        """
        Raises:
            Unavailable: nobody answers.
            Refused: the answer is an error. The sentence is the service's, with its fields.
        """
        with self._reaching():
            answer = await self._http.send(request)
        if answer.is_success:
            return answer
        raise self._refusal(answer)

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
        return CallRefused(_sentence(problem, answer.status_code), answer.status_code)

    def _stranger(self, status: int | None = None) -> Unavailable:
        said = "" if status is None else f" (HTTP {status})"
        return Unavailable(
            f"What answers at {self._shown} is not this version of Sluice{said}. Set SLUICE_URL."
        )


@asynccontextmanager
async def open_api(settings: Settings, *, at: str | None = None) -> AsyncIterator[ApiClient]:
    """``at``: another address than SLUICE_URL.

    Raises:
        ConfigurationError: SLUICE_URL or SLUICE_TOKEN cannot be used.
    """
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
    async with open_client(
        base_url=url, headers=_headers(settings), timeout=timeout, **here
    ) as http:
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


def require_known(name: str, known: list[str], hint: str = "") -> None:
    """
    Args:
        hint: a sentence to follow the refusal.

    Raises:
        BadInput: the service has no family of this name.
    """
    if name not in known:
        listed = ", ".join(known) or "none"
        raise BadInput(
            f"There is no family {printable(name)!r}. Known are: {listed}.{printable(hint)}"
        )


def run_path(run_id: str, action: str = "") -> str:
    """
    Raises:
        BadInput: no run has such an id.
    """
    if not run_id.replace("_", "").isalnum() or not run_id.isascii():
        raise BadInput(f"There is no run {printable(run_id)!r}. See: sluice runs")
    return f"/api/runs/{run_id}/{action}".rstrip("/")


def item_path(run_id: str, item_id: str, action: str = "") -> str:
    """The id in the query: in a path a dot or a slash would lead elsewhere.

    Raises:
        BadInput: no run has such an id.
    """
    return f"{run_path(run_id, f'item/{action}')}?id={quote(item_id, safe='')}"
