"""The service's dead letters at QStash, and ``sluice qstash dlq retry``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

import typer
from rich.progress import Progress

from app.chunks import chunked
from app.cli.output.console import number, open_console, printable
from app.cli.qstash.account import SCHEDULE, QStashAccount, open_account
from app.cli.qstash.answers import AccountDeadLetter
from app.engine.qstash.faults import QStashFault, calling_qstash
from app.errors import BadInput

A_PAGE = 100
A_BATCH = 50
MOST = 10_000
"""Dead letters that one command looks at."""

commands = typer.Typer()
dlq = typer.Typer(help="Deliver messages again that QStash has given up.", no_args_is_help=True)
commands.add_typer(dlq, name="dlq")


@dataclass(slots=True)
class ServiceDeadLetters:
    """
    Args:
        ours: this service's, the newest first.
        whole: whether these are all.
    """

    ours: list[AccountDeadLetter]
    whole: bool


async def read_dead_letters(account: QStashAccount, most: int) -> ServiceDeadLetters:
    """
    Args:
        most: how many of the account to look at.

    Raises:
        QStashFault
    """
    found: list[AccountDeadLetter] = []
    seen, cursor = 0, None
    while True:
        params = {"count": str(A_PAGE), "order": "latestFirst"}
        if cursor is not None:
            params["cursor"] = cursor
        async with calling_qstash():  # the client's own call knows no order
            told = await account.client.http.request(path="/v2/dlq", method="GET", params=params)
            page = [AccountDeadLetter.model_validate(one) for one in told["messages"]]
            cursor = told.get("cursor")
        seen += len(page)
        found += [one for one in page if account.is_ours(one.url)]
        if not cursor or not page or seen >= most:
            return ServiceDeadLetters(found, whole=not cursor or not page)


@dlq.command("retry")
def retry(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID", help="Which: see sluice qstash status."),
    ] = None,
    *,
    every: Annotated[
        bool,
        typer.Option("--all", help="All of this service, except ticks: the next one comes soon."),
    ] = False,
) -> None:
    """Have QStash deliver dead letters of this service once more."""
    if bool(ids) == every:
        raise BadInput("Say which dead letters: their ids, or --all.")
    asyncio.run(_retry(list(dict.fromkeys(ids or ()))))


async def _retry(ids: Sequence[str]) -> None:
    """``ids``: none: all."""
    async with open_account() as account:
        if ids:
            for letter_id in ids:
                await _require_ours(account, letter_id)
            chosen, whole = list(ids), True
        else:
            found = await read_dead_letters(account, MOST)
            chosen = [one.dlq_id for one in found.ours if one.schedule_id != SCHEDULE]
            whole = found.whole
        result = await _retry_all(account, chosen)
    open_console().print(_told(len(chosen), result, whole=whole), soft_wrap=True)


@dataclass(slots=True)
class _Retried:
    published: int = 0
    duplicates: int = 0
    gone: int = 0


def _told(chosen: int, result: _Retried, *, whole: bool) -> str:
    if not chosen:
        sentence = "There are no dead letters of this service to retry."
    else:
        of = "" if result.published == chosen else f" of {number(chosen)}"
        noun = "dead letter" if chosen == 1 else "dead letters"
        sentence = f"Retried {number(result.published)}{of} {noun}."
    if result.gone:
        sentence += f" {number(result.gone)} were not there any more."
    if result.duplicates:
        sentence += f" QStash took {number(result.duplicates)} for what it has delivered already."
    return sentence if whole else f"{sentence} There are more: call it again."


async def _require_ours(account: QStashAccount, letter_id: str) -> None:
    try:
        async with calling_qstash():
            told = await account.client.http.request(
                path=f"/v2/dlq/{quote(letter_id, safe='')}", method="GET"
            )
            letter = AccountDeadLetter.model_validate({"dlqId": letter_id, **told})
    except QStashFault as fault:
        if fault.answered != 404:
            raise
        raise BadInput(f"There is no dead letter {printable(letter_id)!r}.") from None
    if not account.is_ours(letter.url):
        raise BadInput(
            f"The dead letter {printable(letter_id)} is not of this service: it goes to"
            f" {printable(letter.url)}."
        )


async def _retry_all(account: QStashAccount, ids: Sequence[str]) -> _Retried:
    result = _Retried()
    console = open_console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Retrying", total=len(ids))
        for batch in chunked(A_BATCH, ids):
            try:
                await _publish(account, f"?{urlencode({'dlqIds': batch}, doseq=True)}", result)
            except QStashFault as fault:
                if fault.answered != 404:
                    raise
                await _one_by_one(account, batch, result)
            progress.advance(task, len(batch))
    result.gone = len(ids) - result.published - result.duplicates
    return result


async def _one_by_one(account: QStashAccount, ids: Sequence[str], result: _Retried) -> None:
    """Where QStash refuses a batch because one of it is gone."""
    for letter_id in ids:
        try:
            await _publish(account, f"/{quote(letter_id, safe='')}", result)
        except QStashFault as fault:
            if fault.answered != 404:
                raise


async def _publish(account: QStashAccount, which: str, result: _Retried) -> None:
    async with calling_qstash():  # the client has no call for it
        told = await account.client.http.request(path=f"/v2/dlq/retry{which}", method="POST")
        answers = told.get("responses", [told])
        duplicates = sum(bool(one.get("deduplicated")) for one in answers)
    result.published += len(answers) - duplicates
    result.duplicates += duplicates
