"""Which worker had a message in hand that was found gone.

Revision: 20261203_former_worker
Follows: 20261202_audit
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261203_former_worker"
down_revision = "20261202_audit"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("message", sa.Column("former", pg.UUID(as_uuid=True)), schema=SCHEMA)
    op.add_column("message", sa.Column("former_delivery", sa.Integer()), schema=SCHEMA)
    op.create_index(
        "ix_message_former",
        "message",
        ["former"],
        schema=SCHEMA,
        postgresql_where=sa.text("former IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_message_former", "message", schema=SCHEMA)
    op.drop_column("message", "former_delivery", schema=SCHEMA)
    op.drop_column("message", "former", schema=SCHEMA)
