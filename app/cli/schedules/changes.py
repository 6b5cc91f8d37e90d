"""``sluice schedule add`` and ``edit``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import typer
from pydantic.alias_generators import to_camel

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.families import find_family
from app.cli.input.option_group import with_option_group
from app.cli.input.params import parse_params, takes
from app.cli.input.run_options import Body
from app.cli.options import FamilyName, Json, Note, Param
from app.cli.output.console import printable
from app.cli.paths import noted
from app.cli.schedules.run_options import ScheduleRunOptions
from app.cli.schedules.schedule import (
    PATH,
    ScheduleName,
    find_schedule,
    schedule_path,
    tell,
)
from app.errors import BadInput
from app.schemas.families import FamilyView
from app.schemas.schedules import ScheduleAnswer, ScheduleView

Expression = Annotated[
    str, typer.Argument(metavar="EXPRESSION", help='Five fields of cron, such as "0 3 * * *".')
]
Zone = Annotated[
    str | None,
    typer.Option("--tz", metavar="ZONE", help="Time zone, such as Europe/Berlin; else UTC."),
]
Name = Annotated[str | None, typer.Option(help="A name of its own, in kebab-case.")]
CatchUp = Annotated[
    Literal["one", "none"] | None,
    typer.Option(help="Whether missed fire times make one run, or none; else one."),
]
commands = typer.Typer()


def _body(
    api: ApiClient,
    family: str,
    *,
    options: ScheduleRunOptions,
    now: ScheduleView | None = None,
    param: list[str] | None,
    drop: list[str] | None = None,
    **plain: str | None,
) -> Body:
    """What the user named, as the API takes it.

    Args:
        now: with the params and options that are in force.
        drop: names of params that are taken out of those.

    Raises:
        BadInput: a param or an option cannot be read, or the family is not there.
    """
    body: Body = {to_camel(name): value for name, value in plain.items() if value is not None}
    if param or drop:
        found = find_family(api, family)
        named = parse_params(param or (), found.params)
        body["params"] = {**({} if now is None else _kept(now, drop or (), found)), **named}
    changed = options.over({} if now is None else now.options.model_dump(mode="json"))
    if changed is not None:
        body["options"] = changed
    return body


def _kept(now: ScheduleView, drop: Sequence[str], family: FamilyView) -> Body:
    """The schedule's params without those.

    Raises:
        BadInput: one of them is not there, or the family has lost another one.
    """
    for name in drop:
        if name not in now.params:
            raise BadInput(
                f"--drop-param {printable(name)}: the schedule gives no such param. It gives:"
                f" {', '.join(now.params) or 'none'}."
            )
    kept = {name: value for name, value in now.params.items() if name not in drop}
    lost = [name for name in kept if not takes(name, family.params)]
    if lost:
        them = " ".join(f"--drop-param {name}" for name in lost)
        raise BadInput(
            f"{family.name} has lost params that the schedule gives it. Take them out, too: {them}"
        )
    return kept


@commands.command()
@with_option_group
def add(
    family: FamilyName,
    expression: Expression,
    *,
    name: Name = None,
    tz: Zone = None,
    param: Param = None,
    options: ScheduleRunOptions,
    catch_up: CatchUp = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Let a family run by itself whenever the expression says."""
    with open_api() as api:
        body = _body(
            api, family, options=options, param=param,
            expression=expression, tz=tz, name=name, catch_up=catch_up,
        )  # fmt: skip
        tell(
            api.post(ScheduleAnswer, PATH, {"family": family, **body, **noted(note)}),
            as_json=as_json,
        )


@commands.command()
@with_option_group
def edit(
    schedule_name: ScheduleName,
    *,
    expression: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="Five fields of cron.")
    ] = None,
    name: Name = None,
    tz: Zone = None,
    param: Param = None,
    drop_param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Leave this param to its family from now on; may be repeated."
        ),
    ] = None,
    options: ScheduleRunOptions,
    catch_up: CatchUp = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Change one that the code does not declare; what is not named stays as it is."""
    with open_api() as api:
        now = find_schedule(api, schedule_name)
        body = _body(
            api, now.family, options=options, now=now, param=param, drop=drop_param,
            expression=expression, tz=tz, name=name, catch_up=catch_up,
        )  # fmt: skip
        if not body:
            raise BadInput("Say what to change: see sluice schedule edit --help.")
        body |= noted(note)
        tell(api.send(ScheduleAnswer, "PATCH", schedule_path(now), body), as_json=as_json)
