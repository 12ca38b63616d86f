"""The picture: everything one screen needs of an area and a day, as known at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from yipan.model import Area, AreaPath, ReproductionNumber, check_area
from yipan.operations import figures, watch
from yipan.operations.figures import DailyFigures, Figure
from yipan.store import Record

WEEK_DAYS = 7
SIGNAL_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaFigures:
    """
    The figures of one area on one day; None where nobody reported.

    `before` is the day before, `week` the last seven days with `week_missing` of them unreported, `signals`
    the signals of the last fourteen days. Where the figures are the sum over the places below, `places` is how
    many there are and `places_reporting` how many of them reported the day.
    """

    area: AreaPath
    name_zh: str
    name_en: str
    infections: int | None
    confirmed: int | None
    asymptomatic: int | None
    before: int | None
    week: int | None
    week_missing: int
    rt: ReproductionNumber | None
    signals: int
    places: int | None = None
    places_reporting: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A place that reported before and has not since `since`."""

    area: AreaPath
    name_zh: str
    name_en: str
    since: date
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One screen: the area, the places in it, what stands out, and what is missing."""

    area: Area
    day: date
    known_at: datetime | None
    total: AreaFigures
    children: tuple[AreaFigures, ...]
    signals: tuple[watch.ExplainedSignal, ...]
    missing: tuple[Silence, ...]
    newest_act: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days the record speaks of, and the instants of its rounds."""

    since: date | None
    until: date | None
    newest: datetime | None
    rounds: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """One row behind a figure: which stream said so, where it was read, which act wrote it down."""

    area: AreaPath
    stream: str
    day: date
    value: int
    act: int
    known_from: datetime
    source: str


def picture(record: Record, *, area: AreaPath, day: date) -> Picture:
    """
    Return the picture of `area` on `day`.

    Figures come from published rows, so an office also sees its neighbours' when it asks for the area above;
    signals, estimates and silences are shown of the area the viewer commands only.
    """
    shown = record.area(area)
    children = record.children(area)
    since, until = day - timedelta(days=WEEK_DAYS - 1), day + timedelta(days=1)
    daily = {
        figure: figures.daily(record, figure, under=area, since=since, until=until)
        for figure in (Figure.INFECTIONS, Figure.CONFIRMED, Figure.ASYMPTOMATIC)
    }
    inside = area if area.startswith(record.viewer.area) else record.viewer.area
    signals: tuple[watch.ExplainedSignal, ...] = ()
    newest: dict[AreaPath, ReproductionNumber] = {}
    if inside.startswith(area):
        signals = watch.signals(
            record, area=inside, since=day - timedelta(days=SIGNAL_DAYS - 1), until=until
        )
        for number in record.reproduction(
            under=inside, since=day - timedelta(days=2), until=until + timedelta(days=1)
        ):
            if number.until <= until:
                newest[number.area] = number

    def figures_of(place: Area) -> AreaFigures:
        return _area_figures(place, day=day, daily=daily, newest=newest, signals=signals)

    below = tuple(figures_of(child) for child in children)
    reporting = [child for child in below if child.infections is not None or child.week is not None]
    own = figures_of(shown)
    return Picture(
        area=shown,
        day=day,
        known_at=record.known_at,
        total=own if own.week is not None or not reporting else _sum(own, below),
        children=below,
        signals=signals,
        missing=_silences(record, children, day=day, within=daily[Figure.INFECTIONS]),
        newest_act=record.newest_act(),
    )


def _area_figures(
    place: Area,
    *,
    day: date,
    daily: Mapping[Figure, DailyFigures],
    newest: Mapping[AreaPath, ReproductionNumber],
    signals: tuple[watch.ExplainedSignal, ...],
) -> AreaFigures:
    week = [
        daily[Figure.INFECTIONS].of(place.path, day - timedelta(days=back))
        for back in range(WEEK_DAYS)
    ]
    return AreaFigures(
        area=place.path,
        name_zh=place.name_zh,
        name_en=place.name_en,
        infections=week[0],
        confirmed=daily[Figure.CONFIRMED].of(place.path, day),
        asymptomatic=daily[Figure.ASYMPTOMATIC].of(place.path, day),
        before=week[1],
        week=figures.total(week),
        week_missing=sum(1 for value in week if value is None),
        rt=newest.get(place.path),
        signals=sum(1 for found in signals if found.signal.area.startswith(place.path)),
    )


def _sum(own: AreaFigures, below: tuple[AreaFigures, ...]) -> AreaFigures:
    """The figures of an area that publishes none itself: the sums of those in it that reported."""
    return AreaFigures(
        area=own.area,
        name_zh=own.name_zh,
        name_en=own.name_en,
        infections=figures.total(child.infections for child in below),
        confirmed=figures.total(child.confirmed for child in below),
        asymptomatic=figures.total(child.asymptomatic for child in below),
        before=figures.total(child.before for child in below),
        week=figures.total(child.week for child in below),
        week_missing=max(
            (child.week_missing for child in below if child.week is not None), default=7
        ),
        rt=own.rt,
        signals=own.signals,
        places=len(below),
        places_reporting=sum(1 for child in below if child.infections is not None),
    )


def _silences(
    record: Record, children: tuple[Area, ...], *, day: date, within: DailyFigures
) -> tuple[Silence, ...]:
    """Places that have reported at some time but not on `day`, the longest silent first."""
    last = record.last_reported(under=None, until=day + timedelta(days=1))
    silent = [
        Silence(
            area=child.path,
            name_zh=child.name_zh,
            name_en=child.name_en,
            since=last[child.path] + timedelta(days=1),
            days=(day - last[child.path]).days,
        )
        for child in children
        if child.path in last and within.of(child.path, day) is None
    ]
    return tuple(sorted(silent, key=lambda silence: (-silence.days, silence.area)))


def rows_behind(
    record: Record, *, area: AreaPath, day: date, figure: Figure
) -> tuple[CountRow, ...]:
    """
    Return the rows whose sum is the figure the picture shows for `area` on `day`.

    For an area that publishes no figures itself these are the rows of the places right below it.
    """
    since = day - timedelta(days=WEEK_DAYS - 1) if figure is Figure.WEEK else day
    until = day + timedelta(days=1)
    rows = figures.rows_of(record, figure, under=area, since=since, until=until)
    own = rows.filter(pl.col("area") == area)
    week = figures.daily(
        record, Figure.WEEK, under=area, since=day - timedelta(days=WEEK_DAYS - 1), until=until
    )
    publishes = area in week.areas
    if not publishes:
        children = [child.path for child in record.children(area)]
        own = rows.filter(pl.col("area").is_in(children))
    return tuple(CountRow(**row) for row in own.iter_rows(named=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """
    Infections per day of one area, the silences kept.

    Where the area publishes none itself, each day is the sum over the places below that reported it, and
    `places_reporting` says how many did.
    """

    area: AreaPath
    days: tuple[date, ...]
    infections: tuple[int | None, ...]
    confirmed: tuple[int | None, ...]
    asymptomatic: tuple[int | None, ...]
    places: int | None
    places_reporting: tuple[int, ...] | None


def curve(record: Record, *, area: AreaPath, since: date, until: date) -> Curve:
    """Return the daily figures of `area` from `since` up to `until`."""
    days = tuple(since + timedelta(days=i) for i in range((until - since).days))
    daily = {
        figure: figures.daily(record, figure, under=area, since=since, until=until)
        for figure in (Figure.INFECTIONS, Figure.CONFIRMED, Figure.ASYMPTOMATIC)
    }
    infections = daily[Figure.INFECTIONS]
    children = [child.path for child in record.children(area)]
    below = area not in infections.areas and any(child in infections.areas for child in children)
    members = children if below else [area]

    def line(figure: Figure) -> tuple[int | None, ...]:
        return tuple(
            figures.total(daily[figure].of(member, day) for member in members) for day in days
        )

    return Curve(
        area=area,
        days=days,
        infections=line(Figure.INFECTIONS),
        confirmed=line(Figure.CONFIRMED),
        asymptomatic=line(Figure.ASYMPTOMATIC),
        places=len(children) if below else None,
        places_reporting=tuple(
            sum(1 for member in members if infections.of(member, day) is not None) for day in days
        )
        if below
        else None,
    )


def span(record: Record) -> Span:
    """Return the days the record speaks of and the instants of its rounds, the oldest first."""
    since, until = record.count_span()
    rounds = sorted({entry.at for entry in record.rounds()})
    return Span(
        since=since, until=until, newest=rounds[-1] if rounds else None, rounds=tuple(rounds)
    )


def series(record: Record, *, area: AreaPath, since: date, until: date) -> tuple[object, ...]:
    """Return every stream counted in `area` itself from `since` up to `until`, silences kept."""
    check_area(record.viewer, area)
    return tuple(
        record.series(path, stream, since=since, until=until)
        for path, stream in record.area_streams(under=area)
        if path == area
    )
