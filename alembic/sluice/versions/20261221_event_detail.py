"""Why a family could not use an event.

Revision: 20261221_event_detail
Follows: 20261218_events
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261221_event_detail"
down_revision = "20261218_events"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("event", sa.Column("detail", sa.Text()), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("event", "detail", schema=SCHEMA)
