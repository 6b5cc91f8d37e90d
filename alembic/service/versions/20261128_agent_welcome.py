"""Agents of users, and what `agent-welcome` makes for one.

Revision: 20261128_agent_welcome
Follows: 20261128_welcome_placeholder
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261128_agent_welcome"
down_revision = "20261128_welcome_placeholder"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
    )
    op.create_index("ix_agent_user", "agent", ["user_id", "name"], unique=True)
    op.create_table(
        "agent_welcome",
        sa.Column("agent_id", ID, sa.ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("questions", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("agent_welcome")
    op.drop_table("agent")
