"""Laboratories, lots of test kits, tubes split in two without the laboratories' knowledge, inspections of key sites."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.screening import FOURTH

revision = "screening_0004"
down_revision = "screening_0003"


def upgrade() -> None:
    """Make the tables."""
    op.get_bind().exec_driver_sql(make(FOURTH))
