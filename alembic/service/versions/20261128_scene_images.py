"""Scenes, and what `scene-images` makes for one.

Revision: 20261128_scene_images
Follows: 20261128_agent_welcome
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261128_scene_images"
down_revision = "20261128_agent_welcome"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "scene",
        sa.Column("id", ID, primary_key=True),
        sa.Column("title", sa.Text(), nullable=False, unique=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
    )
    op.create_table(
        "scene_image_set",
        sa.Column("scene_id", ID, sa.ForeignKey("scene.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("images", pg.JSONB(), nullable=False),
        sa.Column("painter", sa.Text(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("scene_image_set")
    op.drop_table("scene")
