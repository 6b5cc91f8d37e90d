"""Steps: what an item remembers, what it waits for, what it wrote on the way, whose child it is.

Revision: 0005
Follows: 0004
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
ZERO = sa.text("0")

RUN: tuple[sa.Column[Any], ...] = (
    sa.Column("suspended", sa.BigInteger(), server_default=ZERO, nullable=False),
    sa.Column("origin", ID),
    sa.Column("parent_run", ID),
    sa.Column("parent_item", ID),
    sa.Column("parent_step", ID),
)


def upgrade() -> None:
    for column in RUN:
        op.add_column("run", column)
    op.create_index(
        "ix_run_parent",
        "run",
        ["parent_run", "id"],
        postgresql_where=sa.text("parent_run IS NOT NULL"),
    )
    op.add_column("item", sa.Column("wake_at", TIME))
    op.create_table(
        "step",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("name", ID, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("item_attempt", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("result", sa.Text()),
        sa.Column("payload", sa.Text()),
        sa.Column("expects", pg.JSONB()),
        sa.Column("child_run", ID),
        sa.Column("error_class", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("due_at", TIME),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("finished_at", TIME),
    )
    op.create_index(
        "ix_step_suspended",
        "step",
        ["run_id", "item_id", "name"],
        postgresql_where=sa.text("status = 'suspended'"),
    )
    op.create_table(
        "output",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("at", TIME, server_default=sa.text("now()"), nullable=False),
    )
    op.create_index("ix_output_item", "output", ["run_id", "item_id", "id"])


def downgrade() -> None:
    # A suspended item has nothing to go on with; as pending ones they begin anew.
    op.execute("UPDATE item SET status = 'pending' WHERE status = 'suspended'")
    op.drop_table("output")
    op.drop_table("step")
    op.drop_column("item", "wake_at")
    op.drop_index("ix_run_parent", "run")
    for column in RUN:
        op.drop_column("run", column.name)
