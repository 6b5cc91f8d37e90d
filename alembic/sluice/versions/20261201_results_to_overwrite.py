"""How many results a run with force overwrites.

Revision: 20261201_results_to_overwrite
Follows: 20261130_outbox
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261201_results_to_overwrite"
down_revision = "20261130_outbox"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("run", sa.Column("to_overwrite", sa.BigInteger()), schema=SCHEMA)
    op.add_column(
        "run",
        sa.Column(
            "to_overwrite_exact", sa.Boolean(), server_default=sa.text("true"), nullable=False
        ),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_column("run", "to_overwrite_exact", schema=SCHEMA)
    op.drop_column("run", "to_overwrite", schema=SCHEMA)
