"""The rulings on zones and plans for a whole province at once; bound by tests to the plain ones, which are the judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yipan.protocol.clocks import midnight_after
from yipan.protocol.parameters import Adopted, Profile
from yipan.protocol.primitives import PhaseSpec, schedule, zone_clock_of
from yipan.protocol.rules.people import PlanFacts, person_plan, place_rank
from yipan.protocol.rules.zones import Step, ZoneFacts, first_instant, zone_steps

NONE = int(np.iinfo(np.int64).max)
_SPARES = ("does_not_count", "isolated", "home_isolated_contact")
_EPOCH = date(1970, 1, 1)
_LONGEST = 120


def zone_steps_many(
    facts: Sequence[ZoneFacts], adoptions: Sequence[Adopted], profile: Profile
) -> list[tuple[Step, ...]]:
    """
    Rule on the steps of many zones; the answer for each is that of `zone_steps`.

    Zones with facts that few have (contacts moved, a profile that restarts on a late round) are ruled by the plain form. Raises as `zone_steps`.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> adopted = [Adopted(rulebook=books.rulebook("cn-covid-10m"), at=datetime(2022, 12, 7, tzinfo=UTC))]
    >>> zone_steps_many([], adopted, books.profile("guangdong-2022"))
    []
    """
    books = _Books(facts, adoptions, profile)
    plain = [
        number
        for number, one in enumerate(facts)
        if books.restarts or any(each.new_contacts_moved is not None for each in one.infections)
    ]
    columns = books.columns(facts, profile)
    count, to, at, book = _kernel()(*columns, *books.tables)
    levels, ids = books.levels, [one.rulebook.id for one in adoptions]
    found = []
    for number, one in enumerate(facts):
        zone = one.clock_start.tzinfo
        found.append(tuple(
            Step(
                to=levels[to[number, i]], eligible_at=datetime.fromtimestamp(at[number, i] / 1e6, tz=zone),
                rulebook=ids[book[number, i]],
            )
            for i in range(count[number])
        ))  # fmt: skip
    for number in plain:
        found[number] = zone_steps(facts[number], adoptions, profile).value
    return found


def _stamp(moment: datetime | None) -> int:
    return NONE if moment is None else round(moment.timestamp() * 1e6)


class _Books:
    """What the kernel must know of the adopted books, stage by stage."""

    def __init__(
        self, facts: Sequence[ZoneFacts], adoptions: Sequence[Adopted], profile: Profile
    ) -> None:
        if not adoptions or any(a.at > b.at for a, b in pairwise(adoptions)):
            raise ValueError("adoptions: expected at least one, in order of time")
        names = ["low", "ended", "high", "medium", "medium_after_high"]
        for one in adoptions:
            names += one.rulebook.get("zone.classes") or ()
        names += [one.level for one in facts]
        stages = list(dict.fromkeys(names))
        self.number = {name: i for i, name in enumerate(stages)}
        self.levels = ["medium" if name == "medium_after_high" else name for name in stages]
        shape = (len(adoptions), len(stages))
        quiet, window = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
        contacts, allowed = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        to = np.full(shape, self.number["low"], np.int64)
        spares = np.zeros(len(adoptions), np.int64)
        known = np.zeros(len(stages), np.bool_)
        gone = np.full(len(adoptions), self.number["ended"], np.int64)
        self.restarts = False
        for b, one in enumerate(adoptions):
            book = one.rulebook
            classes = book.get("zone.classes") or ()
            for s, name in enumerate(stages):
                allowed[b, s] = self.levels[s] in classes
                known[s] |= self.levels[s] in classes
                following = book.get(f"zone.{name}.to")
                if following:
                    to[b, s] = self.number.setdefault(following, len(self.number))
                    if to[b, s] == len(self.levels):
                        raise ValueError(
                            f"{book.id}: a zone steps down to {following}, which is no class"
                        )
                if book.has(f"zone.{name}.quiet_days"):
                    clock = zone_clock_of(book, profile, name)
                    quiet[b, s] = round(clock.days * 86_400e6)
                    for guard in clock.guards:
                        if guard.within_hours is None:
                            contacts[b, s] = True
                        else:
                            window[b, s] = round(guard.within_hours * 3_600e6)
                    spares[b] = sum(
                        1 << i for i, each in enumerate(_SPARES) if each in clock.spares
                    )
                    self.restarts = self.restarts or clock.late_guard == "restart"
            if "low" in classes:
                gone[b] = self.number["low"]
        forbidden = np.array(
            [one.rulebook.get("zone.temporary_sealing") == "forbidden" for one in adoptions]
        )
        shorter = np.array([one.decided(profile) == "only_shorter" for one in adoptions])
        after = {
            "high": self.number["high"],
            "medium": self.number["medium"],
            "mah": self.number["medium_after_high"],
        }
        self.tables = (
            np.array([_stamp(one.at) for one in adoptions], np.int64), quiet, window, contacts, to, spares, allowed,
            known, forbidden, gone, shorter, np.array([after["high"], after["medium"], after["mah"]], np.int64),
            self.number["ended"],
        )  # fmt: skip

    def columns(self, facts: Sequence[ZoneFacts], profile: Profile) -> tuple[NDArray[Any], ...]:
        """Return the zones as columns: stage, clock, held back, contacts, infections and rounds in rows of their own."""
        size = len(facts)
        stage, clock, begun, held, clear = (np.empty(size, np.int64) for _ in range(5))
        first_infection, first_round = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
        found: list[tuple[int, int, int]] = []
        rounds: list[tuple[int, int]] = []
        for i, one in enumerate(facts):
            name = "medium_after_high" if one.after_high and one.level == "medium" else one.level
            stage[i], clock[i] = self.number[name], _stamp(one.clock_start)
            begun[i] = _stamp(first_instant(one, profile))
            held[i], clear[i] = _stamp(one.held_back), _stamp(one.contacts_clear)
            found += sorted(
                (
                    _stamp(each.found), _stamp(each.controlled or each.found),
                    (not each.counts) | each.isolated << 1 | each.home_isolated_contact << 2,
                )
                for each in one.infections
            )  # fmt: skip
            rounds += sorted(
                (_stamp(each.completed), _stamp(each.sampling_began or each.completed))
                for each in one.rounds
            )
            first_infection[i + 1], first_round[i + 1] = len(found), len(rounds)
        infections = np.array(found, np.int64).reshape(-1, 3)
        return (
            stage,
            clock,
            begun,
            held,
            clear,
            first_infection,
            infections,
            first_round,
            np.array(rounds, np.int64).reshape(-1, 2),
        )


def _kernel() -> Any:
    """Import the compiled form only where somebody asks for many."""
    from yipan.protocol.rules.zone_kernel import ruled

    return ruled


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRows:
    """
    Many roles of many people as columns of one length; a person with several roles has several rows.

    `person` are numbers of the caller, `role` indices into `roles`, `day_one` and `found` days (datetime64[D], NaT
    where nobody was found late). `negative_day` and `negative_at` (n rows, k results; datetime64[D] and [us] in UTC,
    NaT where none) decide releases of contacts; `ct` the results of those cases that are released by Ct, by row.
    """

    roles: tuple[str, ...]
    person: NDArray[np.int64]
    role: NDArray[np.int64]
    day_one: NDArray[np.datetime64]
    found: NDArray[np.datetime64]
    negative_day: NDArray[np.datetime64] | None = None
    negative_at: NDArray[np.datetime64] | None = None
    ct: Mapping[int, tuple[tuple[date, float], ...]] | None = None

    def __post_init__(self) -> None:
        size = self.person.size
        for name in ("role", "day_one", "found"):
            if getattr(self, name).shape != (size,):
                raise ValueError(
                    f"{name} has shape {getattr(self, name).shape}; expected ({size},)"
                )
        if size and not (self.role.min() >= 0 and self.role.max() < len(self.roles)):
            raise ValueError(f"role: expected indices from 0 to {len(self.roles) - 1}")
        if np.isnat(self.day_one).any():
            raise ValueError(f"day_one is not known in row {int(np.isnat(self.day_one).argmax())}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuledRows:
    """The rulings on rows: `ends` in microseconds since 1970 UTC, `NONE` where nothing is asked or a result is awaited."""

    rows: PlanRows
    ends: NDArray[np.int64]
    asked: NDArray[np.bool_]
    awaits: NDArray[np.bool_]
    tables: "_Plans"
    spec: NDArray[np.int64]

    def on(self, day: date) -> "DayDuties":
        """Say for every person what is asked on a day: the strictest place of all rows, and whether a test is due."""
        number = (day - _EPOCH).days
        first = self.rows.day_one.astype("datetime64[D]").astype(np.int64)
        offset = number - first
        within = (offset >= 0) & (offset < _LONGEST)
        safe = np.where(within, offset, 0)
        tables = self.tables
        kept = tables.place[self.spec, self.rows.role, safe]
        found = np.where(
            np.isnat(self.rows.found),
            first,
            self.rows.found.astype("datetime64[D]").astype(np.int64),
        )
        begins = _stamp(midnight_after(day - timedelta(days=1), tables.zone))
        asked = within & self.asked & (number >= found) & (begins < self.ends)
        place = np.where(asked, kept, -1)
        test = tables.test[self.spec, self.rows.role, safe]
        late = np.clip(found - first, 0, _LONGEST - 1)
        intake = (
            (found == number) & (found > first) & tables.intake[self.spec, self.rows.role, late]
        )
        test = (place >= 0) & (test | intake)
        order, starts, people = _groups(self.rows.person)
        if not people.size:
            return DayDuties(
                day=day,
                people=people,
                place=people,
                test=np.zeros(0, np.bool_),
                names=tables.places,
            )
        return DayDuties(
            day=day, people=people, place=np.maximum.reduceat(place[order], starts),
            test=np.logical_or.reduceat(test[order], starts), names=tables.places,
        )  # fmt: skip

    def merged_ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return people and the end of each: the latest of their rows, `NONE` while one awaits a result or asks nothing."""
        order, starts, people = _groups(self.rows.person)
        if not people.size:
            return people, people
        latest = np.maximum.reduceat(np.where(self.ends == NONE, -1, self.ends)[order], starts)
        awaits = np.logical_or.reduceat(self.awaits[order], starts)
        return people, np.where(awaits | (latest < 0), NONE, latest)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDuties:
    """What is asked of people on one day: index of the place in `names` (-1: nothing), and whether to be tested."""

    day: date
    people: NDArray[np.int64]
    place: NDArray[np.int64]
    test: NDArray[np.bool_]
    names: tuple[str, ...]


def plans_many(
    rows: PlanRows, adoptions: Sequence[Adopted], profile: Profile, *, zone: tzinfo
) -> RuledRows:
    """
    Rule on the plans of many people through changes of version; the answers are those of `plan_through`.

    Raises ValueError without an adoption, or for a plan longer than 120 days.

    >>> from datetime import UTC
    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> rows = PlanRows(
    ...     roles=("close_contact",), person=np.array([7]), role=np.array([0]),
    ...     day_one=np.array(["2022-08-11"], "datetime64[D]"), found=np.array(["NaT"], "datetime64[D]"))
    >>> adopted = [Adopted(rulebook=books.rulebook("cn-covid-9ed"), at=datetime(2022, 6, 28, tzinfo=UTC))]
    >>> ruled = plans_many(rows, adopted, books.profile("guangdong-2022"), zone=UTC)
    >>> datetime.fromtimestamp(ruled.ends[0] / 1e6, tz=UTC).isoformat()
    '2022-08-21T00:00:00+00:00'
    """
    if not adoptions:
        raise ValueError("adoptions: expected at least one")
    tables = _Plans(rows, adoptions, profile, zone)
    size = rows.person.size
    first = rows.day_one.astype("datetime64[D]").astype(np.int64)
    begun = tables.midnight(first - 1)
    adopted = np.array([_stamp(one.at) for one in adoptions], np.int64)
    number = np.maximum(np.searchsorted(adopted, begun, side="right") - 1, 0)
    spec = number.copy()
    ends = np.full(size, NONE, np.int64)
    for b in range(len(adoptions)):
        mine = number == b
        if mine.any():
            ends[mine] = tables.ends(b, rows, first, mine)
    done = np.zeros(size, np.bool_)
    for b, one in enumerate(adoptions[1:], start=1):
        if one.decided(profile) != "only_shorter":
            continue
        active = (number < b) & ~done & ((ends == NONE) | (ends > adopted[b]))
        if not active.any():
            continue
        gone = active & ~tables.determined[b, rows.role]
        ends[gone & tables.determined[spec, rows.role]] = adopted[b]
        done |= gone
        newer = active & tables.determined[b, rows.role]
        if not newer.any():
            continue
        shorter = tables.ends(b, rows, first, newer)
        shorter = np.where(shorter == NONE, NONE, np.maximum(shorter, adopted[b]))
        before = ends[newer]
        taken = (before == NONE) | ((shorter != NONE) & (shorter <= before))
        where = np.flatnonzero(newer)[taken]
        ends[where], spec[where] = shorter[taken], b
    asked = tables.determined[spec, rows.role]
    awaits = asked & (ends == NONE) & tables.by_result[spec, rows.role]
    return RuledRows(rows=rows, ends=ends, asked=asked, awaits=awaits, tables=tables, spec=spec)


class _Plans:
    """Schedules of every adopted book as tables over book, role and day."""

    def __init__(
        self, rows: PlanRows, adoptions: Sequence[Adopted], profile: Profile, zone: tzinfo
    ) -> None:
        self.zone, self.profile, self.adoptions = zone, profile, adoptions
        self.specs = [[schedule(one.rulebook, role) for role in rows.roles] for one in adoptions]
        names = {phase.name for book in self.specs for phases in book for phase in phases}
        self.places = tuple(sorted(names, key=lambda name: (place_rank(name), name)))
        shape = (len(adoptions), len(rows.roles))
        self.determined, self.by_result = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        self.total, self.least = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
        self.by_ct = np.zeros(shape, np.bool_)
        days = (*shape, _LONGEST)
        self.place = np.full(days, -1, np.int64)
        self.test, self.intake = np.zeros(days, np.bool_), np.zeros(days, np.bool_)
        at_intake = (
            profile.one_of("tests_past_at_intake", ("one_test_at_intake", "dropped"))
            == "one_test_at_intake"
        )
        for b, book in enumerate(self.specs):
            for r, phases in enumerate(book):
                if phases:
                    self._fill(b, r, phases, at_intake=at_intake)
        first = rows.day_one.astype("datetime64[D]").astype(np.int64)
        low, high = (int(first.min()), int(first.max())) if first.size else (0, 0)
        self._low = low - 2
        self._midnights = np.array(
            [
                _stamp(midnight_after(_EPOCH + timedelta(days=day), zone))
                for day in range(low - 2, high + _LONGEST + 1)
            ],
            np.int64,
        )

    def _fill(self, b: int, r: int, phases: tuple[PhaseSpec, ...], *, at_intake: bool) -> None:
        offset = 0
        self.determined[b, r] = True
        for phase in phases:
            until = offset + (phase.days or max(phase.tests, default=1))
            if until > _LONGEST:
                raise ValueError(f"a plan of {until} days; the longest is {_LONGEST}")
            code = self.places.index(phase.name)
            release = phase.release or ""
            by_result = release.startswith(("two_consecutive", "on_negative"))
            self.place[b, r, offset : None if by_result else until] = code
            for test in phase.tests:
                self.test[b, r, offset + test - 1] = True
            if at_intake and phase.tests:
                self.intake[b, r, offset + min(phase.tests) : until if phase.days else None] = True
            self.by_ct[b, r] = release.startswith("two_consecutive_ct")
            self.least[b, r] = -1
            if release.startswith("on_negative_result_of_day_"):
                self.least[b, r] = offset + int(release.rsplit("_", 1)[1]) - 1
            self.by_result[b, r] |= by_result
            if phase.days:
                offset = until
        self.total[b, r] = offset

    def midnight(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return 24:00 of days since 1970 in the zone, in microseconds UTC."""
        found: NDArray[np.int64] = self._midnights[days - self._low]
        return found

    def ends(
        self, b: int, rows: PlanRows, first: NDArray[np.int64], mine: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return when the plans of some rows end under one book; NONE where it does not determine the role or awaits."""
        role, begins = rows.role[mine], first[mine]
        found = np.where(
            self.determined[b, role], self.midnight(begins + self.total[b, role] - 1), NONE
        )
        least = self.least[b, role]
        if (least >= 0).any():
            if rows.negative_day is None or rows.negative_at is None:
                known = np.full(role.size, NONE, np.int64)
            else:
                day = rows.negative_day[mine].astype("datetime64[D]").astype(np.int64)
                at = rows.negative_at[mine].astype("datetime64[us]").astype(np.int64)
                missing = np.isnat(rows.negative_day[mine]) | np.isnat(rows.negative_at[mine])
                counts = ~missing & (day >= (begins + least)[:, None])
                known = np.where(counts, at, NONE).min(axis=1, initial=NONE)
            found = np.where(least >= 0, known, found)
        by_ct = self.by_ct[b, role]
        if by_ct.any():
            numbers = np.flatnonzero(mine)
            for i in np.flatnonzero(by_ct):
                row = int(numbers[i])
                facts = PlanFacts(
                    role=rows.roles[role[i]], day_one=_EPOCH + timedelta(days=int(begins[i])),
                    found=_found(rows, row), ct=(rows.ct or {}).get(row, ()),
                )  # fmt: skip
                plan = person_plan(
                    facts, self.adoptions[b].rulebook, self.profile, zone=self.zone
                ).value
                found[i] = _stamp(plan.ends)
        return found


def _found(rows: PlanRows, row: int) -> date | None:
    day = rows.found[row]
    return (
        None
        if np.isnat(day)
        else _EPOCH + timedelta(days=int(day.astype("datetime64[D]").astype(np.int64)))
    )


def _groups(
    person: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return an order that brings rows of a person together, where each person begins, and who it is."""
    if person.size == 0 or (person[1:] >= person[:-1]).all():
        order = np.arange(person.size)
    else:
        order = np.argsort(person, kind="stable")
    kept = person[order]
    starts = np.flatnonzero(np.concatenate([[True], kept[1:] != kept[:-1]])) if kept.size else order
    return order, starts, kept[starts] if kept.size else kept
