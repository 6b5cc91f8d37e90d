"""Items wait for events.

Revision: 20261227_event_waits
Follows: 20261226_priority
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261227_event_waits"
down_revision = "20261226_priority"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    for column in ("event", "event_place", "event_value"):
        op.add_column("step", sa.Column(column, ID), schema=SCHEMA)
    op.create_index(
        "ix_step_awaits",
        "step",
        ["event", "event_place", "event_value"],
        schema=SCHEMA,
        postgresql_where=sa.text("status = 'waiting' AND event IS NOT NULL"),
    )
    woke = sa.Column("woke", sa.Integer(), server_default=sa.text("0"), nullable=False)
    op.add_column("event", woke, schema=SCHEMA)
    op.add_column("event", sa.Column("woken_runs", pg.ARRAY(ID)), schema=SCHEMA)
    op.create_index("ix_event_name", "event", ["name", "seq"], schema=SCHEMA)
    op.create_table(
        "event_place",
        sa.Column("name", ID, primary_key=True),
        sa.Column("place", ID, primary_key=True),
        sa.Column("used_at", TIME, server_default=NOW, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "event_value",
        sa.Column("name", ID, primary_key=True),
        sa.Column("place", ID, primary_key=True),
        sa.Column("value", ID, primary_key=True),
        sa.Column("received_at", TIME, primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True),
        schema=SCHEMA,
    )
    op.create_index("ix_event_value_received", "event_value", ["received_at"], schema=SCHEMA)


def downgrade() -> None:
    op.drop_table("event_value", schema=SCHEMA)
    op.drop_table("event_place", schema=SCHEMA)
    op.drop_index("ix_event_name", "event", schema=SCHEMA)
    for column in ("woken_runs", "woke"):
        op.drop_column("event", column, schema=SCHEMA)
    # Its index goes with them.
    for column in ("event_value", "event_place", "event"):
        op.drop_column("step", column, schema=SCHEMA)
