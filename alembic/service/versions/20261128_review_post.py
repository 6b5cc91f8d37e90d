"""Posts, which `review-post` writes and a person approves.

Revision: 20261128_review_post
Follows: 20261128_scene_images
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261128_review_post"
down_revision = "20261128_scene_images"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
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
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("post")
