"""Held tubes and confirmations."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.screening import SECOND

revision = "screening_0002"
down_revision = "screening_0001"


def upgrade() -> None:
    """Make the tables."""
    op.get_bind().exec_driver_sql(make(SECOND))
