"""What arrives from outside: validated whole, committed whole, with a receipt."""

from .columns import Mapping
from .frame import Problem, Reading, ReadReport
from .reading import file_hash, new_pseudonym, read

__all__ = ["Mapping", "Problem", "ReadReport", "Reading", "file_hash", "new_pseudonym", "read"]
