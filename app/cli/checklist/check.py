"""``sluice check``: what a family declares, and what is missing in it or unwise. It looks at the
code, and asks no API; of a database it asks plans alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from app.cli.checklist.report import as_answer, print_checked
from app.cli.options import Demo
from app.cli.output.console import open_console
from app.cli.server.environment import DEMO_DATABASE, OWN_DATABASE, execute, reachable
from app.composition.delivery_targets import BESIDE, OF_PAGES
from app.composition.process_log import begin_log
from app.config.engine_settings import EngineName
from app.config.environment import what_was_meant
from app.connections.postgres_url import with_database
from app.connections.server_urls import Urls
from app.embedded.servers import servers
from app.errors import SluiceError, full_stop
from app.settings import Settings, load_settings
from app.store.database import open_database
from app.workflows.checks.checklist import CheckedFamily, Checklist
from app.workflows.checks.contract_rules import DeliveryLimits
from app.workflows.checks.findings import Severity
from app.workflows.registry.discovery import folder_of

commands = typer.Typer()


@commands.command()
def check(
    family: Annotated[
        str | None, typer.Argument(metavar="[FAMILY]", help="Which family; else all of them.")
    ] = None,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 also for a warning.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, for scripts.")] = False,
    demo: Demo = False,
) -> None:
    """Say what a family declares, and what is missing in it or unwise: exit 1 for an error."""
    settings = load_settings()
    begin_log(settings, "warning")
    with _dsn(settings, demo=demo) as dsn:
        checked = execute(_checked(settings, dsn, family, demo=demo))
    console = open_console()
    if as_json:
        console.out(json.dumps(as_answer(checked), indent=2, ensure_ascii=False), highlight=False)
    else:
        print_checked(console, checked, whole=family is not None)
    if fails(checked, strict=strict):
        raise typer.Exit(1)


@contextmanager
def _dsn(settings: Settings, *, demo: bool) -> Iterator[str | None]:
    """Of the database that is there; None: none is. Nothing is made."""
    if settings.database_url is not None:
        yield Urls(settings.database_url, "", settings.listen_url or "").direct
    elif not (settings.data_dir / "postgres" / "data").is_dir():
        yield None
    else:
        with servers(settings, with_redis=False) as urls:
            yield with_database(urls.direct, DEMO_DATABASE if demo else OWN_DATABASE)


async def _checked(
    settings: Settings, dsn: str | None, family: str | None, *, demo: bool
) -> Sequence[CheckedFamily]:
    limits = None
    if settings.engine is EngineName.QSTASH:
        limits = DeliveryLimits(longest=OF_PAGES, beside=BESIDE)
    tests = folder_of().parents[2] / "tests"
    if dsn is None:
        meant = what_was_meant(["DATABASE_URL"], Settings)
        reason = f"There is no database to ask: set DATABASE_URL, or make serve once.{meant}"
        return await Checklist(tests, limits, reason).check(family)
    database = open_database(dsn, pool_size=1, schema=settings.db_schema)
    try:
        try:
            with reachable():
                async with database.connect():
                    pass
        except SluiceError as error:
            own = settings.database_url is None and not demo
            hint = " With --demo, that of make serve is asked." if own else ""
            return await Checklist(tests, limits, full_stop(error.detail) + hint).check(family)
        return await Checklist(tests, limits, database).check(family)
    finally:
        await database.dispose()


def fails(checked: Sequence[CheckedFamily], *, strict: bool) -> bool:
    return any(
        strict or finding.severity is Severity.ERROR for one in checked for finding in one.found
    )
