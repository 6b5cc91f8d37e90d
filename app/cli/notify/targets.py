"""``sluice notify``, ``list``, ``add``, ``remove`` and ``enable``: who is told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import quote

import typer
from pydantic import JsonValue

from app.cli.api_client import ApiClient, open_api
from app.cli.options import Json, Note, Yes
from app.cli.output.console import (
    add,
    confirm_removal,
    open_console,
    print_done,
    print_json,
    print_pages,
    printable,
    table,
)
from app.cli.paths import noted, noted_path
from app.errors import BadInput
from app.schemas.notifications.answers import (
    CreatedNotificationTargetAnswer,
    NotificationTargetAnswer,
    NotificationTargetsAnswer,
    NotificationTargetView,
    RemovedNotificationTargetAnswer,
)

PATH = "/api/notifications"
TargetName = Annotated[
    str, typer.Argument(metavar="TARGET", help="Which target, by name or id: sluice notify.")
]

notify = typer.Typer(
    help="Show who is told what happens to runs, and change it.", invoke_without_command=True
)


@notify.callback()
def default(context: typer.Context, *, as_json: Json = False) -> None:
    """See who is told what happens to runs, and change it."""
    if context.invoked_subcommand is None:
        list_all(as_json=as_json)


@notify.command("list")
def list_all(*, as_json: Json = False) -> None:
    """List who is told, and of what."""
    with open_api() as api:
        pages = list(api.pages(NotificationTargetsAnswer, PATH))
    console = open_console()
    if as_json:
        print_pages(console, "targets", (page.raw for page in pages))
        return
    found = [one for page in pages for one in page.found.targets]
    if not found:
        console.print("Nobody is told. Add a target with: sluice notify add URL")
        return
    made = table("Target", "Kind", "Where", "Events", "Families", "Disabled")
    for one in found:
        disabled = one.disabled_reason if one.disabled_at else None
        add(made, one.name, one.kind, one.url, _listed(one.events), _listed(one.families), disabled)
    console.print(made)


@notify.command("add")
def add_target(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="https://…, or - to read it from standard input.")
    ],
    *,
    slack: Annotated[
        bool, typer.Option("--slack", help="It takes texts, as Slack does, instead of signed JSON.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="A name of its own, in kebab-case.")] = None,
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="Such as run.failed; may be repeated. Else all."),
    ] = None,
    family: Annotated[
        list[str] | None,
        typer.Option(metavar="FAMILY", help="Only of this family; may be repeated. Else of all."),
    ] = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Let somebody be told; prints the secret that signs, which is not shown again."""
    body: dict[str, JsonValue] = {
        "url": sys.stdin.readline().strip() if url == "-" else url,
        "kind": "slack" if slack else "webhook",
        "name": name,
        "events": _given(event),
        "families": _given(family),
        **noted(note),
    }
    with open_api() as api:
        answer = api.post(CreatedNotificationTargetAnswer, PATH, body)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    made = answer.found
    console.print(f"{printable(made.target.name)} is told at {printable(made.target.url)}")
    if made.secret is not None:
        console.print(f"Its messages are signed with {printable(made.secret)}")
        console.print("Keep it where they are received: it is not shown again.")


@notify.command()
def remove(
    name: TargetName,
    *,
    yes: Yes = False,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Remove one, with what was told it or was to be."""
    confirm_removal(f"target {name}", yes=yes)
    with open_api() as api:
        path = noted_path(target_path(find_target(api, name)), note)
        answer = api.send(RemovedNotificationTargetAnswer, "DELETE", path)
    print_done(answer.raw, f"{printable(name)} is told no more.", as_json=as_json)


@notify.command()
def enable(name: TargetName, *, note: Note = None, as_json: Json = False) -> None:
    """Tell one again that has answered 410, also what is younger than a day."""
    with open_api() as api:
        path = target_path(find_target(api, name), "enable")
        answer = api.post(NotificationTargetAnswer, path, noted(note))
    told = printable(answer.found.target.name)
    print_done(answer.raw, f"{told} is told again.", as_json=as_json)


def find_target(api: ApiClient, name: str) -> NotificationTargetView:
    """
    Raises:
        BadInput: none has this name or id.
    """
    for page in api.pages(NotificationTargetsAnswer, PATH):
        for one in page.found.targets:
            if name in (one.name, one.id):
                return one
    raise BadInput(f"There is no target {printable(name)!r}. See: sluice notify")


def target_path(target: NotificationTargetView, action: str = "") -> str:
    return f"{PATH}/{quote(target.id, safe='')}/{action}".rstrip("/")


def _listed(names: Sequence[str] | None) -> str:
    return "all" if names is None else ", ".join(names)


def _given(names: Sequence[str] | None) -> JsonValue:
    return list(names) if names else None
