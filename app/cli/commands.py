"""Every command and its options: nothing else, so that ``sluice --help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="sluice",
    help="Batch jobs: do one thing once for every user, agent or order that still needs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # errors are a sentence: see main
)

flow = typer.Typer(
    help="See how much of each flow key may be at work at once and start, and change it live.",
    invoke_without_command=True,
)
app.add_typer(flow, name="flow")

Demo = Annotated[
    bool, typer.Option("--demo", help="Use the demo's own database and keys, which need no setup.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the API's answer, for scripts.")]
FlowKey = Annotated[str, typer.Argument(metavar="KEY", help="Which flow key: see sluice flow.")]


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
    from app.cli.serving import serve_api  # noqa: PLC0415 - lazily: loads the web framework

    serve_api(with_worker=worker, demo=demo, host=host, port=port)


@app.command()
def worker(*, demo: Demo = False) -> None:
    """Run one more worker until it is told to stop; any number of them share the work."""
    from app.cli.working import work  # noqa: PLC0415 - lazily: loads every family

    work(demo=demo)


@app.command()
def migrate(*, demo: Demo = False) -> None:
    """Bring the database's tables up to date."""
    from app.cli.tables import bring_up_to_date  # noqa: PLC0415 - lazily: loads Alembic

    bring_up_to_date(demo=demo)


@app.command()
def seed(
    *,
    users: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A CSV file instead of the 1,000 users.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Write users from a CSV file to the database; those whose email is there are updated."""
    from app.cli.tables import seed_users  # noqa: PLC0415 - lazily: loads SQLAlchemy

    seed_users(users, demo=demo)


@app.command()
def run(
    family: Annotated[str, typer.Argument(help="Which family: see sluice families.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen, and start nothing.")
    ] = False,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="One of the family's params; may be repeated."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items at most.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also items that already have a result.")
    ] = False,
    item_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Exactly this item; may be repeated.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow the run to its end; exit 1 unless it succeeds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start a run of a family through the API, or only count with --dry-run."""
    from app.cli.jobs import Order, start  # noqa: PLC0415 - lazily: loads the HTTP client

    order = Order(
        family, tuple(param or ()), limit, tuple(item_id or ()), force=force, dry_run=dry_run
    )
    raise typer.Exit(start(order, follow=watch, as_json=as_json))


@app.command()
def families(*, as_json: Json = False) -> None:
    """List the job families that the service has."""
    from app.cli.lists import list_families  # noqa: PLC0415 - lazily: loads the HTTP client

    list_families(as_json=as_json)


@app.command()
def runs(
    *,
    family: Annotated[str | None, typer.Option(help="Only of this family.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only in this status, such as running or failed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    from app.cli.lists import list_runs  # noqa: PLC0415 - lazily: loads the HTTP client

    list_runs(family=family, status=status, limit=limit, as_json=as_json)


@flow.callback()
def list_flow(context: typer.Context, *, as_json: Json = False) -> None:
    """List every flow key: its limits, what is at work and what waits; or change one."""
    from app.cli.flow import list_flow  # noqa: PLC0415 - lazily: loads the HTTP client

    if context.invoked_subcommand is None:
        list_flow(as_json=as_json)
    elif as_json:
        raise typer.BadParameter("it belongs behind the command.", param_hint="--json")


@flow.command("set")
def set_flow(
    key: FlowKey,
    *,
    parallelism: Annotated[
        str | None, typer.Option(metavar="N", help="At work at once; none: not limited.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="N/PERIOD", help="Starts, such as 2/s, 100/m, 5/h, 100/30s; none: not limited."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Put limits in force in place of the code's; what is not named stays as it is."""
    from app.cli.flow import set_flow  # noqa: PLC0415

    set_flow(key, parallelism=parallelism, rate=rate, as_json=as_json)


@flow.command("pause")
def pause_flow(key: FlowKey, *, as_json: Json = False) -> None:
    """Let nothing of this key begin; what is at work ends."""
    from app.cli.flow import pause_flow  # noqa: PLC0415

    pause_flow(key, paused=True, as_json=as_json)


@flow.command("resume")
def resume_flow(key: FlowKey, *, as_json: Json = False) -> None:
    """Let it begin again."""
    from app.cli.flow import pause_flow  # noqa: PLC0415

    pause_flow(key, paused=False, as_json=as_json)


@flow.command("reset")
def reset_flow(key: FlowKey, *, as_json: Json = False) -> None:
    """Return to the limits that the code declares; a pause stays."""
    from app.cli.flow import reset_flow  # noqa: PLC0415

    reset_flow(key, as_json=as_json)


@app.command()
def demo() -> None:
    """Dry-run, then run, welcome-placeholder over 1,000 users in a database of its own."""
    from app.cli.demo import demonstrate  # noqa: PLC0415 - lazily: loads everything

    raise typer.Exit(demonstrate())
