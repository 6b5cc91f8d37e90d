"""The demonstrations of the families that write one text an item."""

from __future__ import annotations

from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.api_client import ApiClient
from app.cli.demo.stage import Mismatch, Stage, find, items_of
from app.cli.output.console import number, printable
from app.schemas.families import FamilyView
from app.schemas.items import ItemView
from app.schemas.runs import RunView
from app.seed import user_table
from app.seed.load import load_committed
from app.services.llm.welcomes import Welcome
from app.settings import Settings

_SHOWN = 3


async def show_placeholders(stage: Stage) -> None:
    await load_committed(stage.database)
    async with stage.service() as api:
        family = await find(api, "welcome-placeholder")
        run = await _run(stage, api, family)
        await _check(run, stage.database)
        await _print_lines(stage, api, run)
        await stage.again(api, family)
    say_who_wrote(stage.console, stage.settings)


async def show_welcomes(stage: Stage) -> None:
    await load_committed(stage.database)
    async with stage.service() as api:
        family = await find(api, "agent-welcome")
        run = await _run(stage, api, family)
        for item in list((await items_of(api, run.id)).values())[:_SHOWN]:
            welcome = Welcome.model_validate(item.result)
            stage.console.print(f"\n   {printable(welcome.message)}", style="bold")
            for question in welcome.questions:
                stage.console.print(f"     {printable(question)}")
        await stage.again(api, family)
    say_who_wrote(stage.console, stage.settings)


def say_who_wrote(console: Console, settings: Settings) -> None:
    if settings.llm_base_url is None:
        console.print(
            "\nThe texts come from the local writer. Set LLM_BASE_URL (and LLM_API_KEY) to have"
            " a language model write them."
        )


async def _run(stage: Stage, api: ApiClient, family: FamilyView) -> RunView:
    dry = await stage.dry_run(api, family)
    stage.console.print(f"\n2. The run, {stage.how}: {_flow_of(family)}.")
    run = await stage.watched(api, await stage.start(api, family))
    if run.counters.succeeded != dry.to_process:
        raise Mismatch(
            f"the dry run announced {number(dry.to_process)} items, and the run counts"
            f" {number(run.counters.succeeded)}."
        )
    return run


def _flow_of(family: FamilyView) -> str:
    line = next(line for line in family.flow if line.key.endswith(".execute"))
    bounds = [f"at most {line.parallelism} items at once"] if line.parallelism else []
    bounds += [f"{line.rate / line.period_seconds:g} per second"] if line.rate else []
    return ", ".join(bounds) or "as fast as it goes"


async def _check(run: RunView, database: AsyncEngine) -> None:
    async with database.connect() as connection:
        there = await user_table.count_placeholders(connection)
    if there != run.counters.succeeded:
        raise Mismatch(
            f"the run counts {number(run.counters.succeeded)} items, and Postgres has"
            f" {number(there)} results."
        )


async def _print_lines(stage: Stage, api: ApiClient, run: RunView) -> None:
    items = await items_of(api, run.id)
    async with stage.database.connect() as connection:
        people = await user_table.people(connection, list(items))
    for item_id in _of_different_languages({i: locale for i, (_, locale) in people.items()}):
        name, locale = people[item_id]
        stage.console.print(f"\n   {printable(name)} ({printable(locale)})", style="bold")
        for line in _lines(items[item_id]):
            stage.console.print(f"     {printable(line)}")


def _of_different_languages(locales: dict[str, str]) -> list[str]:
    """Some ids, by id, of which as many as possible differ in language."""
    first: dict[str, str] = {}
    for item_id, locale in sorted(locales.items()):
        first.setdefault(locale.partition("-")[0], item_id)
    chosen = [*first.values(), *(i for i in sorted(locales) if i not in first.values())]
    return chosen[:_SHOWN]


def _lines(item: ItemView) -> list[str]:
    if not isinstance(item.result, list) or not item.result:
        raise Mismatch(f"the item {item.item_id} succeeded and has no result.")
    return [str(line) for line in item.result]
