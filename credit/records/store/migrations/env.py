"""What Alembic runs: the migrations of one database, in the transaction of its caller."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table=attributes["version_table"],
    # One transaction for all steps: a store is moved whole or not at all.
    transaction_per_migration=False,
)
context.run_migrations()
