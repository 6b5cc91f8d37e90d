"""``sluice worker``."""

from __future__ import annotations

import typer

from app.bootstrap import Urls, open_service
from app.cli.options import Demo
from app.cli.server.environment import execute, for_demo, prepared, settle
from app.cli.server.signals import Ending
from app.cli.server.uvicorn import metrics_port
from app.composition.process_log import begin_log
from app.config.engine_settings import EngineName
from app.embedded.servers import servers
from app.errors import ConfigurationError
from app.settings import Settings, load_settings
from app.workflows.registry.discovery import discover_families

commands = typer.Typer()


@commands.command()
def worker(*, demo: Demo = False) -> None:
    """Run one more worker until it is told to stop; any number of them share the work."""
    settings = load_settings()
    begin_log(settings)
    if settings.engine is EngineName.QSTASH:
        raise ConfigurationError(
            "SLUICE_ENGINE is qstash: QStash calls the API, which does all the work. Run no worker,"
            " but: sluice serve"
        )
    ending = Ending(settings.stop_timeout)
    with servers(settings) as urls:
        chosen = for_demo(settings) if demo else settings
        execute(ending.closing(_work(chosen, urls, ending, demo=demo)))


async def _work(settings: Settings, urls: Urls, ending: Ending, *, demo: bool) -> None:
    families = list(discover_families().values())
    urls = await prepared(settings, urls, demo=demo)
    async with open_service(settings, urls, families) as service:
        worker = service.worker()
        settle()
        page = service.api.metrics and service.api.metrics.of_process()
        with ending.on_signal(worker.stop):
            async with metrics_port(settings, page):
                await worker.run()
