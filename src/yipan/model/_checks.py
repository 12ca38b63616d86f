"""Checks that several nouns make when they are born."""

from datetime import datetime


def require_aware(name: str, moment: datetime | None) -> None:
    """Raise ValueError unless `moment` carries its offset; None passes."""
    if moment is not None and moment.utcoffset() is None:
        raise ValueError(f"{name} {moment.isoformat()} has no time zone; an instant needs one")


def require_order(earlier: tuple[str, object], later: tuple[str, object]) -> None:
    """Raise ValueError if both moments are known and the first comes after the second."""
    (first_name, first), (last_name, last) = earlier, later
    if first is not None and last is not None and first > last:  # type: ignore[operator]  # dates or instants, by the caller's fields
        raise ValueError(f"{first_name} {first} lies after {last_name} {last}")


def require_text(name: str, text: str) -> None:
    """Raise ValueError if `text` is empty or has blank ends."""
    if not text or text != text.strip():
        raise ValueError(f"{name} must be text without blank ends, got {text!r}")
