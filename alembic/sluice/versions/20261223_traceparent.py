"""A run has the trace that its start began.

Revision: 20261223_traceparent
Follows: 20261222_partitions
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261223_traceparent"
down_revision = "20261222_partitions"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("run", sa.Column("traceparent", sa.Text()), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("run", "traceparent", schema=SCHEMA)
