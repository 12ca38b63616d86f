"""Contacts are paged within any area, by the day until which they are followed or by the day they are due."""

from alembic import op

revision = "tracing_0006"
down_revision = "tracing_0005"


def upgrade() -> None:
    """Make the indexes; each tells everything that a page is chosen by."""
    op.execute(
        "create index followed_in_area on followed (area, until_day, due_day, id) where known_until is null"
    )
    op.execute(
        "create index followed_due on followed (due_day, until_day, id) include (area) where known_until is null"
    )
