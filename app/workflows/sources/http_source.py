"""Ids from a JSON API that answers page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx2

from app.errors import full_stop
from app.workflows.contract.context import Context
from app.workflows.contract.exceptions import CallFailed, Fatal
from app.workflows.contract.parts.page import Page
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.http_call import send
from app.workflows.sources.errors import SourceBroken, SourceBusy, SourceUnavailable

Query = dict[str, str | int]
Answer = Any  # JSON of the other side's shape


class Style(Protocol):
    """How an API tells where its next page is."""

    def request(self, url: httpx2.URL, cursor: str | None) -> httpx2.URL:
        """The page's address, but for the family's own query and the page's size."""

    def next(
        self, url: httpx2.URL, cursor: str | None, answer: HttpResponse, body: Answer, rows: int
    ) -> str | None:
        """The cursor behind a page of so many rows; None: there is no further page."""


@dataclass(frozen=True, slots=True)
class NextCursor:
    """The answer holds a token, at ``field``, which the next request brings as ``param``."""

    field: str = "nextCursor"
    param: str = "cursor"

    def request(self, url: httpx2.URL, cursor: str | None) -> httpx2.URL:
        return url if cursor is None else url.copy_set_param(self.param, cursor)

    def next(
        self, url: httpx2.URL, cursor: str | None, answer: HttpResponse, body: Answer, rows: int
    ) -> str | None:
        token = _at(body, self.field)
        return None if token in (None, "") else str(token)


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """The header ``Link`` holds the next page's address (RFC 8288, ``rel="next"``)."""

    def request(self, url: httpx2.URL, cursor: str | None) -> httpx2.URL:
        # As path and query, never joined: `//other/x` would be another host's address.
        return url if cursor is None else url.copy_with(raw_path=cursor.encode())

    def next(
        self, url: httpx2.URL, cursor: str | None, answer: HttpResponse, body: Answer, rows: int
    ) -> str | None:
        links = httpx2.Response(200, headers={"Link": answer.headers.get("link", "")}).links
        found = links.get("next", {}).get("url")
        if not found:
            return None
        there = self.request(url, cursor).join(found)
        _require_origin(there, url)
        return there.raw_path.decode()


@dataclass(frozen=True, slots=True)
class Offset:
    """The request says how many rows to pass over. The first page without a row is the end,
    because a server may give fewer rows than it is asked for."""

    param: str = "offset"

    def request(self, url: httpx2.URL, cursor: str | None) -> httpx2.URL:
        return url.copy_set_param(self.param, cursor or "0")

    def next(
        self, url: httpx2.URL, cursor: str | None, answer: HttpResponse, body: Answer, rows: int
    ) -> str | None:
        return str(int(cursor or "0") + rows) if rows else None


@dataclass(frozen=True, slots=True)
class HttpSource:
    """One page a request, by GET; redirects are not followed.

    Args:
        rows: where in the answer the rows are, by dots (``data.users``); empty: it is the list.
        id: where in a row the id is, by dots; empty: the row itself. Texts and whole numbers.
        size: the query parameter for the number of rows; None: the API has none.
        most: rows that the API gives at most; a run's count asks for up to 1,000.
        timeout: seconds for each request as a whole.
    """

    url: str
    style: Style
    rows: str = "items"
    id: str = "id"
    size: str | None = "limit"
    most: int = 100
    timeout: float = 10.0
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    async def page(self, cursor: str | None, size: int, ctx: Context) -> Page:
        """
        Raises:
            SourceBusy: the API asks us to come later (``Retry-After``).
            SourceUnavailable: it does not answer, or with 408, 425, 429 or 500 and above.
            SourceBroken: it refuses, or its answer is none that this source reads.
        """
        base = httpx2.URL(self.url).copy_merge_params(self._query(size))
        address = str(self.style.request(base, cursor))
        _require_origin(httpx2.URL(address), base)  # as it will be read when it is sent
        request = HttpRequest("GET", address, self.timeout, headers=self.headers)
        try:
            answer = await send(request, ctx.services.http, key="")
        except CallFailed as error:
            if error.again_in is not None:
                raise SourceBusy(str(error), retry_after=error.again_in) from None
            raise SourceUnavailable(str(error)) from None
        except Fatal as error:
            raise SourceBroken(str(error)) from None
        if not answer.ok:
            raise SourceBroken(f"{request.shown} answered {answer.status}.")
        try:
            body = answer.json()
            ids = [_id(_at(row, self.id)) for row in _list(_at(body, self.rows))]
            following = self.style.next(base, cursor, answer, body, len(ids))
        except (ValueError, RecursionError) as error:
            raise SourceBroken(
                f"{request.shown} answered what cannot be read: {full_stop(str(error))}"
            ) from None
        if following is not None and following == cursor:
            if not ids:
                return Page(ids, None)  # so do many APIs end
            raise SourceBroken(f"{request.shown} names itself as its next page.")
        return Page(ids, following)

    def _query(self, size: int) -> Query:
        sized: Query = {} if self.size is None else {self.size: min(size, self.most)}
        return {**self.query, **sized}


def _at(value: Answer, path: str) -> Answer:
    """The value at a path of the answer; None: there is none."""
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Answer) -> Sequence[Answer]:
    if not isinstance(value, list):
        raise ValueError("there is no list of rows where it should be")  # noqa: TRY004
    return value


def _id(value: Answer) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError("a row has no id where it should be")  # noqa: TRY004
    return str(value)


def _require_origin(url: httpx2.URL, ours: httpx2.URL) -> None:
    """The headers may hold a key, and whoever answers may name any address.

    Raises:
        SourceBroken: it is not of the same scheme, host and port.
    """
    if (url.scheme, url.host, url.port) != (ours.scheme, ours.host, ours.port):
        raise SourceBroken("The next page's address is on another host. Nothing was sent there.")
