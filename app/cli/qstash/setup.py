"""``sluice qstash setup``."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

import typer

from app.cli.output.console import open_console, printable
from app.cli.qstash.account import SCHEDULE, AsJson, QStashAccount, open_account
from app.cli.qstash.answers import AccountSchedule
from app.config.engine_settings import QStashAccess
from app.engine.qstash.faults import QStashFault, calling_qstash
from app.errors import ConfigurationError

CRON = "* * * * *"
RETRIES = 0
"""The next minute's comes anyway."""

commands = typer.Typer()


class _Done(StrEnum):
    MADE = "made"
    UPDATED = "updated"
    LEFT = "unchanged"


@commands.command("setup")
def setup(*, as_json: AsJson = False) -> None:
    """Have QStash call this service each minute, for what is due: make the schedule that does, or
    update it. To call it twice changes nothing more."""
    asyncio.run(_setup(as_json=as_json))


async def _setup(*, as_json: bool) -> None:
    async with open_account() as account:
        _require_reachable(account.access)
        former = await _find(account)
        done = await _put(account, former)
        resumed = former is not None and former.is_paused
        if resumed:
            async with calling_qstash():
                await account.client.schedule.resume(SCHEDULE)
    console = open_console()
    if as_json:
        told = {
            "success": True, "schedule": SCHEDULE, "destination": account.tick_url, "cron": CRON,
            "done": done.value, "resumed": resumed,
        }  # fmt: skip
        console.out(json.dumps(told, indent=2, ensure_ascii=False), highlight=False)
        return
    calls = f"QStash calls {account.tick_url} each minute."
    if done is _Done.MADE:
        sentence = f"Made the schedule {SCHEDULE}: {calls}"
    elif done is _Done.UPDATED and former is not None:
        old = printable(f"{former.destination} ({former.cron})")
        sentence = f"Updated the schedule {SCHEDULE}, which called {old}: {calls}"
    else:
        sentence = f"The schedule {SCHEDULE} is as it should be: {calls}"
    again = " It was paused, and goes on." if resumed else ""
    console.print(sentence + again, soft_wrap=True)


async def _find(account: QStashAccount) -> AccountSchedule | None:
    try:
        async with calling_qstash():
            told = await account.client.http.request(path=f"/v2/schedules/{SCHEDULE}", method="GET")
            return AccountSchedule.model_validate(told)
    except QStashFault as fault:
        if fault.answered != 404:
            raise
    return None


async def _put(account: QStashAccount, former: AccountSchedule | None) -> _Done:
    if former is not None and (
        (former.destination, former.cron, former.method, former.retries)
        == (account.tick_url, CRON, "POST", RETRIES)
    ):
        return _Done.LEFT
    async with calling_qstash():
        await account.client.schedule.create(
            destination=account.tick_url,
            cron=CRON,
            method="POST",
            retries=RETRIES,
            schedule_id=SCHEDULE,
            label=SCHEDULE,
        )
    return _Done.MADE if former is None else _Done.UPDATED


def _require_reachable(access: QStashAccess) -> None:
    """
    Raises:
        ConfigurationError: QStash is on the internet, and the service is not.
    """
    if _is_near(access.app_url) and not _is_near(access.url):
        raise ConfigurationError(
            f"APP_URL is {access.app_url}, where QStash at {access.url} cannot reach this service."
            " Set it to an address on the internet; or for a try on this machine, set QSTASH_URL"
            " and its keys to what `sluice qstash-dev` prints."
        )


def _is_near(url: str) -> bool:
    """On this machine, or in a network of one's own."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
