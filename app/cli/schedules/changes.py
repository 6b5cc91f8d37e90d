"""``sluice schedule add``, ``edit``, ``pause``, ``resume``, ``remove`` and ``run``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import typer
from pydantic import JsonValue

from app.cli.api_client import ApiClient, Reply, open_api
from app.cli.commands.families import find_family
from app.cli.commands.schedule import (
    PATH,
    ScheduleName,
    due,
    find_schedule,
    schedule,
    schedule_path,
)
from app.cli.commands.watch import tell_start
from app.cli.input.limits import parse_limit
from app.cli.input.params import parse_params
from app.cli.options import FamilyName, Json, Key, Note, Param, ThroughPauses, Watch, following
from app.cli.output.console import confirm_removal, open_console, print_json, printable
from app.cli.paths import noted, noted_path
from app.errors import BadInput
from app.schemas.schedules import RemovedAnswer, ScheduleAnswer
from app.schemas.workflow_answers import StartedAnswer

Expression = Annotated[
    str, typer.Argument(metavar="EXPRESSION", help='Five fields of cron, such as "0 3 * * *".')
]
Zone = Annotated[
    str | None, typer.Option("--tz", metavar="ZONE", help="Such as Europe/Berlin; else UTC.")
]
Name = Annotated[str | None, typer.Option(help="Kebab-case, and no other's.")]
CatchUp = Annotated[
    Literal["one", "none"] | None,
    typer.Option(help="What was missed while nothing ran makes one run, or none; else one."),
]
Limit = Annotated[
    str | None, typer.Option(metavar="N", help="Items at most in each run; none: not limited.")
]
Attempts = Annotated[
    str | None, typer.Option(metavar="N", help="Try each item so often; none: as its family says.")
]
Force = Annotated[
    bool | None, typer.Option("--force/--no-force", help="Also items that have a result already.")
]
Approval = Annotated[
    bool | None,
    typer.Option("--approval/--no-approval", help="Each run counts, then waits to be approved."),
]

commands = typer.Typer()
commands.add_typer(schedule, name="schedule")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user named; None: not named."""

    expression: str | None
    tz: str | None
    name: str | None
    params: tuple[str, ...]
    catch_up: str | None
    limit: str | None
    attempts: str | None
    force: bool | None
    approval: bool | None

    def body(
        self,
        api: ApiClient,
        family: str,
        params: Mapping[str, JsonValue],
        options: Mapping[str, JsonValue],
    ) -> dict[str, JsonValue]:
        """As the API takes it. ``params`` and ``options`` are in force now.

        Raises:
            BadInput: a param or the limit cannot be read, or the family is not there.
        """
        plain: dict[str, JsonValue] = {
            "expression": self.expression,
            "tz": self.tz,
            "name": self.name,
            "catchUp": self.catch_up,
        }
        body: dict[str, JsonValue] = {}
        body |= {name: value for name, value in plain.items() if value is not None}
        if self.params:
            found = find_family(api, family)
            body["params"] = {**params, **parse_params(self.params, found.params)}
        asked: dict[str, JsonValue] = {"force": self.force, "approval": self.approval}
        asked = {name: value for name, value in asked.items() if value is not None}
        for name, number in (("limit", self.limit), ("attempts", self.attempts)):
            if number is not None:
                asked[name] = parse_limit(f"--{name}", number)
        if asked:
            body["options"] = {**options, **asked}
        return body


@schedule.command()
def add(
    family: FamilyName,
    expression: Expression,
    *,
    name: Name = None,
    tz: Zone = None,
    param: Param = None,
    limit: Limit = None,
    attempts: Attempts = None,
    force: Force = None,
    approval: Approval = None,
    catch_up: CatchUp = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Let a family run by itself whenever the expression says."""
    wanted = Wanted(
        expression,
        tz,
        name,
        tuple(param or ()),
        catch_up,
        limit,
        attempts,
        force=force,
        approval=approval,
    )
    with open_api() as api:
        body = wanted.body(api, family, {}, {})
        _tell(
            api.post(ScheduleAnswer, PATH, {"family": family, **body, **noted(note)}),
            as_json=as_json,
        )


@schedule.command()
def edit(
    schedule_name: ScheduleName,
    *,
    expression: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="Five fields of cron.")
    ] = None,
    name: Name = None,
    tz: Zone = None,
    param: Param = None,
    limit: Limit = None,
    attempts: Attempts = None,
    force: Force = None,
    approval: Approval = None,
    catch_up: CatchUp = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Change one that the code does not declare; what is not named stays as it is."""
    wanted = Wanted(
        expression,
        tz,
        name,
        tuple(param or ()),
        catch_up,
        limit,
        attempts,
        force=force,
        approval=approval,
    )
    with open_api() as api:
        now = find_schedule(api, schedule_name)
        body = wanted.body(api, now.family, now.params, now.options.model_dump(mode="json"))
        if not body:
            raise BadInput("Say what to change: see sluice schedule edit --help.")
        body |= noted(note)
        _tell(api.send(ScheduleAnswer, "PATCH", schedule_path(now), body), as_json=as_json)


@schedule.command()
def pause(name: ScheduleName, *, note: Note = None, as_json: Json = False) -> None:
    """Let it start nothing until it is resumed."""
    _act(name, "pause", note, as_json=as_json)


@schedule.command()
def resume(name: ScheduleName, *, note: Note = None, as_json: Json = False) -> None:
    """Let it go on; what passed meanwhile is not made up for."""
    _act(name, "resume", note, as_json=as_json)


def _act(name: str, action: str, note: str | None, *, as_json: bool) -> None:
    with open_api() as api:
        path = schedule_path(find_schedule(api, name), action)
        _tell(api.post(ScheduleAnswer, path, noted(note)), as_json=as_json)


@schedule.command()
def remove(
    name: ScheduleName,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Remove one that the code does not declare; its runs stay."""
    confirm_removal(f"schedule {name}", yes=yes)
    with open_api() as api:
        path = noted_path(schedule_path(find_schedule(api, name)), note)
        answer = api.send(RemovedAnswer, "DELETE", path)
    if as_json:
        print_json(open_console(), answer.raw)
    else:
        open_console().print(f"{printable(name)} is removed. Its runs stay.")


@schedule.command()
def run(
    name: ScheduleName,
    *,
    idempotency_key: Key = None,
    watch: Watch = False,
    through_pauses: ThroughPauses = False,
    as_json: Json = False,
) -> None:
    """Start a run as it would, at once; when it is due next stays."""
    follow_it = following(watch=watch, through_pauses=through_pauses)
    with open_api() as api:
        path = schedule_path(find_schedule(api, name), "run")
        started = api.post(StartedAnswer, path, {}, key=idempotency_key)
        run_id = started.found.run_id
        code = tell_start(api, open_console(), started, run_id, follow_it, as_json=as_json)
        raise typer.Exit(code)


def _tell(answer: Reply[ScheduleAnswer], *, as_json: bool) -> None:
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    one = answer.found.schedule
    words = printable(one.words or one.expression)
    fires = due(one) if one.next_at is None else f"next {due(one)}"
    console.print(f"{printable(one.name)}: {words} in {printable(one.tz)}, {fires}")
