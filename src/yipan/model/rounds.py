"""What a round did and what a file brought: small nouns the record keeps."""

from dataclasses import dataclass
from datetime import datetime

from ._checks import require_aware, require_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one desk did in the round of an instant; a failed desk says so in `message`."""

    at: datetime
    desk: str
    ok: bool
    message: str
    made: int

    def __post_init__(self) -> None:
        require_aware("at", self.at)
        require_text("desk", self.desk)
        if not self.ok and not self.message:
            raise ValueError(f"desk {self.desk} failed at {self.at.isoformat()} without saying why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the commitment of one file brought: rows read = new + corrected + unchanged + rejected."""

    id: str
    file: str
    sha256: str
    format: str
    rows_read: int
    rows_new: int
    rows_corrected: int
    rows_unchanged: int
    rows_rejected: int
    undone: bool
    act: int

    def __post_init__(self) -> None:
        require_text("id", self.id)
        parts = self.rows_new + self.rows_corrected + self.rows_unchanged + self.rows_rejected
        if parts != self.rows_read:
            raise ValueError(
                f"receipt {self.id}: {self.rows_read} rows read, but {parts} accounted for"
            )
