"""Requests of items that go into providers' batches.

Revision: 20261225_provider_batches
Follows: 20261223_traceparent
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261225_provider_batches"
down_revision = "20261223_traceparent"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "deferred_call",
        sa.Column("id", ID, primary_key=True),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("step", ID, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("batch_id", ID),
        _count("tries"),
        _moment("created_at"),
        _moment("due_at"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_deferred_call_step",
        "deferred_call",
        ["run_id", "item_id", "step"],
        unique=True,
        schema=SCHEMA,
    )
    op.create_index(
        "ix_deferred_call_waiting",
        "deferred_call",
        ["provider", "url", "model", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text("batch_id IS NULL"),
    )
    op.create_index(
        "ix_deferred_call_batch",
        "deferred_call",
        ["batch_id", "id"],
        schema=SCHEMA,
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    )
    op.create_table(
        "provider_batch",
        sa.Column("id", ID, primary_key=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _count("revision"),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        *map(_count, ("done", "failed", "again", "dropped")),
        sa.Column("file_id", sa.Text()),
        sa.Column("remote_id", sa.Text()),
        sa.Column("remote_status", sa.Text()),
        sa.Column("output_file", sa.Text()),
        sa.Column("error_file", sa.Text()),
        *map(_count, ("output_read", "error_read")),
        sa.Column("attempted_at", TIME),
        *map(_count, ("creations", "tries", "polls")),
        sa.Column("error", sa.Text()),
        _moment("created_at"),
        sa.Column("submitted_at", TIME),
        sa.Column("expires_at", TIME),
        sa.Column("cancelled_at", TIME),
        _moment("poll_at"),
        sa.Column("ended_at", TIME),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_provider_batch_open",
        "provider_batch",
        ["provider", "poll_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    # Items that wait for an answer wait for ever: their runs are to be cancelled before.
    op.drop_table("provider_batch", schema=SCHEMA)
    op.drop_table("deferred_call", schema=SCHEMA)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, TIME, nullable=False, server_default=sa.func.now())
