"""Schedules: when families run by themselves.

Revision: 0006
Follows: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")
OBJECT = sa.text("'{}'")


def upgrade() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("params", pg.JSONB(), server_default=OBJECT, nullable=False),
        sa.Column("options", pg.JSONB(), server_default=OBJECT, nullable=False),
        sa.Column("catch_up", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("declared", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("next_at", TIME),
        sa.Column("last_fired_at", TIME),
        sa.Column("last_result", sa.Text()),
        sa.Column("last_detail", sa.Text()),
        sa.Column("last_run_id", ID),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", TIME, server_default=NOW, nullable=False),
    )
    op.create_index("ix_schedule_next", "schedule", ["next_at"])


def downgrade() -> None:
    op.drop_table("schedule")
