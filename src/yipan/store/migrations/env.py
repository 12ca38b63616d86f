"""Runs the migrations over the connection it is given; `yipan.store.migrate` is the only caller."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
