"""Alembic's entry: runs on the connection that the ledger opened, inside its transaction."""

from alembic import context

from activation.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
