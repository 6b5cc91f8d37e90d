"""What a provider says of single lines of a file that it has refused."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw

# What is said goes with its line in one value: a join whose plan knows of no sizes compares each
# line with each.
_REFUSE = """
    WITH numbered AS MATERIALIZED (
        SELECT id, row_number() OVER (ORDER BY id)::text AS line FROM sluice.deferred_call
        WHERE batch_id = $1::text
    ), said AS MATERIALIZED (
        SELECT jsonb_object($2::text[], $3::text[]) AS of_line
    ), named AS MATERIALIZED (
        SELECT id, (SELECT of_line FROM said) ->> line AS said FROM numbered
        WHERE (SELECT of_line FROM said) ? line
    )
    UPDATE sluice.deferred_call SET refused = (SELECT jsonb_object_agg(id, said) FROM named) ->> id
    WHERE id = ANY(ARRAY(SELECT id FROM named))
      AND (SELECT count(*) FROM numbered) = $4::text::bigint
    RETURNING id
"""


async def refuse(tx: AsyncConnection, batch_id: str, said: Mapping[int, str], *, of: int) -> int:
    """Write down what is said of lines, while all of the file's are there, by which they are
    found; nothing any more where some are gone. Returns of how many lines.

    Args:
        said: by line, from 1.
        of: lines that the file has.
    """
    lines = [str(line) for line in said]
    rows = await fetch_raw(tx, _REFUSE, batch_id, lines, list(said.values()), str(of))
    return len(rows)
