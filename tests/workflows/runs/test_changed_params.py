"""A family whose params are changed while its run is going."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from structlog.typing import EventDict

from app.store.statuses import RunStatus
from app.workflows.family import Context, FamilyParams, RetryAfter
from tests.support.control import control, kinds, paused
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact


class Tone(FamilyParams):
    tone: str = "kind"


class Required(FamilyParams):
    tone: str = "kind"
    language: str


class Renamed(FamilyParams):
    voice: str = "kind"


class Former(Recording):
    """Does five items, and puts off all others."""

    params = Tone

    def __init__(self) -> None:
        super().__init__(self._five)

    def _five(self, item_id: str, ctx: Context) -> None:
        if len(self.saved) >= 5:
            raise RetryAfter(timedelta(milliseconds=100))


class Mended(Recording):
    params = Tone


class Migrating(Recording):
    """Its ``tone`` is called ``voice`` now, and has another meaning."""

    params = Renamed
    params_version = 2

    def __init__(self) -> None:
        super().__init__()
        self.voices: set[str] = set()

    def migrate_params(self, old: dict[str, Any], version: int) -> dict[str, Any]:
        assert version == 1
        return {"voice": f"rather {old['tone']}"}

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert isinstance(params, Renamed)
        self.voices.add(params.voice)
        return await super().execute(entity, params, ctx)


class Failing(Migrating):
    def migrate_params(self, old: dict[str, Any], version: int) -> dict[str, Any]:
        raise KeyError("volume")


class WithRequired(Recording):
    params = Required


class WithRenamed(Recording):
    params = Renamed


async def half_done(opener: Opener) -> str:
    """A run of thirty items, some of which are done, and that nobody works on."""
    family = Former()
    async with opener(family) as sluice:
        await sluice.add_users(30)
        run_id = await sluice.start(params=Tone(tone="dry"))
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while (run := await sluice.run(run_id)).scheduled < 30 or run.succeeded < 5:
                await asyncio.sleep(0.02)
    return run_id


@pytest.mark.parametrize(
    ("family", "field"), [(WithRequired, "params.language"), (WithRenamed, "params.tone")]
)
async def test_a_run_whose_params_do_not_fit_pauses_and_goes_on_with_code_that_takes_them(
    opener: Opener, family: type[Recording], field: str, logged: list[EventDict]
) -> None:
    run_id = await half_done(opener)
    async with opener(family()) as sluice, sluice.worker():
        run = await paused(sluice, run_id)
        assert run.reason == "params_changed"
        assert f"no more: {field}: " in str(run.detail)
        async with api(sluice) as caller:
            refused = await caller.post(f"/api/runs/{run_id}/resume")
        assert refused.status_code == 409
        assert f"no more: {field}: " in refused.json()["detail"]
        assert "Bring back code" in refused.json()["detail"]
        assert (await sluice.run(run_id)).status == RunStatus.PAUSED
        assert "resumed" not in await kinds(sluice, run_id)
    async with opener(Mended()) as sluice:  # as a process that was not restarted
        await control(sluice, "resume", run_id)
    async with opener(family()) as sluice, sluice.worker():
        async with asyncio.timeout(PATIENCE):
            while (await kinds(sluice, run_id)).count("paused:params_changed") < 2:
                await asyncio.sleep(0.02)
        run = await paused(sluice, run_id)
        assert run.failed == 0
    told = [event["event"] for event in logged if event.get("run") == run_id]
    assert (told.count("run_paused"), told.count("layer_failed")) == (2, 0)
    async with opener(Mended()) as sluice, sluice.worker():
        await control(sluice, "resume", run_id)
        run = await sluice.ended(run_id)
        assert (run.status, run.succeeded) == (RunStatus.SUCCEEDED, 30)
        assert_exact(run, await sluice.items(run_id))


async def test_a_run_whose_params_the_family_takes_no_more_can_be_cancelled(
    opener: Opener,
) -> None:
    run_id = await half_done(opener)
    async with opener(WithRequired()) as sluice, sluice.worker():
        await paused(sluice, run_id)
        await control(sluice, "cancel", run_id)
        run = await sluice.ended(run_id)
        assert (run.status, run.failed) == (RunStatus.CANCELLED, 0)
        assert_exact(run, await sluice.items(run_id))


async def test_a_retry_whose_params_the_family_takes_no_more_names_the_field_and_what_to_do(
    opener: Opener,
) -> None:
    run_id = await half_done(opener)
    for family, field in ((WithRequired(), "params.language"), (WithRenamed(), "params.tone")):
        async with opener(family) as sluice, api(sluice) as caller:
            answer = await caller.post(f"/api/runs/{run_id}/retry", json={"status": "succeeded"})
            document = assert_problem(answer, 409)
            assert fields(document) == [field]
            assert (
                f"does not take the params of run {run_id} any more: {field}: "
                in (document["detail"])
            )
            assert "let its migrate_params convert them" in document["detail"]


async def test_a_run_that_has_not_counted_pauses_for_its_params_too(opener: Opener) -> None:
    async with opener(Mended()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start()
    async with opener(WithRequired()) as sluice, sluice.worker():
        run = await paused(sluice, run_id)
        assert run.reason == "params_changed"
    async with opener(Mended()) as sluice, sluice.worker():
        await control(sluice, "resume", run_id)
        assert (await sluice.ended(run_id)).succeeded == 3


class Keyed(FamilyParams):
    token: SecretStr


class WithSecret(Recording):
    params = Keyed


async def test_a_run_whose_secrets_a_worker_cannot_read_pauses_until_the_key_is_back(
    opener: Opener,
) -> None:
    former, new = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
    async with opener(WithSecret(), secret_key=former) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start(params=Keyed(token=SecretStr("t-1")))
    async with opener(WithSecret(), secret_key=new) as sluice, sluice.worker():
        run = await paused(sluice, run_id)
        assert run.reason == "params_changed"
        assert "SLUICE_SECRET_KEY" in str(run.detail)
        assert (run.failed, "t-1" in str(run.detail)) == (0, False)
    both = SecretStr(f"{new.get_secret_value()},{former.get_secret_value()}")
    async with opener(WithSecret(), secret_key=both) as sluice, sluice.worker():
        await control(sluice, "resume", run_id)
        run = await sluice.ended(run_id)
        assert run.succeeded == 3
        assert_exact(run, await sluice.items(run_id))


async def test_a_family_says_how_params_of_an_earlier_version_become_its_own(
    opener: Opener,
) -> None:
    run_id = await half_done(opener)
    family = Migrating()
    async with opener(family) as sluice, sluice.worker():
        run = await sluice.ended(run_id)
        assert (run.status, run.succeeded) == (RunStatus.SUCCEEDED, 30)
        assert family.voices == {"rather dry"}
        fresh = await sluice.run(await sluice.start(params=Renamed(voice="loud"), force=True))
        assert (fresh.params, fresh.params_version) == ({"voice": "loud"}, 2)
        await sluice.ended(fresh.id)
        assert family.voices == {"rather dry", "loud"}


@pytest.mark.parametrize(
    ("family", "says"),
    [
        (Failing, "migrate_params, from version 1 to 2, raised KeyError: 'volume'"),
        (WithRequired, "params.language: "),
    ],
)
async def test_params_that_do_not_become_those_of_the_family_pause_the_run(
    opener: Opener, family: type[Recording], says: str
) -> None:
    run_id = await half_done(opener)
    async with opener(family()) as sluice, sluice.worker():
        run = await paused(sluice, run_id)
        assert run.reason == "params_changed"
        assert says in str(run.detail)


async def test_params_of_newer_code_pause_the_run_of_a_process_with_older_code(
    opener: Opener,
) -> None:
    async with opener(Migrating()) as sluice:
        await sluice.add_users(3)
        run_id = await sluice.start(params=Renamed())
    async with opener(WithRenamed()) as sluice, sluice.worker():
        run = await paused(sluice, run_id)
        assert "params_version 2, and this process has 1" in str(run.detail)
    async with opener(Migrating()) as sluice, sluice.worker():
        await control(sluice, "resume", run_id)
        assert (await sluice.ended(run_id)).succeeded == 3
