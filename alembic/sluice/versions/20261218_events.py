"""Events that others send, and the items that they ask for.

Revision: 20261218_events
Follows: 20261217_follows
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261218_events"
down_revision = "20261217_follows"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")
FORMER = (
    "kind IN ('created', 'paused', 'resumed', 'cancelling', 'finishing', 'answered', 'retried')"
    " AND who <> 'sluice' AND who NOT LIKE 'step %' AND who NOT LIKE 'schedule %'"
)
BY_PEOPLE = f"{FORMER} AND who NOT LIKE 'event %'"


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("data", pg.JSONB(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("unmatched", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("starts", pg.ARRAY(sa.BigInteger())),
        sa.Column("received_at", TIME, server_default=NOW, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("ix_event_id", "event", ["name", "event_id"], schema=SCHEMA, unique=True)
    op.create_index("ix_event_received", "event", ["received_at"], schema=SCHEMA)
    op.create_index(
        "ix_event_unmatched",
        "event",
        ["name", "seq"],
        schema=SCHEMA,
        postgresql_where=sa.text("unmatched"),
    )
    op.create_table(
        "event_start",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("family", ID, nullable=False),
        sa.Column("event", ID, nullable=False),
        sa.Column("merge_key", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("params_version", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("events", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("until", TIME),
        sa.Column("run_id", ID),
        sa.Column("detail", sa.Text()),
        sa.Column("settled_at", TIME),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        schema=SCHEMA,
    )
    waits = sa.text("settled_at IS NULL")
    op.create_index(
        "ix_event_start_waiting",
        "event_start",
        ["family", "event", "merge_key", "item_id"],
        schema=SCHEMA,
        unique=True,
        postgresql_where=waits,
    )
    op.create_index(
        "ix_event_start_due",
        "event_start",
        ["family", "event", "due_at"],
        schema=SCHEMA,
        postgresql_where=waits,
    )
    op.create_index(
        "ix_event_start_settled",
        "event_start",
        ["settled_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )
    _index_by_people(BY_PEOPLE)


def downgrade() -> None:
    _index_by_people(FORMER)
    op.drop_table("event_start", schema=SCHEMA)
    op.drop_table("event", schema=SCHEMA)


def _index_by_people(condition: str) -> None:
    """Of a run's events: those of runs that events start would fill it."""
    op.drop_index("ix_run_event_by_people", "run_event", schema=SCHEMA)
    op.create_index(
        "ix_run_event_by_people",
        "run_event",
        ["at", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text(condition),
    )
