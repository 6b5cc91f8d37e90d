"""A run says which one it follows, and is found by that.

Revision: 20261217_follows
Follows: 20261213_memory_pruning
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261217_follows"
down_revision = "20261213_memory_pruning"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
INDEX = "ix_run_follows"


def upgrade() -> None:
    op.add_column("run", sa.Column("follows", sa.Text(collation="C")), schema=SCHEMA)
    where = sa.text("follows IS NOT NULL")
    op.create_index(INDEX, "run", ["follows", "id"], schema=SCHEMA, postgresql_where=where)


def downgrade() -> None:
    op.drop_index(INDEX, "run", schema=SCHEMA)
    op.drop_column("run", "follows", schema=SCHEMA)
