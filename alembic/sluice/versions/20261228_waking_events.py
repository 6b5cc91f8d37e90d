"""An event that very many items wait for wakes them in several transactions.

Revision: 20261228_waking_events
Follows: 20261227_event_waits
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261228_waking_events"
down_revision = "20261227_event_waits"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("step", sa.Column("event_after", sa.BigInteger()), schema=SCHEMA)
    op.add_column(
        "event",
        sa.Column("waking", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_event_waking",
        "event",
        ["name", "seq"],
        schema=SCHEMA,
        postgresql_where=sa.text("waking"),
    )


def downgrade() -> None:
    op.drop_column("event", "waking", schema=SCHEMA)
    op.drop_column("step", "event_after", schema=SCHEMA)
