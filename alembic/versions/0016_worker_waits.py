"""What a worker's items wait for: threads and connections.

Revision: 0016
Follows: 0015
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = (
    "threads",
    "threads_busy",
    "threads_left_behind",
    "waiting_for_thread",
    "waiting_for_connection",
)


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("worker", sa.Column(name, sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("worker", name)
