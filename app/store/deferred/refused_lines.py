"""What a provider says of single lines of a file that it has refused."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw

_REFUSE = """
    WITH numbered AS MATERIALIZED (
        SELECT id, row_number() OVER (ORDER BY id) AS line FROM sluice.deferred_call
        WHERE batch_id = $1::text
    )
    UPDATE sluice.deferred_call AS c SET refused = t.said
    FROM unnest($2::text[], $3::text[]) AS t(line, said)
    JOIN numbered ON numbered.line = t.line::bigint
    WHERE c.id = numbered.id AND (SELECT count(*) FROM numbered) = $4::text::bigint
    RETURNING c.id
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
