"""Run control: what was asked of a run, what it spent, what happened to it, and repeated calls.

Revision: 0003
Follows: 0002
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)


def _zero(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _money(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), server_default=sa.text("0"), nullable=False)


def _made(name: str) -> sa.Column[datetime]:
    return sa.Column(name, TIME, server_default=sa.text("now()"), nullable=False)


RUN: tuple[sa.Column[Any], ...] = (
    sa.Column("detail", sa.Text()),
    sa.Column("options", pg.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    sa.Column("stage", sa.Text(), server_default=sa.text("'full'"), nullable=False),
    sa.Column("retry_of", ID),
    sa.Column("retry", pg.JSONB()),
    sa.Column("deadline_at", TIME),
    sa.Column("active_since", TIME),
    _zero("active_ms"),
    _zero("judged_from"),
    _zero("judged_failed"),
    _money("spent_usd"),
    _zero("spent_tokens"),
    sa.Column("estimate", pg.JSONB()),
)
ITEM: tuple[sa.Column[Any], ...] = (
    _money("spent_usd"),
    _zero("spent_tokens"),
    sa.Column("error_group", sa.Text()),
)


def upgrade() -> None:
    for table, columns in (("run", RUN), ("item", ITEM)):
        for column in columns:
            op.add_column(table, column)
    # Only rows that have not ended stand in it: finished_at is written once.
    op.create_index(
        "ix_run_active", "run", ["family", "id"], postgresql_where=sa.text("finished_at IS NULL")
    )
    op.drop_column("run", "idempotency_key")
    op.create_table(
        "run_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("run_id", ID, nullable=False),
        _made("at"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("data", pg.JSONB()),
    )
    op.create_index("ix_run_event_run", "run_event", ["run_id", "id"])
    op.create_table(
        "idempotency_key",
        sa.Column("caller", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        _made("created_at"),
    )
    op.create_index("ix_idempotency_key_created", "idempotency_key", ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotency_key")
    op.drop_table("run_event")
    op.add_column("run", sa.Column("idempotency_key", sa.Text()))
    op.drop_index("ix_run_active", "run")
    for table, columns in (("item", ITEM), ("run", RUN)):
        for column in columns:
            op.drop_column(table, column.name)
