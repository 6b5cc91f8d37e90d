"""Every command and where it is: nothing else, so that ``sluice --help`` is quick. The module of a
command, and what that needs, is loaded when the command is called."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from app import __version__
from app.errors import SluiceError

COMMANDS = {
    "serve": ("server.serve", "Run the HTTP API until it is told to stop."),
    "worker": (
        "server.worker",
        "Run one more worker until it is told to stop; any number of them share the work.",
    ),
    "migrate": ("commands.database", "Bring the database's tables up to date."),
    # copier: if examples
    "seed": (
        "examples.seed",
        "Write 1,000 users to the database, and agents, scenes and posts; update what is there.",
    ),
    # copier: endif
    "prune": (
        "commands.database",
        "Delete runs that ended long ago, with their items and events.",
    ),
    "rotate-key": (
        "commands.database",
        "Make a new key for the signatures of cookies, cursors and answer links.",
    ),
    "run": (
        "commands.start",
        "Start a run of a family through the API, or only count with --dry-run.",
    ),
    "preview": (
        "previews.preview",
        (
            "Execute one item, or a --sample, and save nothing: show the result, or how it differs"
            " from what is stored."
        ),
    ),
    "watch": (
        "commands.watch",
        (
            "Follow a run: exit 0 when it succeeds, 1 when it does not, 3 when it pauses. Ctrl-C"
            " leaves it as it is."
        ),
    ),
    "pause": (
        "commands.control",
        "Let nothing of a run start any more; what is at work ends.",
    ),
    "resume": (
        "commands.control",
        "Let a paused run go on where it stopped, with other options if any are given.",
    ),
    "approve": ("commands.control", "Let a run go on that waits for an approval."),
    "cancel": (
        "commands.control",
        "End a run: what is pending at once, what is at work when it ends.",
    ),
    "finish": ("commands.control", "Run the finish of a run that has ended once more."),
    "retry": (
        "commands.control",
        "Start a run over what failed in an earlier one, or over other items of it.",
    ),
    "failures": (
        "commands.runs",
        "List what failed in a run, grouped by what the errors say; or all of it, item by item.",
    ),
    "events": ("commands.runs", "List what happened to a run, and who did it."),
    "audit": (
        "commands.runs",
        "List who did what to runs, backfills, flow keys, schedules and targets, when, and why.",
    ),
    "runs": ("commands.runs", "List runs, the newest first."),
    "suspended": (
        "commands.questions",
        "List what items wait for people for: those of one run, or of all.",
    ),
    "answer": (
        "commands.questions",
        "Answer what an item waits for; it goes on with the answer.",
    ),
    "link": (
        "commands.questions",
        "Make a link on which somebody without a token may answer what an item waits for.",
    ),
    "items": (
        "commands.items",
        "List the items of a run by id, with what came of each; or all of them as a file.",
    ),
    "item": (
        "commands.items",
        "Show what became of an item, its steps, and how long each took.",
    ),
    "output": ("commands.items", "Print what an item has written to its stream."),
    "backfill": (
        "commands.backfill",
        "Run a family once for each day, hour, month or range that it is cut in.",
    ),
    "coverage": (
        "commands.families",
        "Show how many of a family's eligible have a result, now and over the last 90 days.",
    ),
    "forget": (
        "commands.families",
        "Let items of a family count as not done: what Sluice remembers of them, or of all.",
    ),
    "families": ("commands.families", "List the job families that the service has."),
    "check": (
        "checklist.check",
        ("Say what a family declares, and what is missing in it or unwise: exit 1 for an error."),
    ),
    "demo": (
        "demo",
        "Dry-run, then run, a family over rows in a database of its own.",
    ),
    "flow": (
        "flow.flow",
        "Show the limits of each flow key, and change them while work is under way.",
    ),
    "backfills": (
        "commands.backfills",
        "List backfills, follow one, and control it.",
    ),
    "schedule": (
        "schedules.group",
        "Show when families run by themselves, and change it.",
    ),
    "event": (
        "events.event",
        "Send an event, and show what events have led to.",
    ),
    "batches": (
        "batches.batches",
        "List batches of requests that providers answer together.",
    ),
    "notify": (
        "notify.deliveries",
        "Show who is told what happens to runs, and change it.",
    ),
    "qstash": (
        "qstash.group",
        "Let QStash call this service, and see its messages there.",
    ),
    "qstash-dev": (
        "qstash.dev",
        (
            "Run a QStash for development in memory, and print the variables of a service that"
            " uses it."
        ),
    ),
}
"""In the order of ``sluice --help``: the module, and what the command is for. A module has its
commands in a Typer that it calls ``commands``."""


_CALLED = "app.cli.called"  # in a context: the words of the call, from the command's name on


class LazyGroup(TyperGroup):
    def __init__(self, **options: Any) -> None:  # typer's own, which it does not name
        super().__init__(**options)
        self.commands = {
            name: TyperCommand(name, help=sentence) for name, (_, sentence) in COMMANDS.items()
        }

    def load(self, name: str) -> None:
        place, _ = COMMANDS[name]
        gc.disable()  # nothing of it goes away again: to look for that takes a tenth of the time
        try:
            declared = import_module(f"app.cli.{place}").commands
        finally:
            gc.enable()
        self.commands[name] = typer.main.get_group(declared).commands[name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # as typer declares it
        if args and args[0] in COMMANDS:
            self.load(args[0])
        ctx.meta[_CALLED] = args
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # as typer declares it
        try:
            return super().invoke(ctx)
        except typer.TyperException as error:
            from app.cli.usage_errors import reword  # noqa: PLC0415 - lazily: only errors need it

            reword(error)
            raise
        except SluiceError as error:
            from app.cli.fields_as_options import name_options  # noqa: PLC0415 - as above

            name_options(error, self, ctx.meta.get(_CALLED, []))
            raise


app = typer.Typer(
    name="sluice",
    cls=LazyGroup,
    help="Batch jobs: do one thing once for every user, agent or order that still needs it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # errors are a sentence: see main
)


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"sluice {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    _version: bool = typer.Option(
        False,
        "--version",
        callback=_say_version,
        is_eager=True,
        help="Print the version of Sluice, and exit.",
    ),
) -> None:
    """Makes it a group, although it has no command of its own."""


def loaded() -> TyperGroup:
    """The whole of it, with every command's options."""
    group = typer.main.get_group(app)
    assert isinstance(group, LazyGroup)  # noqa: S101 - tells the type checker what it was made of
    for name in COMMANDS:
        group.load(name)
    return group
