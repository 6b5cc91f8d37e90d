"""How far what is remembered was gone through for what counts no more, and when last to its end.

Revision: 20261213_memory_pruning
Follows: 20261212_remembered
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261213_memory_pruning"
down_revision = "20261212_remembered"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("memory", sa.Column("pruned_to", sa.Text(collation="C")), schema=SCHEMA)
    op.add_column("memory", sa.Column("pruned_at", sa.DateTime(timezone=True)), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("memory", "pruned_at", schema=SCHEMA)
    op.drop_column("memory", "pruned_to", schema=SCHEMA)
