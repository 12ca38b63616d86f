"""Distances between genomes, and contacts as they are followed, paged by day."""

from alembic import op

from yipan.store.nouns import make
from yipan.store.tables.tracing import FOLLOWED, GENOMES

revision = "tracing_0004"
down_revision = "tracing_0003"


def upgrade() -> None:
    """Make the tables and the indexes."""
    op.get_bind().exec_driver_sql(make((GENOMES, FOLLOWED)))
    op.execute(
        "create index followed_until on followed (until_day, id) include (area, due_day) where known_until is null"
    )
    op.execute("create index case_every_version on case_version (id, known_from)")
