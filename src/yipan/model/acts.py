"""Acts: every change of the record, who made it, at which desk, under which rule and why, chained by hash."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from ._checks import require_aware, require_text
from .areas import AreaPath, area_path

FIRST_HASH = "0" * 64
"""What the first act of a record names as the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """
    One change of the record.

    `at` is the moment the act speaks for: acts of a record never go back in it, so the record as known at
    a moment is exactly the acts up to that moment. `recorded` is the moment it was written down. `digest`
    is the hash of the rows it changed; `hash` chains it to the act before.
    """

    number: int
    at: datetime
    recorded: datetime
    user: str
    duty: str
    desk: str
    verb: str
    area: AreaPath
    subject: str
    rule: str
    why: str
    digest: str
    previous: str
    hash: str

    def __post_init__(self) -> None:
        area_path(self.area)
        require_aware("at", self.at)
        require_aware("recorded", self.recorded)
        for name in ("user", "desk", "verb"):
            require_text(name, getattr(self, name))

    def expected_hash(self) -> str:
        """The hash this act must bear, from its content and the hash before it."""
        return act_hash(
            number=self.number, at=self.at, recorded=self.recorded, user=self.user, duty=self.duty,
            desk=self.desk, verb=self.verb, area=self.area, subject=self.subject, rule=self.rule,
            why=self.why, digest=self.digest, previous=self.previous,
        )  # fmt: skip


def act_hash(**content: object) -> str:
    """
    The SHA-256 of an act's content in one canonical text form; instants are told in microseconds of UTC.

    >>> len(act_hash(number=1, why="first"))
    64
    """
    plain = {
        name: int(value.timestamp() * 1_000_000) if isinstance(value, datetime) else value
        for name, value in content.items()
    }
    text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
