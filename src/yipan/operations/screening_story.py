"""
A round of screening made up for the demonstration: nobody in it exists, and its name says so.

Haizhu's streets are swabbed ten to a tube; four tubes are positive or weak, some people did not come, some tubes wait,
one person on dialysis has no result. The first tubes are held, swabbed singly and partly to be released; the rest waits
to be decided by whoever opens the board. One box of tubes has not arrived, one plate does not stand, one control drifts,
one laboratory gives results of no well, and one split tube was read in two ways. Beside it stands a small register of
key people.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from yipan.feeds.keypeople import KeyPeople
from yipan.model import (
    Identity,
    KeyGroup,
    KeySite,
    Laboratory,
    LakeKind,
    ReagentKit,
    ScreeningRound,
    TestResult,
    Verdict,
    area_path,
    person_id,
)
from yipan.operations import commanding, day, holding, keypeople, laboratories, screening
from yipan.operations.post import Post
from yipan.operations.story import CHINA, HAIZHU, HALL, PROVINCE, SOURCE, Scene
from yipan.store import Record, lake

ROUND = "示范-1112"
OPENED = datetime(2022, 11, 12, 6, tzinfo=CHINA)
PER_STREET = 90
LABORATORIES = ("示范实验室A", "示范实验室B", "示范实验室C")
HEADS = {
    LakeKind.ROSTER: ("person", "street", "exempt"),
    LakeKind.NEEDS: ("person", "street", "need", "risk"),
    LakeKind.SAMPLES: ("sample", "tube", "person", "street", "site", "mode", "sampled_at"),
    LakeKind.RESWABS: ("sample", "tube", "person", "street", "site", "mode", "sampled_at"),
    LakeKind.RESULTS: (
        "tube", "laboratory", "result", "plate", "well", "ct_orf", "ct_n", "ct_control", "received_at",
        "published_at",
    ),
    LakeKind.CONSIGNMENTS: ("tube", "consignment", "laboratory", "courier", "seal", "temperature_c", "picked_at"),
    LakeKind.RECEIPTS: ("tube", "laboratory", "consignment", "accession", "condition", "received_at"),
    LakeKind.WELLS: (
        "laboratory", "plate", "well", "content", "tube", "instrument", "kit", "ct_orf", "ct_n", "ct_control",
        "started_at", "ended_at",
    ),
    LakeKind.VISITS: ("person", "street", "place", "purpose", "arrived_at", "left_at"),
}  # fmt: skip
KIT = "示范试剂01"
SPLIT = tuple((77_000_000 + 100 * place, 79_000_000 + place) for place in (0, 3, 6, 12, 15))
"""Tubes of laboratory A whose other half went to laboratory B, under numbers of their own."""
Rows = list[Sequence[object]]


def _send(post: Post, kind: LakeKind, rows: Iterable[Sequence[object]], *, at: datetime) -> None:
    """Write rows as the file somebody would send, and take it in through the ordinary door."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"示范-{kind.value}-{at:%H%M}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADS[kind])
            writer.writerows(rows)
        screening.take_in(post, post.lake, path, round=ROUND, kind=kind, at=at, time_zone=CHINA)


def _open(post: Post, at: datetime) -> None:
    screening.open_round(
        post,
        ScreeningRound(
            id=ROUND, area=HAIZHU, disease="covid-19", opened=OPENED, closes=OPENED + timedelta(days=1),
            rule="cn-covid-9ed",
        ),
        why=SOURCE, at=at,
    )  # fmt: skip


def _made_up(post: Post) -> tuple[Rows, Rows, Rows, Rows]:
    """The rosters, needs, swabs and tube results of every street, the same in every demonstration."""
    with post.store.reading(post.viewer) as record:
        streets = sorted(int(a.code) for a in record.areas(HAIZHU) if a.level == "town" and a.code)
    rng = np.random.default_rng(1112)
    roster, needs, swabs, results = (list[Sequence[object]]() for _ in range(4))
    for place, street in enumerate(streets):
        people = range(1000 * (place + 1), 1000 * (place + 1) + PER_STREET)
        for number, person in enumerate(people):
            roster.append((person, street, int(number % 45 == 44)))
            if number % 45 == 44 or rng.random() < 0.03 + 0.08 * (place == 3):
                continue
            tube = 77_000_000 + 100 * place + number // 10
            moment = OPENED + timedelta(minutes=20 * place + 2 * number)
            swabs.append((880_000 + 1000 * place + number, tube, person, street, place + 1, 10, moment.isoformat()))  # fmt: skip
        for group in range(PER_STREET // 10):
            tube = 77_000_000 + 100 * place + group
            laboratory = LABORATORIES[place % 3]
            received = OPENED + timedelta(hours=7 + 4 * (place % 3 == 2), minutes=10 * place)
            found = {(2, 4): "阳性", (7, 1): "阳性", (7, 2): "弱阳性", (11, 5): "阳性"}.get((place, group), "阴性")  # fmt: skip
            if (place, group) == (5, 3):
                found = "无效"
            if place == 9 and group > 5:
                continue
            ct = (round(float(rng.normal(31, 2)), 1),) * 2 if "阳" in found else ("", "")
            control = round(float(rng.normal(25, 0.6)) + 2.4 * (place >= 15), 2)
            results.append((
                tube, laboratory, found, f"{place}-{group // 8}", f"A{group % 8 + 1}", *ct, control,
                received.isoformat(), (received + timedelta(hours=3)).isoformat(),
            ))  # fmt: skip
    needs += [
        (10_007, streets[9], "透析", ""),
        (10_068, streets[9], "孕妇", ""),
        (3_044, streets[2], "", 0.2),
    ]
    needs.append((10_071, streets[9], "透析", ""))
    return roster, needs, swabs, results


def _at_laboratories(results: Rows) -> tuple[Rows, Rows, Rows]:
    """
    The boxes, receipts and plates behind the results, and the box that has not arrived.

    A plate has a no-template control and two positive ones. Nobody measured the first plate of the ninth street.
    """
    rng = np.random.default_rng(1113)
    sent, got, wells = (list[Sequence[object]]() for _ in range(3))
    plates: dict[tuple[str, str], list[Sequence[object]]] = {}
    for row in results:
        tube, laboratory, _, plate, *_ = row
        place = (int(str(tube)) - 77_000_000) // 100
        received = datetime.fromisoformat(str(row[8]))
        box = f"示范箱{place + 1:02d}"
        picked = received - timedelta(minutes=50 + 5 * (place % 4))
        sent.append((tube, box, laboratory, f"示范车{place % 4 + 1}", f"封{place:03d}", 4 + place % 3, picked.isoformat()))  # fmt: skip
        got.append((tube, laboratory, box, f"收{tube}", "渗漏" if row[2] == "无效" else "合格", received.isoformat()))  # fmt: skip
        plates.setdefault((str(laboratory), str(plate)), []).append(row)
    late = OPENED + timedelta(hours=12)
    sent += [
        (77_000_900 + group, "示范箱99", LABORATORIES[0], "示范车2", "封099", 9, late.isoformat())
        for group in range(6, PER_STREET // 10)
    ]
    for (laboratory, plate), rows in plates.items():
        place = int(plate.split("-")[0])
        if plate == "8-0":
            continue
        begun = datetime.fromisoformat(str(rows[0][8])) + timedelta(
            minutes=30 + 4 * (plate[-1] == "1")
        )
        run = (begun.isoformat(), (begun + timedelta(minutes=80)).isoformat())
        bench = (f"示范仪{LABORATORIES.index(laboratory) + 1}", KIT)
        for row in rows:
            orf, n, internal = row[5], row[6], row[7]
            wells.append(
                (laboratory, plate, row[4], "样本", row[0], *bench, orf, n, internal, *run)
            )
        rose = round(float(rng.normal(37, 0.3)), 1) if plate == "12-0" else ""
        wells.append((laboratory, plate, "H10", "无模板对照", "", *bench, rose, "", "", *run))
        for well in ("H11", "H12"):
            orf = round(float(rng.normal(28.0, 0.25)) + 1.6 * (place == 16), 2)
            n = round(float(rng.normal(27.6, 0.25)), 2)
            wells.append((laboratory, plate, well, "阳性对照", "", *bench, orf, n, 25.0, *run))
    return sent, got, wells


def _plates_of(results: Sequence[Sequence[object]]) -> Rows:
    """A plate for each of these results with controls as they should be."""
    wells: Rows = []
    for tube, laboratory, _, plate, well, orf, n, internal, received, _ in results:
        begun = datetime.fromisoformat(str(received)) + timedelta(minutes=30)
        bench = (f"示范仪{LABORATORIES.index(str(laboratory)) + 1}乙", KIT)
        run = (begun.isoformat(), (begun + timedelta(minutes=80)).isoformat())
        wells.append((laboratory, plate, well, "样本", tube, *bench, orf, n, internal, *run))
    for laboratory, plate, kind, when in dict.fromkeys(
        (w[0], w[1], tuple(w[5:7]), tuple(w[10:])) for w in wells
    ):
        wells.append((laboratory, plate, "H10", "无模板对照", "", *kind, "", "", "", *when))
        wells.append((laboratory, plate, "H11", "阳性对照", "", *kind, 28.0, 27.6, 25.0, *when))
    return wells


def _equip(post: Post, at: datetime) -> None:
    """What the laboratories said they can take, one held in reserve, and what the lot of their kit allows."""
    benches = [
        Laboratory(
            id=name, area=HAIZHU, name=name, tubes_per_day=800 - 200 * number, instruments=2, wells=96, run_hours=1.5,
            reserve=number == len(LABORATORIES),
        )
        for number, name in enumerate((*LABORATORIES, "示范后备实验室"))
    ]  # fmt: skip
    kit = ReagentKit(
        id=KIT,
        area=HAIZHU,
        source="示范说明书",
        internal_below=40.0,
        positive_from=25.0,
        positive_to=32.0,
    )
    laboratories.register(post, laboratories=benches, kits=[kit], at=at)


def _day(post: Post, at: datetime) -> None:
    roster, needs, swabs, results = _made_up(post)
    _equip(post, at)
    _send(post, LakeKind.ROSTER, roster, at=at)
    _send(post, LakeKind.NEEDS, needs, at=at)
    _send(post, LakeKind.SAMPLES, swabs, at=at)
    laboratories.plant(post, round=ROUND, pairs=dict(SPLIT), at=at)
    sent, got, wells = _at_laboratories(results)
    received, told = at - timedelta(hours=5), at - timedelta(hours=2)
    results += [
        (
            duplicate, LABORATORIES[1], "阳性" if number == 2 else "阴性", f"盲-{number}", "A1",
            *((33.1, 33.6) if number == 2 else ("", "")), 25.2, received.isoformat(), told.isoformat(),
        )
        for number, (_, duplicate) in enumerate(SPLIT)
    ]  # fmt: skip
    _send(post, LakeKind.CONSIGNMENTS, sent, at=at)
    _send(post, LakeKind.RECEIPTS, got, at=at)
    _send(post, LakeKind.RESULTS, results, at=at)
    _send(post, LakeKind.WELLS, [*wells, *_plates_of(results[-len(SPLIT) :])], at=at)
    holding.review_rounds(post, at=at, time_zone=CHINA)


def _hold_first(post: Post, at: datetime) -> None:
    """The county accepts what was proposed for one street; the others wait."""
    hall = Post(store=post.store, viewer=HALL)
    with post.store.reading(HALL) as record:
        waiting = commanding.inbox(record, area=PROVINCE, at=at).proposals
    for entry in [e for e in waiting if e.proposal.kind == holding.SET][:2]:
        day.decide(hall, entry.proposal.id, verdict=Verdict.ACCEPT, at=at)


def _swab_again(post: Post, at: datetime) -> None:
    with post.store.reading(post.viewer) as record:
        sheets = holding.holds(record, post.lake, round=ROUND, at=at)
        streets = {a.path: a.code for a in record.areas(HAIZHU)}
    people = [(s.hold, one.person) for s in sheets for one in s.hold.people[:7]]
    rows: Rows = [
        (990_000 + n, 78_000_000 + n, person, streets[hold.area], 99, 1, (at - timedelta(hours=1)).isoformat())
        for n, (hold, person) in enumerate(people)
    ]  # fmt: skip
    _send(post, LakeKind.RESWABS, rows, at=at)


def _single_results(post: Post, at: datetime) -> None:
    received, told = at - timedelta(hours=5), at - timedelta(minutes=20)
    with post.store.reading(post.viewer) as record:
        sheets = holding.holds(record, post.lake, round=ROUND, at=at)
    swabbed = sum(one.swabbed is not None for sheet in sheets for one in sheet.people_now)
    rows: Rows = [
        (
            78_000_000 + n, LABORATORIES[0], "阳性" if n == 0 else "阴性", "复采-1", f"B{n + 1}",
            *((29.4, 29.8) if n == 0 else ("", "")), 25.1, received.isoformat(), told.isoformat(),
        )
        for n in range(max(0, swabbed - 3))
    ]  # fmt: skip
    _send(post, LakeKind.RESULTS, rows, at=at)
    _send(post, LakeKind.WELLS, _plates_of(rows), at=at)
    _visited(post, at)
    holding.review_rounds(post, at=at, time_zone=CHINA)


def _visited(post: Post, at: datetime) -> None:
    """A market's scanned codes before the round, the found person among them, and two who came to a clinic without a result."""
    with post.store.reading(post.viewer) as record:
        found = [row[0] for row in _single_positive(record, post)]
        streets = sorted(int(a.code) for a in record.areas(HAIZHU) if a.level == "town" and a.code)
    noon = OPENED - timedelta(hours=18)
    rows: Rows = [
        (person, streets[2], 501, "", (noon + timedelta(minutes=start)).isoformat(), end)
        for person, start, stay in (*((one, 0, 45) for one in found), (3_012, 20, 60), (4_031, 30, 40), (5_007, 43, 30), (6_001, 10, None))
        for end in [(noon + timedelta(minutes=start + stay)).isoformat() if stay else ""]
    ]  # fmt: skip
    rows += [
        (10_068, streets[9], 601, "急诊", (at - timedelta(hours=1)).isoformat(), ""),
        (12_003, streets[11], 602, "发热门诊", (at - timedelta(hours=2)).isoformat(), ""),
        (10_012, streets[9], 602, "发热门诊", (at - timedelta(minutes=40)).isoformat(), ""),
    ]
    _send(post, LakeKind.VISITS, rows, at=at)


def _single_positive(record: Record, post: Post) -> list[lake.Row]:
    with screening.looking(record, post.lake, ROUND) as engine:
        return [row for row in lake.singles(engine) if row[3] == "positive"]


def _key_people(post: Post, at: datetime) -> None:
    sites = []
    for number, (group, sector, holder, count) in enumerate((
        (KeyGroup.HIGH_RISK_POST, "冷链（示范）", "示范市场监管局", 8),
        (KeyGroup.KEY_VENUE, "养老机构（示范）", "示范民政局", 6),
        (KeyGroup.CROWDED_INSTITUTION, "学校（示范）", "示范教育局", 10),
        (KeyGroup.CROWDED_POST, "农贸市场（示范）", "示范市场监管局", 6),
    )):  # fmt: skip
        people = tuple(person_id(f"p-{0xDE3000 + 100 * number + n:016x}") for n in range(count))
        sites.append(KeySite(
            id=f"示范单位{number + 1}", area=area_path(HAIZHU), group=group, name=f"示范单位{number + 1}", sector=sector,
            duty_holder=holder, since=at.date(), people=people,
            every_days=3 if group is KeyGroup.KEY_VENUE else None,
            inspect_days=14 if group in {KeyGroup.KEY_VENUE, KeyGroup.CROWDED_INSTITUTION} else None,
            said_by="" if group is KeyGroup.HIGH_RISK_POST else "示范通告",
        ))  # fmt: skip
    names = tuple(
        Identity(person=one, name=f"示范人员{n:02d}")
        for n, one in enumerate(p for site in sites for p in site.people)
    )
    keypeople.register(post, KeyPeople(sites=tuple(sites), identities=names), at=at)
    for site in sites[:2]:
        tested = dict.fromkeys(site.people[:-2], TestResult.NEGATIVE)
        keypeople.record_tests(post, site.id, tested, day=at.date(), tube_size=1, at=at)
    keypeople.record_inspection(
        post,
        sites[1].id,
        by="示范民政局",
        points=["访客未登记（示范）", "隔离观察室不足（示范）"],
        at=at,
    )
    keypeople.record_inspection(post, sites[2].id, by="示范教育局", points=[], at=at)


SCREENING_STORY: tuple[Scene, ...] = (
    Scene(at=datetime(2022, 11, 11, 15, tzinfo=CHINA), tell=_key_people),
    Scene(at=OPENED, tell=_open),
    Scene(at=datetime(2022, 11, 12, 21, 30, tzinfo=CHINA), tell=_day),
    Scene(at=datetime(2022, 11, 12, 22, tzinfo=CHINA), tell=_hold_first),
    Scene(at=datetime(2022, 11, 13, 0, 30, tzinfo=CHINA), tell=_swab_again),
    Scene(at=datetime(2022, 11, 13, 6, 30, tzinfo=CHINA), tell=_single_results),
)
"""The scenes in order."""
