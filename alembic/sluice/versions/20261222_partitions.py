"""Items have a partition, and those that wait for its room wait apart.

Revision: 20261222_partitions
Follows: 20261221_event_detail
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261222_partitions"
down_revision = "20261221_event_detail"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ID = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column("item", sa.Column("partition", sa.Text(collation="C")), schema=SCHEMA)
    op.create_table(
        "run_partition",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("partition", ID, primary_key=True),
        sa.Column("admitted", sa.Integer(), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "parked_item",
        sa.Column("run_id", ID, primary_key=True),
        sa.Column("partition", ID, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        schema=SCHEMA,
    )
    op.create_table(
        "flow_partition_override",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("partition", ID, primary_key=True),
        sa.Column("parallelism", sa.Integer()),
        sa.Column("rate", sa.Double()),
        sa.Column("period_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        schema=SCHEMA,
    )


def downgrade() -> None:
    # What is parked would wait for ever.
    op.execute(
        "UPDATE sluice.item SET status = 'pending' FROM sluice.parked_item p"
        " WHERE item.run_id = p.run_id AND item.item_id = p.item_id AND item.status = 'suspended'"
    )
    for table in ("flow_partition_override", "parked_item", "run_partition"):
        op.drop_table(table, schema=SCHEMA)
    op.drop_column("item", "partition", schema=SCHEMA)
