"""Early actions noted by a person; cases asked for by person, where two pseudonyms are one."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.tracing import ACTIONS_NOTED

revision = "tracing_0003"
down_revision = "tracing_0002"


def upgrade() -> None:
    """Make the table and the index."""
    op.get_bind().exec_driver_sql(make((ACTIONS_NOTED,)))
    op.execute("create index case_person on case_version (person) where known_until is null")
