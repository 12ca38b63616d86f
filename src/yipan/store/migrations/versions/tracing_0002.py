"""Chains of transmission."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.tracing import CHAINS

revision = "tracing_0002"
down_revision = "tracing_0001"


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(make((CHAINS,)))
