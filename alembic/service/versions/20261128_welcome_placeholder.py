"""What `welcome-placeholder` makes for a user.

Revision: 20261128_welcome_placeholder
Follows: 20261128_users
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261128_welcome_placeholder"
down_revision = "20261128_users"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "welcome_placeholder",
        sa.Column("user_id", ID, sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("lines", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("welcome_placeholder")
