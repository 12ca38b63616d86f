"""
The network of an outbreak: cases and what is recorded between them, and what the estimates make of it.

It is read from the record or made from files alike, so the same answer comes with and without a store.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np

from yipan.analytics.trace import chains, questions
from yipan.analytics.trace.overlaps import Visits, doses, overlaps
from yipan.analytics.trace.sources import (
    NEVER,
    UNDATED,
    Contacts,
    Delay,
    Genomes,
    Parameters,
    SharedPlaces,
    SourcePosterior,
    TraceCases,
    serial_of_pairs,
    sources,
)
from yipan.model import (
    AreaPath,
    Case,
    Certainty,
    Classification,
    Estimate,
    Exposure,
    Gathering,
    GenomeDistance,
    Origin,
    Setting,
    Venue,
    Visit,
)
from yipan.packs.population import read_pathogen
from yipan.packs.yaml_text import read_yaml

ASSUMED_SERIAL = Delay(mean_days=5.0, sd_days=3.0)
"""Taken where none is given and too few recorded pairs show one: an assumption, and told as such."""
REPORT_SPREAD_DAYS = 3
"""How uncertain a case's day is taken to be where only its report or sample is known."""
MOST_WEIGHT = 1000.0
QUIET_DAYS = 14
DRAWS = 20
_ZERO = date(2000, 1, 1)
_LEVELS = {Certainty.UNKNOWN: 0, Certainty.LOW: 1, Certainty.MEDIUM: 2, Certainty.HIGH: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The cases of an outbreak (those excluded are not among them) and everything recorded between them."""

    cases: tuple[Case, ...]
    exposures: tuple[Exposure, ...] = ()
    visits: tuple[Visit, ...] = ()
    venues: tuple[Venue, ...] = ()
    gatherings: tuple[Gathering, ...] = ()
    genomes: tuple[GenomeDistance, ...] = ()
    excluded: frozenset[str] = frozenset()


def network_of(
    cases: Iterable[Case],
    exposures: Iterable[Exposure] = (),
    visits: Iterable[Visit] = (),
    venues: Iterable[Venue] = (),
    gatherings: Iterable[Gathering] = (),
    genomes: Iterable[GenomeDistance] = (),
) -> Network:
    """Return the network of cases that were not excluded, in order of their ids, and exposures not rejected."""
    given = sorted(cases, key=lambda case: case.id)
    return Network(
        cases=tuple(c for c in given if c.classification is not Classification.EXCLUDED),
        exposures=tuple(e for e in exposures if e.counts), visits=tuple(visits), venues=tuple(venues),
        gatherings=tuple(gatherings), genomes=tuple(genomes),
        excluded=frozenset(c.person for c in given if c.classification is Classification.EXCLUDED),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A possible source of a case: a case, or outside where `source` is None; its probability and what speaks for it."""

    source: str | None
    probability: float
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceAnswer:
    """Who may have infected a case, the likeliest first, and how open that is in bits."""

    case: str
    area: AreaPath
    day: date | None
    candidates: tuple[Candidate, ...]
    open_bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the likeliest forest: a case, its source (None: an introduction), probability and generation."""

    case: str
    source: str | None
    probability: float
    generation: int
    day: date | None
    chain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRow:
    """One chain: its root, size, generations, span, whether it is active, and its cases per day from `first_day`."""

    root: str
    cases: tuple[str, ...]
    size: int
    generations: int
    first_day: date | None
    last_day: date | None
    active: bool
    curve: tuple[int, ...]
    areas: tuple[AreaPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreaderRow:
    """A case or a place that infected unusually many, or may have: how many are expected, how probable that is."""

    id: str
    what: str
    expected: float
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNode:
    """
    A gathering or venue between cases: who brought infection there as recorded, and who was exposed there.

    `day` is its first day, else that of the first contact told of it; both lists are ids of cases.
    """

    id: str
    what: str
    title: str
    setting: str
    day: date | None
    brought_by: tuple[str, ...]
    reached: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainsAnswer:
    """
    The chains of an outbreak and what they say of it.

    `introductions` is an interval over sampled forests; `reproduction` and `dispersion` are None where too few
    cases have been seen for long enough. `serial_mean_days` is the serial interval used, `serial_from` says
    where it is from: given, recorded pairs, or assumed.
    """

    cases: int
    linked: int
    chains: tuple[ChainRow, ...]
    single_cases: int
    links: tuple[Link, ...]
    introductions: Estimate
    reproduction: Estimate | None
    dispersion: Estimate | None
    spreaders: tuple[SpreaderRow, ...]
    serial_mean_days: float
    serial_sd_days: float
    serial_from: str
    recorded_components: tuple[int, ...]
    events: tuple[EventNode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """One question to the tracer: what is odd between two cases, in both languages."""

    doubt: str
    source: str
    target: str
    days: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InquiryRow:
    """What to find out next: about which case and candidate, by what, and how many bits it would settle."""

    case: str
    candidate: str
    ask: str
    bits: float
    open_bits: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A network with the posterior over its sources; made once, asked many times."""

    network: Network
    found: SourcePosterior = field(repr=False)
    contacts: Contacts = field(repr=False)
    exposure_of: Mapping[tuple[int, int], tuple[str, ...]] = field(repr=False)
    serial_from: str


def trace(
    network: Network,
    *,
    time_zone: ZoneInfo,
    serial: Delay | None = None,
    incubation: Delay | None = None,
    weights: Mapping[Setting, float] | None = None,
) -> Traced:
    """
    Estimate who infected whom in a network from days, recorded contacts, shared places and genomes.

    The serial interval is the one given, else that of recorded pairs, else the one published for the disease, else
    an assumed one. A case's day is its onset; where there is none, the day it was sampled, reported or confirmed, less
    surely. `weights` says how much an hour together counts in a setting beside the others (1 where not named).
    Raises ValueError for a weight below none.
    """
    index: dict[str, int] = {case.person: i for i, case in enumerate(network.cases)}
    cases = _arrays(network.cases, time_zone)
    contacts, exposure_of = _contacts(network, index)
    places = _shared(network, index, checked_weights(weights))
    genomes = _genomes(network)
    levels = int(contacts.level.max(initial=0)) + 1
    shown = serial or serial_of_pairs(_lags(cases, contacts))
    diseases = {case.disease for case in network.cases}
    published = None if shown else serial_of_disease(diseases.pop()) if len(diseases) == 1 else None
    start = Parameters(
        serial=shown or published or ASSUMED_SERIAL, incubation=incubation, recorded_true=(0.5 / levels,) * levels,
        recorded_false=(0.01 / levels,) * levels,
    )  # fmt: skip
    found = sources(
        cases, parameters=start, contacts=contacts if contacts.source.size else None,
        places=places if places.source.size else None, genomes=genomes if genomes.snps.size else None,
    )  # fmt: skip
    return Traced(
        network=network,
        found=found,
        contacts=contacts,
        exposure_of=exposure_of,
        serial_from="given"
        if serial
        else "recorded pairs"
        if shown
        else "published"
        if published
        else "assumed",
    )


@cache
def serial_of_disease(disease: str) -> Delay | None:
    """
    Return the interval published for a disease (`packs/serial_intervals.yaml`), None where there is none.

    >>> serial_of_disease("measles").mean_days
    11.5
    """
    told = read_yaml(
        (resources.files("yipan.packs") / "serial_intervals.yaml").read_text(encoding="utf-8")
    )
    if disease not in told:
        return None
    numbers = read_pathogen(told[disease]).numbers
    mean, sd = (float(numbers[f"generation_{part}"].value) for part in ("days", "sd_days"))  # type: ignore[arg-type]  # one number each
    return Delay(mean_days=mean, sd_days=sd)


def checked_weights(weights: Mapping[Setting, float] | None) -> Mapping[Setting, float]:
    """Return the weights of settings, or raise ValueError naming one that is below none or not a number."""
    for setting, weight in (weights or {}).items():
        if not 0 <= weight <= MOST_WEIGHT:
            raise ValueError(
                f"the weight of {setting.value} is {weight}; expected 0 to {MOST_WEIGHT:g}"
            )
    return dict(weights or {})


def weights_of(texts: Iterable[str]) -> dict[Setting, float]:
    """
    Read weights of settings as they are typed, or raise ValueError saying what a weight looks like.

    >>> weights_of(["household=3"])[Setting.HOUSEHOLD]
    3.0
    """
    found: dict[Setting, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            found[Setting(name.strip())] = float(number)
        except ValueError:
            known = ", ".join(setting.value for setting in Setting)
            raise ValueError(
                f"{text!r} is no weight; expected setting=number with one of {known}"
            ) from None
    checked_weights(found)
    return found


def sources_answer(
    traced: Traced, *, only: Sequence[str] = (), most: int = 5
) -> tuple[SourceAnswer, ...]:
    """Return the candidates of every case, or of some, in order of case. Raises LookupError for an unknown case."""
    cases = traced.network.cases
    index = {case.id: i for i, case in enumerate(cases)}
    for name in only:
        if name not in index:
            raise LookupError(f"case {name} is not among the {len(cases)} cases traced")
    answers = []
    for i in [index[name] for name in only] if only else range(len(cases)):
        listed = tuple(
            Candidate(
                source=cases[j].id if j >= 0 else None, probability=p,
                because=traced.exposure_of.get((j, i), ()) + traced.exposure_of.get((i, j), ()),
            )
            for j, p in traced.found.ranked(i, most=most)
        )  # fmt: skip
        answers.append(
            SourceAnswer(
                case=cases[i].id, area=cases[i].area, day=_date(traced.found.cases.day[i]), candidates=listed,
                open_bits=round(traced.found.entropy_bits(i), 4),
            )
        )  # fmt: skip
    return tuple(answers)


def chains_answer(
    traced: Traced,
    *,
    today: date,
    rng: np.random.Generator,
    quiet_days: int = QUIET_DAYS,
    draws: int = DRAWS,
) -> ChainsAnswer:
    """Return the chains of the likeliest forest, and what sampled forests say of introductions and offspring."""
    cases, found = traced.network.cases, traced.found
    day = found.cases.day
    now = (today - _ZERO).days
    parent, chance = chains.likeliest_forest(found)
    _, generation = chains.roots_and_generations(parent)
    told = chains.chains_of(parent, day, today=now, quiet_days=quiet_days)
    chain_of = {member: cases[chain.root].id for chain in told for member in chain.members}
    forests = chains.sampled_forests(found, draws=draws, rng=rng)
    spread = chains.offspring(forests, day, serial=found.parameters.serial, today=now)
    counted = chains.introductions(forests) if cases else chains.Range(value=0, low=0, high=0)
    many = chains.spreaders(forests, R=max(spread.R.value, 0.1)) if spread else ()
    return ChainsAnswer(
        cases=len(cases), linked=int((parent >= 0).sum()),
        chains=tuple(_chain_row(chain, cases, day) for chain in told if chain.size > 1),
        single_cases=sum(chain.size == 1 for chain in told),
        links=tuple(
            Link(
                case=case.id, source=cases[parent[i]].id if parent[i] >= 0 else None, probability=float(chance[i]),
                generation=int(generation[i]), day=_date(day[i]), chain=chain_of[i],
            )
            for i, case in enumerate(cases)
        ),
        introductions=_estimate(counted), reproduction=_estimate(spread.R) if spread else None,
        dispersion=_estimate(spread.k) if spread else None,
        spreaders=(
            *(SpreaderRow(id=cases[s.case].id, what="case", expected=s.expected, probability=s.chance) for s in many),
            *_spreading_places(traced),
        ),
        serial_mean_days=found.parameters.serial.mean_days, serial_sd_days=found.parameters.serial.sd_days,
        serial_from=traced.serial_from, recorded_components=recorded_components(traced.network),
        events=events_of(traced.network),
    )  # fmt: skip


def events_of(network: Network) -> tuple[EventNode, ...]:
    """
    Return the gatherings and venues that tie cases together, those with most cases first.

    A case is tied to a place by a recorded exposure, by a visit to a gathering, or by having been at a venue at the
    same time as another case.
    """
    case_of: dict[str, str] = {case.person: case.id for case in network.cases}
    brought: dict[str, set[str]] = defaultdict(set)
    reached: dict[str, set[str]] = defaultdict(set)
    days: dict[str, list[date]] = defaultdict(list)
    for e in network.exposures:
        for place, person, into in ((e.source, e.target, reached), (e.target, e.source, brought)):
            if not place.startswith("p-") and person in case_of:
                into[place].add(case_of[person])
                days[place] += [day for day in (e.first_contact, e.last_contact) if day]
    for v in network.visits:
        if v.place.startswith("g-") and v.person in case_of:
            reached[v.place].add(case_of[v.person])
            days[v.place].append(v.since.date())
    of_cases = replace(network, visits=tuple(v for v in network.visits if v.person in case_of))
    for mine, other, _ in met(of_cases, case_of):
        reached[mine.place] |= {case_of[mine.person], case_of[other.person]}
        days[mine.place].append(max(mine.since, other.since).date())
    titles = {g.id: (g.title, g.setting.value, g.first_day) for g in network.gatherings}
    titles |= {v.id: (v.name_zh, v.setting.value, None) for v in network.venues}
    found = []
    for node in {*brought, *reached}:
        title, setting, first = titles.get(node, (node, Setting.UNKNOWN.value, None))
        found.append(
            EventNode(
                id=node, what="gathering" if node.startswith("g-") else "venue", title=title, setting=setting,
                day=first or min(days[node], default=None), brought_by=tuple(sorted(brought[node])),
                reached=tuple(sorted(reached[node] - brought[node])),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda e: (-len(e.reached) - len(e.brought_by), e.id)))


def recorded_components(network: Network) -> tuple[int, ...]:
    """The sizes of the groups that recorded exposures hold together, venues and gatherings counted, largest first."""
    nodes = sorted({end for e in network.exposures for end in (e.source, e.target)})
    index = {node: i for i, node in enumerate(nodes)}
    ends = np.array(
        [(index[e.source], index[e.target]) for e in network.exposures], dtype=np.int64
    ).reshape(-1, 2)
    named = chains.components(len(nodes), ends[:, 0], ends[:, 1])
    return tuple(sorted(Counter(named.tolist()).values(), reverse=True))


def inconsistencies(traced: Traced) -> tuple[QuestionRow, ...]:
    """Return what contradicts itself among the recorded exposures between cases, as questions to the tracer."""
    cases = traced.network.cases
    index: dict[str, int] = {case.person: i for i, case in enumerate(cases)}
    between = [e for e in traced.network.exposures if e.source in index and e.target in index]
    pairs = [(index[e.source], index[e.target]) for e in between]
    told = Contacts.of_pairs(pairs, directed=True)
    days = questions.ContactDays(
        first=np.array([_day(e.first_contact) for e in between], dtype=np.int64),
        last=np.array([_day(e.last_contact) for e in between], dtype=np.int64),
    )
    odd = questions.inconsistencies(
        traced.found.cases, told, serial=traced.found.parameters.serial, days=days
    )
    rows = [_question(q.doubt, cases[q.source].id, cases[q.target].id, q.days) for q in odd]
    names: dict[str, str] = {case.person: case.id for case in cases}
    rows += [
        _question(questions.Doubt.INFECTOR_EXCLUDED, e.source, names[e.target], 0)
        for e in traced.network.exposures
        if e.source in traced.network.excluded and e.target in names
    ]
    return tuple(rows)


def inquiries(traced: Traced, *, most: int = 20) -> tuple[InquiryRow, ...]:
    """Return what would settle most about open links, the most telling first."""
    cases = traced.network.cases
    found = questions.inquiries(traced.found, most=most)
    rows = []
    for entry in found:
        case, other = cases[entry.case].id, cases[entry.candidate].id
        zh, en = _ASKS[entry.ask]
        rows.append(
            InquiryRow(
                case=case, candidate=other, ask=entry.ask.value, bits=round(entry.bits, 4),
                open_bits=round(entry.open_bits, 4), zh=zh.format(case=case, other=other), en=en.format(case=case, other=other),
            )
        )  # fmt: skip
    return tuple(rows)


def met(
    network: Network, cases: Iterable[str], *, least_minutes: int = 1, since: datetime | None = None
) -> tuple[tuple[Visit, Visit, int], ...]:
    """Return pairs of visits of one of these people and of somebody else at one place and time, with the minutes."""
    visits = [v for v in network.visits if since is None or v.until > since]
    people: dict[str, int] = {
        person: i for i, person in enumerate(sorted({v.person for v in visits}))
    }
    wanted = [people[person] for person in cases if person in people]
    found = overlaps(_visit_arrays(visits, people), wanted, least_minutes=least_minutes)
    return tuple(
        (visits[i], visits[j], int(m))
        for i, j, m in zip(found.case, found.other, found.minutes, strict=True)
    )


def _visit_arrays(visits: Sequence[Visit], people: Mapping[str, int]) -> Visits:
    places = {place: i for i, place in enumerate(sorted({v.place for v in visits}))}
    return Visits(
        person=np.array([people[v.person] for v in visits], dtype=np.int64),
        place=np.array([places[v.place] for v in visits], dtype=np.int64),
        since=np.array([int(v.since.timestamp() // 60) for v in visits], dtype=np.int64),
        until=np.array([max(int(v.until.timestamp() // 60), int(v.since.timestamp() // 60) + 1) for v in visits], dtype=np.int64),
    )  # fmt: skip


def _arrays(cases: Sequence[Case], zone: ZoneInfo) -> TraceCases:
    day, spread, isolated = [], [], []
    for case in cases:
        stand_in = next(
            (m for m in (case.sampled, case.reported, case.confirmed) if m is not None), None
        )
        known = case.onset or (stand_in.astimezone(zone).date() if stand_in else None)
        day.append(_day(known))
        spread.append(0 if case.onset else REPORT_SPREAD_DAYS)
        isolated.append(
            (case.isolated.astimezone(zone).date() - _ZERO).days if case.isolated else NEVER
        )
    return TraceCases(
        day=np.array(day, dtype=np.int64), spread=np.array(spread, dtype=np.int64), isolated=np.array(isolated, dtype=np.int64),
        imported=np.array([case.origin in {Origin.ABROAD, Origin.OTHER_PROVINCE} for case in cases], dtype=bool),
    )  # fmt: skip


def _lags(cases: TraceCases, contacts: Contacts) -> np.ndarray:
    """The days between the two cases of each recorded pair whose days are surely known."""
    s, t = contacts.source, contacts.target
    known = (
        (cases.day[s] != UNDATED)
        & (cases.day[t] != UNDATED)
        & (cases.spread[s] + cases.spread[t] == 0)
    )
    return np.asarray((cases.day[t] - cases.day[s])[known])


def _contacts(
    network: Network, index: Mapping[str, int]
) -> tuple[Contacts, dict[tuple[int, int], tuple[str, ...]]]:
    """Exposures between cases, and which they are by pair; levels only as far as they occur."""
    between = [e for e in network.exposures if e.source in index and e.target in index]
    occurring = sorted({_LEVELS[e.certainty] for e in between})
    level = {kind: i for i, kind in enumerate(occurring)}
    because: dict[tuple[int, int], list[str]] = defaultdict(list)
    for e in between:
        because[index[e.source], index[e.target]].append(e.id)
    return (
        Contacts(
            source=np.array([index[e.source] for e in between], dtype=np.int64),
            target=np.array([index[e.target] for e in between], dtype=np.int64),
            level=np.array([level[_LEVELS[e.certainty]] for e in between], dtype=np.int64),
        ),
        {pair: tuple(ids) for pair, ids in because.items()},
    )


def _genomes(network: Network) -> Genomes:
    """Distances between cases of the network; those about others are left aside."""
    index = {case.id: i for i, case in enumerate(network.cases)}
    told = [g for g in network.genomes if g.first in index and g.second in index]
    return Genomes(
        first=np.array([index[g.first] for g in told], dtype=np.int64),
        second=np.array([index[g.second] for g in told], dtype=np.int64),
        snps=np.array([g.snps for g in told], dtype=np.int64),
    )


def _shared(
    network: Network, index: Mapping[str, int], weights: Mapping[Setting, float]
) -> SharedPlaces:
    """Pairs of cases at one gathering or at one place at one time, by setting, hours and how many are usually there."""
    setting: dict[str, Setting] = {venue.id: venue.setting for venue in network.venues}
    setting |= {gathering.id: gathering.setting for gathering in network.gatherings}
    source: list[int] = []
    target: list[int] = []
    dose: list[float] = []
    there: dict[str, set[int]] = defaultdict(set)
    for e in network.exposures:
        for place, person in ((e.source, e.target), (e.target, e.source)):
            if not place.startswith("p-") and person in index:
                there[place].add(index[person])
    for where, members in sorted(there.items()):
        listed = sorted(members)
        counts = weights.get(setting.get(where, Setting.UNKNOWN), 1.0)
        for a, one in enumerate(listed):
            for other in listed[a + 1 :]:
                source.append(one)
                target.append(other)
                dose.append(counts / len(listed))
    mine = [v for v in network.visits if v.person in index]
    if mine:
        visits = _visit_arrays(mine, index)
        found = overlaps(visits, np.arange(len(index)))
        usual = {venue.id: venue.usual_people for venue in network.venues}
        crowd = np.array([usual.get(mine[i].place) or 10 for i in found.case], dtype=np.float64)
        heavy = np.array(
            [weights.get(setting.get(mine[i].place, Setting.UNKNOWN), 1.0) for i in found.case],
            dtype=np.float64,
        )
        first, second, amount = doses(found, visits, weight=heavy, people=crowd)
        once = first < second
        source += first[once].tolist()
        target += second[once].tolist()
        dose += amount[once].tolist()
    return SharedPlaces(
        source=np.array(source, dtype=np.int64),
        target=np.array(target, dtype=np.int64),
        dose=np.array(dose, dtype=np.float64),
    )


def _spreading_places(traced: Traced) -> tuple[SpreaderRow, ...]:
    """Venues and gatherings that recorded exposures lead from to several cases."""
    index: set[str] = {case.person for case in traced.network.cases}
    reached: dict[str, set[str]] = defaultdict(set)
    for e in traced.network.exposures:
        if not e.source.startswith("p-") and e.target in index:
            reached[e.source].add(e.target)
    return tuple(
        SpreaderRow(id=place, what="place", expected=float(len(people)), probability=1.0)
        for place, people in sorted(reached.items(), key=lambda entry: (-len(entry[1]), entry[0]))
        if len(people) > 2
    )


def _chain_row(chain: chains.Chain, cases: Sequence[Case], day: np.ndarray) -> ChainRow:
    first, last = _maybe(chain.first_day), _maybe(chain.last_day)
    curve: tuple[int, ...] = ()
    if chain.first_day is not None and chain.last_day is not None:
        known = [int(day[m]) - chain.first_day for m in chain.members if day[m] != UNDATED]
        curve = tuple(np.bincount(known, minlength=chain.last_day - chain.first_day + 1).tolist())
    return ChainRow(
        root=cases[chain.root].id, cases=tuple(cases[m].id for m in chain.members), size=chain.size,
        generations=chain.generations, first_day=first, last_day=last, active=chain.active, curve=curve,
        areas=tuple(sorted({cases[m].area for m in chain.members})),
    )  # fmt: skip


def _estimate(found: chains.Range) -> Estimate:
    return Estimate(value=found.value, low=found.low, high=found.high, level=found.level)


def _day(day: date | None) -> int:
    return UNDATED if day is None else (day - _ZERO).days


def _date(day: int | np.integer) -> date | None:
    return None if int(day) == UNDATED else _ZERO + timedelta(days=int(day))


def _maybe(day: int | None) -> date | None:
    return None if day is None else _date(day)


_DOUBTS: Mapping[questions.Doubt, tuple[str, str]] = {
    questions.Doubt.SECOND_BEFORE_FIRST: (
        "{target}的发病早于其传染源{source}（相差{days}天）：方向是否相反，或日期有误？",
        "{target} fell ill before its source {source} ({days} days): is it the other way round, or is a day wrong?",
    ),
    questions.Doubt.LONG_GAP: (
        "{source}与{target}发病相隔{days}天，过长：中间是否漏了病例？",
        "{source} and {target} fell ill {days} days apart, which is long: is there a case between them?",
    ),
    questions.Doubt.AFTER_ISOLATION: (
        "{target}与{source}的接触发生在{source}隔离后{days}天：隔离日期或接触日期是否有误？",
        "{target} met {source} {days} days after {source} was isolated: is one of the days wrong?",
    ),
    questions.Doubt.CONTACT_AFTER_ONSET: (
        "{target}在自己发病{days}天之后才接触{source}：不可能由此感染，请核实。",
        "{target} met {source} only {days} days after falling ill itself: it cannot have been infected then.",
    ),
    questions.Doubt.NOT_YET_INFECTIOUS: (
        "{source}与{target}的末次接触在{source}具有传染性之前{days}天：是否还有之后的接触？",
        "{source} last met {target} {days} days before it was infectious: was there a later contact?",
    ),
    questions.Doubt.INFECTOR_EXCLUDED: (
        "{target}的传染源{source}已被排除：另有传染源吗？",
        "The source {source} of {target} was excluded as a case: is there another?",
    ),
    questions.Doubt.CYCLE: (
        "{source}与{target}处在互为传染源的环中：哪一条方向有误？",
        "{source} and {target} lie on a circle of sources: which direction is wrong?",
    ),
    questions.Doubt.SEVERAL_INFECTORS: (
        "{target}记有多个传染源，其中一个是{source}：哪个更有可能？",
        "{target} has several recorded sources, {source} among them: which is it?",
    ),
}  # fmt: skip
_ASKS: Mapping[questions.Ask, tuple[str, str]] = {
    questions.Ask.CONTACT: ("询问{case}与{other}是否见过面", "Ask {case} and {other} whether they met"),
    questions.Ask.PLACES: ("比对{case}与{other}到过的场所和时间", "Compare where {case} and {other} were, and when"),
    questions.Ask.GENOMES: ("对{case}及其可能的传染源（如{other}）测序", "Sequence {case} and its possible sources such as {other}"),
}  # fmt: skip


def _question(doubt: questions.Doubt, source: str, target: str, days: int) -> QuestionRow:
    zh, en = _DOUBTS[doubt]
    told = {"source": source, "target": target, "days": abs(days)}
    return QuestionRow(
        doubt=doubt.value,
        source=source,
        target=target,
        days=days,
        zh=zh.format(**told),
        en=en.format(**told),
    )
