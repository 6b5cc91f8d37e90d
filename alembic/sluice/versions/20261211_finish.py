"""A finish that somebody has run once more is among what people did.

Revision: 20261211_finish
Follows: 20261210_notifications
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261211_finish"
down_revision = "20261210_notifications"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
INDEX = "ix_run_event_by_people"
OUTSIDE = "who <> 'sluice' AND who NOT LIKE 'step %' AND who NOT LIKE 'schedule %'"
FORMER = "kind IN ('created', 'paused', 'resumed', 'cancelling', 'answered', 'retried')"
PRESENT = (
    "kind IN ('created', 'paused', 'resumed', 'cancelling', 'finishing', 'answered', 'retried')"
)


def _over(kinds: str) -> None:
    op.drop_index(INDEX, "run_event", schema=SCHEMA)
    op.create_index(
        INDEX,
        "run_event",
        ["at", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text(f"{kinds} AND {OUTSIDE}"),
    )


def upgrade() -> None:
    _over(PRESENT)


def downgrade() -> None:
    _over(FORMER)
