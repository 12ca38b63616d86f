"""Cases are listed by the moment of their report."""

from alembic import op

revision = "tracing_0005"
down_revision = "tracing_0004"


def upgrade() -> None:
    """Make the index."""
    op.execute(
        "create index case_reported on case_version ((content->>'reported') desc, id) where known_until is null"
    )
