"""A page has room for the versions of an item's row, and of a partition's, that follow each other.

Revision: 20261231_fill_of_items
Follows: 20261230_answer_offsets
"""

from __future__ import annotations

from alembic import op

revision = "20261231_fill_of_items"
down_revision = "20261230_answer_offsets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of pages that are filled from now on.
    op.execute("ALTER TABLE sluice.item SET (fillfactor = 50)")
    op.execute("ALTER TABLE sluice.run_partition SET (fillfactor = 50)")


def downgrade() -> None:
    op.execute("ALTER TABLE sluice.run_partition RESET (fillfactor)")
    op.execute("ALTER TABLE sluice.item SET (fillfactor = 65)")
