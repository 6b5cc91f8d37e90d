"""``sluice schedule add`` and ``edit``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer
from pydantic.alias_generators import to_camel

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.families import find_family
from app.cli.input.params import parse_params
from app.cli.input.run_options import Body
from app.cli.options import FamilyName, Json, Note, Param
from app.cli.paths import noted
from app.cli.schedules.run_options import (
    Approval,
    Attempts,
    AutoPromote,
    BudgetTokens,
    BudgetUsd,
    Canary,
    Deadline,
    Force,
    Limit,
    MaxFailureRate,
    Priority,
    RampEvery,
    RampFactor,
    RampStart,
    Typed,
)
from app.cli.schedules.schedule import (
    PATH,
    ScheduleName,
    find_schedule,
    schedule_path,
    tell,
)
from app.errors import BadInput
from app.schemas.schedules import ScheduleAnswer, ScheduleView

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
commands = typer.Typer()


def _body(
    api: ApiClient,
    family: str,
    *,
    typed: Typed,
    now: ScheduleView | None = None,
    param: list[str] | None,
    **plain: str | None,
) -> Body:
    """What the user named, as the API takes it.

    Args:
        now: with the params and options that are in force.

    Raises:
        BadInput: a param or an option cannot be read, or the family is not there.
    """
    body: Body = {to_camel(name): value for name, value in plain.items() if value is not None}
    if param:
        found = find_family(api, family)
        body["params"] = {
            **({} if now is None else now.params),
            **parse_params(param, found.params),
        }
    options = typed.over({} if now is None else now.options.model_dump(mode="json"))
    if options is not None:
        body["options"] = options
    return body


@commands.command()
def add(
    family: FamilyName,
    expression: Expression,
    *,
    name: Name = None,
    tz: Zone = None,
    param: Param = None,
    limit: Limit = None,
    attempts: Attempts = None,
    priority: Priority = None,
    canary: Canary = None,
    auto_promote: AutoPromote = None,
    ramp_start: RampStart = None,
    ramp_factor: RampFactor = None,
    ramp_every: RampEvery = None,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    max_failure_rate: MaxFailureRate = None,
    deadline: Deadline = None,
    force: Force = None,
    approval: Approval = None,
    catch_up: CatchUp = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Let a family run by itself whenever the expression says."""
    typed = Typed(
        limit=limit,
        attempts=attempts,
        priority=priority,
        canary=canary,
        auto_promote=auto_promote,
        ramp_start=ramp_start,
        ramp_factor=ramp_factor,
        ramp_every=ramp_every,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        max_failure_rate=max_failure_rate,
        deadline=deadline,
        force=force,
        approval=approval,
    )
    with open_api() as api:
        body = _body(
            api, family, typed=typed, param=param,
            expression=expression, tz=tz, name=name, catch_up=catch_up,
        )  # fmt: skip
        tell(
            api.post(ScheduleAnswer, PATH, {"family": family, **body, **noted(note)}),
            as_json=as_json,
        )


@commands.command()
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
    priority: Priority = None,
    canary: Canary = None,
    auto_promote: AutoPromote = None,
    ramp_start: RampStart = None,
    ramp_factor: RampFactor = None,
    ramp_every: RampEvery = None,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    max_failure_rate: MaxFailureRate = None,
    deadline: Deadline = None,
    force: Force = None,
    approval: Approval = None,
    catch_up: CatchUp = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Change one that the code does not declare; what is not named stays as it is."""
    typed = Typed(
        limit=limit,
        attempts=attempts,
        priority=priority,
        canary=canary,
        auto_promote=auto_promote,
        ramp_start=ramp_start,
        ramp_factor=ramp_factor,
        ramp_every=ramp_every,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        max_failure_rate=max_failure_rate,
        deadline=deadline,
        force=force,
        approval=approval,
    )
    with open_api() as api:
        now = find_schedule(api, schedule_name)
        body = _body(
            api, now.family, typed=typed, now=now, param=param,
            expression=expression, tz=tz, name=name, catch_up=catch_up,
        )  # fmt: skip
        if not body:
            raise BadInput("Say what to change: see sluice schedule edit --help.")
        body |= noted(note)
        tell(api.send(ScheduleAnswer, "PATCH", schedule_path(now), body), as_json=as_json)
