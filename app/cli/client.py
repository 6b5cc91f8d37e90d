"""The API over HTTP, as the CLI calls it."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TypeVar

import httpx2
from pydantic import BaseModel, JsonValue, SecretStr, ValidationError

from app.cli.answers import Problem
from app.cli.console import printable
from app.cli.demo_token import read_token
from app.errors import BadInput, ConfigurationError, SluiceError, Unavailable
from app.settings import Settings

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Refused(SluiceError):
    """The service answered with a problem document."""


class Api:
    """Made by ``open_api``."""

    def __init__(self, http: httpx2.AsyncClient, shown: str) -> None:
        self._http = http
        self._shown = shown

    async def get(self, path: str, **query: str | int | None) -> bytes:
        given = {name: value for name, value in query.items() if value is not None}
        return await self._call(self._http.build_request("GET", path.lstrip("/"), params=given))

    async def post(self, path: str, body: Mapping[str, JsonValue] | None = None) -> bytes:
        return await self.send("POST", path, body)

    async def send(
        self, method: str, path: str, body: Mapping[str, JsonValue] | None = None
    ) -> bytes:
        return await self._call(self._http.build_request(method, path.lstrip("/"), json=body))

    def read(self, kind: type[AnswerT], answer: bytes) -> AnswerT:
        try:
            return kind.model_validate_json(answer)
        except ValidationError:
            raise self._stranger() from None

    async def _call(self, request: httpx2.Request) -> bytes:
        """
        Raises:
            Unavailable: nobody answers.
            Refused: the answer is an error. The sentence is the service's, with its fields.
        """
        try:
            answer = await self._http.send(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            raise Unavailable(
                f"No service answers at {self._shown}. Start it with: make serve"
                " (or set SLUICE_URL)"
            ) from None
        except httpx2.TransportError as error:
            raise Unavailable(
                f"The service at {self._shown} did not answer: {type(error).__name__}. Try again."
            ) from None
        if answer.is_success:
            return answer.content
        try:
            problem = Problem.model_validate_json(answer.content)
        except ValidationError:
            raise self._stranger(answer.status_code) from None
        raise Refused(_sentence(problem, answer.status_code))

    def _stranger(self, status: int | None = None) -> Unavailable:
        said = "" if status is None else f" (HTTP {status})"
        return Unavailable(
            f"What answers at {self._shown} is not this version of Sluice{said}. Set SLUICE_URL."
        )


@asynccontextmanager
async def open_api(settings: Settings, *, at: str | None = None) -> AsyncIterator[Api]:
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
    async with httpx2.AsyncClient(
        base_url=url,
        headers=_headers(settings),
        timeout=timeout,
        trust_env=not _is_local(url.host),  # no proxy leads to this machine
    ) as http:
        yield Api(http, shown)


def _headers(settings: Settings) -> dict[str, str]:
    token = settings.token or read_token(settings.data_dir)
    # Without one the service says what it lacks, or it turns out that no service is there.
    return {} if token is None else {"Authorization": f"Bearer {_header_safe(token)}"}


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


def require_known(name: str, known: list[str]) -> None:
    """
    Raises:
        BadInput: the service has no family of this name.
    """
    if name not in known:
        listed = ", ".join(known) or "none"
        raise BadInput(f"There is no family {printable(name)!r}. Known are: {listed}.")
