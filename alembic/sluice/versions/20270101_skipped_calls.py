"""A call that is repeated under its key is told once more that nothing was started.

Revision: 20270101_skipped_calls
Follows: 20261231_fill_of_items
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20270101_skipped_calls"
down_revision = "20261231_fill_of_items"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column(
        "idempotency_key",
        sa.Column("skipped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_column("idempotency_key", "skipped", schema=SCHEMA)
