"""What the console shows: how runs stood over time, which workers live, which runs ended lately.

Revision: 0009
Follows: 0007
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
COUNTERS = (
    "scheduled", "succeeded", "skipped", "failed", "timed_out", "cancelled", "suspended", "work_ms",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "run_sample",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("at", TIME, primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTERS),
    )
    op.create_table(
        "worker",
        sa.Column("id", ID, primary_key=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("in_hand", sa.Integer(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_run_finished", "run", ["finished_at"])


def downgrade() -> None:
    op.drop_index("ix_run_finished", "run")
    op.drop_table("worker")
    op.drop_table("run_sample")
