"""A county puts on record what it hands in of its own streets, as part of its city's round."""

from alembic import op

from yipan.store.nouns import SCOPE

revision = "screening_0006"
down_revision = "screening_0005"


def upgrade() -> None:
    """Let whoever works within an area name a file of it that tells of their own part."""
    for name in ("lake_batch", "lake_part"):
        own = f"({SCOPE} ^@ area and content->>'within' ^@ {SCOPE})"
        op.get_bind().exec_driver_sql(
            f"drop policy put on {name}; "
            f"create policy put on {name} for insert to yipan_app with check (area ^@ {SCOPE} or {own})"
        )
