"""The register of key people by site."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.screening import THIRD

revision = "screening_0003"
down_revision = "screening_0002"


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(make(THIRD))
