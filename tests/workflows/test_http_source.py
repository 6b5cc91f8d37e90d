"""Ids from a JSON API, over a real socket."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import ClassVar

import pytest

from app.bootstrap import make_context
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
            run = await sluice.ended(await sluice.start(), within=5)
            assert (run.status, run.reason) == ("failed", "layer_failed")
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
    same = Reply({"data": {"users": []}, "meta": {"next": "7"}})
    async with json_api(lambda _: same) as there, opener(FromApi()) as sluice:
        with pytest.raises(SourceBroken, match="itself"):
            await source(there, STYLES["cursor"]).page("7", 50, context(sluice))


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
