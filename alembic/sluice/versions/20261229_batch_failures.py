"""A provider's batch is given up by time, and by what was said of it, not by a number of calls.

Revision: 20261229_batch_failures
Follows: 20261228_waking_events
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261229_batch_failures"
down_revision = "20261228_waking_events"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    for column in (
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("denied", sa.Text()),
        sa.Column("denials", sa.Integer(), server_default=sa.text("0"), nullable=False),
    ):
        op.add_column("provider_batch", column, schema=SCHEMA)
    op.add_column("deferred_call", sa.Column("refused", sa.Text()), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("deferred_call", "refused", schema=SCHEMA)
    for column in ("denials", "denied", "failing_since"):
        op.drop_column("provider_batch", column, schema=SCHEMA)
