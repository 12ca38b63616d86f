"""20,000 zones and 2,000,000 personal plans ruled again, and one address looked up, beside the plain forms."""

import resource
from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

import numpy as np

from yipan.model import PlaceIndex, address, place
from yipan.protocol import Adopted, protocols
from yipan.protocol.rules.many import NONE, PlanRows, plans_many, zone_steps_many
from yipan.protocol.rules.people import PlanFacts, merged_plan
from yipan.protocol.rules.zones import ClosingRound, NewInfection, ZoneFacts, zone_steps

ZONES, PEOPLE, ROWS = 20_000, 2_000_000, 2_400_000
SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2022, 11, 1, tzinfo=SHANGHAI)
ROLES = (
    "close_contact",
    "contact_of_contact",
    "left_high_zone",
    "left_medium_zone",
    "inbound_traveller",
    "from_low_zone",
)


def main() -> None:
    """Print seconds, time per zone and plan, ratios to the plain forms and the peak of memory."""
    books = protocols()
    profile = books.profile("guangdong-2022")
    through = [
        Adopted(rulebook=books.rulebook("cn-covid-9ed"), at=datetime(2022, 6, 28, tzinfo=SHANGHAI)),
        Adopted(
            rulebook=books.rulebook("cn-covid-20m"), at=datetime(2022, 11, 12, tzinfo=SHANGHAI)
        ),
        Adopted(
            rulebook=books.rulebook("cn-covid-10m"), at=datetime(2022, 12, 7, 15, tzinfo=SHANGHAI)
        ),
    ]
    generator = np.random.default_rng(20221027)
    zones = [zone(generator) for _ in range(ZONES)]
    zone_steps_many(zones[:2], through, profile)  # compiled once
    began = perf_counter()
    fast = zone_steps_many(zones, through, profile)
    zones_s = perf_counter() - began
    sample = range(0, ZONES, 100)
    began = perf_counter()
    plain = [zone_steps(zones[i], through, profile).value for i in sample]
    each = (perf_counter() - began) / len(sample)
    assert plain == [fast[i] for i in sample]
    print(
        f"{ZONES:,} zones through three versions: {zones_s:.2f} s; {zones_s / ZONES * 1e6:.0f} us a zone, "
        f"plain {each * 1e6:.0f} us: {each * ZONES / zones_s:.0f} x"
    )

    rows = people(generator)
    began = perf_counter()
    ruled = plans_many(rows, through, profile, zone=SHANGHAI)
    numbers, ends = ruled.merged_ends()
    duties = ruled.on(date(2022, 11, 15))
    plans_s = perf_counter() - began
    sample = range(0, PEOPLE, 10_000)
    own = (
        np.searchsorted(rows.person, [*sample]),
        np.searchsorted(rows.person, [*sample], side="right"),
    )
    began = perf_counter()
    for i, low, high in zip(sample, *own, strict=True):
        several = [facts(rows, row) for row in range(low, high)]
        plan = merged_plan(several, through, profile, zone=SHANGHAI).value
        at = int(np.searchsorted(numbers, i))
        end = None if ends[at] == NONE else datetime.fromtimestamp(ends[at] / 1e6, tz=UTC)
        asked = plan.on(duties.day)
        assert end == plan.ends
        assert bool(duties.place[at] >= 0) is (asked is not None)
    each = (perf_counter() - began) / len(sample)
    print(
        f"{PEOPLE:,} people with {ROWS:,} roles, ends and duties of a day: {plans_s:.2f} s; "
        f"plain {each * 1e6:.0f} us a person: {each * PEOPLE / plans_s:.0f} x"
    )
    print(f"zones and plans together {zones_s + plans_s:.2f} s; the promise is under 20 s")

    lookups()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20):.2f} GiB")


def zone(generator: np.random.Generator) -> ZoneFacts:
    """Return a zone of the autumn with a few infections and rounds."""
    start = START + timedelta(minutes=int(generator.integers(0, 40 * 1440)))
    found = [
        start + timedelta(minutes=int(at))
        for at in generator.integers(0, 8000, generator.poisson(1))
    ]
    rounds = [start + timedelta(days=day, hours=20) for day in range(1, 14)]
    return ZoneFacts(
        level="high" if generator.random() < 0.6 else "medium", clock_start=start,
        infections=tuple(NewInfection(found=at) for at in found),
        rounds=tuple(ClosingRound(completed=at) for at in rounds),
    )  # fmt: skip


def people(generator: np.random.Generator) -> PlanRows:
    """Return roles of two million people, one in five of whom has two."""
    person = np.sort(
        np.concatenate([np.arange(PEOPLE), generator.integers(0, PEOPLE, ROWS - PEOPLE)])
    )
    first = np.datetime64("2022-10-25") + generator.integers(0, 50, ROWS)
    found = np.where(
        generator.random(ROWS) < 0.3, first + generator.integers(0, 5, ROWS), np.datetime64("NaT")
    )
    return PlanRows(
        roles=ROLES,
        person=person,
        role=generator.integers(0, len(ROLES), ROWS),
        day_one=first,
        found=found,
    )


def facts(rows: PlanRows, row: int) -> PlanFacts:
    """Return one row as the plain form takes it."""
    found = rows.found[row]
    return PlanFacts(
        role=rows.roles[rows.role[row]], day_one=rows.day_one[row].item(),
        found=None if np.isnat(found) else found.item(),
    )  # fmt: skip


def lookups() -> None:
    """Look addresses up among as many zones, and beside it by asking every zone."""
    several = [
        place(f"44.4403.4403{county:02d}. compound C{number} building {building} floors 3-33")
        for county in range(3, 13) for number in range(200) for building in range(10)
    ]  # fmt: skip
    began = perf_counter()
    index = PlaceIndex(several)
    built = perf_counter() - began
    spots = [
        address(f"44.4403.4403{3 + i % 10:02d}. compound C{i % 200} building {i % 10} room 1204")
        for i in range(1000)
    ]
    began = perf_counter()
    found = [index.holding(spot) for spot in spots]
    each = (perf_counter() - began) / len(spots)
    began = perf_counter()
    asked = [tuple(n for n, one in enumerate(several) if one.contains(spot)) for spot in spots[:3]]
    slow = (perf_counter() - began) / 3
    assert asked == found[:3]
    print(
        f"one address among {len(several):,} zones: {each * 1e3:.3f} ms (index built in {built:.2f} s); "
        f"asking each {slow * 1e3:.0f} ms: {slow / each:.0f} x"
    )


if __name__ == "__main__":
    main()
