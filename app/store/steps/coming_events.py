"""Events that have come, and are on their way to more items than one transaction wakes: SQL of what
such an event means for a step that waits."""

from __future__ import annotations

ANY_WAKING = "(SELECT EXISTS (SELECT FROM sluice.event WHERE event.waking))"
"""Whether there is any: asked once for a statement, and nearly always answered with no."""


def value_of(alias: str, *key: str) -> str:
    """SQL: the row of ``event_value`` with this key (name, place, value, received at, seq), or
    those with its first columns. Compared as one: a plan that is made while the table is nearly
    empty takes any index with a column that is compared by itself, and reads all that came at a
    moment, or since."""
    columns = ("name", "place", "value", "received_at", "seq")[: len(key)]
    row, wanted = ", ".join(f"{alias}.{one}" for one in columns), ", ".join(key)
    return f"ROW({row}) >= ROW({wanted}) AND ROW({row}) <= ROW({wanted})"


def being_given(step: str, *, before: str | None = None) -> str:
    """SQL: whether such an event is the step's, and has not reached it yet.

    Args:
        before: counts those alone that came before this one, by ``seq``.
    """
    awaited = [f"{step}.{column}" for column in ("event", "event_place", "event_value")]
    value = value_of("v", *awaited, "g.received_at", "g.seq")
    earlier = "" if before is None else f"AND g.seq < {before}"
    return f"""
        EXISTS (
            SELECT FROM sluice.event AS g CROSS JOIN LATERAL (
                SELECT FROM sluice.event_value AS v
                WHERE {value}
                OFFSET 0
            ) AS v
            WHERE g.waking AND g.name = {step}.event
              AND g.seq > coalesce({step}.event_after, 0) {earlier}
        )
    """  # noqa: S608 - no value is pasted in
