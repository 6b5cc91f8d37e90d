"""What is held for a while, and when each family's throttle was looked at.

Revision: 20261205_holds
Follows: 20261204_entity
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261205_holds"
down_revision = "20261204_entity"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "flow_hold",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("cause", sa.Text(), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("again_at", TIME, nullable=False),
        sa.Column("until", TIME, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "throttle_look",
        sa.Column("family", sa.Text(), primary_key=True),
        sa.Column("look_at", TIME, nullable=False),
        sa.Column("good_until", TIME, nullable=False),
        schema=SCHEMA,
    )


def downgrade() -> None:
    op.drop_table("throttle_look", schema=SCHEMA)
    op.drop_table("flow_hold", schema=SCHEMA)
