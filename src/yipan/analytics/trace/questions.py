"""
Questions to the tracer: what contradicts itself, and which evidence would settle most.

An open link is worth asking about by the bits it would settle: the expected fall of the entropy of a case's
source once the answer is known, computed from the posterior (mutual information; no simulation).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .sources import NEVER, UNDATED, Contacts, Delay, SourcePosterior, TraceCases


class Doubt(StrEnum):
    """What is odd about a recorded exposure or its cases."""

    SECOND_BEFORE_FIRST = "second_before_first"
    LONG_GAP = "long_gap"
    AFTER_ISOLATION = "after_isolation"
    CONTACT_AFTER_ONSET = "contact_after_onset"
    NOT_YET_INFECTIOUS = "not_yet_infectious"
    INFECTOR_EXCLUDED = "infector_excluded"
    CYCLE = "cycle"
    SEVERAL_INFECTORS = "several_infectors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconsistency:
    """
    One thing about a recorded exposure that cannot well be: from case `source` to case `target`.

    `days` is how far it is off: days between onsets, after isolation, or before infectiousness.
    """

    doubt: Doubt
    source: int
    target: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDays:
    """The days of recorded exposures, one entry each, UNDATED where not told."""

    first: np.ndarray
    last: np.ndarray


def inconsistencies(
    cases: TraceCases,
    contacts: Contacts,
    *,
    serial: Delay,
    days: ContactDays | None = None,
    infectious_before_days: int = 2,
    excluded: Sequence[int] = (),
    sure: float = 0.995,
) -> tuple[Inconsistency, ...]:
    """
    Return what contradicts itself among recorded exposures between cases, in order of source and target.

    An onset of the target before that of the source (further than the serial interval allows); a gap longer
    than all but `1 - sure` of serial intervals; a last contact before the source was infectious (from
    `infectious_before_days` before its onset); a contact after the source's isolation or after the target's own
    onset; a source that is no case; several sources, and cycles, among exposures that are said to be directed.

    >>> cases = TraceCases.of_days([5, 0])
    >>> inconsistencies(cases, Contacts.of_pairs([(0, 1)]), serial=Delay(mean_days=5, sd_days=2))[0].doubt.value
    'second_before_first'
    """
    longest = _longest(serial, sure)
    least = int(np.floor(serial.shift_days))
    not_cases = set(excluded)
    found: list[Inconsistency] = []
    for number, (s, t) in enumerate(
        zip(contacts.source.tolist(), contacts.target.tolist(), strict=True)
    ):
        day_s, day_t = int(cases.day[s]), int(cases.day[t])
        slack = 2 * int(np.ceil(np.hypot(cases.spread[s], cases.spread[t])))

        def add(doubt: Doubt, off: int, s: int = s, t: int = t) -> None:
            found.append(Inconsistency(doubt=doubt, source=s, target=t, days=off))

        if s in not_cases:
            add(Doubt.INFECTOR_EXCLUDED, 0)
        if UNDATED not in {day_s, day_t}:
            lag = day_t - day_s
            if lag < least - slack:
                add(Doubt.SECOND_BEFORE_FIRST, lag)
            elif lag > longest + slack:
                add(Doubt.LONG_GAP, lag)
        if days is None:
            continue
        first, last = int(days.first[number]), int(days.last[number])
        begins = first if first != UNDATED else last
        if UNDATED not in {last, day_s} and last < day_s - infectious_before_days - slack:
            add(Doubt.NOT_YET_INFECTIOUS, day_s - infectious_before_days - last)
        if begins != UNDATED and cases.isolated[s] != NEVER and begins > cases.isolated[s]:
            add(Doubt.AFTER_ISOLATION, begins - int(cases.isolated[s]))
        if UNDATED not in {begins, day_t} and begins > day_t + slack:
            add(Doubt.CONTACT_AFTER_ONSET, begins - day_t)
    if contacts.directed:
        found += _several(contacts)
        found += _cycles(len(cases), contacts)
    return tuple(sorted(found, key=lambda q: (q.source, q.target, q.doubt.value, q.days)))


def _longest(serial: Delay, sure: float) -> int:
    days = np.arange(0, 400, dtype=np.float64)
    return int(np.searchsorted(serial.cdf(days), sure))


def _several(contacts: Contacts) -> list[Inconsistency]:
    ends = np.unique(np.c_[contacts.target, contacts.source], axis=0)
    targets, times = np.unique(ends[:, 0], return_counts=True)
    many = set(targets[times > 1].tolist())
    return [
        Inconsistency(doubt=Doubt.SEVERAL_INFECTORS, source=int(s), target=int(t), days=0)
        for t, s in ends
        if int(t) in many
    ]


def _cycles(n: int, contacts: Contacts) -> list[Inconsistency]:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    shape = (n, n)
    graph = coo_array(
        (np.ones(contacts.source.size, np.int8), (contacts.source, contacts.target)), shape=shape
    )
    _, strong = connected_components(graph, directed=True, connection="strong")
    return [
        Inconsistency(doubt=Doubt.CYCLE, source=int(s), target=int(t), days=0)
        for s, t in zip(contacts.source, contacts.target, strict=True)
        if strong[s] == strong[t] and s != t
    ]


class Ask(StrEnum):
    """What could be asked or fetched about an open link."""

    CONTACT = "contact"
    PLACES = "places"
    GENOMES = "genomes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One thing to find out about a case: with which candidate, by what, and how many bits it settles on average."""

    case: int
    candidate: int
    ask: Ask
    bits: float
    open_bits: float


def inquiries(
    found: SourcePosterior,
    *,
    most: int = 20,
    candidates: int = 5,
    sequenced: frozenset[int] = frozenset(),
    found_at_places: float = 0.6,
    background_snps: float = 8.0,
) -> tuple[Inquiry, ...]:
    """
    Rank what would settle most about whose source is open, the most telling first.

    CONTACT: ask both whether they met (a record with the sensitivity and false-positive rate estimated). PLACES:
    compare their visits (a link shows with probability `found_at_places`, a chance overlap ten times less often).
    GENOMES: sequence the case and its candidates, unless all are `sequenced`: each link has a Poisson number of
    SNPs, others `background_snps` on average.
    """
    ranked: list[Inquiry] = []
    recorded, falsely = sum(found.parameters.recorded_true), sum(found.parameters.recorded_false)
    open_bits = np.array([found.entropy_bits(case) for case in range(len(found.cases))])
    for case in np.argsort(-open_bits, kind="stable")[: 20 * most]:
        bits = float(open_bits[case])
        if bits < 0.05:
            break
        listed = [(j, p) for j, p in found.ranked(int(case), most=candidates) if j >= 0]
        begin, end = found.start[case], found.start[case + 1]
        told = set(found.candidate[begin:end].tolist())
        for j, p in listed:
            if j not in told:
                ranked.append(
                    _inquiry(case, j, Ask.CONTACT, _bits_of_yes_no(p, recorded, falsely), bits)
                )
            place = _bits_of_yes_no(p, found_at_places, found_at_places / 10)
            ranked.append(_inquiry(case, j, Ask.PLACES, place, bits))
        if listed and not {int(case), *(j for j, _ in listed)} <= sequenced:
            shares = [p for _, p in listed]
            ranked.append(
                _inquiry(
                    case,
                    listed[0][0],
                    Ask.GENOMES,
                    _bits_of_genomes(shares, found.parameters.snps_per_link, background_snps),
                    bits,
                )
            )
    ranked.sort(
        key=lambda inquiry: (-inquiry.bits, inquiry.case, inquiry.candidate, inquiry.ask.value)
    )
    return tuple(ranked[:most])


def _inquiry(case: int, candidate: int, ask: Ask, bits: float, open_bits: float) -> Inquiry:
    return Inquiry(
        case=int(case),
        candidate=candidate,
        ask=ask,
        bits=min(max(bits, 0.0), open_bits),
        open_bits=open_bits,
    )


def _entropy(*shares: float) -> float:
    return float(-sum(p * np.log2(p) for p in shares if p > 0))


def _bits_of_yes_no(p: float, sensitivity: float, false: float) -> float:
    """What a yes-or-no answer tells about one candidate of probability p: mutual information in bits."""
    yes = p * sensitivity + (1 - p) * false
    return (
        _entropy(yes, 1 - yes)
        - p * _entropy(sensitivity, 1 - sensitivity)
        - (1 - p) * _entropy(false, 1 - false)
    )


def _bits_of_genomes(shares: Sequence[float], per_link: float, background: float) -> float:
    """What the distances to the candidates tell, each by itself, summed no further than the entropy there is."""
    snps = np.arange(0, 60)
    from scipy.stats import poisson

    near, far = poisson.pmf(snps, per_link), poisson.pmf(snps, background)
    total = 0.0
    for p in shares:
        mixed = p * near + (1 - p) * far
        total += _entropy(*mixed) - p * _entropy(*near) - (1 - p) * _entropy(*far)
    rest = max(0.0, 1.0 - sum(shares))
    return min(total, _entropy(*shares, rest))
