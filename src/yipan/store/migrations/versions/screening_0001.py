"""Screening rounds and the lake's batches and parts."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.screening import FIRST

revision = "screening_0001"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables of the desk."""
    op.get_bind().exec_driver_sql(make(FIRST))
