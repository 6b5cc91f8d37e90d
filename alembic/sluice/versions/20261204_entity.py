"""What the caller of a run hands over in place of a row.

Revision: 20261204_entity
Follows: 20261203_former_worker
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from alembic import op

revision = "20261204_entity"
down_revision = "20261203_former_worker"
branch_labels = None
depends_on = None

SCHEMA = "sluice"


def upgrade() -> None:
    op.add_column("run", sa.Column("entity", pg.JSONB()), schema=SCHEMA)
    op.add_column("run", sa.Column("entity_sealed", sa.Text()), schema=SCHEMA)


def downgrade() -> None:
    op.drop_column("run", "entity_sealed", schema=SCHEMA)
    op.drop_column("run", "entity", schema=SCHEMA)
