"""Options that several commands share."""

from __future__ import annotations

from enum import Enum, auto
from typing import Annotated, Any

import typer
from pydantic import Field, TypeAdapter

from app.config.priorities import HIGHEST, LOWEST
from app.config.run_bounds import MOST_ATTEMPTS, MOST_BEFORE_JUDGED, MOST_TOKENS, MOST_USD


def above(least: float, most: float, help: str) -> Any:  # noqa: A002 - as Typer calls it
    """An option whose value is a number above ``least``. Typer has no such end, and would show
    ``least`` as one that is taken: the metavar says both ends as they are."""
    parse = TypeAdapter(Annotated[float, Field(gt=least, le=most)]).validate_python
    return typer.Option(metavar=f"X [{least}<x<={most}]", parser=parse, help=help)


def _before_or_behind(context: typer.Context, value: bool) -> bool:
    """``sluice flow --json pause KEY`` says the same as ``sluice flow pause KEY --json``."""
    before = context.parent is not None and context.parent.params.get("as_json")
    return value or bool(before)


Demo = Annotated[
    bool,
    typer.Option(
        "--demo", help="Use the demo's own database and keys, unless DATABASE_URL names one."
    ),
]
Json = Annotated[
    bool,
    typer.Option("--json", help="Print the API's answer, for scripts.", callback=_before_or_behind),
]
FlowKey = Annotated[str, typer.Argument(metavar="KEY", help="Which flow key: see sluice flow.")]
FamilyName = Annotated[
    str, typer.Argument(metavar="FAMILY", help="Which family: see sluice families.")
]
Param = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="One of the family's params; may be repeated."),
]
OwnEntity = Annotated[
    str | None,
    typer.Option(
        "--entity", metavar="JSON",
        help="An entity without a row, as JSON; @FILE, or @- for standard input.",
    ),
]  # fmt: skip
Csv = Annotated[bool, typer.Option("--csv", help="Print all of it as CSV, for a spreadsheet.")]
Ndjson = Annotated[
    bool, typer.Option("--ndjson", help="Print all of it as JSON, one a line, for programs.")
]
RunId = Annotated[str, typer.Argument(metavar="RUN", help="Which run: see sluice runs.")]
ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="Which item, by its id.")]
StepPath = Annotated[
    list[str] | None,
    typer.Option(
        "--step", metavar="NAME",
        help="Which step, if several wait; repeated: the path to a child's step.",
    ),
]  # fmt: skip
Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Follow the run: exit 0 when it succeeds, 1 when it does not, 3 when it pauses.",
    ),
]
ThroughPauses = Annotated[
    bool,
    typer.Option(
        "--through-pauses", help="Follow it, and wait while it is paused instead of exiting 3."
    ),
]
Approval = Annotated[
    bool, typer.Option("--approval", help="Count, then wait until somebody approves.")
]
Attempts = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_ATTEMPTS,
        help="Try each item at most so often; else as its family says.",
    ),
]
Priority = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=LOWEST, max=HIGHEST, help="0 to 9, the highest first; else its family's."
    ),
]
Note = Annotated[
    str | None, typer.Option("--note", metavar="TEXT", help="The reason, for whoever looks later.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key", metavar="K", help="The same call under the same key starts one run."
    ),
]
BudgetUsd = Annotated[float | None, above(0, MOST_USD, "Pause when so many USD are spent.")]
BudgetTokens = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, max=MOST_TOKENS, help="Pause when so many tokens are spent."),
]
MaxFailureRate = Annotated[
    float | None,
    typer.Option(
        metavar="R", min=0, max=1, help="Pause when a larger share of items fails, such as 0.1."
    ),
]
MinItems = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_BEFORE_JUDGED,
        help="Judge the share that fails once so many items have ended; else as its family says.",
    ),
]
Deadline = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Pause once it was active for so long, such as 90s or 2h."),
]


class Following(Enum):
    """What a command does with a run once it is started."""

    NOT = auto()
    TO_A_PAUSE = auto()
    THROUGH_PAUSES = auto()

    def __bool__(self) -> bool:
        return self is not Following.NOT


def following(*, watch: bool, through_pauses: bool) -> Following:
    if through_pauses:
        return Following.THROUGH_PAUSES
    return Following.TO_A_PAUSE if watch else Following.NOT


DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would happen, and start nothing.")
]
Force = Annotated[bool, typer.Option("--force", help="Also items that already have a result.")]
RampEvery = Annotated[
    str | None, typer.Option(metavar="TIME", help="Grow after each such time; else 60s.")
]
OfFamily = Annotated[str | None, typer.Option(help="Only of this family.")]
Most = Annotated[int, typer.Option(min=1, max=200, help="How many at most.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")]
