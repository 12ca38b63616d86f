"""Alarms about liftings that are late."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.zoning import SECOND

revision = "zoning_0002"
down_revision = "zoning_0001"


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(make(SECOND))
