"""Fire times at which no run can begin: told on the schedule, which goes on."""

from __future__ import annotations

import json

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr, field_validator
from structlog.typing import EventDict

from app.errors import Conflict
from app.store.tables.schedules import Schedule
from app.workflows.family import FamilyParams
from app.workflows.schedules.request import refusal
from tests.support.families import Beside
from tests.support.service import Opener, Sluice
from tests.workflows.schedules.scheduling import (
    look,
    make_due,
    now_of,
    runs_of,
    scheduled,
    scheduler_of,
)


class Picky(FamilyParams):
    region: str = "eu"

    @field_validator("region")
    @classmethod
    def _served(cls, region: str) -> str:
        if region == "broken":
            raise KeyError(region)
        if region == "mars":
            raise ValueError("nobody is served there")
        # What it makes of these it does not take, or not as the same, when they are read again.
        return {"worn": "broken", "grows": "grows on", "grows on": "grows on and on"}.get(
            region, region
        )


class Regional(Beside):
    name = "regional"
    params = Picky


class Keyed(FamilyParams):
    token: SecretStr


class WithSecret(Beside):
    params = Keyed


async def failed(sluice: Sluice, key: str) -> Schedule:
    """It fires, without a run."""
    await make_due(sluice, key)
    scheduler = scheduler_of(sluice)
    assert [await scheduler.fire_due(), await scheduler.fire_due()] == [1, 0]
    row = await look(sluice, key)
    assert (row.last_result, row.last_run_id) == ("failed", None)
    assert row.next_at is not None
    assert row.next_at > await now_of(sluice)
    return row


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"region": "mars"}, "params.region: nobody is served there."),
        ({"continent": "eu"}, "params.continent: there is no such field."),
        ({"region": "broken"}, "params of regional raised KeyError: 'broken'"),
        ({"region": "worn"}, "params of regional raised KeyError: 'broken'"),
        (
            {"region": "grows"},
            (
                "params.region is not the same once it is kept and read back. Let the family"
                " declare it by a type that JSON holds, and let its validators take what they gave."
            ),
        ),
    ],
)
async def test_params_that_the_family_refuses_by_now_fail_and_the_schedule_goes_on(
    opener: Opener, params: dict[str, str], said: str, logged: list[EventDict]
) -> None:
    async with opener(Regional()) as sluice:
        key = await scheduled(sluice)
        await sluice.sql(
            "UPDATE sluice.schedule SET params = CAST(:p AS jsonb)", p=json.dumps(params)
        )
        assert refusal(sluice.bound(), await look(sluice, key)) == said
        with pytest.raises(Conflict) as refused:
            await sluice.service.api.schedules.run_now(key, by="test", once=None)
        assert refused.value.detail == f"regional does not take this any more. {said}"
        assert (await failed(sluice, key)).last_detail == said
    [fired] = (one for one in logged if one["event"] == "schedule_fired")
    assert (fired["result"], fired["reason"]) == ("failed", said)


async def test_one_whose_secrets_cannot_be_read_fails_until_the_key_is_back(
    opener: Opener,
) -> None:
    former, new = (SecretStr(Fernet.generate_key().decode()) for _ in range(2))
    async with opener(WithSecret(), secret_key=former) as sluice:
        key = await scheduled(sluice, params={"token": "t-1"})
    async with opener(WithSecret(), secret_key=new) as sluice:
        row = await failed(sluice, key)
        assert "SLUICE_SECRET_KEY" in (row.last_detail or "")
        assert refusal(sluice.bound(), row) == row.last_detail
    both = SecretStr(f"{new.get_secret_value()},{former.get_secret_value()}")
    async with opener(WithSecret(), secret_key=both) as sluice:
        await make_due(sluice, key)
        assert await scheduler_of(sluice).fire_due() == 1
        assert (await look(sluice, key)).last_result == "started"
        assert len(await runs_of(sluice, key)) == 1
