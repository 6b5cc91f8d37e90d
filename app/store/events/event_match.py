"""What an event and an item that waits for one have in common: SQL of either side.

Who sends an event of a name holds the name shared until its commit; who begins to wait for one
holds it alone. So of an event and a wait that come at the same moment the later sees the other.
"""

from __future__ import annotations

LONGEST_PLACE = 200
LONGEST_VALUE = 200
"""Characters. Both stand in b-tree indexes, whose entries end at some 2,700 bytes."""


def names_held(*, alone: bool) -> str:
    """SQL that holds the names of ``$1`` until the end of the transaction: in one order, so that
    two never wait for each other; and of few, because a call may have a thousand names, and
    Postgres room for some thousand locks."""
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    return f"""
        SELECT {lock}(key) AS lock FROM (
            SELECT DISTINCT hashtextextended('sluice.event:' || (hashtext(name) & 63), 0) AS key
            FROM unnest($1::text[]) AS name ORDER BY key
        ) AS keys
    """  # noqa: S608 - no value is pasted in


VALUE = """
    CASE WHEN jsonb_typeof(e.data #> string_to_array(p.place, '.')) IN ('string', 'number')
        THEN e.data #>> string_to_array(p.place, '.') END
"""
"""What the event ``e`` has at the place ``p``: text or a number, as text."""
USABLE = f"length(value) BETWEEN 1 AND {LONGEST_VALUE}"


def events_of(numbers: str) -> str:
    """SQL of the events ``e`` with these numbers, an array of text: each is looked up by its key
    (OFFSET 0 keeps it so)."""
    return f"""
        unnest({numbers}) AS asked(seq) CROSS JOIN LATERAL (
            SELECT event.* FROM sluice.event WHERE event.seq = asked.seq::bigint OFFSET 0
        ) AS e
    """  # noqa: S608 - no value is pasted in


TOLD = """
    jsonb_build_object('seq', e.seq, 'id', e.event_id, 'name', e.name, 'data', e.data, 'at', e.at)
        ::text
"""
"""What a step that has waited for the event ``e`` remembers."""
MARK = """
    UPDATE sluice.event AS e SET unmatched = false, woke = e.woke + t.number::int,
        woken_runs = ARRAY(
            SELECT DISTINCT unnest(coalesce(e.woken_runs, '{}') || t.runs::text[]) AS run_id
            ORDER BY run_id LIMIT 20
        )
    FROM unnest($1::text[], $2::text[], $3::text[]) AS t(seq, number, runs)
    WHERE e.seq = ANY($1::text[]::bigint[]) AND e.seq = t.seq::bigint
"""
"""Write which items went on with an event, and of which runs; not more than are shown."""
TOLD_AT_ONCE = 100
"""Events of which something is written together: each row is compared with each of them."""
