"""The calendar people live by: days off, weekends worked, and the lunar new year that moves."""

from dataclasses import dataclass
from datetime import date


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
