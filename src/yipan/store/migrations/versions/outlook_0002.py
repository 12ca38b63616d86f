"""What the outlook takes as given, where a command puts its own figures on record."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.outlook import ASSUMPTIONS

revision = "outlook_0002"
down_revision = "outlook_0001"


def upgrade() -> None:
    """Make the table."""
    op.get_bind().exec_driver_sql(make((ASSUMPTIONS,)))
