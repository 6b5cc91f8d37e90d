"""Every command and its options: nothing else, so that ``sluice --help`` is quick. What a command
needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.commands.backfill_commands import backfill, backfills
from app.cli.commands.coverage_command import coverage
from app.cli.commands.flow_commands import flow
from app.cli.commands.item_commands import ITEM_COMMANDS
from app.cli.commands.run_commands import RUN_COMMANDS
from app.cli.commands.schedule_commands import schedule
from app.cli.options import Demo, Json

app = typer.Typer(
    name="sluice",
    help="Batch jobs: do one thing once for every user, agent or order that still needs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # errors are a sentence: see main
)

app.add_typer(flow, name="flow")
app.add_typer(backfills, name="backfills")
app.add_typer(schedule, name="schedule")


@app.command()
def serve(
    *,
    worker: Annotated[
        bool, typer.Option("--worker", help="Run a worker in this process too.")
    ] = False,
    demo: Demo = False,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on instead of SLUICE_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port instead of SLUICE_PORT.")
    ] = None,
) -> None:
    """Run the HTTP API until it is told to stop."""
    from app.cli.server.serve import serve_api  # noqa: PLC0415 - lazily: loads the web framework

    serve_api(with_worker=worker, demo=demo, host=host, port=port)


@app.command()
def worker(*, demo: Demo = False) -> None:
    """Run one more worker until it is told to stop; any number of them share the work."""
    from app.cli.server.worker import work  # noqa: PLC0415 - lazily: loads every family

    work(demo=demo)


@app.command()
def migrate(*, demo: Demo = False) -> None:
    """Bring the database's tables up to date."""
    from app.cli.commands.tables import bring_up_to_date  # noqa: PLC0415 - lazily: loads Alembic

    bring_up_to_date(demo=demo)


@app.command()
def seed(
    *,
    users: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only users, from a CSV file of yours.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Write 1,000 users to the database, and agents, scenes and posts; update what is there."""
    from app.cli.commands.tables import seed as write  # noqa: PLC0415 - lazily: loads SQLAlchemy

    write(users, demo=demo)


@app.command()
def prune(
    *,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Since they ended, such as 12h, 30d or 4w.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    demo: Demo = False,
) -> None:
    """Delete runs that ended long ago, with their items and events."""
    from app.cli.commands.pruning import prune_runs  # noqa: PLC0415 - lazily: loads SQLAlchemy

    prune_runs(older_than, dry_run=dry_run, demo=demo)


@app.command("rotate-key")
def rotate_key(
    *,
    drop_former: Annotated[
        bool,
        typer.Option("--drop-former", help="What was signed before is void: the key has leaked."),
    ] = False,
    demo: Demo = False,
) -> None:
    """Make a new key for the signatures of cookies, cursors and answer links."""
    from app.cli.commands.key_rotation import (  # noqa: PLC0415 - lazily: loads SQLAlchemy
        rotate_key as rotate,
    )

    rotate(drop_former=drop_former, demo=demo)


for command in (*RUN_COMMANDS, *ITEM_COMMANDS, backfill, coverage):
    app.command()(command)


@app.command()
def families(*, as_json: Json = False) -> None:
    """List the job families that the service has."""
    from app.cli.commands.lists import list_families  # noqa: PLC0415 - lazily: loads the HTTP client

    list_families(as_json=as_json)


@app.command()
def demo(
    *,
    family: Annotated[str, typer.Option(help="Which of the template's.")] = "welcome-placeholder",
) -> None:
    """Dry-run, then run, a family over rows in a database of its own."""
    from app.cli.demo import demonstrate  # noqa: PLC0415 - lazily: loads everything

    raise typer.Exit(demonstrate(family))
