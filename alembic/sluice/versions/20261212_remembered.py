"""What is remembered of items' results beyond runs, and how many of a run's have become stale.

Revision: 20261212_remembered
Follows: 20261211_finish
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261212_remembered"
down_revision = "20261211_finish"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")


def upgrade() -> None:
    op.create_table(
        "memory",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), primary_key=True),
        sa.Column("family", sa.Text(), nullable=False, unique=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seen_at", TIME, server_default=NOW, nullable=False),
        sa.Column("forgotten_at", TIME),
        schema=SCHEMA,
    )
    op.create_table(
        "remembered",
        sa.Column("memory_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("params_key", ID, primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("at", TIME, server_default=NOW, nullable=False),
        schema=SCHEMA,
    )
    op.add_column("run", sa.Column("stale", sa.BigInteger()), schema=SCHEMA)
    op.add_column(
        "run",
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_column("run", "version", schema=SCHEMA)
    op.drop_column("run", "stale", schema=SCHEMA)
    op.drop_table("remembered", schema=SCHEMA)
    op.drop_table("memory", schema=SCHEMA)
