"""What is left when the killing is over: nothing lost, nothing counted twice, one end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.store.statuses import ENDED, OUTCOMES
from tests.support.service import Sluice
from tests.support.story import assert_legal, story


@dataclass(slots=True)
class Verdict:
    """Over several runs: sums, and of ``finalised`` the worst.

    ``lost``: items without an outcome, and succeeded ones without their saved result.
    ``doubled``: outcomes that the counters have and the rows have not, or the other way round.
    ``finalised``: how often a run ended.
    ``forgotten``: items whose deliveries saw different results of one step.
    ``again``: executions of an attempt that had been executed already; they are allowed.
    """

    kills: int = 0
    lost: int = 0
    doubled: int = 0
    finalised: int = 1
    forgotten: int = 0
    again: int = 0
    repaired: int = 0
    illegal: str = ""

    @property
    def clean(self) -> bool:
        right = self.lost == 0 and self.doubled == 0 and self.finalised == 1
        return right and self.forgotten == 0 and not self.illegal

    def __str__(self) -> str:
        return (
            f"lost={self.lost} doubled={self.doubled} finalised={self.finalised}"
            f" forgotten={self.forgotten} kills={self.kills}"
        )


async def judge(sluice: Sluice, run_ids: Sequence[str], expected: int, kills: int) -> Verdict:
    verdict = Verdict(kills)
    for run_id in run_ids:
        await _judge_run(sluice, run_id, expected, verdict)
    return verdict


async def _judge_run(sluice: Sluice, run_id: str, expected: int, verdict: Verdict) -> None:
    run, rows, told = (
        await sluice.run(run_id), await sluice.items(run_id), await story(sluice, run_id)
    )  # fmt: skip
    ended = [row for row in rows if row.status in OUTCOMES]
    saved = {row[0] for row in await _evidence(sluice, "SELECT item_id FROM chaos_saved", run_id)}
    succeeded = {row.item_id for row in ended if row.status == "succeeded"}
    verdict.lost += max(0, expected - len(ended)) + len(succeeded - saved)
    verdict.doubled += sum(
        abs(getattr(run, status) - sum(row.status == status for row in ended))
        for status in OUTCOMES
    )
    verdict.doubled += abs(run.scheduled - len(rows)) + run.suspended
    verdict.forgotten += sum(
        1
        for row in await _evidence(
            sluice,
            "SELECT seen.item_id FROM (SELECT run_id, item_id, array_agg(DISTINCT tokens) AS of"
            " FROM chaos_result GROUP BY 1, 2) AS seen LEFT JOIN (SELECT run_id AS r, item_id AS i,"
            " string_agg(trim('\"' FROM result), ' ' ORDER BY position)"
            " FILTER (WHERE kind <> 'sleep') AS kept FROM sluice.step GROUP BY 1, 2) AS steps"
            " ON (r, i) = (seen.run_id, seen.item_id)",
            run_id,
            "AND seen.of IS DISTINCT FROM ARRAY[kept]",
        )
    )
    ends = sum(event.kind == "ended" for event in told)
    if abs(ends - 1) > abs(verdict.finalised - 1):
        verdict.finalised = ends
    verdict.repaired += sum(event.kind == "repaired" for event in told)
    [(again,)] = await _evidence(
        sluice, "SELECT count(*) - count(DISTINCT (item_id, attempt)) FROM chaos_execution", run_id
    )
    verdict.again += int(again)
    try:
        assert run.status in ENDED
        assert_legal(run, told)
    except AssertionError as error:
        verdict.illegal = f"{run_id}: {error}"


async def _evidence(
    sluice: Sluice, query: str, run_id: str, more: str = ""
) -> Sequence[Any]:  # rows of any shape
    return await sluice.sql(f"{query} WHERE run_id = :run {more}", run=run_id)
