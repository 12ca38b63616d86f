"""What tracers put on record."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.tracing import ACTIONS_NOTED, CHAINS, FOLLOWED, GENOMES, TABLES

revision = "tracing_0001"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the desk."""
    later = {CHAINS.name, ACTIONS_NOTED.name, GENOMES.name, FOLLOWED.name}
    op.get_bind().exec_driver_sql(make(table for table in TABLES if table.name not in later))
