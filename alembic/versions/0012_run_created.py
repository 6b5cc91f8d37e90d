"""An index for the runs of a stretch of time.

Revision: 0012
Follows: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_run_created", "run", ["created_at"])


def downgrade() -> None:
    op.drop_index("ix_run_created", "run")
