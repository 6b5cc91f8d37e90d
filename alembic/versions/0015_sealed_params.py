"""Secrets in params, encrypted, and the key of the service.

Revision: 0015
Follows: 0014
"""

from __future__ import annotations

import base64
import secrets

import sqlalchemy as sa

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("run", "schedule", "backfill")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("sealed", sa.Text()))
    kept = sa.table("service_secret", sa.column("name"), sa.column("value"))
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    op.execute(sa.insert(kept).values(name="sealing", value=key))


def downgrade() -> None:
    op.execute("DELETE FROM service_secret WHERE name = 'sealing'")
    for table in TABLES:
        op.drop_column(table, "sealed")
