"""School holidays a province puts on record from its own calendar."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.watch import BREAKS

revision = "watch_0003"
down_revision = "watch_0002"


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(make((BREAKS,)))
