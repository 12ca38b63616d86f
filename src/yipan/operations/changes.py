"""Changes: chains kept evening by evening, and what changed between two instants, each figure with its list."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from yipan.model import (
    AreaPath,
    Case,
    Classification,
    Power,
    Sentence,
    Stage,
    TransmissionChain,
    check_area,
    check_may,
)
from yipan.operations import following, network, sameness
from yipan.operations.network import Traced
from yipan.operations.post import Post
from yipan.operations.tracing import (
    DESK,
    MOST_CASES,
    common_area,
    each_case,
    network_in,
    reached_at,
)
from yipan.store import Record
from yipan.store.tables.tracing import (
    CHAINS,
    EXPOSURES,
    INVESTIGATIONS,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A share or a delay with the cases it counts: `of` is what it is a share of; `median_hours` for delays."""

    name: str
    said: Sentence
    cases: tuple[str, ...]
    of: tuple[str, ...]
    share: float | None
    median_hours: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainChange:
    """What became of a chain between two instants: new, grown, merged, split, quiet, again, out or same."""

    change: str
    now: str | None
    before: tuple[str, ...]
    cases: int
    cases_before: int
    new_cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What changed between two instants: points (cases), sources, chains, and indicators, each with its list."""

    since: datetime
    at: datetime
    new_cases: tuple[str, ...]
    new_areas: tuple[AreaPath, ...]
    new_sources: tuple[str, ...]
    chains: tuple[ChainChange, ...]
    indicators: tuple[Indicator, ...]


def extend_chains(post: Post, *, at: datetime, time_zone: ZoneInfo) -> int:
    """
    The round of the desk: put the chains on record as they now stand, disease by disease; return how many there are.

    A chain that is no longer there is ended and stays in the history.
    """
    check_may(post.viewer, Power.RUN_ROUND)
    today = at.astimezone(time_zone).date()
    with post.store.acting(
        post.viewer, desk=DESK, verb="extend_chains", at=at, why=f"round of {at.astimezone(time_zone):%Y-%m-%d %H:%M}"
    ) as act:  # fmt: skip
        cases = act.cases(under=post.area, limit=MOST_CASES)
        made: list[TransmissionChain] = []
        for disease in sorted({case.disease for case in cases}):
            traced = network.trace(
                network_in(act, area=post.area, disease=disease), time_zone=time_zone
            )
            made += _chains_now(traced, disease, today)
        gone = {chain.id for chain in act.nouns(CHAINS, under=post.area)} - {c.id for c in made}
        act.put(CHAINS, made)
        act.end(CHAINS, sorted(gone))
    following.renew(post, at=at)
    return len(made)


def _chains_now(traced: Traced, disease: str, today: date) -> list[TransmissionChain]:
    told = network.chains_answer(traced, today=today, rng=np.random.default_rng(0), draws=1)
    return [
        TransmissionChain(
            id=f"{disease}:{row.root}", area=common_area(row.areas), disease=disease, root=row.root, cases=row.cases,
            generations=row.generations, first_day=row.first_day, last_day=row.last_day, active=row.active,
        )
        for row in told.chains
    ]  # fmt: skip


def changed(
    now: Record,
    before: Record,
    *,
    area: AreaPath,
    since: datetime,
    at: datetime,
    time_zone: ZoneInfo,
) -> Changed:
    """
    Return what changed in an area between two readings of the record.

    Chains are those the rounds put on record; a chain is followed by the cases it shares with earlier ones.
    """
    check_area(now.viewer, area)
    cases_now = {c.id: c for c in each_case(now, area)}
    cases_before = {c.id: c for c in each_case(before, area)}
    told_before = {c.id for c in before.cases(under=area, limit=MOST_CASES)}
    new = [
        c for name, c in cases_now.items() if name not in cases_before and name not in told_before
    ]
    chains_now, chains_before = now.nouns(CHAINS, under=area), before.nouns(CHAINS, under=area)
    old_sources = {chain.root for chain in chains_before}
    places_before = {c.area for c in cases_before.values()}
    return Changed(
        since=since, at=at, new_cases=tuple(c.id for c in new),
        new_areas=tuple(sorted({c.area for c in new} - places_before)),
        new_sources=tuple(sorted({chain.root for chain in chains_now} - old_sources)),
        chains=chain_changes(chains_now, chains_before),
        indicators=_indicators(now, new, area=area, time_zone=time_zone),
    )  # fmt: skip


def chain_changes(
    now: Sequence[TransmissionChain], before: Sequence[TransmissionChain]
) -> tuple[ChainChange, ...]:
    """Return what became of each chain, the largest first: those of now, then those that are out."""
    holder = {case: chain for chain in before for case in chain.cases}
    parts: dict[str, int] = defaultdict(int)
    for chain in now:
        for earlier in {holder[c].id for c in chain.cases if c in holder}:
            parts[earlier] += 1
    found = []
    for chain in sorted(now, key=lambda c: (-len(c.cases), c.id)):
        from_ = {holder[c].id: holder[c] for c in chain.cases if c in holder}
        new = tuple(c for c in chain.cases if c not in holder)
        if not from_:
            word = "new"
        elif len(from_) > 1:
            word = "merged"
        elif any(parts[earlier] > 1 for earlier in from_):
            word = "split"
        elif any(e.active for e in from_.values()) and not chain.active:
            word = "quiet"
        elif not any(e.active for e in from_.values()) and chain.active:
            word = "again"
        else:
            word = "grown" if new else "same"
        found.append(
            ChainChange(
                change=word, now=chain.id, before=tuple(sorted(from_)), cases=len(chain.cases),
                cases_before=sum(len(e.cases) for e in from_.values()), new_cases=new,
            )
        )  # fmt: skip
    still = {e for entry in found for e in entry.before}
    found += [
        ChainChange(
            change="out", now=None, before=(e.id,), cases=0, cases_before=len(e.cases), new_cases=()
        )
        for e in before
        if e.id not in still
    ]
    return tuple(found)


def indicators(record: Record, *, area: AreaPath, time_zone: ZoneInfo) -> tuple[Indicator, ...]:
    """Return the indicators of tracing over all cases of an area, each with the cases it counts."""
    check_area(record.viewer, area)
    return _indicators(record, each_case(record, area), area=area, time_zone=time_zone)


def _indicators(
    record: Record, cases: Sequence[Case], *, area: AreaPath, time_zone: ZoneInfo
) -> tuple[Indicator, ...]:
    counted = [c for c in cases if c.classification is not Classification.EXCLUDED]
    ids = tuple(c.id for c in counted)
    same = sameness.of_record(record)
    exposed: set[str] = {
        e.target for e in same.exposures(record.nouns(EXPOSURES, under=area)) if e.counts
    }
    among = tuple(c.id for c in counted if c.person in exposed)
    apart = {c.id: (c.isolated - datetime.combine(c.onset, datetime.min.time(), tzinfo=time_zone)) for c in counted if c.isolated and c.onset}  # fmt: skip
    opened = {i.case: i for i in record.nouns(INVESTIGATIONS, under=area)}
    core = {
        case: reached - inv.reported
        for case, inv in opened.items()
        if case in set(ids) and (reached := reached_at(inv, Stage.CORE)) is not None
    }
    return (
        Indicator(
            name="among_contacts", said=Sentence(zh="新增病例中的已知接触者", en="New cases among known contacts"),
            cases=among, of=ids, share=len(among) / len(ids) if ids else None,
        ),
        _delay("onset_to_isolation", Sentence(zh="发病到隔离", en="Onset to isolation"), apart, ids),
        _delay("report_to_core", Sentence(zh="报告到查清核心信息", en="Report to core investigation"), core, ids),
    )  # fmt: skip


def _delay(
    name: str, said: Sentence, delays: Mapping[str, timedelta], of: tuple[str, ...]
) -> Indicator:
    hours = sorted(delay.total_seconds() / 3600 for delay in delays.values())
    return Indicator(
        name=name, said=said, cases=tuple(sorted(delays)), of=of, share=len(delays) / len(of) if of else None,
        median_hours=float(np.median(hours)) if hours else None,
    )  # fmt: skip
