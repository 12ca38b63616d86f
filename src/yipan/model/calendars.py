"""The calendar people live by: days off, weekends worked, and the lunar new year that moves."""

from dataclasses import dataclass
from datetime import date, timedelta

from ._checks import require_text
from .areas import AreaPath, area_path
from .counts import Counted

LONGEST_BREAK_DAYS = 150
"""A school holiday longer than this is a slip of the hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolBreak:
    """
    A holiday of the schools of an area, from `since` up to `until`, and what counts of children follow it.

    `counted` are the kinds of stream whose level is another one in the holidays; `source` is the text that orders it. Raises
    ValueError where it does not end after it begins, lasts beyond LONGEST_BREAK_DAYS, or has no source.

    >>> winter = SchoolBreak(
    ...     id="w", area="44.", since=date(2022, 1, 20), until=date(2022, 2, 14), name="寒假", source="an example",
    ... )
    >>> winter.last_day, winter.covers("44.4401.", date(2022, 2, 13))
    (datetime.date(2022, 2, 13), True)
    """

    id: str
    area: AreaPath
    since: date
    until: date
    name: str
    source: str
    counted: tuple[Counted, ...] = (Counted.SCHOOL_ABSENCES,)

    def __post_init__(self) -> None:
        require_text("id", self.id)
        require_text("name", self.name)
        require_text("source", self.source)
        area_path(self.area)
        if not 0 < (self.until - self.since).days <= LONGEST_BREAK_DAYS:
            raise ValueError(
                f"school holiday {self.name} lasts from {self.since} to {self.last_day}; between 1 and {LONGEST_BREAK_DAYS} days are meant"
            )
        if not self.counted:
            raise ValueError(f"school holiday {self.name} names nothing that follows it")

    @property
    def last_day(self) -> date:
        """The last day of the holiday."""
        return self.until - timedelta(days=1)

    def covers(self, area: AreaPath, day: date) -> bool:
        """Whether the schools of an area have this holiday on a day."""
        return area.startswith(self.area) and self.since <= day < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """
    Which days are off and which weekends are worked, from `since` up to `until`; outside it nothing is known.

    `new_years` are the first days of the lunar year, the middle of the longest holiday.

    >>> autumn = WorkCalendar(
    ...     key="example", since=date(2022, 1, 1), until=date(2023, 1, 1),
    ...     holidays=frozenset({date(2022, 10, 3)}), working_days=frozenset({date(2022, 10, 8)}),
    ...     new_years=(date(2022, 2, 1),),
    ... )
    >>> [autumn.is_working(date(2022, 10, day)) for day in (3, 4, 8, 9)]
    [False, True, True, False]
    """

    key: str
    since: date
    until: date
    holidays: frozenset[date]
    working_days: frozenset[date]
    new_years: tuple[date, ...]

    def __post_init__(self) -> None:
        both = sorted(self.holidays & self.working_days)
        if both:
            raise ValueError(
                f"{both[0]} is both a holiday and a working day in calendar {self.key}"
            )
        outside = [d for d in self.holidays | self.working_days if not self.covers(d)]
        if outside:
            raise ValueError(
                f"{min(outside)} lies outside calendar {self.key}, {self.since} up to {self.until}"
            )
        if list(self.new_years) != sorted(set(self.new_years)):
            raise ValueError(f"the new years of calendar {self.key} must rise, each once")

    def covers(self, day: date) -> bool:
        """Whether the calendar knows anything about a day."""
        return self.since <= day < self.until

    def is_working(self, day: date) -> bool:
        """Whether people work that day: weekdays but holidays, and the weekends made up for them."""
        return day in self.working_days or (day.weekday() < 5 and day not in self.holidays)

    def festival_offset(self, day: date) -> int | None:
        """Days after (negative: before) the nearest lunar new year within 60 days, None where none is near."""
        near = [(day - new_year).days for new_year in self.new_years]
        best = min(near, key=abs, default=None)
        return best if best is not None and abs(best) <= 60 else None
