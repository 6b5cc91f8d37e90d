"""The API over HTTP, as the CLI calls it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeVar

import httpx2
from pydantic import BaseModel, JsonValue

from app.cli.output.console import printable
from app.cli.server.demo_token import read_token
from app.errors import BadInput, ConfigurationError, FieldError, SluiceError, Unavailable
from app.schemas.audit import AuditAnswer
from app.schemas.backfills import PartitionsAnswer
from app.schemas.events import EventsAnswer
from app.schemas.items import ChunksAnswer, ItemsAnswer
from app.schemas.notifications.answers import NotificationTargetsAnswer
from app.schemas.schedules import SchedulesAnswer
from app.services.http.tls import open_client
from app.settings import Settings, load_settings
from sluice import errors
from sluice.calls.address import Address
from sluice.calls.answers import reaching, read, refusal
from sluice.calls.patience import SILENCE

PAGE = 200
"""The most that a page may have."""

Found = TypeVar("Found", bound=BaseModel)
Paged = TypeVar(
    "Paged",
    AuditAnswer,
    ChunksAnswer,
    EventsAnswer,
    ItemsAnswer,
    NotificationTargetsAnswer,
    PartitionsAnswer,
    SchedulesAnswer,
)


@dataclass(frozen=True, slots=True)
class Reply(Generic[Found]):
    """``raw``: as it was sent. ``replayed``: an earlier call under the same key had started the
    run."""

    raw: bytes
    found: Found
    replayed: bool = False


class CallRefused(SluiceError):
    """The service answered with a problem document. ``faults``: each field that is wrong;
    ``retry_after``: the seconds that it asks for before the next try."""

    def __init__(
        self,
        detail: str,
        status: int,
        retry_after: float = 0.0,
        faults: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail, more={"errors": list(faults)})
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
    def follow(
        self, path: str, *, last: str | None, body: Mapping[str, JsonValue] | None = None
    ) -> Iterator[httpx2.EventSource | None]:
        """A stream of events, behind the one whose id is ``last``; None: nothing follows it. With a
        ``body`` it is posted.

        Raises:
            Unavailable, CallRefused: as any call; Unavailable also while the stream is read.
        """
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        request = self._http.build_request(
            "GET" if body is None else "POST",
            path.lstrip("/"),
            headers=headers,
            json=body,
            timeout=httpx2.Timeout(10, read=SILENCE if body is None else self._http.timeout.read),
        )
        with self._reaching():
            answer = self._http.send(request, stream=True)
            try:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer, self._shown)
                nothing = answer.status_code == HTTPStatus.NO_CONTENT
                yield None if nothing else httpx2.EventSource(answer)
            finally:
                answer.close()

    @contextmanager
    def download(self, path: str, **query: str | None) -> Iterator[Iterator[bytes]]:
        """A file, as it comes.

        Raises:
            Unavailable, CallRefused: as any call; Unavailable also where the file is broken off.
        """
        given = {name: value for name, value in query.items() if value is not None}
        url = httpx2.URL(path.lstrip("/")).copy_merge_params(given)
        request = self._http.build_request("GET", url)
        with self._reaching():
            answer = self._http.send(request, stream=True)
            try:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer, self._shown)
                yield answer.iter_bytes()
            finally:
                answer.close()

    def read(self, kind: type[Found], answer: str | bytes) -> Found:
        with self._reaching():
            return read(kind, answer, self._shown)

    def _call(self, kind: type[Found], request: httpx2.Request) -> Reply[Found]:
        """
        Raises:
            Unavailable: nobody answers.
            CallRefused: the answer is an error. The sentence is the service's, with its fields.
        """
        with self._reaching():
            answer = self._http.send(request)
            if not answer.is_success:
                raise refusal(answer, self._shown)
            found = read(kind, answer.content, self._shown)
        self.answered = True
        return Reply(answer.content, found, "idempotency-replayed" in answer.headers)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """What goes wrong is told as the command line tells it."""
        try:
            with reaching(self._shown):
                yield
        except errors.CallRefused as error:
            faults = [FieldError(field=one.field, message=one.message) for one in error.errors]
            raise CallRefused(_sentence(error), error.status, error.retry_after, faults) from None
        except errors.NotReached as error:
            raise Unavailable(f"{error.detail} {_advice(error)}") from None


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
    token = settings.token or read_token(settings.data_dir)
    try:
        address = Address.of(at or settings.url)
        options = address.options(
            # Without one the service says what it lacks, or it turns out that no service is there.
            None if token is None else token.get_secret_value(),
            # A dry run may take its whole budget before it answers.
            settings.dry_run_budget + 45,
        )
    except errors.NotConfigured as error:
        raise ConfigurationError(error.detail) from None
    with open_client(httpx2.Client, **options) as http:
        yield ApiClient(http, address.shown)


def _header(key: str) -> str:
    if not key.isascii() or not key.isprintable():
        raise BadInput("--idempotency-key: it must be of 1 to 200 printable ASCII characters.")
    return key


def _advice(error: errors.NotReached) -> str:
    if error.status is not None:
        return "Set SLUICE_URL."
    if error.connected:
        return "Try again."
    return "Start it with: make serve (or set SLUICE_URL)"


def _sentence(error: errors.CallRefused) -> str:
    if error.status == HTTPStatus.UNAUTHORIZED:
        return f"{printable(error.detail)} The CLI sends SLUICE_TOKEN: set it to a secret there."
    lines = [printable(error.detail)]
    if len(error.errors) > 1:
        lines += [printable(f"  {fault.field}: {fault.message}") for fault in error.errors]
    return "\n".join(lines)
