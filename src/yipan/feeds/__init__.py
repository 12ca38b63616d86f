"""What arrives from outside: validated whole, committed whole, with a receipt."""

from .columns import Mapping
from .frame import Problem, Reading, ReadReport
from .reading import file_hash, new_pseudonym, read
from .zoning import ZoneKnown, ZoningKind

__all__ = [
    "Mapping", "Problem", "ReadReport", "Reading", "ZoneKnown", "ZoningKind", "file_hash", "new_pseudonym", "read",
]  # fmt: skip
