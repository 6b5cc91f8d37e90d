"""Ids from a JSON API, over a real socket."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

import httpx2
import pytest

from app.bootstrap import make_context
from app.workflows.client import RunRequest
from app.workflows.family import Context, FamilyParams, Page
from app.workflows.sources import (
    HttpSource,
    LinkHeader,
    NextCursor,
    Offset,
    SourceBroken,
    SourceBusy,
    SourceUnavailable,
)
from app.workflows.sources.http_source import Style
from app.workflows.sources.item_source import source_of
from tests.support.control import kinds
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.json_api import JsonApi, Reply, Request, json_api
from tests.support.service import Opener, Sluice

ROWS = [f"u{number:05}" for number in range(1, 236)]
STYLES: dict[str, Style] = {
    "cursor": NextCursor("meta.next", "after"),
    "link": LinkHeader(),
    "offset": Offset("skip"),
}


def users(request: Request) -> Reply:
    """All three styles at once, at most 50 rows a page, whatever was asked for."""
    start = int(request.query.get("after") or request.query.get("skip") or 0)
    end = start + min(50, int(request.query["limit"]))
    rows = [{"user": {"id": one}, "name": "x"} for one in ROWS[start:end]]
    further = end < len(ROWS)
    query = f"limit={request.query['limit']}&after={end}&active={request.query['active']}"
    return Reply(
        {"meta": {"next": end if further else None}, "data": {"users": rows}},
        headers={"Link": f'<{request.path}?{query}>; rel="next"'} if further else {},
    )


def source(there: JsonApi, style: Style, **more: object) -> HttpSource:
    values = {"rows": "data.users", "id": "user.id", "query": {"active": "yes"}, **more}
    return HttpSource(f"{there.url}/v1/users", style, **values)  # type: ignore[arg-type]  # its own


class FromApi(Recording):
    """What a family over an API looks like."""

    name = "from-api"
    most_empty_pages = 20
    there: ClassVar[HttpSource]

    async def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        return await self.there.page(cursor, size, ctx)

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return item_id


def context(sluice: Sluice) -> Context:
    return make_context(sluice.service.services, sluice.bound())


@pytest.mark.parametrize("style", STYLES)
async def test_a_run_over_an_api_executes_each_of_its_ids_once(opener: Opener, style: str) -> None:
    family = FromApi()
    async with json_api(users) as there, opener(family) as sluice, sluice.worker():
        FromApi.there = source(there, STYLES[style], headers={"X-Key": "k"})
        run = await sluice.ended(await sluice.start())
        assert (run.status, run.succeeded, run.total_eligible) == ("succeeded", 235, 235)
        assert family.executed == Counter(ROWS)
        assert {request.headers["x-key"] for request in there.asked} == {"k"}
        assert {request.query["active"] for request in there.asked} == {"yes"}
        assert {request.query["limit"] for request in there.asked} <= {"50", "100"}


async def test_an_api_that_asks_us_to_wait_is_waited_for_and_costs_no_attempt(
    opener: Opener,
) -> None:
    answers = Counter[str]()

    def busy_at_first(request: Request) -> Reply:
        place = request.query.get("after", "")
        answers[place] += 1
        if place == "100" and answers[place] in (2, 3):  # the first one counts, for the run
            return Reply(status=429, headers={"Retry-After": "1"})
        return users(request)

    async with json_api(busy_at_first) as there, opener(FromApi()) as sluice, sluice.worker():
        FromApi.there = source(there, STYLES["cursor"])
        run = await sluice.ended(await sluice.start())
        assert (run.status, run.succeeded) == ("succeeded", 235)
        assert run.started_at is not None
        assert run.finished_at is not None
        assert run.finished_at - run.started_at > timedelta(seconds=2)


async def test_what_another_try_cannot_help_ends_the_run_at_once_with_its_sentence(
    opener: Opener,
) -> None:
    async with json_api(lambda _: Reply(status=404)) as there, opener(FromApi()) as sluice:
        FromApi.there = source(there, STYLES["cursor"])
        async with sluice.worker(), api(sluice) as caller:
            run = await sluice.ended(await sluice.start())
            assert (run.status, run.reason) == ("failed", "layer_failed")
            assert len(there.asked) == 1
            assert "retrying" not in await kinds(sluice, run.id)
            assert run.detail is not None
            assert f"{there.url}/v1/users answered 404." in run.detail
            dry = await caller.post("/api/workflows/from-api/process-users", json={"dryRun": True})
            assert "answered 404" in assert_problem(dry, 422)["detail"]


BROKEN: dict[str, Reply] = {
    "no JSON": Reply(b"<html>"),
    "no list": Reply({"data": {"users": {}}}),
    "no id": Reply({"data": {"users": [{"user": {}}]}}),
    "an id that is none": Reply({"data": {"users": [{"user": {"id": True}}]}}),
    "too large": Reply(b" " * 600_000),
    "elsewhere": Reply(
        {"data": {"users": []}}, headers={"Link": '<http://127.0.0.1:1/x>; rel="next"'}
    ),
    "redirected": Reply(status=302, headers={"Location": "http://127.0.0.1:1/x"}),
}


async def test_an_answer_that_cannot_be_used_is_refused_in_a_sentence(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    replies: list[Reply] = []
    async with json_api(lambda _: replies[-1]) as there, opener(FromApi()) as sluice:
        for name, reply in BROKEN.items():
            with subtests.test(name):
                replies.append(reply)
                with pytest.raises(SourceBroken):
                    await source(there, LinkHeader()).page(None, 50, context(sluice))


async def test_a_page_that_leads_to_itself_is_refused(opener: Opener) -> None:
    same = Reply({"data": {"users": [{"user": {"id": 1}}]}, "meta": {"next": "7"}})
    async with json_api(lambda _: same) as there, opener(FromApi()) as sluice:
        with pytest.raises(SourceBroken, match="itself"):
            await source(there, STYLES["cursor"]).page("7", 50, context(sluice))


async def test_a_last_empty_page_with_the_cursor_it_was_asked_by_is_the_end(
    opener: Opener,
) -> None:
    def users_so_far(request: Request) -> Reply:
        after = int(request.query.get("after") or 0)
        rows = [{"user": {"id": f"u{n}"}} for n in range(after + 1, 121)][:50]
        return Reply({"data": {"users": rows}, "meta": {"next": after + len(rows)}})

    async with json_api(users_so_far) as there, opener(FromApi()) as sluice, sluice.worker():
        FromApi.there = source(there, STYLES["cursor"])
        run = await sluice.ended(await sluice.start())
        assert (run.status, run.total_eligible, run.succeeded) == ("succeeded", 120, 120)


def around(request: Request) -> Reply:
    """Five pages of twenty, and then the first again."""
    at = int(request.query.get("after") or 0)
    rows = [{"user": {"id": f"u{at}-{n}"}} for n in range(20)]
    return Reply({"data": {"users": rows}, "meta": {"next": (at + 1) % 5}})


def ever_empty(request: Request) -> Reply:
    at = int(request.query.get("after") or 0)
    return Reply({"data": {"users": []}, "meta": {"next": at + 1}})


def ever_the_same(request: Request) -> Reply:
    return Reply({"data": {"users": [{"user": {"id": n}} for n in (1, 2, 3)]}})


ENDLESS = {
    "a circle": (around, "cursor", "in a circle", 20),
    "nothing, for ever": (ever_empty, "cursor", "21 pages in a row hold no id", 25),
    "an offset that is not heeded": (ever_the_same, "offset", "does not go by the cursor", 5),
}


@pytest.mark.parametrize("kind", ENDLESS)
async def test_a_source_without_an_end_is_told_and_stops(opener: Opener, kind: str) -> None:
    answer, style, sentence, most = ENDLESS[kind]
    async with json_api(answer) as there, opener(FromApi()) as sluice:
        FromApi.there = source(there, STYLES[style])
        async with api(sluice) as caller:
            dry = await caller.post("/api/workflows/from-api/process-users", json={"dryRun": True})
        assert sentence in assert_problem(dry, 422)["detail"]
        assert len(there.asked) <= most
        there.asked.clear()
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        assert (run.status, run.reason) == ("failed", "layer_failed")
        assert "retrying" not in await kinds(sluice, run.id)
        assert sentence in (run.detail or "")
        assert len(there.asked) <= most


async def test_a_circle_that_a_run_comes_into_while_it_pages_ends_it(opener: Opener) -> None:
    """After the count, which went well: each page may be read by another worker."""
    async with json_api(around) as there, opener(FromApi()) as sluice:
        FromApi.there = source(there, STYLES["cursor"])
        bound, ctx = sluice.bound(), context(sluice)
        params = bound.family.params()

        async def go_on() -> None:
            cursor: str | None = None
            for _ in range(20):
                anew = source_of(bound, params, ctx, RunRequest(params=params))
                cursor = (await anew.page(cursor, 50)).next_cursor

        with pytest.raises(SourceBroken, match="in a circle"):
            await go_on()


KEY = {"X-Key": "secret"}
ELSEWHERE = {
    "another host": "http://{there}/x",
    "two slashes, which a join takes for a host": "http://{here}//{there}/x",
    "without a scheme": "//{there}/x",
    "the host as a user": "http://{here}@{there}/x",
    "another scheme": "https://{here}/x",
    "another port": "http://127.0.0.1:1/x",
}


@pytest.mark.parametrize("kind", ELSEWHERE)
async def test_a_key_goes_to_no_other_host_wherever_a_link_leads(opener: Opener, kind: str) -> None:
    rows = {"data": {"users": [{"user": {"id": 1}}]}}
    links: list[str] = []

    def answer(request: Request) -> Reply:
        return Reply(rows, headers={"Link": f'<{links[0]}>; rel="next"'})

    async with json_api(answer) as here, json_api(lambda _: Reply(rows)) as there:
        hosts = {"here": here.url[7:], "there": there.url[7:]}
        links.append(ELSEWHERE[kind].format(**hosts))
        async with opener(FromApi()) as sluice:
            asking = source(here, LinkHeader(), headers=KEY)
            cursor: str | None = None
            with suppress(SourceBroken):  # where it is no address of the same host
                for _ in range(3):
                    cursor = (await asking.page(cursor, 50, context(sluice))).next_cursor
        assert there.asked == []
        assert all(request.headers["x-key"] == "secret" for request in here.asked)


class Elsewhere(NextCursor):
    """A style of an author's own, that trusts what it is told."""

    def request(self, url: httpx2.URL, cursor: str | None) -> httpx2.URL:
        return url if cursor is None else httpx2.URL(cursor)


async def test_the_address_is_looked_at_whatever_the_style(opener: Opener) -> None:
    async with json_api(users) as here, json_api(users) as there, opener(FromApi()) as sluice:
        asking = source(here, Elsewhere(), headers=KEY)
        with pytest.raises(SourceBroken, match="another host"):
            await asking.page(f"{there.url}/x", 50, context(sluice))
        assert there.asked == []
        assert here.asked == []


async def test_what_one_call_is_given_goes_out_with_no_other(opener: Opener) -> None:
    """The HTTP client is shared by all families."""
    given = Reply([1], headers={"Set-Cookie": "session=of-one-item; Path=/"})
    async with json_api(lambda _: given) as there, opener(FromApi()) as sluice:
        http = sluice.service.services.http
        for headers in ({}, {}, {"Cookie": "mine=1"}):
            await http.get(f"{there.url}/x", headers=headers)
        sent = [request.headers.get("cookie") for request in there.asked]
        assert sent == [None, None, "mine=1"]


async def test_numbers_and_bare_lists_of_ids_are_read_too(opener: Opener) -> None:
    async with json_api(lambda _: Reply([7, 8, "nine"])) as there, opener(FromApi()) as sluice:
        plain = source(there, NextCursor(), rows="", id="", size=None)
        assert await plain.page(None, 50, context(sluice)) == Page(["7", "8", "nine"], None)
        assert "limit" not in there.asked[0].query


async def test_who_is_unwell_is_told_from_who_is_busy(opener: Opener) -> None:
    replies: list[Reply] = []
    async with json_api(lambda _: replies[-1]) as there, opener(FromApi()) as sluice:
        asking = source(there, STYLES["cursor"])
        for status in (408, 429, 500, 503):
            replies.append(Reply(status=status))
            with pytest.raises(SourceUnavailable, match=str(status)):
                await asking.page(None, 50, context(sluice))
        replies.append(Reply(status=503, headers={"Retry-After": "120"}))
        with pytest.raises(SourceBusy) as busy:
            await asking.page(None, 50, context(sluice))
        assert busy.value.retry_after == timedelta(minutes=2)


def test_a_source_does_not_print_its_headers() -> None:
    shown = repr(HttpSource("http://x/y", Offset(), headers={"Authorization": "Bearer secret"}))
    assert "secret" not in shown
