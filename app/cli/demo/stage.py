"""What every demonstration plays on: a service with a worker, and how a run on it is shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import JsonValue
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.api_client import ApiClient, Found, open_api
from app.cli.commands.families import find_family
from app.cli.commands.start import print_dry_run
from app.cli.commands.watch import watch_run
from app.cli.demo.demo_engine import engine_for
from app.cli.output.progress import Silent, display
from app.cli.output.run_summary import print_end
from app.cli.paths import run_path
from app.cli.server.limits import limits_of
from app.cli.server.uvicorn import bind, listening, url_of
from app.composition.process_log import begin_log
from app.config.engine_settings import EngineName
from app.connections.server_urls import Urls
from app.errors import SluiceError
from app.main import create_app
from app.schemas.families import FamilyView
from app.schemas.items import ItemsAnswer, ItemView
from app.schemas.runs import RunView
from app.schemas.workflow_answers import DryRunAnswer, StartedAnswer
from app.settings import Settings
from app.workflows.contract.job_family import AnyFamily


class Mismatch(SluiceError):
    """The demonstration did not come out as it must."""


@dataclass(frozen=True, slots=True)
class Stage:
    """``database`` is migrated and holds nothing else; the folder of files and Redis are empty."""

    settings: Settings
    urls: Urls
    database: AsyncEngine
    console: Console
    families: Sequence[AnyFamily] | None = None
    """None: those of the service."""

    @asynccontextmanager
    async def service(self, **changed: object) -> AsyncIterator[ApiClient]:
        """``changed``: settings by their field's name."""
        with bind("127.0.0.1", 0) as bound:
            url = url_of(bound)
            async with engine_for(self.settings.model_copy(update=changed), url) as settings:
                app = create_app(settings, self.urls, self.families, with_worker=True)
                limits = limits_of(settings, with_worker=True)
                async with listening(app, bound, stop_timeout=settings.stop_timeout, limits=limits):
                    with open_api(settings, at=url) as api:
                        try:
                            yield api
                        except asyncio.CancelledError:  # Ctrl-C
                            self.console.quiet = True  # what watches in a thread has yet to notice
                            raise

    @property
    def how(self) -> str:
        """How its runs are worked on."""
        if self.settings.engine is EngineName.QSTASH:
            return "called by a QStash of its own"
        return "with a worker"

    async def dry_run(
        self, api: ApiClient, family: FamilyView, limit: int | None = None
    ) -> DryRunAnswer:
        self.console.print("1. What would happen: a dry run writes nothing and starts nothing.")
        body: dict[str, JsonValue] = {"dryRun": True, "limit": limit}
        found = await post(api, DryRunAnswer, family.routes["process"], body)
        print_dry_run(self.console, family, found)
        return found

    async def start(
        self, api: ApiClient, family: FamilyView, item_ids: tuple[str, ...] = ()
    ) -> str:
        """The run's id. Without ``item_ids`` over all that are eligible."""
        body: dict[str, JsonValue] = {"itemIds": list[JsonValue](item_ids)} if item_ids else {}
        return (await post(api, StartedAnswer, family.routes["process"], body)).run_id

    async def watched(self, api: ApiClient, run_id: str) -> RunView:
        """The run as it ended, which must be well."""
        with display(self.console) as shown:
            quiet(self.settings)  # anew: log lines now go above the bar, not through it
            run = await asyncio.to_thread(watch_run, api, run_id, shown)
        quiet(self.settings)
        return self.ended(run)

    def ended(self, run: RunView) -> RunView:
        print_end(self.console, run)
        if run.status != "succeeded":
            raise Mismatch(f"the run ended {run.status}, not succeeded.")
        return run

    async def again(
        self, api: ApiClient, family: FamilyView, item_ids: tuple[str, ...] = ()
    ) -> None:
        self.console.print("\n3. The same again: what has a result is left alone.")
        run_id = await self.start(api, family, item_ids)
        again = await asyncio.to_thread(watch_run, api, run_id, Silent())
        if again.status != "succeeded" or again.ended:
            raise Mismatch(f"a second run was to find nothing to do; it ended {again.status}.")
        print_end(self.console, again)


# In a thread each: the service that answers is in this one.


async def find(api: ApiClient, family: str) -> FamilyView:
    return await asyncio.to_thread(find_family, api, family)


async def get(api: ApiClient, kind: type[Found], path: str, **query: str | int | None) -> Found:
    return (await asyncio.to_thread(lambda: api.get(kind, path, **query))).found


async def post(api: ApiClient, kind: type[Found], path: str, body: dict[str, JsonValue]) -> Found:
    return (await asyncio.to_thread(api.post, kind, path, body)).found


async def put(api: ApiClient, kind: type[Found], path: str, body: dict[str, JsonValue]) -> Found:
    return (await asyncio.to_thread(api.send, kind, "PUT", path, body)).found


async def all_items_of(api: ApiClient, run_id: str) -> list[ItemView]:
    def read() -> list[ItemView]:
        pages = api.pages(ItemsAnswer, run_path(run_id, "items"))
        return [item for page in pages for item in page.found.items]

    return await asyncio.to_thread(read)


async def items_of(api: ApiClient, run_id: str) -> dict[str, ItemView]:
    """By their ids; at most a hundred that succeeded."""
    path = run_path(run_id, "items")
    found = await get(api, ItemsAnswer, path, status="succeeded", limit=100)
    return {item.item_id: item for item in found.items}


def quiet(settings: Settings) -> None:
    chosen = "log_level" in settings.model_fields_set
    begin_log(settings, settings.log_level if chosen else "warning")
