"""Two clocks: one runs in exact hours, the other counts whole calendar days."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo


def instant(text: str, zone: tzinfo) -> datetime:
    """
    Read a local instant; `24:00` is 00:00 of the next day. An offset written in the text wins over `zone`.

    Raises ValueError for text that is no instant.

    >>> from datetime import UTC
    >>> instant("2022-11-18 24:00", UTC).isoformat()
    '2022-11-19T00:00:00+00:00'
    """
    cleaned = text.strip().replace(" ", "T")
    if cleaned[10:].startswith("T24:00"):
        moment = instant(cleaned[:10] + "T00:00" + cleaned[16:], zone)
        return midnight_after(moment.date(), moment.tzinfo or zone)
    moment = datetime.fromisoformat(cleaned)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def after_days(start: datetime, days: float) -> datetime:
    """
    Return the instant `days` x 24 hours after `start`, true elapsed time even where the clocks change.

    >>> from zoneinfo import ZoneInfo
    >>> after_days(datetime(2022, 10, 29, 12, tzinfo=ZoneInfo("Europe/Berlin")), 1).isoformat()
    '2022-10-30T11:00:00+01:00'
    """
    if start.tzinfo is None:
        raise ValueError(f"{start} has no time zone")
    return (start.astimezone(UTC) + timedelta(days=days)).astimezone(start.tzinfo)


def hours_between(start: datetime, end: datetime) -> float:
    """
    Return the hours that truly pass from one instant to another, also where the clocks change in between.

    >>> from zoneinfo import ZoneInfo
    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> hours_between(datetime(2022, 10, 29, 23, tzinfo=berlin), datetime(2022, 10, 30, 4, tzinfo=berlin))
    6.0
    """
    return (end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() / 3600


def day_number(first: date, number: int) -> date:
    """Return the date of day `number`, where `first` is day 1."""
    if number < 1:
        raise ValueError(f"days are counted from 1, not {number}")
    return first + timedelta(days=number - 1)


def midnight_after(day: date, zone: tzinfo) -> datetime:
    """Return 24:00 of a day, which is 00:00 of the next, in the zone."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
