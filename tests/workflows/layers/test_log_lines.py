"""What is logged of a run: a bounded number of lines at ``info``, and each item at ``debug``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr
from structlog.testing import capture_logs

from app.logs import configure_logs
from app.workflows.family import Context, FamilyParams
from tests.support.service import Opener
from tests.support.stepped import Calls, Stepped

Lines = list[MutableMapping[str, Any]]  # of any fields
USERS = 45
SECRETS = ("the-token-of-a-caller", "result of u00001", "NOTED")


class Secretive(FamilyParams):
    token: SecretStr = SecretStr("none")


class Told(Stepped):
    params = Secretive
    page_size = 20
    chunk_size = 5


@contextmanager
def logged(level: str) -> Iterator[Lines]:
    configure_logs(level, "json")
    try:
        with capture_logs() as lines:
            yield lines
    finally:
        configure_logs("error", "console")


async def played(opener: Opener, level: str) -> tuple[str, Lines]:
    calls = Calls()

    async def script(item_id: str, ctx: Context) -> str:
        found: str = await ctx.run("note", calls.note, "noted")
        return found

    async with opener(Told(script)) as sluice:
        with logged(level) as lines:
            await sluice.add_users(USERS)
            params = Secretive(token=SecretStr("the-token-of-a-caller"))
            run_id = await sluice.start(params=params)
            async with sluice.worker():
                run = await sluice.ended(run_id)
                await sluice.drained()
        assert run.succeeded == USERS
    return run_id, [line for line in lines if line.get("run") == run_id]


async def test_at_info_a_run_has_a_line_for_its_pages_its_begin_and_its_end(opener: Opener) -> None:
    _, lines = await played(opener, "info")
    counted = Counter(line["event"] for line in lines)
    assert counted.keys() == {"run_begun", "page_scheduled", "run_ended"}
    assert counted["run_begun"] == counted["run_ended"] == 1
    pages = [line for line in lines if line["event"] == "page_scheduled"]
    assert sum(line["items"] for line in pages) == USERS
    assert len(pages) <= sum(line["pages"] for line in pages)
    assert [line["last"] for line in pages] == [False] * (len(pages) - 1) + [True]
    assert {line["log_level"] for line in lines} == {"info"}
    assert {(line["family"], line["run"]) for line in lines} == {("stepped", lines[0]["run"])}


async def test_at_debug_there_is_a_line_for_each_layer_chunk_item_and_step(opener: Opener) -> None:
    run_id, lines = await played(opener, "debug")
    of = {
        name: [line for line in lines if line["event"] == name]
        for name in Counter(line["event"] for line in lines)
    }
    assert {line["layer"] for line in of["layer_entered"]} == {"process", "paginate", "execute"}
    assert sum(line["claimed"] for line in of["chunk_claimed"]) == USERS
    ids = {f"u{n:05}" for n in range(1, USERS + 1)}
    for event in ("item_handled", "step_asked", "step_remembered"):
        assert sorted(line["item"] for line in of[event]) == sorted(ids)
        assert {(line["family"], line["layer"], line["run"]) for line in of[event]} == {
            ("stepped", "execute", run_id)
        }
    assert {line["status"] for line in of["item_handled"]} == {"succeeded"}
    assert {line["step"] for line in of["step_remembered"]} == {"note"}


async def test_neither_params_nor_results_are_logged_at_any_level(opener: Opener) -> None:
    _, lines = await played(opener, "debug")
    assert lines
    said = " ".join(repr(line) for line in lines)
    assert not [secret for secret in SECRETS if secret in said]
