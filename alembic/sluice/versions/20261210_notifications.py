"""Who is told what happens to runs, and what they are told.

Revision: 20261210_notifications
Follows: 20261205_holds
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261210_notifications"
down_revision = "20261205_holds"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")
TIME = sa.DateTime(timezone=True)
NOW = sa.text("now()")
ZERO = sa.text("0")


def upgrade() -> None:
    op.create_table(
        "notification_target",
        sa.Column("id", ID, primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("url_digest", sa.LargeBinary(), nullable=False, unique=True),
        sa.Column("events", pg.ARRAY(sa.Text())),
        sa.Column("families", pg.ARRAY(sa.Text())),
        sa.Column("disabled_at", TIME),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "notification_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("run_id", ID),
        sa.Column("family", sa.Text()),
        sa.Column("data", pg.JSONB(), nullable=False),
        sa.Column("items", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("sample", pg.ARRAY(sa.Text())),
        sa.Column("open", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("due_at", TIME, server_default=NOW, nullable=False),
        sa.Column(
            "retry_until", TIME, server_default=sa.text("now() + interval '1 day'"), nullable=False
        ),
        sa.Column("claim", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=ZERO, nullable=False),
        sa.Column("last_at", TIME),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.Text()),
        sa.Column("took_ms", sa.Integer()),
        sa.Column("created_at", TIME, server_default=NOW, nullable=False),
        schema=SCHEMA,
    )
    for name, columns, options in (
        ("due", ["target_id", "due_at"], {"postgresql_where": sa.text("status = 'waiting'")}),
        ("target", ["target_id", "id"], {}),
        ("created", ["created_at"], {}),
        ("open", ["run_id", "target_id"], {"unique": True, "postgresql_where": sa.text("open")}),
    ):
        op.create_index(
            f"ix_notification_delivery_{name}",
            "notification_delivery",
            columns,
            schema=SCHEMA,
            **options,
        )


def downgrade() -> None:
    op.drop_table("notification_delivery", schema=SCHEMA)
    op.drop_table("notification_target", schema=SCHEMA)
