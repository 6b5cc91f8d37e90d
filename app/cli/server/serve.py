"""``sluice serve``."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Annotated

import typer

from app.bootstrap import Urls
from app.cli.options import Demo
from app.cli.output.console import open_console, program
from app.cli.server.demo_token import read_token, token_file
from app.cli.server.environment import execute, for_demo, prepared, settle
from app.cli.server.limits import limits_of
from app.cli.server.reload import serve_and_reload
from app.cli.server.signals import Ending
from app.cli.server.uvicorn import bind, listening, metrics_port, url_of
from app.composition.process_log import begin_log
from app.config.engine_settings import EngineName
from app.embedded.servers import servers
from app.main import create_app, require_callers
from app.settings import Settings, load_settings, reached_at
from app.workflows.registry.discovery import discover_families

commands = typer.Typer()


@commands.command()
def serve(
    *,
    worker: Annotated[
        bool, typer.Option("--worker", help="Also run a worker in this process.")
    ] = False,
    demo: Demo = False,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on instead of SLUICE_HOST.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port instead of SLUICE_PORT.")
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Restart when the code changes: for development.")
    ] = False,
) -> None:
    """Run the HTTP API until it is told to stop."""
    settings = load_settings()
    begin_log(settings)
    if not demo:
        require_callers(settings)  # before any server is started
    if reload:
        with servers(settings):  # which stay up from one to the next
            arguments = [argument for argument in sys.argv[1:] if argument != "--reload"]
            raise typer.Exit(serve_and_reload(arguments))
    ending = Ending(settings.stop_timeout)
    with (
        bind(host or settings.host, port or settings.port) as bound,
        servers(settings) as urls,
    ):
        chosen = for_demo(settings, with_token=True) if demo else settings
        reached = reached_at(host or settings.host, port or settings.port)
        if "url" not in settings.model_fields_set:  # with --port, links lead there too
            chosen = chosen.model_copy(update={"url": reached})
        hint = "" if reached == settings.url else f"SLUICE_URL={reached} "
        serving = _serve(chosen, urls, bound, hint, ending, with_worker=worker, demo=demo)
        execute(ending.closing(serving))


async def _serve(
    settings: Settings,
    urls: Urls,
    bound: socket.socket,
    hint: str,
    ending: Ending,
    *,
    with_worker: bool,
    demo: bool,
) -> None:
    """``hint``: what the command line must be told to find the service."""
    stop = asyncio.Event()
    with ending.on_signal(stop.set):
        urls = await prepared(settings, urls, demo=demo)
        app = create_app(settings, urls, with_worker=with_worker)
        # copier: if examples
        if demo and settings.database_url is None:
            from app.seed.load import seed_when_empty  # noqa: PLC0415 - goes with the examples

            await seed_when_empty(urls.database, settings.db_schema)
        # copier: endif
        works = with_worker or settings.engine is EngineName.QSTASH
        limits = limits_of(settings, with_worker=works)
        async with (
            listening(app, bound, stop_timeout=settings.stop_timeout, limits=limits) as serving,
            metrics_port(settings, app.state.api.metrics),
        ):
            settle()
            _greet(settings, url_of(bound), hint, with_worker=with_worker, demo=demo)
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({stopped, serving}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()


def _greet(settings: Settings, url: str, hint: str, *, with_worker: bool, demo: bool) -> None:
    console = open_console()
    worker = "with one worker" if with_worker else "without a worker: start one with sluice worker"
    if settings.engine is EngineName.QSTASH:
        worker = f"and QStash calls it at {settings.app_url}"
    console.print(f"Sluice listens on {url}, {worker}. Ctrl-C stops it.")
    if not demo:
        return
    families = sorted(discover_families())
    # copier: if examples
    families.sort(key=lambda name: name != "welcome-placeholder")  # to try first
    # copier: endif
    if families:
        console.print(f"Try it:    {hint}{program()} run {families[0]} --dry-run")
    else:
        console.print("There is no job family yet. Start one with: make family")
    if settings.tokens[0].secret == read_token(settings.data_dir):
        console.print(f"The token: in {token_file(settings.data_dir)}, where the CLI finds it.")
    else:
        console.print("The token: set SLUICE_TOKEN to the secret of one of your SLUICE_TOKENS.")
