"""A queue of our own, and claims on the items' rows.

What waited in the former queue is not carried over: the rows say what should be on its way, and the
first worker's watchdog sends for it.

Revision: 20261129_queue_of_our_own
Follows: 20261128_first_tables
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261129_queue_of_our_own"
down_revision = "20261128_first_tables"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
ZERO = sa.text("0")
NOW = sa.text("now()")
FORMER = ("pgqueuer", "pgqueuer_log", "pgqueuer_statistics", "pgqueuer_schedules")
VERSIONED = ("run", "schedule", "backfill")


def upgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT to_regclass('sluice.message')")) is not None:
        # For some hours the first migration made all of this itself, but for what came last.
        op.execute(
            "ALTER TABLE sluice.message"
            " ADD COLUMN IF NOT EXISTS attempts integer DEFAULT 0 NOT NULL"
        )
        return
    _message()
    op.create_table(
        "consumer",
        sa.Column("id", pg.UUID(), primary_key=True),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("beat_at", TIME, server_default=NOW, nullable=False),
        sa.Column("missed_at", TIME),
        schema=SCHEMA,
    )
    op.alter_column("item", "wake_at", new_column_name="due_at", schema=SCHEMA)
    op.add_column("item", sa.Column("claim", sa.BigInteger()), schema=SCHEMA)
    op.add_column("item", sa.Column("claim_number", sa.Integer()), schema=SCHEMA)
    op.add_column(
        "item",
        sa.Column("begun", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema=SCHEMA,
    )
    # Of those that have not ended nobody knows which have steps, so all of them are looked at.
    op.execute("UPDATE sluice.item SET begun = true WHERE status IN ('pending', 'suspended')")
    for table in VERSIONED:  # the first tables had it not from their first day
        op.execute(
            f"ALTER TABLE sluice.{table}"
            " ADD COLUMN IF NOT EXISTS params_version integer DEFAULT 1 NOT NULL"
        )
    for table in FORMER:
        op.execute(f"DROP TABLE IF EXISTS sluice.{table} CASCADE")
    op.execute("DROP FUNCTION IF EXISTS sluice.fn_pgqueuer_changed() CASCADE")
    op.execute("DROP TYPE IF EXISTS sluice.pgqueuer_status CASCADE")


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("flow_key", ID, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=ZERO, nullable=False),
        sa.Column("due_at", TIME, server_default=NOW, nullable=False),
        sa.Column("worker", pg.UUID()),
        sa.Column("deliveries", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("again_at", TIME),
        schema=SCHEMA,
        # Rows come and go all the time, and each claim begins to read at the oldest.
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "2000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index("ix_message_id", "message", ["id"], schema=SCHEMA, unique=True)
    op.create_index(
        "ix_message_due",
        "message",
        ["flow_key", "due_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("worker IS NULL"),
    )
    op.create_index(
        "ix_message_worker",
        "message",
        ["worker"],
        schema=SCHEMA,
        postgresql_where=sa.text("worker IS NOT NULL"),
    )


def downgrade() -> None:
    """The former queue comes back with the former version's own ``sluice migrate``."""
    for column in ("begun", "claim_number", "claim"):
        op.drop_column("item", column, schema=SCHEMA)
    op.alter_column("item", "due_at", new_column_name="wake_at", schema=SCHEMA)
    op.drop_table("consumer", schema=SCHEMA)
    op.drop_table("message", schema=SCHEMA)
