"""Sentinels, alerts and rules of the watch."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.watch import FIRST

revision = "watch_0001"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the desk."""
    op.get_bind().exec_driver_sql(make(FIRST))
