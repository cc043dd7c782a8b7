"""Checkpoints, tombstones, restriction of a subject, commit order on PostgreSQL, and the view of predictions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    info = op.create_table(
        "store_info",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("lookup_check", sa.LargeBinary),
        sa.Column("probes", sa.BigInteger, nullable=False),
    )
    old = sa.table("schema_info", sa.column("lookup_check", sa.LargeBinary))
    kept = sa.select(sa.literal(1), old.c.lookup_check, sa.literal(0))
    op.execute(info.insert().from_select(["id", "lookup_check", "probes"], kept))
    op.drop_table("schema_info")

    op.add_column("subjects", sa.Column("restricted_until", sa.String))
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("signing_key_id", sa.String, nullable=False),
    )
    op.create_table(
        "tombstones",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column(
            "subject_ref",
            sa.String,
            sa.ForeignKey("subjects.subject_ref"),
            nullable=False,
            index=True,
        ),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("signing_key_id", sa.String, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        # A record carries the transaction that wrote it: ids are given out before commits, and a
        # reader that went by them alone would skip what commits late.
        op.execute(
            "ALTER TABLE records ALTER commit_xid SET DEFAULT (pg_current_xact_id()::text)::bigint, "
            "ALTER commit_xid SET NOT NULL"
        )
        # Statistics would copy keys to where an erasure does not reach.
        op.execute("ALTER TABLE subject_keys ALTER wrapped_key SET STATISTICS 0")
        op.create_index("ix_records_commit_order", "records", ["commit_xid", "position"])
        document = "convert_from(clear, 'UTF8')::json"
        op.execute(
            _PREDICTIONS.format(*[f"{document} ->> '{name}'" for name in _FIELDS], number="float8")
        )
    else:
        document = "CAST(clear AS TEXT)"
        op.execute(
            _PREDICTIONS.format(
                *[f"json_extract({document}, '$.{name}')" for name in _FIELDS], number="REAL"
            )
        )


_FIELDS = ("probability_of_default", "score", "rating", "decision", "arm", "model")
# Names that earlier systems used. `input` is sealed: SQL shows that it is there, and
# `credit records predictions` opens it for those who hold the keys.
_PREDICTIONS = """
CREATE VIEW predictions AS
SELECT decision_id, tenant, created_at AS "timestamp", NULL AS input,
       CAST({0} AS {number}) AS default_probability, CAST({1} AS {number}) AS credit_score,
       {2} AS rating, {3} AS decision, {4} AS arm, {5} AS model
FROM records
"""
