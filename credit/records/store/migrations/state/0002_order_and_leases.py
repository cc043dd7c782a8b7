"""Cursors hold the order of both databases; consumers hold leases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "cursors", sa.Column("commit_xid", sa.BigInteger, nullable=False, server_default="0")
    )
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("cursors", "position", type_=sa.BigInteger)
    op.create_table(
        "leases",
        sa.Column("consumer", sa.String, primary_key=True),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
