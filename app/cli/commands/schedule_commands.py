"""``sluice schedule`` and its options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from app.cli.options import FamilyName, Json, Key, Param, ThroughPauses, Watch, following

schedule = typer.Typer(
    help="See when families run by themselves, and change it.", invoke_without_command=True
)

ScheduleName = Annotated[
    str, typer.Argument(metavar="SCHEDULE", help="Which schedule, by name or id: sluice schedule.")
]
Expression = Annotated[
    str,
    typer.Argument(metavar="EXPRESSION", help='Five fields of cron, such as "0 3 * * *".'),
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
Force = Annotated[
    bool | None, typer.Option("--force/--no-force", help="Also items that have a result already.")
]
Approval = Annotated[
    bool | None,
    typer.Option("--approval/--no-approval", help="Each run counts, then waits to be approved."),
]


@schedule.callback()
def default(context: typer.Context, *, as_json: Json = False) -> None:
    """List when families run by themselves, and what came of it last; or change it."""
    from app.cli.commands.schedule import list_schedules  # noqa: PLC0415 - lazily: loads the HTTP client

    if context.invoked_subcommand is None:
        list_schedules(None, as_json=as_json)
    elif as_json:
        raise typer.BadParameter("it belongs behind the command.", param_hint="--json")


@schedule.command("list")
def list_all(
    *,
    family: Annotated[str | None, typer.Option(help="Only of this family.")] = None,
    as_json: Json = False,
) -> None:
    """List them: when each is due next, and what came of the last fire time."""
    from app.cli.commands.schedule import list_schedules  # noqa: PLC0415

    list_schedules(family, as_json=as_json)


@schedule.command()
def show(name: ScheduleName, *, as_json: Json = False) -> None:
    """Show one: its next five fire times, params and options."""
    from app.cli.commands.schedule import show_schedule  # noqa: PLC0415

    show_schedule(name, as_json=as_json)


@schedule.command()
def add(
    family: FamilyName,
    expression: Expression,
    *,
    name: Name = None,
    tz: Zone = None,
    param: Param = None,
    limit: Limit = None,
    force: Force = None,
    approval: Approval = None,
    catch_up: CatchUp = None,
    as_json: Json = False,
) -> None:
    """Let a family run by itself whenever the expression says."""
    from app.cli.commands.schedule_changes import Wanted, add_schedule  # noqa: PLC0415

    wanted = Wanted(
        expression, tz, name, tuple(param or ()), catch_up, limit, force=force, approval=approval
    )
    add_schedule(family, wanted, as_json=as_json)


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
    force: Force = None,
    approval: Approval = None,
    catch_up: CatchUp = None,
    as_json: Json = False,
) -> None:
    """Change one that the code does not declare; what is not named stays as it is."""
    from app.cli.commands.schedule_changes import Wanted, edit_schedule  # noqa: PLC0415

    wanted = Wanted(
        expression, tz, name, tuple(param or ()), catch_up, limit, force=force, approval=approval
    )
    edit_schedule(schedule_name, wanted, as_json=as_json)


@schedule.command()
def pause(name: ScheduleName, *, as_json: Json = False) -> None:
    """Let it start nothing until it is resumed."""
    from app.cli.commands.schedule_changes import pause_schedule  # noqa: PLC0415

    pause_schedule(name, paused=True, as_json=as_json)


@schedule.command()
def resume(name: ScheduleName, *, as_json: Json = False) -> None:
    """Let it go on; what passed meanwhile is not made up for."""
    from app.cli.commands.schedule_changes import pause_schedule  # noqa: PLC0415

    pause_schedule(name, paused=False, as_json=as_json)


@schedule.command()
def remove(
    name: ScheduleName,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    as_json: Json = False,
) -> None:
    """Remove one that the code does not declare; its runs stay."""
    from app.cli.commands.schedule_changes import remove_schedule  # noqa: PLC0415

    raise typer.Exit(remove_schedule(name, yes=yes, as_json=as_json))


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
    from app.cli.commands.schedule_changes import run_schedule  # noqa: PLC0415

    raise typer.Exit(
        run_schedule(
            name,
            key=idempotency_key,
            follow_it=following(watch=watch, through_pauses=through_pauses),
            as_json=as_json,
        )
    )
