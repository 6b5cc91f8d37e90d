"""``sluice qstash-dev``."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer
import uvloop

from app.cli.output.console import open_console
from app.cli.server.signals import Ending
from app.logs import configure_logs, log_crashes
from app.qstash_dev.delivery.signing_keys import new_key
from app.qstash_dev.options import FASTEST, LOOPBACK, PORT, QStashOptions, new_token
from app.qstash_dev.server import LocalQStash, local_qstash
from app.redaction.redactor import Redactor

Port = Annotated[
    int,
    typer.Option(
        min=0, max=65535, envvar="QSTASH_DEV_PORT", help="Port to listen on; 0: any free one."
    ),
]
Host = Annotated[str, typer.Option(help="Address to listen on: of this machine's loopback.")]
Speed = Annotated[
    float,
    typer.Option(
        metavar="X",
        min=0.001,
        max=FASTEST,
        help="Make delays, retries, periods and schedules so many times shorter.",
    ),
]
AtOnce = Annotated[
    int,
    typer.Option(metavar="N", min=1, max=1000, help="At most so many deliveries at once, in all."),
]
Token = Annotated[
    str | None,
    typer.Option(metavar="T", envvar="QSTASH_TOKEN", help="The bearer token; unset: a new one."),
]
CurrentKey = Annotated[
    str | None,
    typer.Option(
        metavar="K",
        envvar="QSTASH_CURRENT_SIGNING_KEY",
        help="Key that signs deliveries; unset: a new one.",
    ),
]
NextKey = Annotated[
    str | None,
    typer.Option(
        metavar="K",
        envvar="QSTASH_NEXT_SIGNING_KEY",
        help="Key that signs after a rotation; unset: a new one.",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print the four variables as JSON, for scripts.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Log only failures, and not each delivery.")]

commands = typer.Typer()


@commands.command("qstash-dev")
def qstash_dev(
    *,
    port: Port = PORT,
    host: Host = LOOPBACK,
    speed: Speed = 1.0,
    at_once: AtOnce = 100,
    token: Token = None,
    current_signing_key: CurrentKey = None,
    next_signing_key: NextKey = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Run a QStash for development in memory, and print the variables of a service that uses it."""
    options = QStashOptions(
        token=token or new_token(),
        current_signing_key=current_signing_key or new_key(),
        next_signing_key=next_signing_key or new_key(),
        host=host,
        port=port,
        speed=speed,
        at_once=at_once,
    )
    secrets = [options.token, options.current_signing_key, options.next_signing_key]
    configure_logs("error" if quiet else "info", "auto", Redactor(secrets))
    log_crashes()
    ending = Ending(within=2)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ending.closing(_run(options, ending, as_json=as_json)))


async def _run(options: QStashOptions, ending: Ending, *, as_json: bool) -> None:
    stop = asyncio.Event()
    with ending.on_signal(stop.set):
        async with local_qstash(options) as qstash:
            _greet(qstash, as_json=as_json)
            await stop.wait()


def _greet(qstash: LocalQStash, *, as_json: bool) -> None:
    console = open_console()
    if as_json:
        console.out(json.dumps(qstash.variables), highlight=False)
        return
    console.print(f"A QStash for development listens on {qstash.url}. Ctrl-C stops it.")
    console.print("It keeps nothing. Set the last three of these for it too, and they stay so.")
    console.print()
    for name, value in qstash.variables.items():
        console.out(f'{name}="{value}"', highlight=False)
    console.print()
    console.print("Sample call:")
    console.out(
        f"  curl -X POST {qstash.url}/v2/publish/http://127.0.0.1:8000/ \\\n"
        f"    -H 'Authorization: Bearer {qstash.token}' \\\n"
        "    -H 'Content-Type: application/json' -d '{\"hello\": \"world\"}'",
        highlight=False,
    )
