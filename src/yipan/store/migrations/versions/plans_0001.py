"""Plans of people and their roles."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.plans import TABLES

revision = "plans_0001"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the desk."""
    op.get_bind().exec_driver_sql(make(TABLES))
