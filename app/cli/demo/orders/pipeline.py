"""The demonstration of a pipeline: one family after another, what is done when a run's items have
ended, and a webhook that is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network

from app.api.operations.tick import TickAnswer
from app.api.qstash.signed_calls import TICK
from app.cli.api_client import ApiClient
from app.cli.commands.watch import watch_run
from app.cli.demo.orders.import_orders import SHOP, ImportOrders
from app.cli.demo.orders.send_invoices import SendInvoices
from app.cli.demo.orders.webhook_receiver import (
    ReceivedMessage,
    WebhookReceiver,
    webhook_receiver,
)
from app.cli.demo.stage import Mismatch, Stage, find, get, post
from app.cli.output.console import number, printable
from app.cli.output.progress import Silent
from app.cli.paths import run_path
from app.config.engine_settings import EngineName
from app.schemas.notifications.answers import (
    CreatedNotificationTargetAnswer,
    RemovedNotificationTargetAnswer,
)
from app.schemas.runs import RunAnswer, RunsAnswer, RunView

THIS_MACHINE = (ip_network("127.0.0.1/32"),)
_PATIENCE = 30.0


async def show_pipeline(stage: Stage) -> None:
    stage = replace(stage, families=[ImportOrders(), SendInvoices()])
    say = stage.console.print
    async with webhook_receiver() as receiver, stage.service(notify_private=THIS_MACHINE) as api:
        family = await find(api, ImportOrders.name)
        await stage.dry_run(api, family)
        async with _told(api, receiver):
            say(f"\n2. The first run, {stage.how}. A webhook is told what becomes of runs.")
            former = await stage.watched(api, await stage.start(api, family))
            _require(former, len(SHOP))
            say(f"\n3. {SendInvoices.name} comes after {ImportOrders.name}: the commit that ended")
            say("   the one run has begun the other, with the same day.")
            follower = await _follower(api, former)
            say(f"   {_named(former)} -> {_named(follower)}")
            follower = await stage.watched(api, follower.id)
            await _print_finish(stage, api, follower)
            say("\n4. What the webhook was told. The package standardwebhooks has verified each")
            say("   signature:")
            for message in await _messages(stage, api, receiver, [former, follower]):
                _print(stage, message)
        say("\n5. The same again, without the webhook: what is remembered is left alone.")
        await _again(stage, api, await stage.start(api, family))
    say("\nThe webhook is removed, and its server has ended. The two families are import_orders.py")
    say("and send_invoices.py in app/cli/demo/orders; docs/guides/pipelines.md tells how it works.")


@asynccontextmanager
async def _told(api: ApiClient, receiver: WebhookReceiver) -> AsyncIterator[None]:
    """It is a target while this lasts."""
    made = await post(
        api,
        CreatedNotificationTargetAnswer,
        "/api/notifications",
        {"url": receiver.url, "name": "demo", "events": ["run.succeeded", "run.failed"]},
    )
    receiver.secret = made.secret or ""
    try:
        yield
    finally:
        path = f"/api/notifications/{made.target.id}"
        await asyncio.to_thread(api.send, RemovedNotificationTargetAnswer, "DELETE", path)


async def _follower(api: ApiClient, former: RunView) -> RunView:
    """No waiting: when a run has ended, those that follow it are there."""
    found = (await get(api, RunsAnswer, "/api/runs", follows=former.id)).runs
    if [run.family for run in found] != [SendInvoices.name]:
        raise Mismatch(f"one run was to follow {former.id}, and {len(found)} do.")
    return found[0]


def _require(run: RunView, items: int) -> None:
    if run.counters.succeeded != items:
        raise Mismatch(f"{run.counters.succeeded} of {items} items of {run.family} succeeded.")


async def _print_finish(stage: Stage, api: ApiClient, run: RunView) -> None:
    _require(run, len({order.customer for order in SHOP.values()}))
    finish = (await get(api, RunAnswer, run_path(run.id))).finish
    cents = sum(order.cents for order in SHOP.values())
    told = {"invoices": run.counters.succeeded, "cents": cents}
    if finish is None or finish.result != told:
        raise Mismatch(f"the finish of {run.id} was to tell {told}.")
    stage.console.print(
        f"   Its finish, once the last was out: {number(told['invoices'])} invoices over"
        f" {cents / 100:,.2f}."
    )


async def _messages(
    stage: Stage, api: ApiClient, receiver: WebhookReceiver, runs: list[RunView]
) -> list[ReceivedMessage]:
    if stage.settings.engine is EngineName.QSTASH:
        await post(api, TickAnswer, TICK, {})  # as QStash does, each minute
    async with asyncio.timeout(_PATIENCE):
        messages = await receiver.messages(len(runs))
    told = {(message.body["type"], message.body["data"]["run"]) for message in messages}
    if receiver.refused or told != {("run.succeeded", run.id) for run in runs}:
        raise Mismatch(f"the webhook was to be told of the end of two runs: {told}.")
    return messages


def _print(stage: Stage, message: ReceivedMessage) -> None:
    data = message.body["data"]
    words = (message.id, message.body["type"], data["family"], data["run"])
    stage.console.print("   " + "  ".join(printable(str(word)) for word in words))


async def _again(stage: Stage, api: ApiClient, run_id: str) -> None:
    former = await _ended(api, run_id)
    for run in (former, await _ended(api, (await _follower(api, former)).id)):
        if run.status != "succeeded" or run.ended:
            raise Mismatch(f"{run.family} was to find nothing to do; it ended {run.status}.")
        stage.console.print(f"   {_named(run)}: {printable(run.detail or '')}")


async def _ended(api: ApiClient, run_id: str) -> RunView:
    return await asyncio.to_thread(watch_run, api, run_id, Silent())


def _named(run: RunView) -> str:
    return f"{run.family} {run.id}"
