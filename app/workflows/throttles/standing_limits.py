"""What is in force at present beside the code's limits: what operators set, and what is held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from app.flow.holds import Hold
from app.flow.overrides import Override, Standing
from app.store.database import reading
from app.store.monitoring import flow_overrides, holds
from app.store.monitoring.holds import HoldRow
from app.workflows.monitoring.flow_limits import override_of, pinned_control


async def read_standing(
    database: AsyncEngine,
    throttled: Sequence[str],
    flow_keys: Mapping[str, tuple[str, ...]],
    *,
    partitioned: bool,
) -> Standing:
    """What operators have set, and what is held at present.

    Args:
        throttled: families. Another one's code has no throttle any more, and nobody would lift what
            is left of it.
        flow_keys: by gate key, those that are counted under it.
        partitioned: whether partitions of any key have limits.
    """
    async with reading(database) as connection:
        keys, partitions, on_hold = await flow_overrides.anything_standing(connection)
        rows = await flow_overrides.load_all(connection) if keys else []
        pins = await flow_overrides.partitions(connection) if partitions and partitioned else []
        held = await holds.standing(connection, throttled, flow_keys.keys()) if on_hold else []
    found = {row.key: override_of(row) for row in rows}
    for pin in pins:
        now = found.get(pin.key) or Override(None, paused=False)
        of = {**now.partitions, pin.partition: pinned_control(pin)}
        found[pin.key] = replace(now, partitions=of)
    return Standing(found, [_hold(row, flow_keys) for row in held])


def _hold(row: HoldRow, flow_keys: Mapping[str, tuple[str, ...]]) -> Hold:
    covers = () if row.told_until is None else flow_keys[row.key]
    return Hold(row.key, row.reason, row.left.total_seconds(), row.told_until, covers)
