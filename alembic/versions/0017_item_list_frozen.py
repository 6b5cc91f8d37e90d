"""Lists of ids take no more once a run has named them.

Revision: 0017
Follows: 0016
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("item_list", sa.Column("frozen_by", sa.Text(collation="C")))
    op.execute(
        "UPDATE item_list SET frozen_by = named.first FROM ("
        " SELECT item_list AS id, min(id) AS first FROM run WHERE item_list IS NOT NULL GROUP BY 1"
        ") AS named WHERE item_list.id = named.id"
    )


def downgrade() -> None:
    op.drop_column("item_list", "frozen_by")
