"""What people did to flow keys, schedules and backfills, and a note beside each event of a run.

Revision: 20261202_audit
Follows: 20261201_results_to_overwrite
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261202_audit"
down_revision = "20261201_results_to_overwrite"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")
BY_PEOPLE = (
    "kind IN ('created', 'paused', 'resumed', 'cancelling', 'answered', 'retried')"
    " AND who <> 'sluice' AND who NOT LIKE 'step %' AND who NOT LIKE 'schedule %'"
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("at", TIME, server_default=NOW, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("name", ID, nullable=False),
        sa.Column("family", sa.Text()),
        sa.Column("before", pg.JSONB()),
        sa.Column("after", pg.JSONB()),
        sa.Column("note", sa.Text()),
        schema=SCHEMA,
    )
    op.create_index("ix_audit_at", "audit", ["at", "id"], schema=SCHEMA)
    op.create_index("ix_audit_name", "audit", ["name", "at"], schema=SCHEMA)
    op.add_column("run_event", sa.Column("note", sa.Text()), schema=SCHEMA)
    op.create_index(
        "ix_run_event_by_people",
        "run_event",
        ["at", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text(BY_PEOPLE),
    )


def downgrade() -> None:
    op.drop_index("ix_run_event_by_people", "run_event", schema=SCHEMA)
    op.drop_column("run_event", "note", schema=SCHEMA)
    op.drop_table("audit", schema=SCHEMA)
