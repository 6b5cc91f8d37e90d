"""Each fault is found where it is, and what looks like it and is fine is not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.workflows.checks.contract_rules import DeliveryLimits
from app.workflows.checks.findings import Severity
from tests.unit.checks.family_package import (
    ELIGIBLE,
    EXECUTE,
    EXISTING,
    HERE,
    LOAD,
    SAVE,
    family,
    line_of,
    written,
)

QSTASH = DeliveryLimits(longest=timedelta(minutes=15), beside=timedelta(minutes=1))
LIMITED = "    flow = Flow(execute=FlowControl(parallelism=2))\n"
REQUIRED = """
class Params(FamilyParams):
    region: str
"""


def body(*lines: str, kind: str = "async def") -> str:
    """``execute`` with these lines."""
    head = EXECUTE.replace("async def", kind).rpartition("        return")[0]
    return head + "".join(f"        {line}\n" for line in (*lines, "return entity"))


def selecting(what: str) -> str:
    return ELIGIBLE.replace("Select[str]:", f"Select[str]:  {HERE}").replace(
        "select(User.id)", what
    )


NOT_UNIQUE = """
from sqlalchemy import cast, Text
from sqlmodel import Field, SQLModel
from tests.support.users import TestTable
class Order_PACKAGE(TestTable, table=True):
    __tablename__ = "order_PACKAGE"
    id: int = Field(primary_key=True)
    line: int = Field(primary_key=True)
    customer: str
    code: str = Field(unique=True)
Order = Order_PACKAGE
"""

SAVE_HERE = SAVE.replace("def save(self,", f"def save(  {HERE}\n        self,")
ASK = "from aiohttp import ClientSession as Session\n"
NOT_INSTALLED = "Session = str\nif Session is None:\n    " + ASK
GET = f'await ctx.services.http.get("x")  {HERE}\n        '
SCHEDULED = '    params = Params\n    schedule = Cron("0 3 * * *"'

FAULTS = {
    "save without existing": ("save-without-existing", family(SAVE_HERE)),
    "a call as a step": (
        "no-flow-limit",
        family(execute=body(f'await ctx.call("a", "GET", "x")  {HERE}')),
    ),
    "the client of the service": (
        "no-flow-limit",
        family(load=LOAD.replace("return item_id", f"{GET}return item_id")),
    ),
    "a client of its own": (
        "no-flow-limit",
        family(head="import httpx2\n", execute=body(f"httpx2.AsyncClient()  {HERE}")),
    ),
    "a client by another name, in a function of the file": (
        "no-flow-limit",
        family(
            f"\nasync def _ask() -> None:\n    Session()  {HERE}\n",
            head=NOT_INSTALLED,
            execute=body("await _ask()"),
        ),
    ),
    "a service that goes over the network": (
        "no-flow-limit",
        family(
            head="from app.services.http.json_client import JsonPost\n",
            execute=body(f"ctx.service(JsonPost)  {HERE}"),
        ),
    ),
    "a sleep": (
        "blocking-call",
        family(head="import time\n", execute=body(f"time.sleep(1)  {HERE}")),
    ),
    "a sleep by another name": (
        "blocking-call",
        family(head="from time import sleep as wait\n", execute=body(f"wait(1)  {HERE}")),
    ),
    "a process": (
        "blocking-call",
        family(head="import subprocess\n", execute=body(f'subprocess.run(["true"])  {HERE}')),
    ),
    "a file": ("blocking-call", family(execute=body(f'open("x")  {HERE}'))),
    "a call that blocks": (
        "blocking-call",
        family(
            head="import urllib.request\n",
            declared=LIMITED,
            execute=body(f'urllib.request.urlopen("x")  {HERE}'),
        ),
    ),
    "a column that many rows may have": (
        "ids-not-unique",
        family(head=NOT_UNIQUE, eligible=selecting("select(Order.customer)")),
    ),
    "a part of the primary key": (
        "ids-not-unique",
        family(head=NOT_UNIQUE, eligible=selecting("select(Order.id)")),
    ),
    "an order of its own": (
        "eligible-refused",
        family(eligible=selecting("select(User.id).order_by(User.name)")),
    ),
    "three columns": (
        "eligible-refused",
        family(eligible=selecting("select(User.id, User.name, User.active)")),
    ),
    "an eligible that raises": ("eligible-refused", family(eligible=selecting("1 / 0"))),
    "a schedule without params": (
        "schedule-without-params",
        family(head=REQUIRED, declared=f"{SCHEDULED})  {HERE}\n"),
    ),
    "a timeout that QStash does not wait for": (
        "timeout-too-long",
        family(declared=f"    timeout = timedelta(minutes=15)  {HERE}\n"),
    ),
    "what keeps the service from starting": ("refused", family(declared='    verb = "Say it"\n')),
}

FINE = {
    "save with existing": family(SAVE, EXISTING),
    "no save": family(),
    "a call with a limit": family(
        declared=LIMITED, execute=body('await ctx.call("a", "GET", "x")')
    ),
    "a call of something else": family(
        "    def call(self, what: str) -> None: ...\n",
        execute=body("self.call('a')"),
    ),
    "what is no call, of such a library": family(
        head="import httpx2\n", execute=body('httpx2.URL("https://example.com")')
    ),
    "a service of this process": family(
        head="from app.services.file_store import FileStore\n",
        execute=body("ctx.service(FileStore)"),
    ),
    "a call in what only pages do": family(
        "    async def count(self, params: FamilyParams, ctx: Context) -> int:\n",
        '        return len((await ctx.services.http.get("x")).text)\n',
    ),
    "a sleep that is awaited": family(
        head="import asyncio\n", execute=body("await asyncio.sleep(0)")
    ),
    "a sleep in a plain def": family(
        head="import time\n", execute=body("time.sleep(0)", kind="def")
    ),
    "a sleep that is allowed as ruff has it": family(
        head="import time\n", execute=body("time.sleep(0)  # noqa: ASYNC251")
    ),
    "a save that is allowed": family("    # check: allow save-without-existing", SAVE),
    "a unique column": family(head=NOT_UNIQUE, eligible=selecting("select(Order.code)")),
    "each once, and said so": family(
        head=NOT_UNIQUE, eligible=selecting("select(Order.customer).distinct()")
    ),
    "each group once": family(
        head=NOT_UNIQUE, eligible=selecting("select(Order.customer).group_by(Order.customer)")
    ),
    "an expression": family(
        head=NOT_UNIQUE, eligible=selecting('select(cast(Order.id, Text) + ":")')
    ),
    "a schedule with its params": family(
        head=REQUIRED, declared=f'{SCHEDULED}, params={{"region": "eu"}})\n'
    ),
    "params without a default and without a schedule": family(
        head=REQUIRED, declared="    params = Params\n"
    ),
    "a timeout that QStash waits for": family(declared="    timeout = timedelta(minutes=14)\n"),
}


@pytest.mark.parametrize(("rule", "text"), FAULTS.values(), ids=FAULTS)
async def test_each_fault_is_found_once_where_it_is(rule: str, text: str, tmp_path: Path) -> None:
    with written(tmp_path, greet=text) as package:
        found = await package.found(limits=QSTASH)
        assert [finding.rule for finding in found] == [rule]
        assert found[0].message.endswith(".")
        assert found[0].place.file.name == "greet.py"
        if HERE in text:
            assert HERE in line_of(found[0])


@pytest.mark.parametrize("text", FINE.values(), ids=FINE)
async def test_what_looks_like_a_fault_and_is_none_is_not_found(text: str, tmp_path: Path) -> None:
    with written(tmp_path, greet=text) as package:
        assert await package.found(limits=QSTASH) == []


async def test_a_worker_waits_for_an_item_as_long_as_it_takes(tmp_path: Path) -> None:
    text = family(declared="    timeout = timedelta(days=3)\n")
    with written(tmp_path, greet=text) as package:
        assert await package.found(limits=None) == []


async def test_what_only_takes_a_moment_is_a_warning(tmp_path: Path) -> None:
    lines = ('open("x")', "import time; time.sleep(1)")
    with written(tmp_path, greet=family(execute=body(*lines))) as package:
        severities = [finding.severity for finding in await package.found()]
        assert severities == [Severity.WARNING, Severity.ERROR]
