"""Results that JSON would not give back as they were.

Revision: 0013
Follows: 0012
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item", sa.Column("exact", sa.Text()))


def downgrade() -> None:
    op.drop_column("item", "exact")
