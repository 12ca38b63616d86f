"""
Streams judged together: one picture from many series, wherever they come from.

Works on series handed in, from the record or from somebody's own table, and touches neither.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from scipy import sparse

from yipan.analytics.detect import fusion, scan, wastewater
from yipan.analytics.detect.baseline import (
    CARRIERS,
    METHOD,
    BaselineVerdicts,
    Carrier,
    DayKinds,
    sibling_key,
)
from yipan.analytics.detect.faults import Fault, FaultKind, series_faults
from yipan.analytics.detect.methods import DEFAULT, POSITIVITY, RESTING, judge
from yipan.analytics.detect.verdicts import CODE, Verdicts
from yipan.model import (
    AreaPath,
    Counted,
    CountSeries,
    Interval,
    Judgement,
    KindMethod,
    SchoolBreak,
    Sentence,
    Stream,
    WorkCalendar,
    ancestors_of,
    depth_of,
)
from yipan.operations.school_terms import term_effects

ALPHA = 0.005
"""The share of quiet days on which one stream may stand out by chance."""
FALSE_SHARE = 0.1
"""The share of false ones that may be among all that is raised on a day."""
JUDGED_DAYS = 14
CURVE_DAYS = 42
QUIET_DAYS = 60
"""Days of the past from which it is learned how the channels of an area move together."""

QUIET_P = 0.2
"""Channels none of which is below this cannot stand out together, however they move."""

LEAST_PAIRED_DAYS = 14
"""Channels with fewer judged days behind them are joined by the harmonic mean of their p-values, which needs no correlation."""

LEAST_KNOWN = 0.2
"""A day of which less is known by now is not judged yet: too few reports are in."""
PROVISIONAL = 0.8
"""What is raised on a day of which less than this is known is said to be provisional."""
NEW_DAYS = 56
"""A stream that began longer ago is no longer told to be new."""
LEAST_BEFORE_DAYS = 28
"""A stream with fewer days before an outbreak on record learns from it all the same: it has nothing else."""
CITY_DEPTH = 2
"""Steps of the path of a city: a cluster whose areas meet only above that lies in several cities, under several commands."""
SCAN_DAYS = 7
"""The longest window of the space-time scan."""

SUPPORTING = frozenset(
    {
        Counted.PHARMACY_SALES,
        Counted.HOTLINE_CALLS,
        Counted.LABORATORY_TESTS,
        Counted.SEARCH_QUERIES,
    }
)
"""Channels that may strengthen what others say but never speak alone: what moves them is seldom illness alone."""

WHOLE = ("全部", "all")
"""What a table without areas is called, and one whose series have no name."""

WASTEWATER_KEYS = frozenset({Counted.WASTEWATER_FLOW, Counted.WASTEWATER_LIMIT})
"""What a concentration is read by; not watched for itself."""

Names = Mapping[AreaPath, tuple[str, str]]

STREAM_NAMES: Mapping[Counted, tuple[str, str]] = {
    Counted.LOCAL_CONFIRMED: ("本土确诊病例", "local confirmed cases"),
    Counted.LOCAL_ASYMPTOMATIC: ("本土无症状感染者", "local asymptomatic infections"),
    Counted.LOCAL_INFECTIONS: ("本土感染者", "local infections"),
    Counted.LOCAL_CONVERSIONS: ("无症状转确诊", "asymptomatic infections later confirmed"),
    Counted.IMPORTED_CONFIRMED: ("境外输入确诊病例", "imported confirmed cases"),
    Counted.IMPORTED_ASYMPTOMATIC: ("境外输入无症状感染者", "imported asymptomatic infections"),
    Counted.IMPORTED_CONVERSIONS: ("输入无症状转确诊", "imported asymptomatic infections later confirmed"),
    Counted.SUSPECTED: ("疑似病例", "suspected cases"),
    Counted.DEATHS: ("死亡病例", "deaths"),
    Counted.FEVER_CLINIC_VISITS: ("发热门诊就诊", "fever-clinic visits"),
    Counted.ILI_VISITS: ("流感样病例就诊", "visits for influenza-like illness"),
    Counted.OUTPATIENT_VISITS: ("门诊就诊", "outpatient visits"),
    Counted.PHARMACY_SALES: ("药店退热止咳药销量", "pharmacy sales of fever and cough medicine"),
    Counted.SCHOOL_ABSENCES: ("学校因病缺课", "school absences through illness"),
    Counted.CARE_HOME_FEVERS: ("养老机构发热", "fevers in care homes"),
    Counted.LABORATORY_POSITIVES: ("实验室阳性", "positive laboratory results"),
    Counted.LABORATORY_TESTS: ("实验室检测", "laboratory tests"),
    Counted.HOTLINE_CALLS: ("热线来电", "hotline calls"),
    Counted.WASTEWATER_POSITIVES: ("污水阳性", "positive wastewater samples"),
    Counted.WASTEWATER_COPIES: ("污水核酸浓度", "gene copies per litre of wastewater"),
    Counted.WASTEWATER_FLOW: ("污水流量", "flow of wastewater in cubic metres a day"),
    Counted.WASTEWATER_LIMIT: ("污水检出限", "detection limit of wastewater in copies per litre"),
    Counted.VECTOR_POSITIVES: ("媒介阳性", "positive vector samples"),
    Counted.SEARCH_QUERIES: ("网络搜索", "searches on the net"),
    Counted.OTHER: ("监测计数", "counts"),
}  # fmt: skip
"""What each stream is called where people read, in Chinese and English."""

UNITS: Mapping[Counted, str] = {
    Counted.FEVER_CLINIC_VISITS: "人次", Counted.ILI_VISITS: "人次", Counted.OUTPATIENT_VISITS: "人次",
    Counted.PHARMACY_SALES: "", Counted.SCHOOL_ABSENCES: "人", Counted.CARE_HOME_FEVERS: "人",
    Counted.LABORATORY_POSITIVES: "份", Counted.LABORATORY_TESTS: "份", Counted.HOTLINE_CALLS: "通",
    Counted.WASTEWATER_POSITIVES: "份", Counted.WASTEWATER_COPIES: "拷贝/升", Counted.VECTOR_POSITIVES: "份",
    Counted.SEARCH_QUERIES: "次", Counted.OTHER: "",
}  # fmt: skip
"""The Chinese measure word of what is counted, 例 for cases where none is named; a table of one's own says nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """
    One stream's part in a finding: what it counted, what was expected, how often chance does as much.

    `threshold` is the largest count that would not have stood out; `week_observed` and `week_expected` are
    the last `week_length` intervals (seven days, two or four weeks) where the method looks at them, else None; `p_value` None where it was not judged.
    `method` judged it; `by_itself` where that has no p-values and its alarm is told whatever the false share; `per_tests` where positive results were measured against the tests made. `carrier` says what made it stand out: the count of the `day`, a `sum` of the last intervals, or the `memory` of small excesses that last. Of
    the last `memory_days` intervals, through which the memory added up, `memory_above` lay above what was expected and all together counted
    `memory_observed` where `memory_expected` were expected; None where something else carries.
    """

    area: AreaPath
    stream: Stream
    name: Sentence
    observed: int | None
    expected: float | None
    threshold: float | None
    p_value: float | None
    week_observed: float | None
    week_expected: float | None
    week_length: int | None
    since: date | None
    judgement: Judgement
    baseline: int
    baseline_missing: int
    method: str
    by_itself: bool = False
    per_tests: bool = False
    carrier: Carrier = Carrier.DAY
    memory_days: int | None = None
    memory_above: int | None = None
    memory_observed: float | None = None
    memory_expected: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """
    One cause that stands out on one day, told once, at the level where it is clearest.

    `q_value` is the share of false ones among all findings at least as clear; `lead` is the clearest stream and
    `contributions` every stream of the area with evidence of its own, the lead first. `against` counts the streams of the area
    that were judged and saw nothing, `missing` those that did not report. `together` is the p-value of all channels of the area, None where
    there is one. `curve` is the lead's series of the last weeks; `explanation` all of it in one sentence. `completeness` is the
    share of the lead's reports of the day that are in by experience. `cluster` names the neighbouring areas that stand out together over the last
    `cluster_days`, found by the space-time scan; empty where none do. `doubtful` where the lead's count of the day looks like an error of typing.
    """

    area: AreaPath
    disease: str
    day: date
    since: date
    p_value: float
    q_value: float
    method: str
    lead: Contribution
    contributions: tuple[Contribution, ...]
    against: int
    missing: tuple[Stream, ...]
    together: float | None
    festival: bool
    explanation: Sentence
    curve: CountSeries
    completeness: float = 1.0
    cluster: tuple[AreaPath, ...] = ()
    cluster_days: int = 0
    doubtful: bool = False

    @property
    def key(self) -> str:
        """Text that names the finding: area, disease and day."""
        return f"{self.area}|{self.disease}|{self.day.isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """A stream that could not be judged on the day, and why not; or one answered by the no-history rule."""

    area: AreaPath
    stream: Stream
    name: Sentence
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFault:
    """What is wrong with a series, or looks so; `day` is when, None where it is the whole."""

    area: AreaPath
    stream: Stream
    name: Sentence
    kind: FaultKind
    day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """
    What stands out on one day among all streams looked at, and what could not be seen.

    `family` is how many p-values were judged together, `alarms` how many lay beyond the limit of their own
    stream; `findings` are those kept when no more than `false_share` of all may be false, each cause once.
    """

    day: date
    method: str
    streams: int
    family: int
    alpha: float
    false_share: float
    alarms: int
    findings: tuple[Finding, ...]
    unjudged: tuple[Unjudged, ...]
    faults: tuple[DataFault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownOutbreak:
    """An outbreak on record: where, of what, and its days (`since` included, `until` not)."""

    area: AreaPath
    disease: str
    since: date
    until: date


@dataclass(frozen=True)
class Judged:
    """Verdicts on every series and every sum of them, for the last days."""

    series: tuple[CountSeries, ...]
    own: int
    verdicts: Verdicts
    days: tuple[date, ...]
    faults: tuple[DataFault, ...] = field(default=())
    known_share: "np.ndarray | None" = None
    chosen: tuple[str, ...] = ()
    """The method named for each stream, empty where none is; it answered where `by_chosen` says so."""
    by_chosen: "np.ndarray | None" = None
    alone: "np.ndarray | None" = None
    """Cells that alarm by a method without p-values: told whatever share of such alarms is false."""

    def method_of(self, row: int, cell: int) -> str:
        """The method that answered for a stream on a day."""
        if self.by_chosen is not None and self.by_chosen[row, cell]:
            return self.chosen[row]
        return self.verdicts.method

    @cached_property
    def places(self) -> frozenset[tuple[AreaPath, Stream]]:
        """Every stream of every area that was judged."""
        return frozenset((one.area, one.stream) for one in self.series)

    @property
    def methods(self) -> tuple[str, ...]:
        """Every method that was asked, in alphabetical order."""
        return tuple(sorted({self.verdicts.method, *filter(None, self.chosen)}))

    def p_values(self, cell: int) -> "np.ndarray":
        """The p-values of one day; NaN where a stream was not judged."""
        assert (
            self.verdicts.p_value is not None
        )  # `judge_streams` ranks the scores of methods that tell none
        return self.verdicts.p_value[:, cell]

    def past_p_values(self, cell: int) -> "np.ndarray":
        """The p-values of all streams on the days before one, at most QUIET_DAYS of them, as (streams, days)."""
        assert self.verdicts.p_value is not None
        return self.verdicts.p_value[:, max(0, cell - QUIET_DAYS) : cell]


def judge_streams(
    series: Sequence[CountSeries],
    *,
    until: date,
    judged_days: int = JUDGED_DAYS,
    method: str = DEFAULT,
    calendar: WorkCalendar | None = None,
    alpha: float = ALPHA,
    sums: bool = True,
    completeness: Mapping[str, Sequence[float]] | None = None,
    known_outbreaks: Sequence[KnownOutbreak] = (),
    method_for: Callable[[AreaPath, Stream], str] | None = None,
    breaks: Sequence[SchoolBreak] = (),
) -> Judged:
    """
    Judge the last intervals before `until` of series of one interval, and of their sums over the areas above.

    Concentrations in wastewater are judged by `detect.wastewater`, each site by its own past, with the flow and the detection limit counted beside
    them. A series that ends early is taken as not reported since. A sum counts the areas that reported and expects
    as much less as the silent ones used to send. Positive results are measured against the tests made, where those are counted
    beside them: more tests are no outbreak. `completeness` gives by `sibling_key` the share already known of the newest
    day, the day before, and so on: as much less is expected, and a day of which under LEAST_KNOWN is in is not judged yet. Days of
    `known_outbreaks` in their areas are judged but not learned from, by streams with LEAST_BEFORE_DAYS before them.

    In school holidays (`breaks`) as much less is expected of the counts that follow them as such holidays showed before (`school_terms.term_effects`).

    `method_for` names another method for the streams of some areas and kinds (empty: `method`), and for their sums. Where that has no answer (too short a past) the
    `method` of all answers and is named. A method that knows nothing of exposure is given the counts as they would be at full reporting. Where a
    method tells no p-value, its scores are ranked among those of its kind on the days before, and what it alarms on is told whatever the false share. Raises ValueError for series of different intervals.
    """
    keys = {
        (one.area, one.stream): ended(one, until)
        for one in series
        if one.stream.counted in WASTEWATER_KEYS
    }
    own = [ended(one, until) for one in series if one.stream.counted not in WASTEWATER_KEYS]
    intervals = {one.stream.interval for one in own}
    if len(intervals) > 1:
        raise ValueError("daily and weekly series are judged apart; sort them by interval first")
    interval = next(iter(intervals), Interval.DAY)
    until = _end_of_weeks(own, until)
    own = [ended(one, until) for one in own]
    width = max((len(one) for one in own), default=0)
    matrix = np.full((len(own), width), np.nan)
    for row, one in enumerate(own):
        if len(one):
            matrix[row, width - len(one) :] = np.array(one.counts, dtype=float)  # None is NaN
    first = until - timedelta(days=width * interval.days)
    sampled = [row for row, one in enumerate(own) if _is_sampled(one)]
    together = _began_together(own, matrix, within=7 // interval.days)
    found = tuple(
        fault
        for fault in series_faults(matrix, daily=interval is Interval.DAY)
        if (fault.row not in sampled or fault.kind in _FAULTS_OF_SAMPLES)
        and not (
            fault.kind is FaultKind.BEGAN_INSIDE
            and ((fault.position or 0) < width - NEW_DAYS // interval.days or fault.row in together)
        )
    )
    tested = _tested(own, matrix)
    learned_until = width - judged_days - QUIET_DAYS
    in_terms = term_effects(own, matrix, first=first, breaks=breaks, learned_until=learned_until)
    if in_terms is not None:
        tested = tested * in_terms[0]
    added, added_rows, exposure = (
        _sums(own, _without_typos(matrix, found), tested, first) if sums else ([], [], [])
    )
    everything = [*own, *added]
    counts = np.vstack([matrix, *added_rows]) if added else matrix
    weight = np.vstack([tested, *exposure]) if added else tested
    known = _known_share(everything, counts.shape, completeness or {})
    if (known < 1).any():
        counts = np.where(known < LEAST_KNOWN, np.nan, counts)
        weight = weight * known
    unlearned = masked(everything, counts, first, known_outbreaks)
    if in_terms is not None:
        holidays = term_effects(
            everything, counts, first=first, breaks=breaks, learned_until=learned_until
        )
        assert holidays is not None
        if holidays[1].any():
            unlearned = holidays[1] if unlearned is None else np.maximum(unlearned, holidays[1])
    # each day judged has as many before it from which it is learned how channels move together
    columns = list(range(max(0, width - judged_days - QUIET_DAYS), width))
    names: dict[str, int] = {}
    groups = [names.setdefault(sibling_key(one), len(names)) for one in everything]
    concentrations = counts[sampled]
    if sampled:  # no counts: judged by their own method below
        counts = counts.copy()
        counts[sampled] = np.nan
    verdicts = judge(
        method, counts, first_day=first, interval=interval, columns=columns, calendar=calendar,
        groups=groups, alpha=alpha if method == DEFAULT else None, exposure=weight, thresholds=judged_days,
        thresholds_below=QUIET_P,
        known_outbreak=unlearned,
    )  # fmt: skip
    verdicts, alone = _with_p_values(verdicts, groups, alpha)
    if sampled:
        _put_samples(verdicts, sampled, own, concentrations, keys, columns, alpha)
        alone[sampled] = False
    chosen, by_chosen = _put_chosen(
        verdicts, alone, method_for, everything, counts, weight, unlearned, first=first, interval=interval,
        columns=columns, judged_days=judged_days, calendar=calendar, groups=groups, alpha=alpha,
    )  # fmt: skip
    faults = tuple(
        DataFault(
            area=own[f.row].area, stream=own[f.row].stream, name=_named(own[f.row].stream), kind=f.kind,
            day=None if f.position is None else first + timedelta(days=f.position * interval.days),
        )
        for f in found
    )  # fmt: skip
    return Judged(
        series=tuple(everything), own=len(own), verdicts=verdicts, faults=faults,
        known_share=known[:, columns] if (known < 1).any() else None,
        chosen=chosen, by_chosen=by_chosen, alone=alone,
        days=tuple(first + timedelta(days=c * interval.days) for c in columns),
    )  # fmt: skip


def _end_of_weeks(series: Sequence[CountSeries], until: date) -> date:
    """
    Return the end of the newest whole week before `until`, as most weekly series have their weeks; `until` itself for days.

    A series whose weeks begin on another day is judged by its last whole week.
    """
    if not series or series[0].stream.interval is Interval.DAY:
        return until
    begins = Counter(one.first_day.weekday() for one in series if len(one))
    if not begins:
        return until
    weekday = min(begins, key=lambda day: (-begins[day], day))
    return until - timedelta(days=(until.weekday() - weekday) % 7)


def _with_p_values(
    verdicts: Verdicts, groups: Sequence[int], alpha: float
) -> "tuple[Verdicts, np.ndarray]":
    """Return verdicts that have p-values, and which cells alarm by a method that has none of its own."""
    if verdicts.p_value is not None:
        return verdicts, np.zeros(verdicts.alarm.shape, bool)
    ranked = fusion.rank_p(verdicts.score, groups)
    told = np.where(verdicts.alarm, np.minimum(ranked, alpha / 2), np.maximum(ranked, 2 * alpha))
    return replace(verdicts, p_value=told), verdicts.alarm.copy()


_TOLD = (
    "observed", "expected", "sd", "threshold", "score", "alarm", "judgement", "baseline", "baseline_missing", "p_value",
)  # fmt: skip
"""What every method tells of a cell."""


def _put_chosen(
    verdicts: Verdicts,
    alone: "np.ndarray",
    method_for: Callable[[AreaPath, Stream], str] | None,
    everything: Sequence[CountSeries],
    counts: "np.ndarray",
    weight: "np.ndarray",
    unlearned: "np.ndarray | None",
    *,
    first: date,
    interval: Interval,
    columns: Sequence[int],
    judged_days: int,
    calendar: WorkCalendar | None,
    groups: Sequence[int],
    alpha: float,
) -> "tuple[tuple[str, ...], np.ndarray | None]":
    """Put what the methods named for some streams say in their rows; return the name by row, and which cells it answered."""
    if method_for is None:
        return (), None
    chosen = tuple(
        "" if _is_sampled(one) else method_for(one.area, one.stream) for one in everything
    )
    if not any(chosen):
        return (), None
    answered = np.zeros(verdicts.alarm.shape, bool)
    asked = columns[-(judged_days + LEAST_PAIRED_DAYS) :]
    cells = slice(len(columns) - len(asked), len(columns))
    # what is not to be learned from is left out, but for the days that are judged
    past = counts.copy()
    if unlearned is not None:
        past[:, : asked[0]][unlearned[:, : asked[0]] > 0] = np.nan
    for name in sorted(set(filter(None, chosen))):
        rows = [row for row, one in enumerate(chosen) if one == name]
        rests_on_baseline = name in RESTING
        given, share = past[rows], weight[rows]
        found = judge(
            name, given if rests_on_baseline or name == POSITIVITY else np.rint(given / share), first_day=first,
            interval=interval, columns=asked, calendar=calendar, groups=[groups[row] for row in rows], alpha=alpha,
            exposure=share, known_outbreak=None if unlearned is None else unlearned[rows],
            trials=_trials(everything, counts, rows) if name == POSITIVITY else None,
        )  # fmt: skip
        told, by_itself = _with_p_values(found, [groups[row] for row in rows], alpha)
        at = share[:, asked]
        scale = 1.0 if rests_on_baseline or name == POSITIVITY else at
        here = ~np.isnan(told.score)
        for field_name in _TOLD:
            value = np.asarray(getattr(told, field_name))
            if field_name == "observed":
                continue  # what was reported stays what was reported
            if field_name in {"expected", "sd", "threshold"}:
                value = value * scale
            whole = getattr(verdicts, field_name)
            kept = whole[rows, cells]
            whole[rows, cells] = np.where(here, value, kept)
        answered[rows, cells] = here
        alone[rows, cells] = np.where(here, by_itself, alone[rows, cells])
    if isinstance(verdicts, BaselineVerdicts):
        for value in (
            verdicts.p_day,
            verdicts.p_week,
            verdicts.p_memory,
            verdicts.week_observed,
            verdicts.week_expected,
        ):
            value[answered] = np.nan
        verdicts.carrier[answered] = 0
    return chosen, answered


def _trials(
    everything: Sequence[CountSeries], counts: "np.ndarray", rows: Sequence[int]
) -> "np.ndarray":
    """Return the tests made beside some rows of positive results, NaN where none are counted."""
    tests = {
        (one.area, replace(one.stream, counted=Counted.LABORATORY_POSITIVES)): row
        for row, one in enumerate(everything)
        if one.stream.counted is Counted.LABORATORY_TESTS
    }
    found = np.full((len(rows), counts.shape[1]), np.nan)
    for place, row in enumerate(rows):
        beside = tests.get((everything[row].area, everything[row].stream))
        if beside is not None:
            found[place] = counts[beside]
    return found


_FAULTS_OF_SAMPLES = frozenset({FaultKind.ALL_MISSING, FaultKind.TYPO, FaultKind.ENDED_INSIDE})


def _is_sampled(series: CountSeries) -> bool:
    return series.stream.counted is Counted.WASTEWATER_COPIES


def _put_samples(
    verdicts: Verdicts,
    rows: Sequence[int],
    own: Sequence[CountSeries],
    copies: "np.ndarray",
    keys: Mapping[tuple[AreaPath, Stream], CountSeries],
    columns: Sequence[int],
    alpha: float,
) -> None:
    """Put what the method for concentrations says in the rows of those series."""

    def beside(counted: Counted) -> "np.ndarray":
        found = np.full(copies.shape, np.nan)
        for place, row in enumerate(rows):
            one = keys.get((own[row].area, replace(own[row].stream, counted=counted)))
            if one is not None and len(one):
                kept = np.array(one.counts[-copies.shape[1] :], dtype=float)
                found[place, copies.shape[1] - len(kept) :] = np.where(kept > 0, kept, np.nan)
        return found

    said = wastewater.wastewater_matrix(
        copies, places=[(own[row].area, own[row].stream.disease) for row in rows], columns=columns,
        flow=beside(Counted.WASTEWATER_FLOW), limit=beside(Counted.WASTEWATER_LIMIT), alpha=alpha,
    )  # fmt: skip
    for name in _TOLD:
        if getattr(verdicts, name) is not None:
            getattr(verdicts, name)[list(rows)] = getattr(said, name)


def _without_typos(matrix: "np.ndarray", faults: Sequence[Fault]) -> "np.ndarray":
    """Return the counts without what looks like an error of typing: it is told of its own stream and must not speak for a city."""
    typos = [(f.row, f.position) for f in faults if f.kind is FaultKind.TYPO]
    if not typos:
        return matrix
    kept = matrix.copy()
    for row, position in typos:
        kept[row, position] = np.nan
    return kept


def _tested(own: Sequence[CountSeries], matrix: "np.ndarray") -> "np.ndarray":
    """Return how many tests were made for each cell of positive results, 1 being as many as in the first weeks; 1 for all others."""
    found = np.ones_like(matrix)
    tests = {
        (one.area, replace(one.stream, counted=Counted.LABORATORY_POSITIVES)): row
        for row, one in enumerate(own)
        if one.stream.counted is Counted.LABORATORY_TESTS
    }
    for row, one in enumerate(own):
        beside = tests.get((one.area, one.stream))
        if beside is None:
            continue
        made = matrix[beside]
        first = made[~np.isnan(made)][:LEAST_BEFORE_DAYS]
        if len(first) and first.sum() > 0:
            usual = np.where(np.isnan(made), first.mean(), made)
            found[row] = np.maximum(usual / first.mean(), 1e-6)
    return found


def _known_share(
    series: Sequence[CountSeries],
    shape: tuple[int, int],
    completeness: Mapping[str, Sequence[float]],
) -> "np.ndarray":
    known = np.ones(shape)
    for row, one in enumerate(series):
        shares = completeness.get(sibling_key(one), ())[: shape[1]]
        if shares:
            known[row, shape[1] - len(shares) :] = np.maximum(shares[::-1], 1e-6)
    return known


def masked(
    series: Sequence[CountSeries],
    counts: "np.ndarray",
    first: date,
    outbreaks: Sequence[KnownOutbreak],
) -> "np.ndarray | None":
    """Return which cells of the counts of some series lie in an outbreak on record of their place and disease; None without any."""
    if not outbreaks:
        return None
    mask = np.zeros(counts.shape)
    for row, one in enumerate(series):
        step = one.stream.interval.days
        for known in outbreaks:
            if known.disease != one.stream.disease or not one.area.startswith(known.area):
                continue
            since = max(0, (known.since - first).days // step)
            until = max(0, -((first - known.until).days // step))
            before = ~np.isnan(counts[row, :since]) & (mask[row, :since] == 0)
            if before.sum() * step >= LEAST_BEFORE_DAYS:
                mask[row, since:until] = 1
    return mask


def ended(series: CountSeries, end: date) -> CountSeries:
    """Cut or lengthen a series so that it ends at `end`; what was not sent is not zero."""
    if series.until == end:
        return series
    step = series.stream.interval.days
    short = (end - series.until).days // step
    if short > 0:
        return replace(series, counts=(*series.counts, *[None] * short))
    return series.before(end)


def _sums(
    own: Sequence[CountSeries], matrix: "np.ndarray", tested: "np.ndarray", first: date
) -> tuple[list[CountSeries], list["np.ndarray"], list["np.ndarray"]]:
    there = {(one.area, one.stream) for one in own}
    plain: dict[Stream, Stream] = {}
    stems = [
        plain.setdefault(one.stream, replace(one.stream, site=""))
        if one.stream.site
        else one.stream
        for one in own
    ]
    members: dict[tuple[AreaPath, Stream], list[int]] = {}
    for row, one in enumerate(own):
        if _is_sampled(one):  # concentrations do not add up
            continue
        for above in ancestors_of(one.area):
            members.setdefault((above, stems[row]), []).append(row)
    # what an area sends already holds what the areas below it send
    holds = [(one.area, stem) in members for one, stem in zip(own, stems, strict=True)]
    asked: list[tuple[AreaPath, Stream]] = []
    parts: list[list[int]] = []
    for place, rows in sorted(members.items()):
        lowest = [row for row in rows if not holds[row]]
        if len(lowest) > 1 and place not in there:
            asked.append(place)
            parts.append(lowest)
    if not parts:
        return [], [], []
    ends = np.cumsum([0, *(len(part) for part in parts)])
    flat = np.concatenate([np.array(part) for part in parts])
    adding = sparse.csr_array((np.ones(len(flat)), flat, ends), shape=(len(parts), len(own)))
    seen = ~np.isnan(matrix)
    filled = np.where(seen, matrix, 0.0)
    usual = filled.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    whole = np.maximum(adding @ usual, 1e-9)
    share = np.minimum((adding @ (seen * usual[:, None])) / whole[:, None], 1.0)
    known = ((adding @ seen.astype(float)) > 0) & (share >= 0.3)
    totals = adding @ filled
    exposed = (adding @ (seen * usual[:, None] * tested)) / whole[:, None]
    series = [
        CountSeries(area=area, stream=stream, first_day=first, counts=_or_none(total, there_))
        for (area, stream), total, there_ in zip(asked, totals, known, strict=True)
    ]
    return (
        series,
        list(np.where(known, totals, np.nan)),
        list(np.where(known, np.maximum(exposed, 1e-6), 1.0)),
    )


def _or_none(values: "np.ndarray", known: "np.ndarray") -> tuple[int | None, ...]:
    counts: list[int | None] = values.astype(np.int64).tolist()
    for position in np.flatnonzero(~known).tolist():
        counts[position] = None
    return tuple(counts)


def by_kind(kinds: Sequence[KindMethod]) -> Callable[[AreaPath, Stream], str]:
    """Return what names the method of each stream by its kind alone, wherever it is counted; empty where none is named."""
    named = {(one.counted, one.interval): one.method for one in kinds}
    return lambda _, stream: named.get((stream.counted, stream.interval), "")


def picture(
    judged: Judged,
    *,
    day: date | None = None,
    names: Names | None = None,
    false_share: float = FALSE_SHARE,
    alpha: float = ALPHA,
    calendar: WorkCalendar | None = None,
    neighbours: Mapping[AreaPath, Sequence[AreaPath]] | None = None,
    limits_of: Callable[[AreaPath], tuple[float, float]] | None = None,
    excused: Collection[tuple[AreaPath, Stream]] = (),
) -> Picture:
    """
    Return what stands out on a day judged (default: the newest), each cause once, and what could not be seen.

    All channels of an area are also asked together, by the correlation they had on quiet days (`fusion.stouffer_p`). Where
    `neighbours` says which areas touch, groups of them are asked together over the last days (`clusters`): a group that stands out
    joins what is told of an area inside it or around it, and is told by itself where nothing else is. `limits_of` gives the limits
    (`alpha`, `false_share`) of areas that have their own. Streams `excused` owe nothing that day: they are not told to be missing.
    """
    if not judged.days:
        raise ValueError("no day was judged: the series are empty")
    cell = len(judged.days) - 1 if day is None else judged.days.index(day)
    today = judged.days[cell]
    p = judged.p_values(cell)
    rows = range(len(judged.series))
    by_place: dict[tuple[str, AreaPath], list[int]] = {}
    for row in rows:
        one = judged.series[row]
        by_place.setdefault((one.stream.disease, one.area), []).append(row)
    together = _together(judged, cell, by_place)
    grown = clusters(judged, cell=cell, neighbours=neighbours or {})
    family = np.concatenate(
        [p, np.array([*together.values(), *(one.p_value for one in grown)], dtype=float)]
    )
    q = fusion.q_values(family)
    q_grown = q[len(family) - len(grown) :]
    q_joint = q[len(p) : len(family) - len(grown)]
    joint = dict(zip(together, q_joint, strict=True))
    by_itself: set[tuple[str, AreaPath]] = set()
    if judged.alone is not None:
        by_itself = {
            (judged.series[row].stream.disease, judged.series[row].area)
            for row in np.flatnonzero(judged.alone[:, cell]).tolist()
            if not _supports(judged.series[row])
        }
    best_p: dict[tuple[str, AreaPath], float] = {}
    best_q: dict[tuple[str, AreaPath], float] = {}
    for place, members in by_place.items():
        speaking = [row for row in members if not _supports(judged.series[row])]
        backed = any(p[row] < 0.1 for row in speaking)
        heard = [row for row in members if backed or row in speaking]
        known = [(float(p[row]), float(q[row])) for row in heard if not np.isnan(p[row])]
        if place in together and backed:
            known.append((together[place], float(joint[place])))
        if known:
            # beyond LEAST_P one is as clear as another, and of equals the lower level is told
            least = min(known)
            best_p[place], best_q[place] = max(least[0], fusion.LEAST_P), least[1]
    findings: list[Finding] = []
    for disease in sorted({disease for disease, _ in by_place}):
        limits = {
            area: (alpha, false_share) if limits_of is None else limits_of(area)
            for (name, area) in best_p
            if name == disease
        }
        raised = {
            area for (name, area), value in best_p.items()
            if name == disease
            and value <= limits[area][0]
            and (best_q[name, area] <= limits[area][1] or (name, area) in by_itself)
        }  # fmt: skip
        if not raised:
            continue
        low = [
            row for row in rows if judged.series[row].stream.disease == disease and row < judged.own
        ]
        whole = {area: value for (name, area), value in best_p.items() if name == disease}
        told = fusion.clearest(
            [judged.series[row].area for row in low], [float(p[row]) for row in low], whole,
            alpha=np.nextafter(max(one for one, _ in limits.values()), 1), raised=raised,
        )  # fmt: skip
        findings += [
            _finding(
                judged, cell, disease, cause, low, by_place[disease, cause.area], p,
                best_q[disease, cause.area], together.get((disease, cause.area)), names or {}, calendar,
                excused,
            )
            for cause in told
        ]  # fmt: skip
    for group, share in zip(grown, q_grown, strict=True):
        findings = _with_cluster(
            findings, judged, cell, group, float(share), p, names or {}, calendar,
            clear=group.p_value <= alpha and share <= false_share,
        )  # fmt: skip
    findings.sort(key=lambda f: (f.q_value, f.p_value, f.area, f.disease))
    unjudged = tuple(
        Unjudged(
            area=judged.series[row].area, stream=judged.series[row].stream, name=_named(judged.series[row].stream),
            judgement=judged.verdicts.judgement_of(row, cell),
        )
        for row in np.flatnonzero(
            judged.verdicts.judgement[: judged.own, cell] != CODE[Judgement.JUDGED]
        ).tolist()
        if not (
            (
                _is_sampled(judged.series[row])
                or (judged.series[row].area, judged.series[row].stream) in excused
            )
            and judged.verdicts.judgement_of(row, cell) is Judgement.NOT_REPORTED
        )
    )  # fmt: skip
    return Picture(
        day=today, method=judged.verdicts.method, streams=judged.own, family=int((~np.isnan(family)).sum()),
        alpha=alpha, false_share=false_share, alarms=int(judged.verdicts.alarm[: judged.own, cell].sum()),
        findings=tuple(findings), unjudged=unjudged, faults=judged.faults,
    )  # fmt: skip


def beside(pictures: Sequence[Picture], *, day: date) -> Picture:
    """Return one picture of several, of daily and of weekly streams, told as the picture of `day`; each was judged as a family of its own."""
    findings = [one for each in pictures for one in each.findings]
    findings.sort(key=lambda f: (f.q_value, f.p_value, f.area, f.disease))
    return replace(
        pictures[0], day=day, streams=sum(one.streams for one in pictures),
        family=sum(one.family for one in pictures), alarms=sum(one.alarms for one in pictures), findings=tuple(findings),
        unjudged=tuple(one for each in pictures for one in each.unjudged),
        faults=tuple(one for each in pictures for one in each.faults),
    )  # fmt: skip


def _together(
    judged: Judged, cell: int, by_place: Mapping[tuple[str, AreaPath], Sequence[int]]
) -> dict[tuple[str, AreaPath], float]:
    """
    Return the p-value of all channels of each area: by their correlation where two weeks of it are known.

    Areas with the same channels are asked in one go and learn from each other how these move together. Where no channel is below QUIET_P the answer is 0.5: it counts in the family all
    the same, for many were asked.
    """
    p, past = judged.p_values(cell), judged.past_p_values(cell)
    kinds = [one.stream.counted.value for one in judged.series]
    alike: dict[tuple[str, ...], list[tuple[tuple[str, AreaPath], list[int]]]] = {}
    for place, members in by_place.items():
        if len(members) > 1:
            sorted_ = sorted(members, key=lambda row: (kinds[row], judged.series[row].stream.site))
            alike.setdefault(tuple(kinds[row] for row in sorted_), []).append((place, sorted_))
    found: dict[tuple[str, AreaPath], float] = {}
    for some_alike in alike.values():
        places = [place for place, _ in some_alike]
        rows = np.array([members for _, members in some_alike])
        weights = np.array(
            [[0.5 if _supports(judged.series[row]) else 1.0 for row in one] for one in rows]
        )
        some = (p[rows] < QUIET_P).any(axis=1)
        value = np.where(some, np.nan, 0.5)
        if some.any():
            now, weight = p[rows[some]], weights[some]
            combined = fusion.harmonic_p(now, weight)
            then = past[rows]
            enough = (~np.isnan(then)).sum(axis=2).min(axis=1) >= LEAST_PAIRED_DAYS
            known = enough[some]
            if known.any():
                moving = fusion.shared_correlation(np.swapaxes(then[enough], 1, 2))[some[enough]]
                combined[known] = fusion.stouffer_p(now[known], weight[known], correlation=moving)
            value[some] = np.where((~np.isnan(now)).sum(axis=1) > 1, combined, np.nan)
        found |= {
            place: float(one) for place, one in zip(places, value, strict=True) if not np.isnan(one)
        }
    return {place: found[place] for place in by_place if place in found}


def _supports(series: CountSeries) -> bool:
    return series.stream.counted in SUPPORTING


def _finding(
    judged: Judged,
    cell: int,
    disease: str,
    told: fusion.Told,
    low: Sequence[int],
    here: Sequence[int],
    p: "np.ndarray",
    q_value: float,
    together: float | None,
    names: Names,
    calendar: WorkCalendar | None,
    excused: Collection[tuple[AreaPath, Stream]] = (),
) -> Finding:
    own = [row for row in here if not np.isnan(p[row])]
    lead = min(own, key=lambda row: (p[row], judged.series[row].stream.key))
    rows = [lead]
    for row in [*sorted(own, key=lambda r: p[r]), *(low[i] for i in told.contributors)]:
        if row not in rows and p[row] < 0.05:
            rows.append(row)
    parts = tuple(_contribution(judged, row, cell) for row in rows)
    inside = [row for row in low if judged.series[row].area.startswith(told.area)]
    missing = tuple(
        judged.series[row].stream
        for row in inside
        if np.isnan(p[row])
        and not _is_sampled(judged.series[row])  # not owed every day
        and (judged.series[row].area, judged.series[row].stream) not in excused
    )
    against = sum(1 for row in inside if not np.isnan(p[row]) and row not in rows)
    series = judged.series[lead]
    today = judged.days[cell]
    shown = series.before(today + timedelta(days=series.stream.interval.days))
    cut = max(0, len(shown) - CURVE_DAYS)
    finding = Finding(
        area=told.area, disease=disease, day=today,
        since=min(_since(part, today) for part in parts), p_value=told.p_value, q_value=q_value,
        method=parts[0].method, lead=parts[0], contributions=parts, against=against, missing=missing,
        together=together,
        festival=bool(calendar and DayKinds.of(today, 1, calendar).bins[0]),
        explanation=Sentence(zh="-", en="-"),
        curve=replace(shown, first_day=shown.day(cut), counts=shown.counts[cut:]),
        completeness=1.0 if judged.known_share is None else float(judged.known_share[lead, cell]),
        doubtful=any(
            (one.kind, one.area, one.stream, one.day) == (FaultKind.TYPO, series.area, series.stream, today)
            for one in judged.faults
        ),
    )  # fmt: skip
    return replace(finding, explanation=explain(finding, names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """Neighbouring areas that stand out together over the last days, of one disease: found by the space-time scan."""

    disease: str
    areas: tuple[AreaPath, ...]
    rows: tuple[int, ...]
    days: int
    observed: float
    expected: float
    p_value: float


def clusters(
    judged: Judged,
    *,
    cell: int,
    neighbours: Mapping[AreaPath, Sequence[AreaPath]],
    replicates: int = 999,
) -> tuple[Grown, ...]:
    """
    Return, for each disease, the group of touching areas that stands out most on a day and the days before it.

    A prospective scan (`detect.scan`) over connected zones of two and more areas and up to SCAN_DAYS days, against what
    the baseline foretold of each day, counts and forecasts divided by how unevenly each stream scatters. Supporting channels do
    not take part. The same day gives the same answer: chance begins at its date. None without a graph, or by another method.
    """
    v = judged.verdicts
    found: list[Grown] = []
    if not neighbours or not isinstance(v, BaselineVerdicts):
        return ()
    lowest: dict[str, dict[AreaPath, list[int]]] = {}
    for row in range(judged.own):
        one = judged.series[row]
        if (
            neighbours.get(one.area)
            and not _supports(one)
            and not _is_sampled(one)
            and not (
                judged.chosen and judged.chosen[row]
            )  # the scan needs what the baseline foretold
        ):
            lowest.setdefault(one.stream.disease, {}).setdefault(one.area, []).append(row)
    for disease, rows_of in sorted(lowest.items()):
        ordered = sorted(rows_of)  # what lies in an area comes right after it
        areas = [
            area
            for area, after in zip(ordered, [*ordered[1:], ""], strict=True)
            if not after.startswith(area)
        ]
        place = {area: number for number, area in enumerate(areas)}
        touching = [[place[b] for b in neighbours[a] if b in place] for a in areas]
        zones = [
            zone
            for zone in scan.connected_zones(touching, largest=4 if len(areas) <= 200 else 3)
            if len(zone.places) > 1
        ]
        span = min(SCAN_DAYS, cell + 1)
        if not zones:
            continue
        seen, foretold = np.zeros((len(areas), span)), np.zeros((len(areas), span))
        days = slice(cell + 1 - span, cell + 1)
        for area, number in place.items():
            for row in rows_of[area]:
                y, mean = v.observed[row, days], v.expected[row, days]
                over = np.maximum(v.sd[row, days] ** 2 / np.maximum(mean, 1e-9), 1.0)
                there = ~np.isnan(y) & ~np.isnan(mean)
                seen[number] += np.where(there, y / over, 0.0)
                foretold[number] += np.where(there, np.maximum(mean, 1e-6) / over, 0.0)
        best = scan.scan(
            seen, zones, longest=span, model="expectation", exposure=np.maximum(foretold, 1e-9),
            generator=np.random.default_rng(judged.days[cell].toordinal()), replicates=replicates, most=1,
        )  # fmt: skip
        if not best or best[0].p_value is None:
            continue
        window = slice(best[0].since, best[0].until)
        risen = seen[:, window].sum(axis=1) > foretold[:, window].sum(axis=1)
        inside = [areas[number] for number in best[0].zone.places if risen[number]]
        rows = tuple(row for area in inside for row in rows_of[area])
        at = slice(best[0].since + cell + 1 - span, cell + 1)
        observed = float(np.nansum(v.observed[list(rows), at]))
        expected = float(np.nansum(v.expected[list(rows), at]))
        if len(inside) < 2 or observed <= expected:
            continue
        p = best[0].p_value
        if p <= 1 / (replicates + 1) and best[0].p_gumbel is not None:
            p = min(p, best[0].p_gumbel)
        found.append(
            Grown(
                disease=disease, areas=tuple(inside), rows=rows, days=best[0].until - best[0].since,
                observed=observed, expected=expected, p_value=max(p, fusion.LEAST_P),
            )
        )  # fmt: skip
    return tuple(found)


def _around(areas: Sequence[AreaPath]) -> AreaPath:
    """
    Return the lowest area that holds all of some areas.

    >>> _around(["44.4401.440103.", "44.4401.440104."])
    '44.4401.'
    """
    if len(areas) == 1:
        return areas[0]
    steps = [area.split(".")[:-1] for area in areas]
    shared = 0
    while all(len(one) > shared for one in steps) and len({one[shared] for one in steps}) == 1:
        shared += 1
    return AreaPath("".join(f"{step}." for step in steps[0][:shared]))


def _with_cluster(
    findings: list[Finding],
    judged: Judged,
    cell: int,
    grown: Grown,
    q_value: float,
    p: "np.ndarray",
    names: Names,
    calendar: WorkCalendar | None,
    *,
    clear: bool,
) -> list[Finding]:
    """
    Join a cluster to what is told of its areas already, or tell it: one cause, one finding.

    Areas under one command (a city, a county) are told together there. Areas of several cities that are told already stay told, each to
    its own office, and name the cluster: nobody's alert goes to another. So does what is told already where nothing of the cluster was reported on the
    day; the rounds before told it then. Nothing changes where the cluster is not clear.
    """
    if not clear:
        return findings
    same = [
        one for one in findings
        if one.disease == grown.disease
        and any(area.startswith(one.area) or one.area.startswith(area) for area in grown.areas)
    ]  # fmt: skip
    others = [one for one in findings if one not in same]
    common = _around(grown.areas)
    around = common or grown.areas[0]
    named = [*others, *(_naming(one, judged, cell, grown, names) for one in same)]
    if same and depth_of(common) < CITY_DEPTH:
        return named
    made = min(same, key=lambda one: one.p_value, default=None)
    if made is None or grown.p_value < made.p_value:
        rows = [row for row in grown.rows if not np.isnan(p[row])]
        if not rows:  # nothing of the cluster was reported on this day: no series can lead a finding of its own
            return named
        told = fusion.Told(
            area=around, p_value=grown.p_value, levels={},
            contributors=tuple(sorted(rows, key=lambda row: (p[row], judged.series[row].area))),
        )  # fmt: skip
        low = list(range(judged.own))
        made = _finding(
            judged, cell, grown.disease, told, low, rows, p, q_value, None, names, calendar
        )
    parts = {(one.area, one.stream): one for one in made.contributions}
    for one in same:
        parts |= {
            (part.area, part.stream): part
            for part in one.contributions
            if (part.area, part.stream) not in parts
        }
    made = replace(made, contributions=tuple(parts.values()))
    return [*others, _naming(made, judged, cell, grown, names)]


def _naming(finding: Finding, judged: Judged, cell: int, grown: Grown, names: Names) -> Finding:
    """Return a finding that names the cluster it belongs to."""
    made = replace(
        finding, cluster=grown.areas, cluster_days=grown.days,
        since=min(finding.since, judged.days[max(0, cell + 1 - grown.days)]),
    )  # fmt: skip
    told_zh, told_en = _cluster_told(grown, names)
    sentence = explain(made, names)
    return replace(
        made,
        explanation=Sentence(
            zh=f"{sentence.zh[:-1]}；{told_zh}。", en=f"{sentence.en[:-1]}; {told_en}."
        ),
    )


def _cluster_told(grown: Grown, names: Names) -> tuple[str, str]:
    zh = "、".join(names.get(area, (area, area))[0] for area in grown.areas)
    en = ", ".join(names.get(area, (area, area))[1] for area in grown.areas)
    return (
        f"{zh}近{grown.days}天合计{grown.observed:.0f}（预期{grown.expected:.1f}），相邻成片",
        f"{en} touch and together had {grown.observed:.0f} in the last {grown.days} days, where {grown.expected:.1f} were expected",
    )


def _contribution(judged: Judged, row: int, cell: int) -> Contribution:
    v = judged.verdicts
    series = judged.series[row]
    value = judged.p_values(cell)[row]
    began = cell
    while v.alarm[row, began] and began and v.alarm[row, began - 1]:
        began -= 1
    made = Contribution(
        area=series.area, stream=series.stream, name=_named(series.stream), observed=_whole(v.observed[row, cell]),
        expected=_number(v.expected[row, cell]), threshold=_number(v.threshold[row, cell]),
        p_value=_number(value), week_observed=None, week_expected=None, week_length=None,
        since=judged.days[began] if v.alarm[row, cell] else None,
        judgement=v.judgement_of(row, cell), baseline=int(v.baseline[row, cell]),
        baseline_missing=min(int(v.baseline_missing[row, cell]), _owed_before(judged, row, cell)), method=judged.method_of(row, cell),
        by_itself=bool(judged.alone is not None and judged.alone[row, cell]),
        per_tests=series.stream.counted is Counted.LABORATORY_POSITIVES
        and (series.area, replace(series.stream, counted=Counted.LABORATORY_TESTS)) in judged.places,
    )  # fmt: skip
    if not isinstance(v, BaselineVerdicts) or np.isnan(v.p_day[row, cell]):
        return made
    if not np.isnan(v.week_observed[row, cell]):
        length = int(v.week_length[row, cell])
        made = replace(
            made, week_observed=_reported(v, row, cell, length), week_expected=float(v.week_expected[row, cell]),
            week_length=length,
        )  # fmt: skip
    carrier = CARRIERS[int(v.carrier[row, cell])]
    if carrier is not Carrier.MEMORY:
        return replace(made, carrier=carrier)
    length = min(int(v.memory_days[row, cell]), cell + 1)
    span = slice(cell + 1 - length, cell + 1)
    observed, expected = v.observed[row, span], v.expected[row, span]
    there = ~np.isnan(observed) & ~np.isnan(expected)
    return replace(
        made, carrier=carrier, memory_days=length, memory_above=int((observed[there] > expected[there]).sum()),
        memory_observed=float(observed[there].sum()), memory_expected=float(expected[there].sum()),
    )  # fmt: skip


def _owed_before(judged: Judged, row: int, cell: int) -> int:
    """How many intervals before one a stream has been there for and did not report: what came before its first report was not missing."""
    series = judged.series[row]
    before = max(0, len(series) - (len(judged.days) - cell))
    return max(0, before - int(judged.verdicts.baseline[row, cell]))


def _since(part: Contribution, today: date) -> date:
    """Since when a stream stands out: the first day of its run of alarms, or of what added up to today's."""
    began = part.since or today
    if part.memory_days is not None:
        step = timedelta(days=part.stream.interval.days)
        began = min(began, today - (part.memory_days - 1) * step)
    return began


def _reported(v: Verdicts, row: int, cell: int, length: int) -> float:
    """What was really reported over the stretch looked at, days that stood out by themselves in full."""
    return float(np.nansum(v.observed[row, max(0, cell + 1 - length) : cell + 1]))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _whole(value: float) -> int | None:
    return None if np.isnan(value) else round(float(value))


MOST_YEARS = 10.0


def explain(finding: Finding, names: Names) -> Sentence:
    """
    Return a finding as one sentence in each language.

    Observed, expected, how unusual, since when, which streams, against what, what was missing, and what would
    make it go away. Areas without a name are told by their path; rarity is not told beyond ten years.
    """
    lead = finding.lead
    (zh_area, zh_what), (en_area, en_what) = _subject(lead, names)
    zh_seen, en_seen = _seen(finding, zh_what, en_what)
    zh_rare, en_rare = _rarity(finding.p_value, lead.stream.interval.days)
    if lead.by_itself:
        zh_rare, en_rare = f"超出“{lead.method}”的界限", f"beyond the limit of {lead.method}"
    days = (finding.day - finding.since).days + 1
    zh_run = f"，自{finding.since.month}月{finding.since.day}日起" if days > 1 else ""
    en_run = f", since {finding.since.day} {finding.since:%B}" if days > 1 else ""
    zh_with, en_with = _others(finding, names)
    zh_base, en_base = _base(finding)
    zh_known, en_known = "", ""
    if finding.completeness < 0.99:
        zh_known = f"；当日数据约已报{finding.completeness:.0%}，预期已按此折算"
        en_known = f"; about {finding.completeness:.0%} of that day is in so far and as much less was expected"
        if finding.completeness < PROVISIONAL:
            zh_known, en_known = zh_known + "，暂定", en_known + ", so this is provisional"
    if finding.doubtful:
        zh_known += "；该数疑似录入错误，请先核对"
        en_known += "; it looks like an error of typing, so check the figure first"
    zh_miss = f"；另有{len(finding.missing)}条监测流未报" if finding.missing else ""
    en_miss = (
        f"; {len(finding.missing)} stream{'s' * (len(finding.missing) != 1)} here did not report"
        if finding.missing
        else ""
    )
    zh_end, en_end = _end(lead)
    return Sentence(
        zh=f"{zh_area}：{zh_seen}，{zh_rare}{zh_run}{zh_with}{zh_base}{zh_known}{zh_miss}{zh_end}。",
        en=f"{en_area}: {en_seen}, {en_rare}{en_run}{en_with}{en_base}{en_known}{en_miss}{en_end}.",
    )


def _subject(lead: Contribution, names: Names) -> tuple[tuple[str, str], tuple[str, str]]:
    """Where and what, in Chinese and in English; what a table of one's own does not tell apart is left out."""
    area, what = names.get(lead.area, (lead.area, lead.area)), name_of(lead.stream)
    if lead.stream.counted is Counted.OTHER:
        if what[0] == WHOLE[1]:
            what = ("", "")
        elif area == WHOLE:
            area, what = what, ("", "")
    return (area[0], what[0] or "计"), (area[1], f" {what[1]}" if what[1] else "")


def _seen(finding: Finding, zh_what: str, en_what: str) -> tuple[str, str]:
    """What stood out: the day's count, the sum of the last days, or small excesses that last."""
    lead = finding.lead
    unit = unit_of(lead.stream)
    zh_unit, en_unit = ("周", "weeks") if lead.stream.interval is Interval.WEEK else ("日", "days")
    if lead.carrier is Carrier.MEMORY:
        at = "in" if lead.stream.interval is Interval.WEEK else "on"
        every = lead.memory_above == lead.memory_days
        zh_days = f"近{lead.memory_days}{zh_unit}" + (
            f"每{zh_unit}均" if every else f"中有{lead.memory_above}{zh_unit}"
        )
        en_days = ("each" if every else f"{lead.memory_above}") + f" of the last {lead.memory_days}"
        return (
            f"{zh_what}连续小幅偏高：{zh_days}高于预期，合计{lead.memory_observed:.0f}{unit}（预期{lead.memory_expected:.1f}{unit}）",
            (
                f"small excesses that last: above what was expected {at} {en_days} {en_unit}, "
                f"{lead.memory_observed:.0f}{en_what} together where {lead.memory_expected:.1f} were expected"
            ),
        )
    if lead.carrier is Carrier.SUM:
        return (
            f"近{lead.week_length}{zh_unit}{zh_what}{lead.week_observed:.0f}{unit}（预期{lead.week_expected:.1f}{unit}）",
            (
                f"{lead.week_observed:.0f}{en_what} in the last {lead.week_length} {en_unit}, "
                f"where {lead.week_expected:.1f} were expected"
            ),
        )
    weekly = lead.stream.interval is Interval.WEEK
    zh_when = f"{finding.day.month}月{finding.day.day}日" + ("起一周" if weekly else "")
    en_when = ("in the week from" if weekly else "on") + f" {finding.day.day} {finding.day:%B}"
    return (
        f"{zh_when}{zh_what}{lead.observed}{unit}（预期{lead.expected or 0:.1f}{unit}）",
        f"{lead.observed}{en_what} {en_when}, where {lead.expected or 0:.1f} were expected",
    )


def _end(lead: Contribution) -> tuple[str, str]:
    """What would make it go away: a lower count today, and how soon what came before no longer counts."""
    if lead.threshold is None:
        return "", ""
    zh_unit, en_unit = ("周", "week") if lead.stream.interval is Interval.WEEK else ("日", "day")
    unit = unit_of(lead.stream)
    zh = f"；当{zh_unit}数不超过{lead.threshold:.0f}{unit}则不会提示"
    en = f"; it would not have been raised at {lead.threshold:.0f} or fewer"
    if lead.threshold < 0.5 * (lead.expected or 0):
        zh, en = "；此前之高已足以提示", "; what came before stands out by itself"
    if lead.carrier is Carrier.MEMORY:
        zh += f"；此后只要有一{zh_unit}不高于预期，累积之数即不足以提示"
        en += (
            f"; one {en_unit} no higher than expected, and what has added up is not enough any more"
        )
    elif lead.carrier is Carrier.SUM:
        zh += f"；若回到预期水平，{lead.week_length}{zh_unit}内解除"
        en += f"; back at what is expected it goes away within {lead.week_length} {en_unit}s"
    return zh, en


def _began_together(
    series: Sequence[CountSeries], matrix: "np.ndarray", *, within: int
) -> frozenset[int]:
    """
    Return the rows that began when most streams of their kind did, within so many intervals of each other.

    Then counting began, and no single stream is in doubt. Streams with fewer than two siblings are never among them.
    """
    if not matrix.size:
        return frozenset()
    heard = np.isfinite(matrix)
    starts = np.where(heard.any(axis=1), heard.argmax(axis=1), -matrix.shape[1])
    kin: dict[str, list[int]] = {}
    for row, one in enumerate(series):
        kin.setdefault(sibling_key(one), []).append(row)
    found: set[int] = set()
    for rows in kin.values():
        if len(rows) < 3:
            continue
        began = starts[rows]
        ordered = np.sort(began)
        near = np.searchsorted(ordered, began + within, "right") - np.searchsorted(
            ordered, began - within
        )
        found.update(np.array(rows)[2 * (near - 1) > len(rows) - 1].tolist())
    return frozenset(found)


def unit_of(stream: Stream) -> str:
    """The Chinese measure word of what a stream counts."""
    return UNITS.get(stream.counted, "例")


def name_of(stream: Stream) -> tuple[str, str]:
    """Return what a stream is called, its site with it; a stream of somebody's own table by its own name."""
    if stream.counted is Counted.OTHER:
        return (stream.site or stream.disease,) * 2
    zh, en = STREAM_NAMES[stream.counted]
    return (f"{stream.site}{zh}", f"{en} at {stream.site}") if stream.site else (zh, en)


def _named(stream: Stream) -> Sentence:
    zh, en = name_of(stream)
    return Sentence(zh=zh, en=en)


def _rarity(p_value: float, interval_days: int) -> tuple[str, str]:
    days = interval_days / max(p_value, 1e-12)
    if days > MOST_YEARS * 365:
        return "平静时十年难遇一次", "which chance alone brings less than once in ten years"
    if days >= 700:
        return (
            f"平静时约{days / 365:.0f}年一遇",
            f"which chance alone brings once in {days / 365:.0f} years",
        )
    return f"平静时约{days:.0f}天一遇", f"which chance alone brings once in {days:.0f} days"


def _others(finding: Finding, names: Names) -> tuple[str, str]:
    others = finding.contributions[1:]
    if not others:
        return "", ""
    zh, en = [], []
    for part in others[:3]:
        zh_area, en_area = names.get(part.area, (part.area, part.area))
        zh_name, en_name = name_of(part.stream)
        zh.append(zh_name if part.area == finding.area else f"{zh_area}{zh_name}")
        en.append(en_name if part.area == finding.area else f"{en_name} of {en_area}")
    more = len(others) - len(zh)
    return (
        f"；同时偏高：{'、'.join(zh)}{f'等{len(others)}条' if more else ''}",
        f"; also high: {', '.join(en)}{f' and {more} more' if more else ''}",
    )


def _one(plural: str, number: int) -> str:
    return plural.removesuffix("s") if number == 1 else plural


def _base(finding: Finding) -> tuple[str, str]:
    lead = finding.lead
    unit_zh, unit_en = (
        ("次采样", "samples")
        if lead.stream.counted is Counted.WASTEWATER_COPIES
        else ("周", "weeks")
        if lead.stream.interval is Interval.WEEK
        else ("个平常日", "plain days")
    )
    if lead.judgement is Judgement.NO_HISTORY_RULE:
        return (
            f"；历史不足，仅据已报{lead.baseline}{unit_zh}判断",
            f"; there is little history: judged by {lead.baseline} reported {_one(unit_en, lead.baseline)} alone",
        )
    zh_unit, en_unit = ("周", "week") if lead.stream.interval is Interval.WEEK else ("日", "day")
    gap_zh = f"（缺{lead.baseline_missing}{unit_zh}）" if lead.baseline_missing else ""
    gap_en = f" ({lead.baseline_missing} not reported)" if lead.baseline_missing else ""
    feast_zh, feast_en = (
        ("，已计入节假日", ", the holiday allowed for") if finding.festival else ("", "")
    )
    by_zh, by_en = "", ""
    if lead.per_tests:
        feast_zh, feast_en = f"{feast_zh}，已按检测量折算", f"{feast_en}, by the tests made"
    if lead.method != METHOD and lead.stream.counted is not Counted.WASTEWATER_COPIES:
        by_zh, by_en = f"用“{lead.method}”", f"{lead.method} on "
        if not lead.baseline:
            return (
                f"；用“{lead.method}”只看当{zh_unit}之数",
                f"; judged by {lead.method}, which looks at the {en_unit} alone",
            )
    return (
        f"；{by_zh}依据此前{lead.baseline}{unit_zh}{gap_zh}{feast_zh}",
        f"; judged by {by_en}{lead.baseline} {_one(unit_en, lead.baseline)} before{gap_en}{feast_en}",
    )
