"""The record: acts, areas, counts, signals, estimates, cases, rounds, receipts, users, the vault."""

from alembic import op

from yipan.model import FIRST_HASH
from yipan.store import schema

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, the functions and the rights."""
    connection = op.get_bind()
    for text in (schema.TABLES, schema.FUNCTIONS, schema.rights()):
        connection.exec_driver_sql(text)
    connection.exec_driver_sql(f"insert into chain_head values (0, null, '{FIRST_HASH}')")
