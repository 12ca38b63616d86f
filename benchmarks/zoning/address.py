"""
What applies to one address among 20,000 zones in force, and one pass of the round over them; drawing by risk.

The plain twin of the look-up reads every zone of the district and asks each whether it holds the address.
"""

import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from yipan.analytics.delineate.cover import smallest_cover, whole_groups
from yipan.analytics.delineate.risk import Emission, Stay, unit_risk
from yipan.model import (
    Address,
    Adoption,
    LevelSpan,
    Order,
    OrderLine,
    Zone,
    ZoneChange,
    ancestors_of,
    place,
)
from yipan.operations import demo, residents, zoning
from yipan.operations.post import Post
from yipan.packs import read_pack
from yipan.store import Record, Store
from yipan.store.nouns import OpenAfter
from yipan.store.tables.commanding import ORDERS
from yipan.store.tables.zoning import ADOPTIONS, CASE_PLACES, ROUNDS, SEVERAL, ZONES

ZONES_IN_FORCE = 20_000
ASKED = 400
AT = datetime(2022, 11, 5, 4, tzinfo=UTC)


def main() -> None:
    """Fill a record, ask, print."""
    with tempfile.TemporaryDirectory(prefix="yipan-zones-") as folder:
        store = Store.open(Path(folder) / "home", clock=lambda: AT)
        try:
            look_up(store)
        finally:
            store.close()
            if store.server is not None:
                store.server.stop()
    draw()
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def look_up(store: Store) -> None:
    """Time the look-up, its plain twin, and one pass of the round."""
    pack = read_pack("guangdong")
    post = demo.found(store, pack, at=AT - timedelta(days=10))
    districts = [area.path for area in pack.areas if area.level == "county"]
    zoning.adopt(
        post,
        Adoption(
            id="a",
            area=pack.top.path,
            version="cn-covid-9ed",
            profile="guangdong-2022",
            at=AT - timedelta(days=10),
        ),
        at=AT - timedelta(days=10),
    )
    since = AT - timedelta(days=3)
    made = []
    for number in range(ZONES_IN_FORCE):
        area = districts[number % len(districts)]
        made.append(Zone(
            id=f"z-{number}", area=area, place=place(f"{area} compound C{number // 4} building {number % 4 + 1}"),
            disease="covid-19", name_zh="楼", name_en="building", residents=200,
            spans=(LevelSpan(level="high", since=since, clock_start=since, order="o-1", line=0, change=ZoneChange.SET),),
        ))  # fmt: skip
    line = OrderLine(kind="zone.set", subject="z-0", area=pack.top.path, effective=since)
    order = Order(
        id="o-1",
        area=pack.top.path,
        lines=(line,),
        effective=since,
        decided=since,
        decider="x",
        published=since,
    )
    with store.acting(post.viewer, desk="t", verb="t", why="t", at=AT - timedelta(days=1)) as act:
        act.put(ORDERS, [order])
        act.put(ZONES, made)
    asked = [
        Address(
            area=zone.area,
            compound=zone.place.parts[0].compound,
            building=zone.place.parts[0].building,
            room=1,
        )
        for zone in made[:: ZONES_IN_FORCE // ASKED]
    ]
    fast, apart, elsewhere, worked, plain = [], [], [], [], []
    with store.reading(post.viewer) as record:
        for spot in (*asked[:10], *asked):
            begun = time.perf_counter()
            one_by_one(record, spot)
            apart.append(time.perf_counter() - begun)
        for spot in asked[:20]:
            begun = time.perf_counter()
            held = [z for z in record.nouns(ZONES, under=spot.area) if z.place.contains(spot)]
            plain.append(time.perf_counter() - begun)
            assert len(held) == 1
    with store.reading(post.viewer, one_plan=True) as record:
        for spot in (*asked[:10], *asked):
            begun, busy = time.perf_counter(), time.process_time()
            found = residents.applies(record, spot, at=AT)
            fast.append(time.perf_counter() - begun)
            worked.append(time.process_time() - busy)
            assert found.level == "high"
    for spot in asked[::4]:
        with store.reading(post.viewer, one_plan=True) as record:
            begun = time.perf_counter()
            found = residents.applies(record, replace(spot, compound="in no zone"), at=AT)
            elsewhere.append(time.perf_counter() - begun)
            assert found.level == "low"
    p50, p95 = np.quantile(fast, [0.5, 0.95]) * 1000
    twin = np.quantile(plain, 0.5) * 1000
    print(
        f"one address among {ZONES_IN_FORCE} zones: p50 {p50:.2f} ms, p95 {p95:.2f} ms; plain twin {twin:.1f} ms"
    )
    print(f"  {twin / p50:.1f} x (the twin reads the district's zones only and rules on none)")
    print(
        f"  of it this process works {np.quantile(worked, 0.5) * 1000:.2f} ms; the rest is the way to the record and back"
    )
    low50, low95 = np.quantile(elsewhere, [0.5, 0.95]) * 1000
    print(f"  an address in no zone: p50 {low50:.2f} ms, p95 {low95:.2f} ms")
    six50, six95 = np.quantile(apart, [0.5, 0.95]) * 1000
    print(
        f"  the same six questions asked one by one, ruling on nothing: p50 {six50:.2f} ms, p95 {six95:.2f} ms"
    )
    begun = time.perf_counter()
    zoning.review_zones(
        Post(store=store, viewer=post.viewer), at=AT, time_zone=ZoneInfo("Asia/Shanghai")
    )
    print(f"one pass of the round over {ZONES_IN_FORCE} zones: {time.perf_counter() - begun:.1f} s")


def one_by_one(record: Record, spot: Address) -> None:
    """Ask what `applies` asks, one question after another: what it cost before they were asked together."""
    where = {"compound": [spot.compound, SEVERAL], "over_from": OpenAfter(moment=AT)}
    chain = list(ancestors_of(spot.area))
    record.nouns(ZONES, where={**where, "area": chain})
    near = record.nouns(ZONES, under=spot.area, where=where)
    record.nouns(ORDERS, where={"id": sorted({span.order for zone in near for span in zone.spans})})
    record.nouns(CASE_PLACES, where={"compound": [spot.compound, SEVERAL]})
    record.nouns(ROUNDS, where={"zone": [zone.id for zone in near]})
    record.nouns(ADOPTIONS, where={"area": [*chain, spot.area]})


def draw() -> None:
    """Print residents inside at equal risk held, beside whole compounds, in towns made by chance."""
    rng = np.random.default_rng(1)
    for spill in (0.0, 0.1, 0.2):
        emission = Emission(
            quanta_per_hour=5,
            spread=2.5,
            breathing_m3_per_hour=0.5,
            air_changes=1,
            m3_per_person=25,
            spill=spill,
        )
        inside = whole = small = 0
        for _ in range(40):
            groups = np.repeat(np.arange(40), 8)
            residents = rng.lognormal(5, 0.5, size=320).astype(np.int64) + 20
            homes = rng.choice(320, size=6, replace=False)
            stays = [
                Stay(case=case, unit=int(home), hours=28, people=float(rng.integers(2, 12)))
                for case, home in enumerate(homes)
            ] + [
                Stay(
                    case=case,
                    unit=int(unit),
                    hours=float(rng.uniform(0.5, 3)),
                    people=8,
                    air_changes=3,
                )
                for case in range(6)
                for unit in rng.choice(320, size=2, replace=False)
            ]
            risk = unit_risk(
                stays, residents=residents, groups=groups, emission=emission, rng=rng, draws=100
            )
            baseline = whole_groups(risk.draws, residents, groups, [int(home) for home in homes])
            inside += smallest_cover(risk.draws, residents, share=baseline.share).residents
            small += smallest_cover(risk.draws, residents, share=0.8).residents
            whole += baseline.residents
        print(
            f"spill {spill:.1f}: at the risk whole compounds hold, {inside / whole:.2f} of their residents; "
            f"holding 80 % of the risk, {small / whole:.2f}"
        )


if __name__ == "__main__":
    main()
