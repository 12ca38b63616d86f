"""The outlook."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.outlook import ASSUMPTIONS, TABLES

revision = "outlook_0001"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the desk."""
    op.get_bind().exec_driver_sql(make([table for table in TABLES if table is not ASSUMPTIONS]))
