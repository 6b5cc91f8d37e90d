"""A file of answers is gone on with at a byte, and a batch says how many of its lines were refused.

Revision: 20261230_answer_offsets
Follows: 20261229_batch_failures
"""

from __future__ import annotations

import sqlalchemy as sa

from alembic import op

revision = "20261230_answer_offsets"
down_revision = "20261229_batch_failures"
branch_labels = None
depends_on = None

SCHEMA = "sluice"
ZERO = sa.text("0")


def upgrade() -> None:
    for column in (
        sa.Column("output_offset", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("error_offset", sa.BigInteger(), server_default=ZERO, nullable=False),
        sa.Column("refused", sa.Integer(), server_default=ZERO, nullable=False),
    ):
        op.add_column("provider_batch", column, schema=SCHEMA)


def downgrade() -> None:
    for column in ("refused", "error_offset", "output_offset"):
        op.drop_column("provider_batch", column, schema=SCHEMA)
