"""A screening round through the real doors: bulk files judged whole, coverage, versions, faults, crashes."""

import multiprocessing
import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH, clock
from yipan.feeds import samples
from yipan.feeds.frame import CannotRead
from yipan.model import Area, Duty, LakeKind, NotYourArea, ScreeningRound, Viewer, area_path
from yipan.operations import drill, screening
from yipan.operations.post import Post
from yipan.protocol import protocols
from yipan.store import Store, lake

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

ZONE = ZoneInfo("Asia/Shanghai")
STREETS = (440103001, 440103002, 440304001)
ROUND = ScreeningRound(
    id="r1", area=PROVINCE, disease="covid-19", opened=TENTH, closes=TENTH + timedelta(days=1)
)
LATER = TENTH + timedelta(hours=20)


def street(code):
    return area_path(f"44.{str(code)[:4]}.{str(code)[:6]}.{code}.")


@pytest.fixture
def post(store):
    at = Post(store=store, viewer=store.system())
    with store.acting(
        at.viewer, desk="areas", verb="put", why="test", at=TENTH - timedelta(days=8)
    ) as act:
        act.put_areas(
            [
                Area(path=path, level=level, name_zh=name, name_en=name, code=code, source="test")
                for path, level, name, code in (
                    ("44.4401.440103.", "county", "荔湾区", "440103"),
                    ("44.4403.440304.", "county", "福田区", "440304"),
                    *((street(c), "street", f"街道{c}", str(c)) for c in STREETS),
                )
            ]
        )
    screening.open_round(at, ROUND, why="test", at=TENTH)
    return at


@pytest.fixture
def bulk(tmp_path):
    return lake.Lake(folder=tmp_path / "screening", memory_mb=500, threads=1)


def table(path: Path, head: str, *rows: str) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def roster(folder: Path) -> Path:
    people = [f"{p},{STREETS[0] if p <= 6 else STREETS[2]},{int(p == 6)}" for p in range(1, 10)]
    return table(folder / "roster.csv", "person,street,exempt", *people)


SAMPLE_HEAD = "sample,tube,person,street,site,mode,sampled_at"


def swabs(folder: Path, *rows: str, name="samples.csv") -> Path:
    return table(folder / name, SAMPLE_HEAD, *rows)


GOOD_SWABS = tuple(
    f"{100 + p},{tube},{p},{STREETS[0] if p <= 6 else STREETS[2]},{1 if p <= 6 else 2},5,2022-11-10T1{p}:00:00+08:00"
    for p, tube in ((1, 501), (2, 501), (3, 501), (4, 502), (7, 503), (8, 503))
)
RESULT_HEAD = "tube,laboratory,result,plate,well,received_at,published_at"


def results(folder: Path, *rows: str, name="results.csv") -> Path:
    return table(folder / name, RESULT_HEAD, *rows)


NEGATIVE = "501,lab-a,阴性,p1,A1,2022-11-10 20:00:00,2022-11-10 23:00:00"
POSITIVE = "503,lab-b,POS,p2,B1,2022-11-10 20:30:00,2022-11-10 23:30:00"


def take(post, bulk, file, kind, *, at=LATER):
    return screening.take_in(post, bulk, file, round="r1", kind=kind, at=at, time_zone=ZONE)


def covered(post, bulk, *, known_at=None, viewer=None):
    with post.store.reading(viewer or post.viewer, known_at=known_at) as record:
        return screening.coverage(record, bulk, round="r1")


class TestRound:
    def fill(self, post, bulk, folder):
        take(post, bulk, roster(folder), LakeKind.ROSTER)
        take(post, bulk, swabs(folder, *GOOD_SWABS), LakeKind.SAMPLES)
        return take(post, bulk, results(folder, NEGATIVE, POSITIVE), LakeKind.RESULTS)

    def test_says_who_was_reached_and_adds_up(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)

        total = covered(post, bulk).total

        assert (total.due, total.exempt, total.sampled, total.not_seen) == (8, 1, 6, 2)
        assert (total.with_result, total.pending, total.held, total.to_swab_again) == (5, 1, 2, 0)
        assert total.with_result + total.pending + total.to_swab_again == total.sampled

    def test_lists_exactly_those_a_street_lacks(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        with post.store.reading(post.viewer) as record:
            missing = screening.gaps(record, bulk, round="r1", street=street(STREETS[0]))

        assert [(gap.person, gap.why) for gap in missing] == [(4, "pending"), (5, "not_seen")]
        assert missing[0].sampled_at == datetime(2022, 11, 10, 6, tzinfo=UTC)

    def test_holds_everybody_in_a_positive_tube(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        with post.store.reading(post.viewer) as record:
            (tube,) = screening.held_tubes(record, bulk, round="r1")
            (waiting,) = screening.waiting(record, bulk, round="r1", at=LATER)

        assert (tube.tube, tube.people, tube.area) == (503, (7, 8), street(STREETS[2]))
        assert (waiting.tube, waiting.people, waiting.hours) == (502, 1, 16.0)

    def test_does_not_let_a_corrected_result_change_what_was_known_before(
        self, post, bulk, tmp_path
    ):
        self.fill(post, bulk, tmp_path)
        corrected = results(tmp_path, POSITIVE.replace("POS", "阴性"), name="corrected.csv")
        take(post, bulk, corrected, LakeKind.RESULTS, at=LATER + timedelta(hours=2))

        assert covered(post, bulk, known_at=LATER).total.held == 2
        assert covered(post, bulk).total.held == 0
        assert covered(post, bulk).total.with_result == 5

    def test_shows_a_city_its_own_people_only(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        shenzhen = Viewer(user="sz", duty=Duty.LABORATORY, area=SHENZHEN)

        seen = covered(post, bulk, viewer=shenzhen)

        assert [street.area for street in seen.streets] == [street(STREETS[2])]
        with post.store.reading(shenzhen) as record, pytest.raises(NotYourArea):
            screening.gaps(record, bulk, round="r1", street=street(STREETS[0]))

    def test_takes_a_file_of_a_city_for_that_city_only(self, post, bulk, tmp_path):
        guangzhou = Post(
            store=post.store, viewer=Viewer(user="gz", duty=Duty.LABORATORY, area=GUANGZHOU)
        )
        batch = screening.take_in(
            guangzhou, bulk, swabs(tmp_path, *GOOD_SWABS), round="r1", kind=LakeKind.SAMPLES, at=LATER,
            time_zone=ZONE,
        )  # fmt: skip

        assert (batch.accepted, batch.reasons) == (4, {samples.UNKNOWN_STREET: 2})

    def test_tells_a_person_s_swabs(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        with post.store.reading(post.viewer) as record:
            (swab,) = screening.person_history(record, bulk, person=7)

        assert (swab.round, swab.tube, swab.result) == ("r1", 503, "positive")

    def test_is_planned_by_the_norms_of_the_protocol(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        book = protocols().rulebook("cn-covid-9ed")

        plan = screening.plan_round(covered(post, bulk), book, tube_size=5, samplers=0, tubes=100)

        assert [(s.people, s.sites_least, s.samplers, s.tubes) for s in plan.streets] == [
            (5, 1, 1, 1),
            (3, 1, 1, 1),
        ]
        assert (plan.total.people, plan.lacking_samplers, plan.lacking_tubes) == (8, 2, 0)
        assert all(reason.source for reason in plan.reasons)

    def test_refuses_the_same_file_twice(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)

        with pytest.raises(screening.AlreadyTaken, match="taken in before"):
            take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)


class TestEarlierFiles:
    def test_put_their_people_aside(self, post, bulk, tmp_path):
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        again = swabs(
            tmp_path, f"300,700,1,{STREETS[0]},1,5,2022-11-10 19:00",
            f"301,700,5,{STREETS[0]},1,5,2022-11-10 19:00", name="second.csv",
        )  # fmt: skip

        assert take(post, bulk, again, LakeKind.SAMPLES).reasons == {samples.ALREADY_HERE: 1}

    def test_that_are_no_tables_leave_nothing(self, post, bulk, tmp_path):
        with pytest.raises(CannotRead, match="has no column sample"):
            take(post, bulk, table(tmp_path / "bad.csv", "a,b", "1,2"), LakeKind.SAMPLES)
        assert not list(bulk.folder.rglob("*.parquet"))


class TestCrash:
    def test_leaves_nothing_half_in_and_the_file_can_be_taken_again(
        self, post, bulk, tmp_path, server
    ):
        server_home = post.store.server.home
        rows = [
            f"{p},{p // 5},{p},{STREETS[p % 3]},{p % 3 * 1000 + p // 15},0,2022-11-10 18:00:00"
            for p in range(1, 60_001)
        ]
        file = swabs(tmp_path, *rows, name="large.csv")
        for wait in (0.3, 0.9, 1.6):
            writer = multiprocessing.get_context("spawn").Process(
                target=_take_in_and_wait, args=(server_home, bulk.folder, file)
            )
            writer.start()
            writer.join(timeout=wait)
            if writer.is_alive():
                os.kill(writer.pid, signal.SIGKILL)
            writer.join()
            with post.store.reading(post.viewer) as record:
                taken = screening.batches(record, round="r1")
                parts = record.nouns(screening.LAKE_PARTS)
            assert sum(part.rows for part in parts) == sum(batch.accepted for batch in taken)
            assert post.store.verify() is None
        if not taken:
            bulk.sweep([part.id for part in parts])
            taken = (take(post, bulk, file, LakeKind.SAMPLES),)

        assert taken[0].read == 60_000 == taken[0].accepted + taken[0].quarantined


def _take_in_and_wait(server_home, folder, file):
    store = Store.open(server_home, clock=clock)
    take(
        Post(store=store, viewer=store.system()), lake.Lake(folder=folder, threads=1), file,
        LakeKind.SAMPLES,
    )  # fmt: skip


class TestDrill:
    def test_finds_every_planted_fault_and_calls_nothing_else_one(self, post, bulk, tmp_path):
        *_, report = drill.run(
            post, bulk, tmp_path / "files", people=60_000, at=TENTH + timedelta(days=5), time_zone=ZONE,
            rng=np.random.default_rng(3),
        )  # fmt: skip

        assert {
            f.kind: (f.planted, f.found, f.false)
            for f in report.faults
            if f.found != f.planted or f.false
        } == {}
        assert report.all_found
        assert report.rows_add_up
