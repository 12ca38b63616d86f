"""A county sees the parts of its city's files, of which it is shown its own rows."""

from alembic import op

from yipan.store.nouns import SCOPE

revision = "screening_0005"
down_revision = "screening_0004"


def upgrade() -> None:
    """Change who may see a part."""
    op.get_bind().exec_driver_sql(
        "drop policy seen on lake_part; "
        f"create policy seen on lake_part for select to yipan_app using (area ^@ {SCOPE} or {SCOPE} ^@ area)"
    )
