"""The first tables: user, run, item, welcome_placeholder, service_secret.

Revision: 0001
Follows: none
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)


def _counter(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)


def _flag(name: str, default: str = "false") -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False)


def _made(name: str) -> sa.Column[datetime]:
    return sa.Column(name, TIME, server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "user",
        sa.Column("id", ID, primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("interests", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        _made("created_at"),
    )
    op.create_table(
        "run",
        sa.Column("id", ID, primary_key=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("item_limit", sa.Integer()),
        sa.Column("item_ids", pg.ARRAY(sa.Text())),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("cursor", sa.Text()),
        _flag("paged"),
        _flag("held"),
        sa.Column("total_eligible", sa.BigInteger()),
        sa.Column("to_process", sa.BigInteger()),
        sa.Column("already_processed", sa.BigInteger()),
        _flag("exact", "true"),
        _counter("scheduled"),
        _counter("succeeded"),
        _counter("skipped"),
        _counter("failed"),
        _counter("cancelled"),
        _counter("timed_out"),
        _counter("work_ms"),
        _made("created_at"),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index("ix_run_family", "run", ["family", "id"])
    op.create_table(
        "item",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("postponements", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _flag("executed"),
        sa.Column("result", pg.JSONB()),
        sa.Column("error_class", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.Column("error_traceback", sa.Text()),
        _made("scheduled_at"),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        postgresql_with={"fillfactor": "65"},
    )
    op.create_table(
        "welcome_placeholder",
        sa.Column("user_id", ID, sa.ForeignKey("user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("lines", pg.ARRAY(sa.Text()), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        _made("created_at"),
    )
    secrets = op.create_table(
        "service_secret",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    # Two random UUIDs, 244 bits, made by Postgres's strong generator. Never shown to anybody.
    random = sa.text("gen_random_uuid()::text || gen_random_uuid()::text")
    op.execute(sa.insert(secrets).values(name="signing", value=random))


def downgrade() -> None:
    for table in ("service_secret", "welcome_placeholder", "item", "run", "user"):
        op.drop_table(table)
