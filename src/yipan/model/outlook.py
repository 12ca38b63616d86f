"""The outlook: series side by side, what they will come to, what comes next, and whether it can get out."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import isfinite
from types import MappingProxyType

from ._checks import require_text
from .counts import Interval
from .estimates import Estimate, EstimateState


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTable:
    """
    Counts of several areas over the same consecutive intervals; None where nobody reported.

    `areas` are paths or any other names. `counts` has one row per area; a negative figure is a downward
    correction. `imported`, of the same form, counts people infected elsewhere; without it the first day
    reported is taken for the import. The interval is stated, never guessed.
    """

    areas: tuple[str, ...]
    first_day: date
    interval: Interval
    counts: tuple[tuple[float | None, ...], ...]
    imported: tuple[tuple[float | None, ...], ...] | None = None

    def __post_init__(self) -> None:
        if len(set(self.areas)) < len(self.areas):
            raise ValueError("an area is listed twice")
        for name, rows in (("counts", self.counts), ("imported", self.imported or self.counts)):
            if len(rows) != len(self.areas):
                raise ValueError(f"{name} hold {len(rows)} rows for {len(self.areas)} areas")
            lengths = {len(row) for row in rows}
            if len(lengths) > 1:
                raise ValueError(f"the rows of {name} differ in length: {sorted(lengths)}")
            for area, row in zip(self.areas, rows, strict=True):
                for position, value in enumerate(row):
                    if value is not None and not isfinite(value):
                        raise ValueError(
                            f"{name} of {area} hold {value} at {self.day(position)}; None is nobody reported"
                        )
        if self.imported and len(self.imported[0]) != len(self.counts[0]):
            raise ValueError("counts and imported cover different spans")

    def __len__(self) -> int:
        return len(self.counts[0]) if self.counts else 0

    def day(self, position: int) -> date:
        """The first day of the interval at `position`."""
        return self.first_day + timedelta(days=position * self.interval.days)

    @property
    def until(self) -> date:
        """The first day after the table."""
        return self.day(len(self))


ASSUMED: MappingProxyType[str, tuple[str, float, float]] = MappingProxyType({
    "serial_interval_days": ("day", 1.0, 60.0),
    "serial_interval_sd_days": ("day", 0.01, 60.0),
    "dispersion": ("none", 0.01, 1000.0),
    "found_after_days": ("day", 0.0, 30.0),
    "found_share": ("share", 0.001, 1.0),
    "unseen_days": ("day", 0.1, 60.0),
    "departures_share": ("share per day", 0.0, 1.0),
    "stay_days": ("day", 0.0, 60.0),
    "travelling_share": ("share", 0.0, 1.0),
})  # fmt: skip
"""Every figure an outlook takes as given: its unit, and the least and most that can be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """
    One figure an estimate takes as given, with its interval where the source has one.

    `values` holds one figure, or several that are held alike likely. `source` is the text it rests on;
    `assumption` marks a figure no source gives: somebody's judgement, and shown as such.
    """

    name: str
    values: tuple[float, ...]
    low: float | None = None
    high: float | None = None
    source: str = ""
    assumption: bool = False
    note: str = ""

    def __post_init__(self) -> None:
        if self.name not in ASSUMED:
            raise ValueError(
                f"{self.name!r} is no figure an outlook uses; expected one of {', '.join(ASSUMED)}"
            )
        unit, least, most = ASSUMED[self.name]
        if not self.values:
            raise ValueError(f"{self.name} has no value")
        for value in (*self.values, *(end for end in (self.low, self.high) if end is not None)):
            if not (isfinite(value) and least <= value <= most):
                raise ValueError(
                    f"{self.name} is {value:g}; expected {least:g} to {most:g} ({unit})"
                )
        if (
            self.low is not None
            and self.high is not None
            and not self.low <= min(self.values) <= max(self.values) <= self.high
        ):
            raise ValueError(
                f"{self.name} {self.values} lies outside its own interval {self.low:g} to {self.high:g}"
            )
        if not self.source and not self.assumption:
            raise ValueError(f"{self.name} has neither a source nor the mark of an assumption")

    @property
    def told(self) -> str:
        """
        The figure as a reader should meet it.

        >>> Assumed(name="serial_interval_sd_days", values=(1.8,), assumption=True).told
        'serial interval sd 1.8 d (assumed)'
        """
        unit, *_ = ASSUMED[self.name]
        called = self.name.removesuffix("_days").removesuffix("_share").replace("_", " ")
        figures = " or ".join(
            f"{value:.0%}" if unit.startswith("share") else f"{value:g}" for value in self.values
        )
        ends = ""
        if self.low is not None and self.high is not None:
            ends = f", {self.low:g} to {self.high:g}"
        return f"{called} {figures}{' d' if unit == 'day' else ''} ({'assumed' if self.assumption else 'sourced'}{ends})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookAssumptions:
    """
    What the outlook takes as given of a disease from a day on: every figure once, each with its source.

    `checked` is the day somebody last compared the figures with their sources. Those that come with the
    software have no `area`; a command may put its own on record for its area, `put_by` and `why` it did.
    """

    id: str
    disease: str
    since: date
    checked: date
    figures: tuple[Assumed, ...]
    area: str = ""
    put_by: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        require_text("disease", self.disease)
        named = [figure.name for figure in self.figures]
        if sorted(named) != sorted(ASSUMED):
            missing, twice = (
                sorted(set(ASSUMED) - set(named)),
                sorted({n for n in named if named.count(n) > 1}),
            )
            raise ValueError(
                f"assumptions of {self.disease}: missing {missing}, given twice {twice}"
            )
        for name in sorted(set(ASSUMED) - {"dispersion"}):
            if len(self.figure(name).values) != 1:
                raise ValueError(f"assumptions of {self.disease}: {name} needs one value")

    def figure(self, name: str) -> Assumed:
        """The figure called `name`."""
        return next(figure for figure in self.figures if figure.name == name)

    def value(self, name: str) -> float:
        """The one value of a figure."""
        return self.figure(name).values[0]

    def told(self, *names: str) -> str:
        """Some figures in words, to stand beside an estimate."""
        return "; ".join(self.figure(name).told for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountVersion:
    """What was known of a day on a day: `area` stood at `value` for `day` from `known` on."""

    area: str
    day: date
    known: date
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReproduction:
    """
    R as it is shown for an area: its own, or that of the larger area on whose cases it rests.

    `resting_on` names that area; it is `area` itself where its own cases are enough. `estimate` is None unless
    `state` is ESTIMATED. `cases` and `missing_days` are those of the window in the area it rests on; `assuming`
    tells what was taken as given.
    """

    area: str
    resting_on: str
    since: date
    until: date
    state: EstimateState
    estimate: Estimate | None
    cases: int
    missing_days: int = 0
    assuming: str = ""

    def __post_init__(self) -> None:
        if (self.estimate is None) is (self.state is EstimateState.ESTIMATED):
            raise ValueError(f"state {self.state.value} contradicts estimate {self.estimate}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaNowcast:
    """
    What the latest days of an area will come to once all reports are in.

    One entry per day from `first_day`: `known` so far (None: nobody reported), the share `seen` of the final
    count, and its quantiles at `levels` (None where none can be given; `states` says why).
    """

    id: str
    area: str
    stream: str
    made: date
    first_day: date
    interval: Interval
    levels: tuple[float, ...]
    known: tuple[int | None, ...]
    seen: tuple[float, ...]
    quantiles: tuple[tuple[float, ...] | None, ...]
    states: tuple[EstimateState, ...]

    def __post_init__(self) -> None:
        sizes = {len(self.known), len(self.seen), len(self.quantiles), len(self.states)}
        if len(sizes) > 1:
            raise ValueError(f"the days of a nowcast differ in number: {sorted(sizes)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileForecast:
    """
    What an area will count, interval by interval from `first_day`, as quantiles at `levels`.

    `baseline` says the same as "no change" would, for scoring; `members` and `weights` (member by horizon) say
    who spoke; `control` names the measures assumed. `failed` marks a forecast whose stated coverage past
    outcomes have refuted: it is shown as failed. Without figures `quantiles` is empty and `state` says why.
    `assuming` tells what was taken as given.
    """

    id: str
    area: str
    stream: str
    made: date
    first_day: date
    interval: Interval
    levels: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]
    baseline: tuple[tuple[float, ...], ...] = ()
    members: tuple[str, ...] = ()
    weights: tuple[tuple[float, ...], ...] = ()
    control: str = "as now"
    state: EstimateState = EstimateState.ESTIMATED
    failed: bool = False
    assuming: str = ""

    def __post_init__(self) -> None:
        if bool(self.quantiles) is not (self.state is EstimateState.ESTIMATED):
            raise ValueError(f"state {self.state.value} contradicts {len(self.quantiles)} horizons")
        for row in (*self.quantiles, *self.baseline):
            if len(row) != len(self.levels) or list(row) != sorted(row) or row[0] < 0:
                raise ValueError(
                    f"{self.area}: quantiles must be {len(self.levels)} rising figures, 0 or more"
                )

    def day(self, position: int) -> date:
        """The first day of the interval at `position` (0 is the next)."""
        return self.first_day + timedelta(days=position * self.interval.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreCard:
    """
    How past forecasts fared against what came.

    `relative_wis` and `relative_log_wis` are against the baseline on the same tasks: below 1 is better
    than assuming no change. `failed` says that the stated intervals can no longer be believed.
    """

    tasks: int
    wis: float
    log_wis: float
    relative_wis: float
    relative_log_wis: float
    coverage_50: float
    coverage_90: float
    coverage_95: float
    bias: float
    pit: tuple[float, ...]
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastScore:
    """The score card of one area (or of all together) at one horizon (or over all, where None), up to a day."""

    id: str
    area: str
    stream: str
    horizon: int | None
    until: date
    card: ScoreCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A named state of control: the share of cases isolated at once, and the cut for the others."""

    name: str
    isolated_share: float = 0.0
    cut_share: float = 0.0

    def __post_init__(self) -> None:
        require_text("the name of a control", self.name)
        for name in ("isolated_share", "cut_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} {getattr(self, name)} lies outside 0 to 1")


class BottomLineState(StrEnum):
    """Where a cluster stands against the command's line; SILENT where nobody reported for a week or more."""

    QUIET = "quiet"
    SILENT = "silent"
    WITHIN = "within"
    ALARM = "alarm"
    EXCEEDED = "exceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """What one change of control would do to the chance of exceeding the limit."""

    name: str
    probability: float
    lowered_by: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BottomLine:
    """
    The chance that a cluster ends above `limit` cases, and that it is above it within given days.

    `within_days` pairs days with probabilities. `levers` stand in order of effect. `reasons` are the
    figures the probability rests on, one sentence each: cases `seen`, those of them still `active` (able to
    transmit), the mean `reproduction` and the `dispersion` believed.
    """

    name: str
    limit: int
    control: Control
    probability: float
    within_days: tuple[tuple[int, float], ...]
    dies_out: float
    state: BottomLineState
    levers: tuple[Lever, ...] = ()
    reasons: tuple[str, ...] = ()
    seen: int = 0
    active: int = 0
    reproduction: float | None = None
    dispersion: float | None = None

    def __post_init__(self) -> None:
        for chance in (self.probability, self.dies_out, *(each for _, each in self.within_days)):
            if not 0 <= chance <= 1:
                raise ValueError(f"{self.name}: probability {chance} lies outside 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """
    The line a command has drawn for an area and all in it: at most `limit` cases, at a chance below `alarm_at`.

    A person draws it and says why; the system draws none by itself.
    """

    id: str
    area: str
    limit: int
    alarm_at: float
    drawn_by: str
    why: str

    def __post_init__(self) -> None:
        require_text("why", self.why)
        if self.limit < 1:
            raise ValueError(f"a line of {self.limit} cases is no line; expected 1 or more")
        if not 0 < self.alarm_at < 1:
            raise ValueError(f"alarm_at {self.alarm_at} lies outside 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaBottomLine:
    """
    The bottom line of an area on a day, or of one chain in it, against the line the command drew.

    R rests on `resting_on`'s cases. `chain` is the id of the chain of transmission, empty for the area itself;
    `assuming` tells what was taken as given.
    """

    id: str
    area: str
    day: date
    resting_on: str
    line: BottomLine
    drawn_by: str
    chain: str = ""
    assuming: str = ""

    @property
    def subject(self) -> str:
        """What it is about: the chain, or the area."""
        return self.chain or self.area


@dataclass(frozen=True, slots=True, kw_only=True)
class Spillover:
    """
    What may reach one destination by the end of the period, from all origins together.

    `expected` is the mean number of infected arrivals with a 95 % interval over what is believed of prevalence,
    its ends moved by the band of movement where that is only modelled;
    `introduced` and `lasting` are chances; `look_first` ranks where an hour of search is best spent. `arrived_by` is the
    chance that the first has arrived by the end of each day of the period.
    """

    destination: str
    expected: float
    expected_low: float
    expected_high: float
    introduced: float
    lasting: float
    half_arrived_day: int | None
    look_first: float
    arrived_by: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if list(self.arrived_by) != sorted(self.arrived_by):
            raise ValueError(
                f"{self.destination}: the chance to have arrived falls from a day to the next"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayBought:
    """What cutting travel by a share (0 to 1) would do: days of delay, and the chance of arrival all the same."""

    cut_share: float
    days: float | None
    introduced_anyway: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPath:
    """
    How far a destination is from where most infected people are, as travellers go, and whence arrivals come.

    `ends_there` is the chance that somebody leaving there ends the journey at this destination, passing others on
    the way (by exit probabilities); None where residents of some place are not known.
    """

    destination: str
    effective_distance: float | None
    random_walk_distance: float | None
    likely_origins: tuple[tuple[str, float], ...]
    ends_there: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpilloverOutlook:
    """
    Whether it gets out of an area within `days` days from `day`: by destination, first to look at first.

    `basis` says what the movement rests on; where it is only modelled, `low` and `high` give the mean number
    of infected arrivals over all destinations at the ends of its band. `growth_per_day` is the growth behind
    the delays, None where nothing grows (then a cut changes the number of arrivals and not their date). `names`
    calls destinations outside the record in Chinese and English.
    """

    id: str
    area: str
    day: date
    days: int
    basis: str
    destinations: tuple[Spillover, ...]
    paths: tuple[ArrivalPath, ...]
    delays: tuple[DelayBought, ...]
    growth_per_day: float | None
    expected: float
    low: float
    high: float
    left_out: tuple[str, ...] = ()
    names: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TripTable:
    """
    Counted trips on record: `trips[i]` people went from `origins[i]` to `destinations[i]` over `days` days.

    Destinations may lie outside the province and are then told by name.
    """

    id: str
    area: str
    since: date
    days: int
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    trips: tuple[float, ...]
    source: str

    def __post_init__(self) -> None:
        require_text("source", self.source)
        if not len(self.origins) == len(self.destinations) == len(self.trips):
            raise ValueError("origins, destinations and trips differ in number")
        if self.days < 1:
            raise ValueError(f"a table of trips covers {self.days} days; expected 1 or more")
        if any(not isfinite(count) or count < 0 for count in self.trips):
            raise ValueError("trips must be 0 or more")
