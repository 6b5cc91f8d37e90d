"""The first tables.

Revision: 20261128_first_tables
Follows: none
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261128_first_tables"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
ZERO = sa.text("0")
OBJECT = sa.text("'{}'")
COUNTERS = (
    "scheduled", "succeeded", "skipped", "failed", "timed_out", "cancelled", "suspended", "work_ms",
)  # fmt: skip
TABLES = (
    "run", "run_event", "idempotency_key", "item_list", "listed_item", "item", "step", "output",
    "schedule", "backfill", "backfill_partition", "run_sample", "worker", "coverage",
    "flow_override", "service_secret",
)  # fmt: skip


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default=ZERO, nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), server_default=ZERO, nullable=False)


def _money(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), server_default=ZERO, nullable=False)


def _flag(name: str, default: str = "false") -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.text(default), nullable=False)


def _object(name: str) -> sa.Column[Any]:
    return sa.Column(name, pg.JSONB(), server_default=OBJECT, nullable=False)


def _made(name: str) -> sa.Column[datetime]:
    return sa.Column(name, TIME, server_default=sa.text("now()"), nullable=False)


def _table(name: str, *parts: sa.Column[Any], **more: Any) -> sa.Table:  # Alembic's own
    return op.create_table(name, *parts, schema=SCHEMA, **more)


def _index(
    name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False
) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(name, table, columns, schema=SCHEMA, unique=unique, postgresql_where=condition)


def upgrade() -> None:
    _runs()
    _items()
    _steps()
    _schedules_and_backfills()
    _monitoring()
    _installation()


def _runs() -> None:
    _table(
        "run",
        sa.Column("id", ID, primary_key=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), server_default=sa.text("'full'"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("sealed", sa.Text()),
        sa.Column("params_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("force", sa.Boolean(), nullable=False),
        sa.Column("item_limit", sa.Integer()),
        sa.Column("item_ids", pg.ARRAY(sa.Text())),
        sa.Column("item_list", ID),
        _object("options"),
        sa.Column("retry_of", ID),
        sa.Column("retry", pg.JSONB()),
        sa.Column("origin", ID),
        sa.Column("parent_run", ID),
        sa.Column("parent_item", ID),
        sa.Column("parent_step", ID),
        sa.Column("backfill_id", ID),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text()),
        _flag("paged"),
        _flag("held"),
        sa.Column("total_eligible", sa.BigInteger()),
        sa.Column("to_process", sa.BigInteger()),
        sa.Column("already_processed", sa.BigInteger()),
        _flag("exact", "true"),
        *(_count(name) for name in COUNTERS),
        _money("spent_usd"),
        _count("spent_tokens"),
        sa.Column("estimate", pg.JSONB()),
        _count("judged_from"),
        _count("judged_failed"),
        sa.Column("active_since", TIME),
        _count("active_ms"),
        sa.Column("deadline_at", TIME),
        _made("created_at"),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        postgresql_with={"fillfactor": "50"},
    )
    _index("ix_run_family", "run", ["family", "id"])
    # Only rows that have not ended stand in it: finished_at is written once.
    _index("ix_run_active", "run", ["family", "id"], where="finished_at IS NULL")
    _index("ix_run_finished", "run", ["finished_at"])
    _index("ix_run_created", "run", ["created_at"])
    _index("ix_run_parent", "run", ["parent_run", "id"], where="parent_run IS NOT NULL")
    _index("ix_run_backfill", "run", ["backfill_id", "id"], where="backfill_id IS NOT NULL")
    _table(
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
    _index("ix_run_event_run", "run_event", ["run_id", "id"])
    _table(
        "idempotency_key",
        sa.Column("caller", sa.Text(), primary_key=True),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        _made("created_at"),
    )
    _index("ix_idempotency_key_created", "idempotency_key", ["created_at"])
    _table(
        "item_list",
        sa.Column("id", ID, primary_key=True),
        _count("number"),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("frozen_by", ID),
        _made("created_at"),
    )
    _table(
        "listed_item",
        sa.Column("list_id", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
    )


def _items() -> None:
    _table(
        "item",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("status", sa.Text(), nullable=False),
        _small("attempts"),
        _small("postponements"),
        _flag("executed"),
        sa.Column("result", pg.JSONB()),
        sa.Column("exact", sa.Text()),
        sa.Column("error_class", sa.Text()),
        sa.Column("error_message", sa.Text()),
        sa.Column("error_traceback", sa.Text()),
        sa.Column("error_group", sa.Text()),
        _money("spent_usd"),
        _count("spent_tokens"),
        sa.Column("wake_at", TIME),
        _small("lost"),
        _made("scheduled_at"),
        sa.Column("started_at", TIME),
        sa.Column("finished_at", TIME),
        postgresql_with={"fillfactor": "65"},
    )


def _steps() -> None:
    _table(
        "step",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("name", ID, primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("item_attempt", sa.Integer(), nullable=False),
        _small("tries"),
        _small("attempts"),
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
    _index("ix_step_suspended", "step", ["run_id", "item_id", "name"], where="status = 'suspended'")
    _table(
        "output",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        _made("at"),
    )
    _index("ix_output_item", "output", ["run_id", "item_id", "id"])


def _schedules_and_backfills() -> None:
    _table(
        "schedule",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("expression", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        _object("params"),
        sa.Column("sealed", sa.Text()),
        sa.Column("params_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _object("options"),
        sa.Column("catch_up", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        _flag("declared", "true"),
        _flag("paused"),
        sa.Column("next_at", TIME),
        sa.Column("last_fired_at", TIME),
        sa.Column("last_result", sa.Text()),
        sa.Column("last_detail", sa.Text()),
        sa.Column("last_run_id", ID),
        sa.Column("created_by", sa.Text(), nullable=False),
        _made("created_at"),
        sa.Column("changed_by", sa.Text(), nullable=False),
        _made("changed_at"),
    )
    _index("ix_schedule_next", "schedule", ["next_at"])
    _table(
        "backfill",
        sa.Column("id", ID, primary_key=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("from_at", TIME, nullable=False),
        sa.Column("to_at", TIME, nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("max_active", sa.Integer(), nullable=False),
        _flag("reverse"),
        _flag("force"),
        _object("params"),
        sa.Column("sealed", sa.Text()),
        sa.Column("params_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _object("options"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        _made("created_at"),
        sa.Column("finished_at", TIME),
    )
    _index("ix_backfill_active", "backfill", ["family"], where="finished_at IS NULL", unique=True)
    _table(
        "backfill_partition",
        sa.Column("backfill_id", ID, primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("params", pg.JSONB(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("run_id", ID),
        sa.Column("counters", pg.JSONB()),
    )
    _index("ix_backfill_partition_key", "backfill_partition", ["backfill_id", "key"], unique=True)
    _index("ix_backfill_partition_run", "backfill_partition", ["run_id"], unique=True)


def _monitoring() -> None:
    _table(
        "run_sample",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("at", TIME, primary_key=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTERS),
    )
    _table(
        "worker",
        sa.Column("id", ID, primary_key=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("in_hand", sa.Integer(), nullable=False),
        _small("threads"),
        _small("threads_busy"),
        _small("threads_left_behind"),
        _small("waiting_for_thread"),
        _small("waiting_for_connection"),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        prefixes=["UNLOGGED"],
    )
    _table(
        "coverage",
        sa.Column("family", sa.Text(), primary_key=True),
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("eligible", sa.BigInteger(), nullable=False),
        sa.Column("with_result", sa.BigInteger(), nullable=False),
        sa.Column("exact", sa.Boolean(), nullable=False),
        _made("recorded_at"),
    )


def _installation() -> None:
    _table(
        "flow_override",
        sa.Column("key", sa.Text(), primary_key=True),
        _flag("pinned"),
        sa.Column("parallelism", sa.Integer()),
        sa.Column("rate", sa.Float()),
        sa.Column("period_ms", sa.BigInteger()),
        _flag("paused"),
        sa.Column("changed_by", sa.Text(), nullable=False),
        _made("changed_at"),
    )
    kept = _table(
        "service_secret",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("former", sa.Text()),
        sa.Column("changed_at", TIME),
    )
    # Two random UUIDs, 244 bits, made by Postgres's strong generator. Never shown to anybody.
    signing = sa.text("gen_random_uuid()::text || gen_random_uuid()::text")
    sealing = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    op.execute(sa.insert(kept).values(name="signing", value=signing))
    op.execute(sa.insert(kept).values(name="sealing", value=sealing))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, schema=SCHEMA)
