"""Backfills: a family's runs over many partitions.

Revision: 0007
Follows: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
FALSE = sa.text("false")
OBJECT = sa.text("'{}'")


def upgrade() -> None:
    op.create_table(
        "backfill",
        sa.Column("id", ID, primary_key=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("from_at", TIME, nullable=False),
        sa.Column("to_at", TIME, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("max_active", sa.Integer(), nullable=False),
        sa.Column("reverse", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("force", sa.Boolean(), server_default=FALSE, nullable=False),
        sa.Column("params", pg.JSONB(), server_default=OBJECT, nullable=False),
        sa.Column("options", pg.JSONB(), server_default=OBJECT, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", TIME),
    )
    op.create_index(
        "ix_backfill_active",
        "backfill",
        ["family"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "backfill_partition",
        sa.Column("backfill_id", ID, primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("run_id", ID),
        sa.Column("counters", pg.JSONB()),
    )
    op.create_index(
        "ix_backfill_partition_key", "backfill_partition", ["backfill_id", "key"], unique=True
    )
    op.create_index("ix_backfill_partition_run", "backfill_partition", ["run_id"], unique=True)
    op.add_column("run", sa.Column("backfill_id", ID))
    op.create_index(
        "ix_run_backfill",
        "run",
        ["backfill_id", "id"],
        postgresql_where=sa.text("backfill_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_run_backfill", "run")
    op.drop_column("run", "backfill_id")
    op.drop_table("backfill_partition")
    op.drop_table("backfill")
