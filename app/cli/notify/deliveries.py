"""``sluice notify deliveries``, ``resend`` and ``test``: what was told, and what came of it."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.api_client import open_api
from app.cli.notify.targets import TargetName, find_target, notify, target_path
from app.cli.options import Json, Most, Note
from app.cli.output.console import add, open_console, print_done, print_json, printable, table, when
from app.cli.paths import noted
from app.schemas.notifications.answers import (
    NotificationDeliveriesAnswer,
    NotificationDeliveryAnswer,
    NotificationDeliveryView,
)
from app.store.notifications.event_types import DeliveryStatus

commands = typer.Typer()
commands.add_typer(notify, name="notify")


@notify.command()
def deliveries(
    name: TargetName,
    *,
    status: Annotated[
        DeliveryStatus | None, typer.Option(help="Only those with this status.")
    ] = None,
    limit: Most = 50,
    as_json: Json = False,
) -> None:
    """List what was told one, the newest first."""
    with open_api() as api:
        path = target_path(find_target(api, name), "deliveries")
        asked = None if status is None else status.value
        answer = api.get(NotificationDeliveriesAnswer, path, status=asked, limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.deliveries:
        console.print("Nothing of it was told.")
        return
    right = ("Id", "Attempts", "Answer")
    made = table("Id", "When", "Event", "Run", "Status", "Attempts", "Answer", "Why", right=right)
    for one in answer.found.deliveries:
        add(
            made, one.id, when(one.created_at), _event(one), one.run_id, one.status,
            one.attempts, one.last_status, one.last_error,
        )  # fmt: skip
    console.print(made)
    if answer.found.next_cursor is not None:
        console.print("There are more: see --limit.")


@notify.command()
def resend(
    name: TargetName,
    delivery: Annotated[
        int, typer.Argument(metavar="ID", min=1, help="Which: see sluice notify deliveries.")
    ],
    *,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Send one again under the same id, tried for a day from now on."""
    with open_api() as api:
        path = target_path(find_target(api, name), f"deliveries/{delivery}/resend")
        answer = api.post(NotificationDeliveryAnswer, path, noted(note))
    event = printable(_event(answer.found.delivery))
    print_done(answer.raw, f"{event} is sent again.", as_json=as_json)


@notify.command("test")
def try_out(name: TargetName, *, note: Note = None, as_json: Json = False) -> None:
    """Send a message that only says that it is a test: exit 1 if it does not arrive."""
    with open_api() as api:
        path = target_path(find_target(api, name), "test")
        answer = api.post(NotificationDeliveryAnswer, path, noted(note))
    sent = answer.found.delivery
    arrived = sent.status is DeliveryStatus.DELIVERED
    if as_json:
        print_json(open_console(), answer.raw)
    elif arrived:
        open_console().print(f"It arrived, after {sent.took_ms} ms.")
    else:
        open_console().print(f"It did not arrive. {printable(sent.last_error or '')}")
    if not arrived:
        raise typer.Exit(1)


def _event(delivery: NotificationDeliveryView) -> str:
    many = "" if delivery.items < 2 else f" ({delivery.items:,})"
    return f"{delivery.event}{many}"
