"""
Is everybody found? Community zero by each published definition, and how probable it is that nobody infected is left.

Both are read from the record. The second is an estimate and evidence beside a zone's clock: what lifts a zone is the
protocol alone.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import exp
from zoneinfo import ZoneInfo

from yipan.analytics.screening import freedom
from yipan.model import AreaPath, Counted, DetectionMode, Interval, Sentence, Stream, check_area
from yipan.operations import figures, programme, screening, zoning
from yipan.operations.screening import ZeroAnswer
from yipan.packs.screenings import Given, ScreeningAssumptions
from yipan.protocol import ProtocolError
from yipan.protocol.rules.screening import CommunityDay
from yipan.store import NotFound, Record, lake

LOOK_BACK_DAYS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroDay:
    """
    One day's finds of an area by setting; what counts as the community is said by the definition.

    `unplaced` were reported and nobody said where they were found: they count as found in the community. None where
    nothing is known of the day although the area reports on others: silence is not zero, and such a day is no clear one.
    """

    day: date
    found_in: Mapping[str, int]
    unplaced: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityZero:
    """
    Whether the community of an area is clear by each published definition, the one its command chose first.

    `days` are the finds it was told by, the newest last, and `as_of` the newest of which anything is known: the answers
    are as of that day. `residents` is None where nobody said how many live there, and
    `answers` is empty without a version in force: `silent` says why.
    """

    area: AreaPath
    residents: int | None
    days: tuple[ZeroDay, ...]
    as_of: date | None
    answers: tuple[ZeroAnswer, ...]
    silent: Sentence | None


def community(
    record: Record, *, area: AreaPath, at: datetime, time_zone: ZoneInfo
) -> CommunityZero:
    """
    Answer community zero for an area from what is on record of its last fourteen days.

    Infections whose places are on record say their setting by zones and isolation; reports by how somebody was found say
    it where they count more; what a bulletin counts beyond either is unplaced. The day of `at` is not over: it counts only
    where somebody was found in it. Raises NotYourArea, NotFound.
    """
    check_area(record.viewer, area)
    today = at.astimezone(time_zone).date()
    first = today - timedelta(days=LOOK_BACK_DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=time_zone)
    placed: dict[date, Counter[str]] = {
        first + timedelta(days=number): Counter() for number in range(LOOK_BACK_DAYS)
    }
    for one in zoning.finds(record, area=area, since=since, until=at + timedelta(seconds=1)):
        placed[one.found.astimezone(time_zone).date()][one.setting] += 1
    reported, by_mode = _reported(record, area, since=first, until=today + timedelta(days=1))
    days = []
    for day, found in placed.items():
        told = by_mode.get(day, Counter())
        known = told if told.total() > found.total() else found
        beyond = max(0, reported.get(day, 0) - known.total())
        silent_day = bool(reported) and day not in reported and not known
        days.append(ZeroDay(day=day, found_in=dict(known), unplaced=None if silent_day else beyond))
    if not days[-1].found_in and not days[-1].unplaced:
        days.pop()
    place = record.area(area)
    residents = place.population
    answers: tuple[ZeroAnswer, ...] = ()
    silent = None
    adopted, profile = zoning.adopted_in(record, area)
    books = [one for one in adopted if one.at <= at]
    if not any(one.unplaced is not None for one in days):
        silent = Sentence(
            zh="没有任何一天的发现情况可据。", en="Nothing is known of any of these days."
        )
    elif not books or profile is None:
        silent = Sentence(zh="本地区尚未采用任何方案版本。", en="No version was adopted here.")
    else:
        try:
            answers = screening.community_zero_by_definition(
                [
                    CommunityDay(
                        day=one.day,
                        found_in=Counter(one.found_in) + Counter({"community": one.unplaced}),
                    )
                    for one in days
                    if one.unplaced is not None
                ],
                residents or 1,
                books[-1].rulebook, profile,
            )  # fmt: skip
        except ProtocolError as wrong:
            silent = Sentence(
                zh=f"现行版本{books[-1].rulebook.id}未规定社会面清零。",
                en=f"{books[-1].rulebook.id} does not define community zero: {wrong}",
            )
    known_days = [one.day for one in days if one.unplaced is not None]
    return CommunityZero(
        area=area, residents=residents, days=tuple(days), as_of=max(known_days, default=None), answers=answers,
        silent=silent,
    )  # fmt: skip


_SETTING_OF = {DetectionMode.IN_QUARANTINE: "isolation", DetectionMode.RISK_AREA: "high"}
"""What a report of how somebody was found says of the setting; any other way of finding is in the community."""


def _reported(
    record: Record, area: AreaPath, *, since: date, until: date
) -> tuple[dict[date, int], dict[date, Counter[str]]]:
    """Infections reported of an area by day, in all and by setting; of its parts where it reports none itself."""
    totals: dict[date, dict[AreaPath, int]] = defaultdict(dict)
    found = figures.daily(record, figures.Figure.INFECTIONS, under=area, since=since, until=until)
    for (place, day), value in found.values.items():
        totals[day][place] = value
    by_day = {}
    for day, values in totals.items():
        least = min(place.count(".") for place in values)
        by_day[day] = sum(value for place, value in values.items() if place.count(".") == least)
    modes: dict[date, Counter[str]] = defaultdict(Counter)
    wanted = [one for one in Counted if one.is_infection and not one.is_imported]
    rows = record.count_rows(under=area, since=since, until=until, counted=wanted)
    for place, key, day, value in rows.select("area", "stream", "day", "value").iter_rows():
        of = Stream.parse(key)
        said = value is not None and of.mode is not DetectionMode.ANY and not of.site
        if said and of.interval is Interval.DAY and place == area:
            modes[day][_SETTING_OF.get(of.mode, "community")] += int(value)
    return by_day, modes


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverTold:
    """One way to be surer: its name, what the probability would be with it, and how many people or rounds it takes."""

    name: str
    after: float
    gain: float
    what: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftingConfidence:
    """
    How probable it is that nobody infected is left in an area, after its clear rounds; evidence, never a rule.

    `probability` supposes `hidden` infections nobody knew of before the first of `clear_rounds`, and no new ones;
    `ceiling` is what no number of rounds can pass while `never` of the people due were never tested. `target` is what
    the command wants. `unresolved` people wait for a result, are to be swabbed again or sit in a positive tube: with any,
    nothing is said to be free. `area` is that of the round where none was held around the area asked about. `levers` stand the most helpful first. `probability` is None where no round or roster is on record, and
    `silent` says so.
    """

    area: AreaPath
    round: str | None
    hidden: float
    never: float | None
    never_people: int | None
    attendance: float | None
    sensitivity: float
    clear_rounds: int
    unresolved: int
    probability: float | None
    ceiling: float | None
    target: float
    levers: tuple[LeverTold, ...]
    given: tuple[Given, ...]
    silent: Sentence | None


def lifting(
    record: Record, home: lake.Lake, *, area: AreaPath, at: datetime, time_zone: ZoneInfo,
    given: ScreeningAssumptions, hidden: float | None = None,
) -> LiftingConfidence:  # fmt: skip
    """
    Return how sure one may be that nobody infected is left in an area, by its newest round and clear rounds so far.

    The programme asked is that of the area itself or the nearest around it; people are those of the streets in the area.
    Where only parts of the area were screened the newest programme of a part is told, as of that part. Never tested is who is due in the newest round and was swabbed neither in it nor in any of the clear rounds;
    attendance is what the others' valid results were over those rounds.
    Raises NotYourArea, ValueError for `hidden` below 0.
    """
    check_area(record.viewer, area)
    if hidden is not None and not 0.0 <= hidden <= MOST_HIDDEN:
        raise ValueError(f"hidden {hidden}; expected 0 to {MOST_HIDDEN:.0f} infections")
    expected = given.value("hidden_infections") if hidden is None else hidden
    sensitivity, target = given.value("swab_sensitivity"), given.value("lifting_target")
    told = given.told("swab_sensitivity", "hidden_infections", "reached_share", "lifting_target")
    near = [
        one
        for one in programme.programmes(record, home, area=area, at=at, time_zone=time_zone)
        if area.startswith(one.area) or one.area.startswith(area)
    ]
    if not near:
        return _silent(area, expected, sensitivity, target, told, _NO_ROUND)
    chosen = max(
        near, key=lambda one: (area.startswith(one.area), len(one.area), one.rounds[-1].day)
    )
    last = chosen.rounds[-1]
    clear = _clear_at_the_end(chosen.rounds)
    streets = _of_area(record, home, last.round, area)
    due = sum(street.due for street in streets)
    unresolved = sum(street.pending + street.held + street.to_swab_again for street in streets)
    if not due:
        return _silent(area, expected, sensitivity, target, told, _NO_ROSTER)
    asked = [last.round, *(one for one in reversed(clear) if one != last.round)]
    missing = _never(record, home, asked, streets)
    never = missing / due
    attendance = _attendance(
        [_of_area(record, home, one, area) for one in (clear or [last.round])], missing
    )
    rounds = len(clear)
    chance = freedom.none_left(
        expected, never=never, attendance=attendance, sensitivity=sensitivity, rounds=rounds
    )
    levers = freedom.levers(
        expected, never=never, attendance=attendance, sensitivity=sensitivity, rounds=rounds,
        reached=given.value("reached_share"),
    )  # fmt: skip
    people = round(missing * (1.0 - given.value("reached_share")))
    return LiftingConfidence(
        area=max(area, chosen.area, key=len), round=last.round, hidden=expected, never=never, never_people=missing, attendance=attendance,
        sensitivity=sensitivity, clear_rounds=rounds, unresolved=unresolved, probability=chance,
        ceiling=exp(-expected * never), target=target,
        levers=tuple(
            LeverTold(name=one.name, after=one.after, gain=one.gain, what=_words(one.name, people, missing))
            for one in levers
        ),
        given=told, silent=None,
    )  # fmt: skip


MOST_HIDDEN = 1e6
_NO_ROUND = Sentence(zh="本地区没有筛查轮次。", en="No round of screening was held here.")
_NO_ROSTER = Sentence(
    zh="最近一轮没有本地区的应检名单。", en="The newest round has no roster of this area."
)


def _clear_at_the_end(rounds: Sequence[programme.RoundOutcome]) -> list[str]:
    """The rounds in a row, up to the last that is known, that found nobody."""
    clear: list[str] = []
    for one in reversed([one for one in rounds if one.clear is not None]):
        if not one.clear:
            break
        clear.append(one.round)
    return clear[::-1]


def _of_area(
    record: Record, home: lake.Lake, round: str, area: AreaPath
) -> list[screening.StreetCoverage]:
    return [
        street
        for street in screening.coverage(record, home, round=round).streets
        if street.area.startswith(area) or area.startswith(street.area)
    ]


def _never(
    record: Record, home: lake.Lake, rounds: Sequence[str], streets: Sequence[screening.StreetCoverage]
) -> int:  # fmt: skip
    """How many of the due of these streets in the first of some rounds were swabbed in none of them."""
    missing = sum(street.due - street.sampled for street in streets)
    if len(rounds) == 1 or not missing:
        return missing
    areas = {street.area for street in streets}
    state, places = screening.state_now(record, home, rounds[0])
    people = state.unseen([code for code, place in places.items() if place in areas])
    for one in rounds[1:]:
        if not people.size:
            break
        people = screening.state_now(record, home, one)[0].without_swab(people)
    return int(people.size)


def _attendance(rounds: Sequence[Sequence[screening.StreetCoverage]], never: int) -> float:
    """The share of those who come at all that got a valid result in a round, over these rounds."""
    due = sum(max(0, sum(street.due for street in one) - never) for one in rounds)
    told = sum(street.with_result for one in rounds for street in one)
    return min(1.0, told / due) if due else 0.0


def _words(name: str, people: int, missing: int) -> Sentence:
    return {
        "one_more_round": Sentence(zh="再做一轮", en="One more round"),
        "two_more_rounds": Sentence(zh="再做两轮", en="Two more rounds"),
        "reach_never_tested": Sentence(
            zh=f"找到未检{missing}人中的{people}人",
            en=f"Find {people} of the {missing} people never tested",
        ),
    }[name]


def _silent(
    area: AreaPath,
    hidden: float,
    sensitivity: float,
    target: float,
    given: tuple[Given, ...],
    why: Sentence,
) -> LiftingConfidence:
    return LiftingConfidence(
        area=area, round=None, hidden=hidden, never=None, never_people=None, attendance=None, sensitivity=sensitivity,
        clear_rounds=0, unresolved=0, probability=None, ceiling=None, target=target, levers=(), given=given, silent=why,
    )  # fmt: skip


def of_zone(
    record: Record, home: lake.Lake, zone: str, *, at: datetime, time_zone: ZoneInfo, given: ScreeningAssumptions
) -> LiftingConfidence:  # fmt: skip
    """
    Return the confidence for the street or county a zone lies in: bulk files know streets and no buildings.

    Raises NotFound, NotYourArea.
    """
    found = zoning.zone_of(record, zone)
    try:
        record.area(found.area)
    except NotFound:
        raise NotFound(f"zone {zone} lies in no area on record") from None
    return lifting(record, home, area=found.area, at=at, time_zone=time_zone, given=given)
