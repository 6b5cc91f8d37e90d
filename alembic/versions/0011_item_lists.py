"""Lists of ids that are too long for one call.

Revision: 0011
Follows: 0010
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "item_list",
        sa.Column("id", ID, primary_key=True),
        sa.Column("number", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
    )
    op.create_table(
        "listed_item",
        sa.Column("list_id", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
    )
    op.add_column("run", sa.Column("item_list", ID))


def downgrade() -> None:
    op.drop_column("run", "item_list")
    op.drop_table("listed_item")
    op.drop_table("item_list")
