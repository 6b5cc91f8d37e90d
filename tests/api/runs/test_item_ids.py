"""Every id that is taken can be looked at, read along and answered; what could not is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import httpx2
import pytest
from pydantic import BaseModel

from app.errors import BadInput, ConfigurationError
from app.store.statuses import ItemStatus
from app.workflows.family import Context, FamilyParams, Page
from app.workflows.keys import id_fault
from app.workflows.sources import CsvSource
from tests.api.runs.test_suspended import PROCESS, Reviewed
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields, listening
from tests.support.service import Opener
from tests.support.stepped import items_at

IDS = (
    "a/stream", "a/b", "a", "/", "a/", "stream", ".", "..", "../..", "./x", "?", "a?b=c&id=d", "#",
    "100%", "%2F", "%00", "a b", " a ", "ünïcödé 😀", "\u202eabc", "\\", "'\"", "+", "items",
    "resume",
)  # fmt: skip
BROKEN = ("a\nb", "a\n", "\ra", "a\tb", "\x1b[2J", "\x7f", "\x85", "a\u2028b", "\u2029", "\0")
WORKFLOW = "/api/workflows/stepped"


class Decision(BaseModel):
    yes: bool


class Asking(Reviewed):
    """In this file, so that ``Decision`` is a class that the family uses. Any id is an item."""

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id


async def ask(item: str, ctx: Context) -> object:
    await ctx.stream.write(f"of {item}")
    return await ctx.suspend("decide", resume=Decision)


async def test_every_id_that_is_taken_can_be_looked_at_read_along_answered_and_linked(
    opener: Opener,
) -> None:
    async with opener(Asking(ask)) as sluice, listening(sluice) as caller:
        started = await caller.post(PROCESS, json={"itemIds": list(IDS)})
        assert started.status_code == 202, started.text
        run_id = started.json()["runId"]
        of_item = f"/api/runs/{run_id}/item"
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            for item_id in IDS:
                query = {"id": item_id}
                shown = await caller.get(of_item, params=query)
                assert shown.json()["item"]["itemId"] == item_id, shown.text
                written = await caller.get(f"{of_item}/stream", params=query)
                assert [one["data"] for one in written.json()["chunks"]] == [f"of {item_id}"]
                linked = await caller.post(f"{of_item}/link", params=query)
                page = await caller.get(httpx2.URL(linked.json()["url"]).raw_path.decode())
                assert page.status_code == 200
                answer = {"data": {"yes": True}}
                answered = await caller.post(f"{of_item}/resume", params=query, json=answer)
                assert answered.json()["itemId"] == item_id, answered.text
            run = await sluice.ended(run_id)
    assert (run.status, run.succeeded) == ("succeeded", len(IDS))


async def test_an_id_in_a_path_is_one_segment_and_means_one_thing(opener: Opener) -> None:
    async with opener(Asking(ask)) as sluice, listening(sluice) as caller:
        body = {"itemIds": ["a", "a/stream", "stream"]}
        run_id = (await caller.post(PROCESS, json=body)).json()["runId"]
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        of_items = f"/api/runs/{run_id}/items"
        assert (await caller.get(f"{of_items}/a")).json()["item"]["itemId"] == "a"
        assert (await caller.get(f"{of_items}/stream")).json()["item"]["itemId"] == "stream"
        written = await caller.get(f"{of_items}/a/stream")
        assert [one["data"] for one in written.json()["chunks"]] == ["of a"]
        answer = await caller.post(f"{of_items}/a/resume", json={"data": {"yes": True}})
        assert answer.json()["itemId"] == "a"
        assert (await caller.post(f"{of_items}/stream/link")).status_code == 200
        assert_problem(await caller.get(f"{of_items}/a%2Fb"), 404)


@pytest.mark.parametrize("item_id", BROKEN)
async def test_an_id_that_breaks_a_line_or_controls_a_terminal_is_refused_at_every_door(
    opener: Opener, item_id: str
) -> None:
    async with opener(Asking(ask)) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={"itemIds": ["u1"]})).json()["runId"]
        doors: Sequence[tuple[str, dict[str, object], str]] = (
            (PROCESS, {"itemIds": ["u1", item_id]}, "itemIds.1"),
            (PROCESS, {"itemIds": [item_id], "dryRun": True}, "itemIds.0"),
            (f"{WORKFLOW}/record-user", {"userId": item_id}, "userId"),
            (f"{WORKFLOW}/record-user", {"userId": item_id, "dryRun": True}, "userId"),
            (f"{WORKFLOW}/paginate-users", {"runId": run_id, "itemIds": [item_id]}, "itemIds.0"),
            ("/api/item-lists", {"itemIds": [item_id]}, "itemIds.0"),
            (f"/api/runs/{run_id}/retry", {"itemIds": [item_id]}, "itemIds.0"),
        )
        for path, body, field in doors:
            refused = assert_problem(await caller.post(path, json=body), 422)
            assert fields(refused) == [field]
            why = "NUL character" if "\0" in item_id else "no line break or control character"
            assert why in refused["detail"], path
        assert await sluice.sql("SELECT 1 FROM sluice.listed_item") == []


class Paged(Recording):
    """Its ids come from a source of its own."""

    name = "paged"

    def __init__(self, *ids: str) -> None:
        super().__init__()
        self.ids = ids

    async def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        return Page(list(self.ids), None)

    async def count(self, params: FamilyParams, ctx: Context) -> int:
        return len(self.ids)


@pytest.mark.parametrize("item_id", BROKEN)
async def test_a_source_that_names_such_an_id_is_refused_by_its_dry_run(
    opener: Opener, item_id: str, tmp_path: Path
) -> None:
    async with opener(Paged("u1", item_id)) as sluice:
        with pytest.raises(ConfigurationError, match="no line break or control character"):
            await sluice.dry_run()
    if "\0" not in item_id:
        async with opener(Recording()) as sluice:
            # Behind the first page, which the dry run of a run over everything never reads.
            await sluice.add_users(9)
            await sluice.sql(
                "UPDATE tests.users SET id = :id WHERE id = :was",
                id=f"v{item_id}",
                was="u00009",
            )
            with pytest.raises(ConfigurationError, match="no line break or control character"):
                await sluice.dry_run(force=True)
    if item_id.strip() == item_id and "\0" not in item_id:
        file = tmp_path / "ids.csv"
        file.write_text(f'id\n"{item_id}"\n', "utf-8", newline="")
        with pytest.raises(BadInput, match=r"ids\.csv line 2: id: an id has 1 to 200"):
            await asyncio.to_thread(CsvSource(file).page, None, 10)


def test_half_a_character_is_no_id() -> None:
    assert id_fault("a\ud800") is not None
    assert [id_fault(item_id) for item_id in IDS] == [None] * len(IDS)
    assert id_fault("") is not None
    assert id_fault("x" * 201) is not None
