"""What tracers put on record."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.tracing import CHAINS, TABLES

revision = "tracing_0001"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the desk."""
    op.get_bind().exec_driver_sql(make(table for table in TABLES if table is not CHAINS))
