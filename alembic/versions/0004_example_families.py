"""The tables of the example families: agent, scene, post, and what is made for each.

Revision: 0004
Follows: 0003
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)


def _made(name: str) -> sa.Column[datetime]:
    return sa.Column(name, TIME, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", ID, primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        _made("created_at"),
    )
    op.create_index("ix_agent_user", "agent", ["user_id", "name"], unique=True)
    op.create_table(
        "agent_welcome",
        sa.Column("agent_id", ID, sa.ForeignKey("agent.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("questions", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        _made("created_at"),
    )
    op.create_table(
        "scene",
        sa.Column("id", ID, primary_key=True),
        sa.Column("title", sa.Text(), nullable=False, unique=True),
        sa.Column("description", sa.Text(), nullable=False),
        _made("created_at"),
    )
    op.create_table(
        "scene_image_set",
        sa.Column("scene_id", ID, sa.ForeignKey("scene.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("images", pg.JSONB(), nullable=False),
        sa.Column("painter", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        _made("created_at"),
    )
    op.create_table(
        "post",
        sa.Column("id", ID, primary_key=True),
        sa.Column("topic", sa.Text(), nullable=False, unique=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text()),
        sa.Column("reviewer_note", sa.Text()),
        sa.Column("approved", sa.Boolean()),
        sa.Column("published_url", sa.Text()),
        sa.Column("published_at", TIME),
        _made("created_at"),
    )


def downgrade() -> None:
    for table in ("post", "scene_image_set", "scene", "agent_welcome", "agent"):
        op.drop_table(table)
