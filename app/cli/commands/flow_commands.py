"""``sluice flow`` and its options."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import FlowKey, Json

flow = typer.Typer(
    help="See how much of each flow key may be at work at once and start, and change it live.",
    invoke_without_command=True,
)


@flow.callback()
def list_flow(context: typer.Context, *, as_json: Json = False) -> None:
    """List every flow key: its limits, what is at work and what waits; or change one."""
    from app.cli.commands.flow import list_flow  # noqa: PLC0415 - lazily: loads the HTTP client

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
    from app.cli.commands.flow import set_flow  # noqa: PLC0415

    set_flow(key, parallelism=parallelism, rate=rate, as_json=as_json)


@flow.command("pause")
def pause_flow(key: FlowKey, *, as_json: Json = False) -> None:
    """Let nothing of this key begin; what is at work ends."""
    from app.cli.commands.flow import pause_flow  # noqa: PLC0415

    pause_flow(key, paused=True, as_json=as_json)


@flow.command("resume")
def resume_flow(key: FlowKey, *, as_json: Json = False) -> None:
    """Let it begin again."""
    from app.cli.commands.flow import pause_flow  # noqa: PLC0415

    pause_flow(key, paused=False, as_json=as_json)


@flow.command("reset")
def reset_flow(key: FlowKey, *, as_json: Json = False) -> None:
    """Return to the limits that the code declares; a pause stays."""
    from app.cli.commands.flow import reset_flow  # noqa: PLC0415

    reset_flow(key, as_json=as_json)
