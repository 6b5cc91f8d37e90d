"""The outbox of the engine on Upstash QStash.

Revision: 20261130_outbox
Follows: 20261129_queue_of_our_own
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261130_outbox"
down_revision = "20261129_queue_of_our_own"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
ZERO = sa.text("0")
NOW = sa.text("now()")
FIRST = 1 << 40


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True, start=FIRST), primary_key=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("flow_key", ID, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=ZERO, nullable=False),
        sa.Column("due_at", TIME, server_default=NOW, nullable=False),
        sa.Column("publication", pg.UUID()),
        sa.Column("try_at", TIME),
        sa.Column("sent_at", TIME),
        sa.Column("failures", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("deliveries", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("retried", sa.Integer()),
        sa.Column("held_until", TIME),
        sa.Column("again_at", TIME),
        schema=SCHEMA,
        postgresql_with={
            "autovacuum_vacuum_scale_factor": "0",
            "autovacuum_vacuum_threshold": "2000",
            "autovacuum_vacuum_cost_delay": "0",
        },
    )
    op.create_index("ix_outbox_id", "outbox", ["id"], schema=SCHEMA, unique=True)
    for name, column in (("ix_outbox_unsent", "try_at"), ("ix_outbox_held", "held_until")):
        op.create_index(
            name,
            "outbox",
            [column],
            schema=SCHEMA,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    op.drop_table("outbox", schema=SCHEMA)
