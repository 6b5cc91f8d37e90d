"""The signing key can be changed, and the former one holds for a time.

Revision: 0018
Follows: 0017
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_secret", sa.Column("former", sa.Text()))
    op.add_column("service_secret", sa.Column("changed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("service_secret", "changed_at")
    op.drop_column("service_secret", "former")
