"""Messages are taken in the order of their runs' priorities, by index.

Those that wait had priorities by their layer alone: now they are as urgent as those of a run that
says nothing.

Revision: 20261226_priority
Follows: 20261225_provider_batches
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261226_priority"
down_revision = "20261225_provider_batches"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.execute("UPDATE sluice.message SET priority = 5")
    op.execute("UPDATE sluice.outbox SET priority = 50 + priority / 10")
    op.create_index(
        "ix_message_next",
        "message",
        ["flow_key", "priority", "due_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("worker IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_message_next", "message", schema=SCHEMA)
