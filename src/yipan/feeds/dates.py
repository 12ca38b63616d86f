"""Days by the evidence of their whole column; what stays open is refused, never guessed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .frame import Refused

FIRST_YEAR, LAST_YEAR = 1700, 2200
_SERIAL_ZERO = date(1899, 12, 30)
_LEAST_SERIAL, _MOST_SERIAL = 20_000, 80_000  # 1954-10-03 to 2119-01-10

_YEAR_FIRST = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]\s*(\d{1,2}:\d{2}.*))?"
)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ]\s*(\d{1,2}:\d{2}.*))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"(\d{5})(?:\.0+)?")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateForm:
    """How the dates of one column are to be read: `order` is dmy, mdy, mixed or None (nothing shows it)."""

    order: str | None = None
    serials: bool = False


def plain(text: str) -> str:
    """Text with full-width forms made narrow and blank ends removed."""
    return unicodedata.normalize("NFKC", text).strip()


def date_form(texts: Iterable[str], *, order: str | None = None) -> DateForm:
    """
    Decide from all texts of a column how its dates are written; `order` overrides the evidence.

    >>> date_form(["03/10/2022", "27/10/2022"]).order
    'dmy'
    """
    day_first = month_first = other = serial = False
    for text in texts:
        clean = plain(text)
        if not clean:
            continue
        if match := _YEAR_LAST.fullmatch(clean):
            day_first |= int(match[1]) > 12 or match[2] == "."
            month_first |= int(match[3]) > 12 and match[2] != "."
            other = True
        elif (match := _SERIAL.fullmatch(clean)) and (
            _LEAST_SERIAL <= int(match[1]) <= _MOST_SERIAL
        ):
            serial = True
        else:
            other = True
    found = (
        "mixed"
        if day_first and month_first
        else "dmy"
        if day_first
        else "mdy"
        if month_first
        else None
    )
    return DateForm(order=order or found, serials=serial and not other)


def read_day(text: str, form: DateForm) -> tuple[date, str] | Refused:
    """
    Return the day a text stands for and its time of day ("" where none), or why it is refused.

    >>> read_day("2022年10月27日", DateForm())
    (datetime.date(2022, 10, 27), '')
    """
    clean = plain(text)
    if not clean:
        return Refused(en="the date is missing", zh="缺少日期")
    if match := _YEAR_FIRST.fullmatch(clean):
        return _day(int(match[1]), int(match[2]), int(match[3]), match[4] or "")
    if match := _COMPACT.fullmatch(clean):
        return _day(int(match[1]), int(match[2]), int(match[3]), "")
    if match := _YEAR_LAST.fullmatch(clean):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        order = "dmy" if match[2] == "." else form.order
        if first == second:
            order = "dmy"
        if order == "dmy":
            return _day(year, second, first, match[5] or "")
        if order == "mdy":
            return _day(year, first, second, match[5] or "")
        return Refused(
            en="day or month could come first; "
            + ("the column has both" if order == "mixed" else "nothing in the column decides"),
            zh="日在前还是月在前无法判断："
            + ("同一列两种写法都有" if order == "mixed" else "整列没有依据"),
            suggestion="write 2022-10-27, or give the order (dmy or mdy) in the mapping",
        )
    if match := _SERIAL.fullmatch(clean):
        if form.serials and _LEAST_SERIAL <= int(match[1]) <= _MOST_SERIAL:
            return _SERIAL_ZERO + timedelta(days=int(match[1])), ""
        return Refused(
            en="is a bare number; it is a spreadsheet's day only where the whole column is so",
            zh="是单独的数字；只有整列都是表格日期序号时才作日期读",
            suggestion="write 2022-10-27",
        )
    if _SHORT_YEAR.fullmatch(clean):
        return Refused(
            en="has a year of two digits", zh="年份只有两位", suggestion="write 2022-10-27"
        )
    return Refused(en="is not a date", zh="不是日期", suggestion="write 2022-10-27")


def read_instant(
    text: str, form: DateForm, zone: ZoneInfo, *, needs_clock: bool = False
) -> datetime | Refused | None:
    """
    Return the instant a text stands for, None for nothing; without an offset it is taken in `zone`.

    A bare day is taken at its beginning, or refused where `needs_clock`. 24:00 is 00:00 of the next day.

    >>> read_instant("2022年11月18日 24:00", DateForm(), ZoneInfo("Asia/Shanghai")).isoformat()
    '2022-11-19T00:00:00+08:00'
    """
    if not text:
        return None
    found = read_day(text, form)
    if isinstance(found, Refused):
        return found
    day, clock = found
    if not clock and needs_clock:
        return Refused(
            en="has no time of day, and this clock runs to the minute",
            zh="没有写时刻，而此项须精确到分钟",
            suggestion="write 2022-10-27 08:30, or 24:00 for the end of the day",
        )
    clock = clock.strip().replace(" ", "")
    if clock in {"24:00", "24:00:00"}:
        return datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    padded = f"0{clock}" if clock[1:2] == ":" else clock or "00:00"
    try:
        at = datetime.fromisoformat(f"{day.isoformat()}T{padded}")
    except ValueError:
        return Refused(
            en="has no readable time of day", zh="时间无法读取", suggestion="write 08:30"
        )
    return at if at.tzinfo else at.replace(tzinfo=zone)


def _day(year: int, month: int, day: int, clock: str) -> tuple[date, str] | Refused:
    try:
        found = date(year, month, day)
    except ValueError:
        return Refused(
            en=f"there is no day {year:04}-{month:02}-{day:02} in the calendar",
            zh=f"日历上没有{year:04}年{month}月{day}日",
        )
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        return Refused(
            en=f"the year {year} lies outside {FIRST_YEAR} to {LAST_YEAR}",
            zh=f"年份{year}不在{FIRST_YEAR}至{LAST_YEAR}之间",
        )
    return found, clock
