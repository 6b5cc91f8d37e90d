"""What a sample came to."""

from __future__ import annotations

from rich.console import Console

from app.cli.output.console import add, number, printable, table
from app.cli.output.differences import print_lines, print_value
from app.cli.output.run_summary import expected_cost
from app.schemas.families import FamilyView
from app.schemas.samples.answers import SampleAnswer, SampleProgress
from app.workflows.samples.tally import SampleOutcome

SHOWN = 3
"""Ids beside a group."""


def progress_of(progress: SampleProgress) -> str:
    return f"{number(progress.ended)} of {number(progress.chosen)} have ended"


def print_sample(console: Console, family: FamilyView, found: SampleAnswer) -> None:
    console.print(printable(found.message))
    if not found.begun:
        return
    _print_outcomes(console, found)
    _print_groups(console, found)
    for stop in found.stops:
        ids = ", ".join(stop.samples[:SHOWN])
        console.print(
            printable(
                f"{number(stop.count)} stop at {stop.step!r} ({stop.kind}), such as {ids}, with:"
            )
        )
        print_value(console, stop.payload)
    _print_changes(console, found)
    if found.median_milliseconds is not None and found.p95_milliseconds is not None:
        console.print(
            f"An item took {found.median_milliseconds:,.0f} ms (median), and 95 of 100 up to"
            f" {found.p95_milliseconds:,.0f} ms."
        )
    _print_estimate(console, family, found)


def _print_outcomes(console: Console, found: SampleAnswer) -> None:
    counts = {one: getattr(found.outcomes, one.value) for one in SampleOutcome}
    made = table("Outcome", "Items", "Share", right=("Items", "Share"))
    for outcome, count in counts.items():
        if count:
            add(made, outcome.replace("_", " "), number(count), f"{count / found.begun:.0%}")
    console.print(made)


def _print_groups(console: Console, found: SampleAnswer) -> None:
    if not found.groups:
        return
    made = table("Items", "Outcome", "Error", "Message", "For example", right=("Items",))
    for group in found.groups:
        ids = ", ".join(group.samples[:SHOWN])
        outcome = group.outcome.replace("_", " ")
        tried = ", would be tried again" if group.retried else ""
        add(made, number(group.count), outcome + tried, group.error_class, group.message, ids)
    console.print(made)


def _print_changes(console: Console, found: SampleAnswer) -> None:
    if found.comparison_fault is not None:
        console.print(printable(f"Not compared with what is stored: {found.comparison_fault}"))
    if not found.compared:
        return
    console.print(f"{number(found.changed)} of {number(found.compared)} results would change.")
    for one in found.diffs:
        console.print(printable(one.item_id), style="bold")
        print_lines(console, one.diff or "It is too large to be compared here.", coloured=True)


def _print_estimate(console: Console, family: FamilyView, found: SampleAnswer) -> None:
    estimate = found.estimate
    about = "" if found.exact else "about "
    whole = f"{about}{number(found.to_process)} {family.entities}"
    console.print(printable(f"All {whole}: {expected_cost(estimate)}."))
    console.print(f"Estimated from: {printable(estimate.basis)}")
    if estimate.cost_basis and (estimate.usd or estimate.tokens):
        console.print(f"Cost from: {printable(estimate.cost_basis)}")
