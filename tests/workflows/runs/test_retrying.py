"""A layer that fails and comes again: its run says why, and an author's sentence reaches whoever
asked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from app.store.tables.runs import Run
from app.workflows.family import Context, FamilyParams, Fatal, JobFamily, Page, RetryAfter, Systemic
from tests.support.control import kinds, paused
from tests.support.families import Recording
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.layers.test_no_exception import cancelled_elsewhere

METHODS = ("eligible", "page", "count", "existing", "estimate_cost")


def failing(method: str, fails: Callable[[], object]) -> Recording:
    """A family one of whose methods calls ``fails`` first."""

    class Failing(Recording):
        name = "failing"

    class Paged(Failing):
        eligible = JobFamily.eligible  # as if its author had not written it

        async def page(self, cursor: str | None, size: int, *_: object) -> Page:
            return Page(["u00001", "u00002"], None)

    async def asynchronous(self: Recording, *args: object) -> object:
        outcome = fails()
        if hasattr(outcome, "__await__"):
            await outcome
        return await former(self, *args)

    def plain(self: Recording, *args: object) -> object:
        fails()
        return former(self, *args)

    kind = Paged if method in ("page", "count") else Failing
    former = getattr(kind, method)
    wrapped = plain if method in ("eligible", "estimate_cost", "count") else asynchronous
    setattr(kind, method, wrapped)
    return kind()


def raising(error: BaseException) -> Callable[[], object]:
    def fails() -> object:
        raise error

    return fails


async def until_told(sluice: Sluice, run_id: str, word: str) -> Run:
    async with asyncio.timeout(PATIENCE):
        while word not in ((run := await sluice.run(run_id)).detail or ""):
            await asyncio.sleep(0.02)
    return run


@pytest.mark.parametrize("method", METHODS)
async def test_a_dry_run_answers_with_the_authors_sentence(opener: Opener, method: str) -> None:
    family = failing(method, raising(Fatal("CRM_KEY is not set")))
    async with opener(family) as sluice, api(sluice) as http:
        await sluice.add_users(2)
        answer = await http.post("/api/workflows/failing/process-users", json={"dryRun": True})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 502
    assert problem["error"] == f"{method}() of failing raised Fatal: CRM_KEY is not set"
    assert problem["title"] == "The family's code failed"


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (cancelled_elsewhere, "CancelledError: Something that the code awaited was cancelled"),
        (lambda: sys.exit(4), "SystemExit: The code asked the process to exit: sys.exit(4)."),
        (raising(KeyboardInterrupt()), "KeyboardInterrupt: The code raised KeyboardInterrupt."),
        (raising(GeneratorExit()), "GeneratorExit: The code raised GeneratorExit."),
        (raising(ExceptionGroup("g", [KeyError("id")])), "KeyError: 'id'"),
    ],
)
async def test_a_dry_run_tells_what_is_no_exception_too(
    opener: Opener, fails: Callable[[], object], told: str
) -> None:
    async with opener(failing("existing", fails)) as sluice, api(sluice) as http:
        await sluice.add_users(2)
        answer = await http.post("/api/workflows/failing/process-users", json={"dryRun": True})
        assert (await http.get("/healthz")).status_code == 200
    assert answer.status_code == 502
    assert f"existing() of failing raised {told}" in answer.json()["error"]


async def exits_in_a_group(code: int) -> None:
    async def exits() -> None:
        sys.exit(code)

    async with asyncio.TaskGroup() as group:
        group.create_task(exits())


@pytest.mark.parametrize("fails", [sys.exit, exits_in_a_group])
async def test_a_preview_tells_what_is_no_exception_too(
    opener: Opener, fails: Callable[[int], object]
) -> None:
    async with opener(Recording(lambda item_id, ctx: fails(5))) as sluice, api(sluice) as http:
        await sluice.add_users(1)
        answer = await http.post(
            "/api/workflows/recording/record-user", json={"dryRun": True, "userId": "u00001"}
        )
    assert answer.status_code == 424
    assert "SystemExit: The code asked the process to exit: sys.exit(5)." in answer.json()["error"]


async def test_a_validator_that_exits_is_an_answer_and_no_end_of_the_process(
    opener: Opener,
) -> None:
    class Exits(FamilyParams):
        def model_post_init(self, context: object) -> None:
            sys.exit(6)

    class Checked(Recording):
        params = Exits

    async with opener(Checked()) as sluice, api(sluice) as http:
        answer = await http.post(
            "/api/workflows/recording/process-users", json={"dryRun": True, "params": {}}
        )
    assert answer.status_code == 502
    assert "sys.exit(6)" in answer.json()["error"]


@pytest.mark.parametrize("method", ["page", "existing"])
async def test_while_a_layer_is_tried_again_its_run_says_why_and_then_goes_on(
    opener: Opener, method: str
) -> None:
    away = True

    def fails() -> None:
        if away:
            raise ConnectionError("the CRM is away")

    async with opener(failing(method, fails)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await until_told(sluice, run_id, "attempt 2 of 8")
            assert (run.status, run.reason) == ("pending", "retrying")
            assert run.detail == (
                "process failed, and is tried again (attempt 2 of 8):"
                " ConnectionError: the CRM is away"
            )
            away = False
            run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == ["created", "retrying", "begun", "ended:succeeded"]
    assert (run.reason, run.detail) == (None, None)


async def test_a_page_that_fails_under_way_tells_it_on_the_running_run(opener: Opener) -> None:
    asked = 0

    class Second(Recording):
        page_size = 2
        away = True

        async def existing(self, ids: object, *rest: object) -> set[str]:
            nonlocal asked
            asked += 1
            if asked > 2 and self.away:  # the count has one, the first page another
                raise ConnectionError("the CRM is away")
            return set()

    family = Second()
    async with opener(family) as sluice:
        await sluice.add_users(6)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await until_told(sluice, run_id, "the CRM is away")
            assert (run.status, run.reason) == ("running", "retrying")
            family.away = False
            run = await sluice.ended(run_id)
    assert (run.status, run.reason, run.detail, run.succeeded) == ("succeeded", None, None, 6)


async def test_of_one_trouble_there_is_one_event_however_often_it_is_tried(
    opener: Opener,
) -> None:
    times = 0

    def busy() -> None:
        nonlocal times
        times += 1
        if times <= 30:
            raise RetryAfter(timedelta(milliseconds=1), f"request {times} is one too many")

    async with opener(failing("existing", busy)) as sluice:
        run = await sluice.played(1)
        assert await kinds(sluice, run.id) == ["created", "retrying", "begun", "ended:succeeded"]


async def test_an_error_that_differs_each_time_fills_no_history(opener: Opener) -> None:
    times = 0

    def busy() -> None:
        nonlocal times
        times += 1
        if times <= 40:
            word = chr(97 + times % 26) + chr(97 + times // 26)
            raise RetryAfter(timedelta(milliseconds=1), f"{word} is one too many")

    async with opener(failing("existing", busy)) as sluice:
        run = await sluice.played(1)
        assert (await kinds(sluice, run.id)).count("retrying") == 20


@pytest.mark.parametrize("method", ["page", "existing"])
async def test_systemic_in_a_source_pauses_the_run_which_a_resume_lets_go_on(
    opener: Opener, method: str
) -> None:
    key = None

    def fails() -> None:
        if key is None:
            raise Systemic("CRM_KEY is not set")

    async with opener(failing(method, fails)) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            run = await paused(sluice, run_id)
            assert (run.reason, run.detail) == ("systemic", "CRM_KEY is not set")
            key = "k"
            await sluice.service.api.control.resume(run_id, by="ops")
            run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == [
            "created", "paused:systemic", "resumed", "begun", "ended:succeeded"
        ]  # fmt: skip
    assert run.succeeded == 2


async def test_fatal_in_a_source_fails_its_run_at_once_with_the_sentence(opener: Opener) -> None:
    async with opener(failing("existing", raising(Fatal("CRM_KEY is not set")))) as sluice:
        run = await sluice.played(1)
    assert (run.status, run.reason) == ("failed", "layer_failed")
    assert run.detail == "process gave up after 1 attempt: Fatal: CRM_KEY is not set"


@pytest.mark.parametrize("fails", [cancelled_elsewhere, lambda: sys.exit(1)])
async def test_what_is_no_exception_in_a_source_is_tried_again_and_the_worker_lives(
    opener: Opener, fails: Callable[[], object]
) -> None:
    times = 0

    def at_first() -> object:
        nonlocal times
        times += 1
        return fails() if times <= 2 else None

    async with opener(failing("existing", at_first), Recording()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            other = await sluice.ended(await sluice.start("recording"))
            run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == ["created", "retrying", "begun", "ended:succeeded"]
    assert (other.succeeded, run.succeeded) == (3, 3)


async def exits() -> None:
    sys.exit(3)


async def in_a_group(item_id: str, ctx: Context) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(exits())


async def in_a_task(item_id: str, ctx: Context) -> None:
    await asyncio.create_task(exits())


async def in_a_gathering(item_id: str, ctx: Context) -> None:
    await asyncio.gather(asyncio.sleep(0.01), exits())


async def unawaited(item_id: str, ctx: Context) -> None:
    left = asyncio.create_task(exits())
    await asyncio.sleep(0.05)
    assert "sys.exit(3)" in str(left.exception())
    raise left.exception() or AssertionError


@pytest.mark.parametrize("work", [in_a_group, in_a_task, in_a_gathering, unawaited])
async def test_a_task_of_the_items_own_that_exits_fails_the_item_alone(
    opener: Opener, work: Callable[[str, Context], object]
) -> None:
    def one(item_id: str, ctx: Context) -> object:
        return work(item_id, ctx) if item_id == "u00002" else None

    async with opener(Recording(one)) as sluice:
        run = await sluice.played(10)
        [bad] = [row for row in await sluice.items(run.id) if row.status == "failed"]
    assert (run.succeeded, run.failed) == (9, 1)
    assert (bad.item_id, bad.error_class) == ("u00002", "SystemExit")
    assert bad.error_message == "The code asked the process to exit: sys.exit(3)."
