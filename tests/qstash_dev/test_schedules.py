"""Schedules: a message each time that their expression is due."""

from __future__ import annotations

import pytest
from qstash import AsyncQStash
from qstash.errors import QStashError
from qstash.schedule import ScheduleState

from app.qstash_dev.server import LocalQStash
from tests.qstash_dev.destination import Destination


async def test_a_schedule_sends_its_message_every_time_that_it_is_due(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    schedule_id = await client.schedule.create(
        destination=f"{destination.url}/tick",
        cron="* * * * *",
        body="tick",
        headers={"X-Kind": "clock"},
        label="clock",
    )
    await destination.came(3)
    await client.schedule.pause(schedule_id)
    assert {arrival.body for arrival in destination.arrived} == {b"tick"}
    assert {arrival.headers["upstash-schedule-id"] for arrival in destination.arrived} == {
        schedule_id
    }
    assert len({arrival.message_id for arrival in destination.arrived}) == len(destination.arrived)
    await qstash.settled()
    schedule = await client.schedule.get(schedule_id)
    assert schedule.last_schedule_time is not None
    assert schedule.next_schedule_time is not None
    assert schedule.last_schedule_time % 60_000 == schedule.next_schedule_time % 60_000 == 0
    assert schedule.last_schedule_states is not None
    assert set(schedule.last_schedule_states.values()) == {ScheduleState.SUCCESS}
    assert (schedule.cron, schedule.body, schedule.label) == ("* * * * *", "tick", "clock")


async def test_a_paused_schedule_sends_nothing_until_it_is_resumed(
    client: AsyncQStash, destination: Destination
) -> None:
    for name in ("tick", "other"):
        await client.schedule.create(
            destination=f"{destination.url}/{name}", cron="* * * * *", schedule_id=name
        )
    await client.schedule.pause("tick")
    assert (await client.schedule.get("tick")).paused
    before = len(destination.at("/tick"))
    await destination.came(len(destination.at("/other")) + 3, "/other")
    assert len(destination.at("/tick")) == before
    await client.schedule.resume("tick")
    await destination.came(before + 1, "/tick")


async def test_the_same_id_replaces_a_schedule(
    client: AsyncQStash, destination: Destination
) -> None:
    for path in ("old", "new"):
        told = await client.schedule.create(
            destination=f"{destination.url}/{path}", cron="0 0 1 1 *", schedule_id="sluice.tick"
        )
        assert told == "sluice.tick"
    [schedule] = await client.schedule.list()
    assert schedule.destination == f"{destination.url}/new"
    await client.schedule.pause("sluice.tick")
    await client.schedule.create(
        destination=f"{destination.url}/newest", cron="5 4 * * *", schedule_id="sluice.tick"
    )
    again = await client.schedule.get("sluice.tick")
    assert again.paused
    assert (again.created_at, again.cron) == (schedule.created_at, "5 4 * * *")


async def test_a_schedule_has_all_that_a_message_has(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    await client.schedule.create(
        destination=f"{destination.url}/down",
        cron="CRON_TZ=Europe/Berlin * * * * *",
        schedule_id="s",
        method="PUT",
        retries=0,
        delay="1s",
        timeout="30s",
        queue="q",
        flow_control={"key": "k", "parallelism": 1},
        failure_callback=f"{destination.url}/failed",
    )
    await destination.came(1, "/failed")
    schedule = await client.schedule.get("s")
    await client.schedule.delete("s")
    await qstash.settled()
    assert (schedule.queue, schedule.delay, schedule.timeout) == ("q", 1, 30)
    assert (schedule.method, schedule.retries) == ("PUT", 0)
    assert schedule.flow_control is not None
    assert schedule.flow_control.parallelism == 1
    letter = (await client.dlq.list(filter={"schedule_id": "s"})).messages[0]
    assert (letter.queue, letter.method) == ("q", "PUT")


async def test_a_schedule_tells_why_it_could_not_send(client: AsyncQStash) -> None:
    await client.schedule.create(destination="group", cron="* * * * *", schedule_id="s")
    while (await client.schedule.get("s")).error is None:
        pass
    assert "group" in str((await client.schedule.get("s")).error)


@pytest.mark.parametrize("cron", ["every day", "* * * * * *", "0 0 31 2 *", "CRON_TZ=X 0 0 * * *"])
async def test_a_schedule_that_never_comes_is_refused(cron: str, client: AsyncQStash) -> None:
    with pytest.raises(QStashError, match="Upstash-Cron"):
        await client.schedule.create(destination="http://127.0.0.1/", cron=cron)
    assert await client.schedule.list() == []
