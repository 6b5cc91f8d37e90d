"""Events that have come, and are on their way to more items than one transaction wakes: SQL of what
such an event means for a step that waits."""

from __future__ import annotations

ANY_WAKING = "(SELECT EXISTS (SELECT FROM sluice.event WHERE event.waking))"
"""Whether there is any: asked once for a statement, and nearly always answered with no."""


def being_given(step: str, *, before: str | None = None) -> str:
    """SQL: whether such an event is the step's, and has not reached it yet.

    Args:
        before: counts those alone that came before this one, by ``seq``.
    """
    earlier = "" if before is None else f"AND g.seq < {before}"
    return f"""
        EXISTS (
            SELECT FROM sluice.event AS g CROSS JOIN LATERAL (
                SELECT FROM sluice.event_value AS v
                WHERE v.name = {step}.event AND v.place = {step}.event_place
                  AND v.value = {step}.event_value
                  AND v.received_at = g.received_at AND v.seq = g.seq
                OFFSET 0
            ) AS v
            WHERE g.waking AND g.name = {step}.event
              AND g.seq > coalesce({step}.event_after, 0) {earlier}
        )
    """  # noqa: S608 - no value is pasted in
