"""A screening round through the real doors: bulk files judged whole, coverage, versions, faults, crashes."""

import multiprocessing
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH, clock
from yipan.api.errors import failure_of
from yipan.cli import db
from yipan.feeds import samples
from yipan.feeds.frame import CannotRead
from yipan.feeds.keypeople import read_key_people
from yipan.model import (
    Adoption,
    Area,
    Duty,
    LakeKind,
    NotYourArea,
    PersonState,
    ScreeningRound,
    TaskState,
    TestResult,
    Verdict,
    Viewer,
    area_path,
)
from yipan.operations import (
    commanding,
    day,
    drill,
    holding,
    keypeople,
    merging,
    rolling,
    screening,
    zoning,
)
from yipan.operations.post import Post
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

    def test_gives_no_empty_list_of_gaps_for_a_whole_county(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        with post.store.reading(post.viewer) as record:
            with pytest.raises(ValueError, match="a gap list is for whoever goes round one street"):
                screening.gaps(record, bulk, round="r1", street=area_path("44.4401.440103."))
            assert screening.gaps(record, bulk, round="r1", street=street(STREETS[1])) == ()

    def test_counts_as_many_as_its_lists_name(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        total = covered(post, bulk)
        with post.store.reading(post.viewer) as record:
            missing = {
                one.area: screening.gaps(record, bulk, round="r1", street=one.area)
                for one in total.streets
            }
            held = screening.held_tubes(record, bulk, round="r1")
            waiting = screening.waiting(record, bulk, round="r1", at=LATER)

        for one in total.streets:
            assert one.with_result + len(missing[one.area]) == one.due
            assert sum(gap.why == "not_seen" for gap in missing[one.area]) == one.not_seen
        assert sum(len(tube.people) for tube in held) == total.total.held
        assert sum(tube.people for tube in waiting) == total.total.pending
        assert total.total.with_result + sum(map(len, missing.values())) + total.total.exempt == 9

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

        assert (batch.accepted, batch.reasons) == (4, {samples.STREET_OUTSIDE: 2})

    def test_tells_a_person_s_swabs(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)
        with post.store.reading(post.viewer) as record:
            (swab,) = screening.person_history(record, bulk, person=7)

        assert (swab.round, swab.tube, swab.result) == ("r1", 503, "positive")

    def test_refuses_the_same_file_twice(self, post, bulk, tmp_path):
        self.fill(post, bulk, tmp_path)

        with pytest.raises(screening.AlreadyTaken, match="taken in before"):
            take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)


class TestMessages:
    def test_of_laboratories_are_results_of_tubes(self, post, bulk, tmp_path):
        take(post, bulk, roster(tmp_path), LakeKind.ROSTER)
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        lines = [
            "MSH|^~\\&|LIS|lab-a|CDC|CDC|20221110233000+0800||ORU^R01^ORU_R01|m1|P|2.5.1",
            "PID|1||x||张^三",
        ]
        for tube, word in ((501, "Not detected"), (503, "Detected"), (502, "blue")):
            lines += [
                f"OBR|1|{tube}|{tube}|94558-4^SARS-CoV-2^LN",
                f"OBX|1|CWE|94558-4^SARS-CoV-2^LN||1^{word}^L||||||F",
                f"SPM|1|{tube}|||||||||||||||20221110180000+0800|20221110200000+0800",
            ]
        file = tmp_path / "results.hl7"
        file.write_text("\r".join(lines), encoding="utf-8")

        taken = take(post, bulk, file, LakeKind.RESULTS)

        assert (taken.file, taken.read, taken.accepted) == ("results.hl7", 3, 2)
        assert taken.reasons == {samples.UNREADABLE: 1}
        assert covered(post, bulk).total.held == 2
        with post.store.reading(post.viewer) as record:
            tubes = {t.tube: t for t in screening.tube_specimens(record, bulk, round="r1")}
        assert (tubes[501].people, tubes[502].people) == (3, 1)


class TestEarlierFiles:
    def test_put_their_people_aside(self, post, bulk, tmp_path):
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        again = swabs(
            tmp_path, f"300,700,1,{STREETS[0]},1,5,2022-11-10 19:00",
            f"301,700,5,{STREETS[0]},1,5,2022-11-10 19:00", name="second.csv",
        )  # fmt: skip

        assert take(post, bulk, again, LakeKind.SAMPLES).reasons == {samples.ALREADY_HERE: 1}

    def test_put_tubes_aside_that_they_filled(self, post, bulk, tmp_path):
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        again = swabs(
            tmp_path, f"300,501,11,{STREETS[0]},1,5,2022-11-10 19:00", f"301,502,12,{STREETS[1]},1,5,2022-11-10 19:00",
            *(f"{310 + i},503,{20 + i},{STREETS[2]},2,5,2022-11-10 19:00" for i in range(4)), name="second.csv",
        )  # fmt: skip

        taken = take(post, bulk, again, LakeKind.SAMPLES)

        assert taken.reasons == {samples.TUBE_OF_EARLIER: 5}
        assert taken.accepted == 1

    def test_sent_again_with_one_change_lose_only_what_was_here(self, post, bulk, tmp_path):
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        more = f"109,503,9,{STREETS[2]},2,5,2022-11-10 19:00"
        again = swabs(tmp_path, *GOOD_SWABS, more, name="again.csv")

        taken = take(post, bulk, again, LakeKind.SAMPLES)

        assert taken.reasons == {samples.ALREADY_HERE: 6}
        assert taken.accepted == 1

    @pytest.mark.parametrize("road", ["fast", "plain"])
    def test_that_tell_something_else_of_a_tube_or_a_sample_win(
        self, post, bulk, tmp_path, road, monkeypatch
    ):
        if road == "plain":
            monkeypatch.setattr(screening, "_fast_road", lambda *_, **__: None)
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        other = swabs(
            tmp_path,
            f"300,501,5,{STREETS[0]},1,10,2022-11-10 19:00",  # for ten people now
            f"104,600,6,{STREETS[0]},1,5,2022-11-10 19:00",  # the sample of another person
            f"301,601,10,{STREETS[0]},1,5,2022-11-10 19:00",
            name="other.csv",
        )

        taken = take(post, bulk, other, LakeKind.SAMPLES)

        assert taken.reasons == {samples.TUBE_OF_EARLIER: 1, samples.ALREADY_HERE: 1}
        assert taken.accepted == 1

    def test_that_are_no_tables_leave_nothing(self, post, bulk, tmp_path):
        with pytest.raises(CannotRead, match="has no column sample"):
            take(post, bulk, table(tmp_path / "bad.csv", "a,b", "1,2"), LakeKind.SAMPLES)
        assert not list(bulk.folder.rglob("*.parquet"))


class TestState:
    """What is kept while files are taken in answers as what is worked out from the lake."""

    def test_kept_while_judging_is_read_by_the_next_question(
        self, post, bulk, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(rolling, "KEPT_FROM", 0)
        read = []
        whole = lake.Lake.read
        monkeypatch.setattr(
            lake.Lake, "read", lambda home, paths, columns: read.append(paths) or whole(home, paths, columns)
        )  # fmt: skip
        take(post, bulk, roster(tmp_path), LakeKind.ROSTER)
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        take(post, bulk, results(tmp_path, NEGATIVE, POSITIVE), LakeKind.RESULTS)
        corrected = POSITIVE.replace("POS", "阴性").replace("23:30", "23:50")
        take(post, bulk, results(tmp_path, corrected, name="later.csv"), LakeKind.RESULTS)

        found = covered(post, bulk)
        with post.store.reading(post.viewer) as record:
            held = screening.held_tubes(record, bulk, round="r1")

        assert read == []
        shutil.rmtree(bulk.folder / "state")
        assert covered(post, bulk) == found
        assert read
        with post.store.reading(post.viewer) as record:
            assert screening.held_tubes(record, bulk, round="r1") == held == ()

    def test_is_judged_again_when_another_file_came_in_meanwhile(
        self, post, bulk, tmp_path, monkeypatch
    ):
        first = swabs(tmp_path, *GOOD_SWABS)
        second = swabs(tmp_path, f"300,501,11,{STREETS[1]},1,5,2022-11-10 19:00", name="b.csv")
        road, raced = screening._fast_road, []

        def slow(*told, **more):
            judged = road(*told, **more)
            if not raced:
                raced.append(True)
                take(post, bulk, first, LakeKind.SAMPLES)
            return judged

        monkeypatch.setattr(screening, "_fast_road", slow)

        assert take(post, bulk, second, LakeKind.SAMPLES).reasons == {samples.TUBE_OF_EARLIER: 1}

    def test_leaves_the_record_to_others_while_its_files_are_written(
        self, post, bulk, tmp_path, monkeypatch
    ):
        written, meanwhile = lake.Lake.write_frame, []

        def slow(home, frame, **told):
            parts = written(home, frame, **told)
            other = replace(ROUND, id="r2")
            with ThreadPoolExecutor(1) as beside:
                opened = beside.submit(screening.open_round, post, other, why="test", at=TENTH)
                meanwhile.append(opened.result(timeout=60).id)
            return parts

        monkeypatch.setattr(lake.Lake, "write_frame", slow)

        taken = take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)

        assert taken.accepted == len(GOOD_SWABS)
        assert meanwhile == ["r2"]

    def test_is_not_asked_from_a_file_whose_values_were_changed(self, post, bulk, tmp_path):
        take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        with post.store.reading(post.viewer) as record:
            part = record.nouns(screening.LAKE_PARTS)[0]
        file = bulk.folder / part.id
        changed = pl.read_parquet(file).with_columns(pl.col("person") + 1)
        changed.write_parquet(file)

        with pytest.raises(lake.DamagedLake, match="content hash is another") as raised:
            covered(post, bulk)
        assert failure_of(raised.value).code == "lake_damaged"

    def test_can_be_taken_again_after_a_crash_left_its_files_aside(
        self, post, bulk, tmp_path, monkeypatch
    ):
        with monkeypatch.context() as broken:
            broken.setattr(lake.Lake, "place", lambda *told: 1 / 0)
            broken.setattr(lake.shutil, "rmtree", lambda *told, **more: None)
            with pytest.raises(ZeroDivisionError):
                take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
        assert list((bulk.folder / ".incoming").iterdir())

        taken = take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)

        assert taken.accepted == len(GOOD_SWABS)


class TestProof:
    def test_names_every_file_of_the_lake_that_is_not_as_it_was_written(self, post, tmp_path):
        home = post.lake
        take(post, home, roster(tmp_path), LakeKind.ROSTER)
        assert db._proof(post.store).good
        with post.store.reading(post.viewer) as record:
            first, second = sorted(part.id for part in record.nouns(screening.LAKE_PARTS))
        (home.folder / first).unlink()
        (home.folder / second).write_bytes(b"PAR1 and no more")

        proof = db._proof(post.store)

        assert not proof.good
        assert [one.path for one in proof.lake] == [first, second]
        assert proof.told().startswith(f"{first} is not there; 6 rows are on record.")


class TestSweep:
    def test_removes_what_a_crash_left_a_day_ago_and_nothing_that_was_ever_named(
        self, post, tmp_path
    ):
        home = post.lake
        take(post, home, roster(tmp_path), LakeKind.ROSTER)
        named = db._named_files(post.store)
        (home.folder / ".incoming" / "b-left").mkdir()
        stray = (home.folder / named[0].path).with_name("b-left-0.parquet")
        shutil.copy(home.folder / named[0].path, stray)

        assert home.sweep({one.path for one in named}) == 0
        assert stray.is_file()
        for left in (stray, home.folder / ".incoming" / "b-left", home.folder / named[0].path):
            os.utime(left, (1, 1))
        assert home.sweep({one.path for one in named}) == 1
        assert not stray.exists()
        assert not (home.folder / ".incoming" / "b-left").exists()
        assert all((home.folder / one.path).is_file() for one in named)


class TestClusterJob:
    def test_names_the_files_a_viewer_may_see_and_the_act_of_each(
        self, post, bulk, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(screening.cluster, "sql", lambda name, engine: f"{name} for {engine}")
        TestRound().fill(post, bulk, tmp_path)
        shenzhen = Viewer(user="s", duty=Duty.COMMANDER, area=SHENZHEN)

        with post.store.reading(post.viewer) as record:
            whole = screening.cluster_job(record, round="r1")
        with post.store.reading(shenzhen) as record:
            part = screening.cluster_job(record, round="r1")

        assert {view: len(files) for view, files in whole.files.items()} == {
            "roster": 2, "samples": 2, "results": 2,
        }  # fmt: skip
        acts = [whole.files[view][0].act for view in ("roster", "samples", "results")]
        assert acts == sorted(set(acts))
        assert all("city=4403" in f.path for files in part.files.values() for f in files)
        assert set(whole.columns) == {*whole.files, "reswabs", "visits", "case_visits"}
        assert whole.queries["held"] == "held for pyspark"


@pytest.mark.slow
class TestCrash:
    def test_leaves_nothing_half_in_and_every_file_can_be_taken_again(
        self, post, bulk, tmp_path, server, monkeypatch
    ):
        kept_ready = multiprocessing.get_context("forkserver")
        kept_ready.set_forkserver_preload(["yipan.operations.screening", "yipan.feeds.bulk"])

        def file_of(number: int) -> Path:
            first = 100_000 * (number + 1)
            rows = [
                f"{p},{p // 5},{p},{STREETS[p // 5 % 3]},{p // 5},0,2022-11-10 18:00:00"
                for p in range(first, first + 20_000)
            ]
            return swabs(tmp_path, *rows, name=f"large-{number}.csv")

        def writer_of(file: Path) -> multiprocessing.Process:
            writer = kept_ready.Process(
                target=_take_in_and_wait, args=(post.store.server.home, bulk.folder, file)
            )
            writer.start()
            return writer

        writer_of(file_of(0)).join()
        began = time.perf_counter()
        whole = writer_of(file_of(11))
        whole.join()
        took = time.perf_counter() - began
        assert whole.exitcode == 0
        for number, share in enumerate(np.random.default_rng(7).uniform(0.2, 1.05, 10), start=1):
            writer = writer_of(file_of(number))
            writer.join(timeout=took * float(share))
            if writer.is_alive():
                os.kill(writer.pid, signal.SIGKILL)
            writer.join()
            with post.store.reading(post.viewer) as record:
                taken = screening.batches(record, round="r1")
                parts = record.nouns(screening.LAKE_PARTS)
            assert sum(part.rows for part in parts) == sum(batch.accepted for batch in taken)
            assert all((bulk.folder / part.id).is_file() for part in parts)
        assert post.store.verify() is None

        bulk.sweep({one.path for one in db._named_files(post.store)}, older_seconds=0)
        known = {batch.file for batch in taken}
        monkeypatch.setattr(merging, "MERGED_FROM", 3)
        for number in range(1, 11):
            if f"large-{number}.csv" not in known:
                taken += (take(post, bulk, file_of(number), LakeKind.SAMPLES),)
        assert len(taken) == 12
        assert all(b.read == 20_000 == b.accepted for b in taken)
        with post.store.reading(post.viewer) as record:
            parts = record.nouns(screening.LAKE_PARTS)
        rows = bulk.read([part.id for part in parts], ("person",)).height
        assert rows == sum(batch.accepted for batch in taken)
        assert any(part.batch.startswith("m-") for part in parts)


def _take_in_and_wait(server_home, folder, file):
    merging.MERGED_FROM = 3  # so that some are killed while they put small files together
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


# Positive tubes from the result file to the last release

HOUR = timedelta(hours=1)
RESWAB_HEAD = "sample,tube,person,street,site,mode,sampled_at"


@pytest.fixture
def filled(post, tmp_path):
    zoning.adopt(
        post, Adoption(id="a-1", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=TENTH),
        at=TENTH,
    )  # fmt: skip
    bulk = post.lake
    needs = table(
        tmp_path / "needs.csv",
        "person,street,need,risk",
        f"4,{STREETS[0]},透析,",
        f"8,{STREETS[2]},,0.2",
    )
    take(post, bulk, roster(tmp_path), LakeKind.ROSTER)
    take(post, bulk, swabs(tmp_path, *GOOD_SWABS), LakeKind.SAMPLES)
    take(post, bulk, needs, LakeKind.NEEDS)
    take(post, bulk, results(tmp_path, NEGATIVE, POSITIVE), LakeKind.RESULTS)
    return post, tmp_path


def review(at_post, at):
    return holding.review_rounds(at_post, at=at, time_zone=ZONE)


def waiting(at_post, at):
    with at_post.store.reading(at_post.viewer) as record:
        return commanding.inbox(record, area=PROVINCE, at=at)


def accept(at_post, kind, at):
    for entry in waiting(at_post, at).proposals:
        if entry.proposal.kind == kind:
            day.decide(at_post, entry.proposal.id, verdict=Verdict.ACCEPT, at=at)


def sheets(at_post, at, **options):
    with at_post.store.reading(at_post.viewer) as record:
        return holding.holds(record, at_post.lake, round="r1", at=at, **options)


def reswab(at_post, folder: Path, *rows, at, name="reswabs.csv"):
    return take(
        at_post, at_post.lake, table(folder / name, RESWAB_HEAD, *rows), LakeKind.RESWABS, at=at
    )


def single_results(at_post, folder: Path, *rows, at, name="single.csv"):
    return take(at_post, at_post.lake, results(folder, *rows, name=name), LakeKind.RESULTS, at=at)


SWAB_8 = f"208,908,8,{STREETS[2]},2,1,2022-11-11 10:30"
SWAB_7 = f"207,907,7,{STREETS[2]},2,1,2022-11-11 10:40"
FREE_7 = "907,lab-a,阴性,p3,A1,2022-11-11 12:00,2022-11-11 13:20"
FOUND_8 = "908,lab-a,阳性,p3,A2,2022-11-11 12:00,2022-11-11 13:20"


class TestReview:
    def test_proposes_to_hold_the_riskiest_first_and_holds_nobody_by_itself(self, filled):
        at_post, _ = filled

        made = review(at_post, LATER)

        (proposal,) = (
            e.proposal for e in waiting(at_post, LATER).proposals if e.proposal.kind == holding.SET
        )
        assert made >= 2
        assert proposal.lines[0].terms["people"] == [8, 7]
        assert proposal.lines[0].terms["risks"][0] > proposal.lines[0].terms["risks"][1]
        assert proposal.decided_in == "44.4403.440304."
        assert sheets(at_post, LATER) == ()

    def test_does_nothing_twice(self, filled):
        at_post, _ = filled
        review(at_post, LATER)

        assert review(at_post, LATER + HOUR) == 0

    def test_puts_those_who_wait_for_care_without_a_result_on_top(self, filled):
        at_post, _ = filled
        review(at_post, LATER)
        with at_post.store.reading(at_post.viewer) as record:
            people = holding.waiting_for_care(record, at_post.lake, round="r1", at=LATER)

        assert [(p.person, p.need, p.why) for p in people] == [(4, "dialysis", "pending")]
        (task,) = (t.task for t in waiting(at_post, LATER).tasks if t.task.kind == holding.CARE)
        assert (task.area, task.duty) == (street(STREETS[0]), Duty.COMMUNITY)

    def test_lets_a_proposal_go_whose_tube_was_corrected(self, filled):
        at_post, folder = filled
        review(at_post, LATER)
        fixed = results(folder, POSITIVE.replace("POS", "阴性"), name="fixed.csv")
        take(at_post, at_post.lake, fixed, LakeKind.RESULTS, at=LATER + HOUR)

        review(at_post, LATER + 2 * HOUR)

        assert not [e for e in waiting(at_post, LATER).proposals if e.proposal.kind == holding.SET]

    def test_follows_a_tube_to_the_last_release(self, filled):
        at_post, folder = filled
        review(at_post, LATER)
        accept(at_post, holding.SET, LATER)
        (sheet,) = sheets(at_post, LATER)
        assert (sheet.to_reach, sheet.to_swab, sheet.reach_due) == (
            2,
            2,
            sheet.hold.known + 2 * HOUR,
        )
        assert sheet.reach_late_hours > 0

        taken = reswab(at_post, folder, SWAB_8, SWAB_7, at=LATER + 8 * HOUR)
        assert taken.quarantined == 0
        single_results(at_post, folder, FREE_7, FOUND_8, at=LATER + 10 * HOUR)
        review(at_post, LATER + 10 * HOUR)
        (sheet,) = sheets(at_post, LATER + 10 * HOUR)
        assert {p.person: p.state for p in sheet.people_now} == {
            8: PersonState.SINGLE_POSITIVE,
            7: PersonState.SINGLE_NEGATIVE,
        }
        assert (sheet.to_reach, sheet.to_swab, sheet.to_release) == (0, 0, 1)
        total = covered(at_post, at_post.lake).total
        assert (total.held, total.single_negative, total.single_positive) == (0, 1, 1)

        (release,) = (
            e.proposal
            for e in waiting(at_post, LATER + 10 * HOUR).proposals
            if e.proposal.kind == holding.RELEASE
        )
        assert release.due.minute == 0
        accept(at_post, holding.RELEASE, LATER + 11 * HOUR)
        (sheet,) = sheets(at_post, LATER + 11 * HOUR)
        assert [p.released is not None for p in sheet.people_now] == [False, True]

    def test_makes_a_single_positive_be_confirmed_and_then_reported(self, filled):
        at_post, folder = filled
        review(at_post, LATER)
        accept(at_post, holding.SET, LATER)
        reswab(at_post, folder, SWAB_8, at=LATER + 8 * HOUR)
        single_results(at_post, folder, FOUND_8, at=LATER + 10 * HOUR)
        review(at_post, LATER + 10 * HOUR)
        kinds = {t.task.kind for t in waiting(at_post, LATER).tasks}
        assert holding.CONFIRM in kinds

        with pytest.raises(ValueError, match="nothing yet"):
            holding.confirm(
                at_post,
                round="r1",
                person=7,
                laboratory="lab-c",
                confirmed=True,
                at=LATER + 10 * HOUR,
            )
        holding.confirm(
            at_post, round="r1", person=8, laboratory="lab-c", confirmed=True, at=LATER + 11 * HOUR
        )
        review(at_post, LATER + 12 * HOUR)

        kinds = {t.task.kind for t in waiting(at_post, LATER).tasks}
        assert holding.CASE in kinds
        assert holding.CONFIRM not in kinds
        with at_post.store.reading(at_post.viewer) as record:
            assert (
                holding.standing(record, at_post.lake, round="r1", person=8).state
                is PersonState.CONFIRMED
            )

    def test_keeps_somebody_held_whose_single_swab_is_weak(self, filled):
        at_post, folder = filled
        review(at_post, LATER)
        accept(at_post, holding.SET, LATER)
        reswab(at_post, folder, SWAB_7, at=LATER + 8 * HOUR)
        single_results(at_post, folder, FREE_7.replace("阴性", "weak"), at=LATER + 10 * HOUR)
        review(at_post, LATER + 10 * HOUR)

        assert not [
            e for e in waiting(at_post, LATER).proposals if e.proposal.kind == holding.RELEASE
        ]
        (sheet,) = sheets(at_post, LATER + 10 * HOUR)
        assert {p.person: p.state for p in sheet.people_now}[7] is PersonState.HELD

    def test_ends_the_task_to_reach_when_everybody_was_swabbed(self, filled):
        at_post, folder = filled
        review(at_post, LATER)
        accept(at_post, holding.SET, LATER)
        reswab(at_post, folder, SWAB_8, SWAB_7, at=LATER + 8 * HOUR)
        review(at_post, LATER + 8 * HOUR)
        with at_post.store.reading(at_post.viewer) as record:
            found = commanding.tasks(record, area=PROVINCE, at=LATER + 8 * HOUR, running=False)

        (task,) = (t.task for t in found if t.task.kind == holding.REACH)
        assert (task.state, task.finished.hour, task.finished.minute) == (TaskState.DONE, 2, 40)

    def test_asks_for_the_gaps_when_the_round_was_to_close(self, filled):
        at_post, _ = filled
        review(at_post, ROUND.closes)

        gaps = sorted(
            (t.task for t in waiting(at_post, ROUND.closes).tasks if t.task.kind == holding.GAPS),
            key=lambda task: task.area,
        )
        assert [(t.area, t.what.en.split()[2]) for t in gaps] == [
            (street(STREETS[0]), "2"),
            (street(STREETS[2]), "1"),
        ]

    def test_counts_what_it_lists(self, filled):
        at_post, _ = filled
        states = {}
        with at_post.store.reading(at_post.viewer) as record:
            for person in range(1, 10):
                one = holding.standing(record, at_post.lake, round="r1", person=person)
                states.setdefault(one.state, []).append(person)
        total = covered(at_post, at_post.lake).total

        assert len(states[PersonState.HELD]) == total.held
        assert len(states[PersonState.PENDING]) == total.pending
        assert len(states[PersonState.NOT_SEEN]) == total.not_seen
        assert len(states[PersonState.EXEMPT]) == total.exempt
        assert sum(len(some) for some in states.values()) == total.due + total.exempt


class TestReswab:
    def test_is_of_somebody_held_into_a_tube_of_its_own(self, filled):
        at_post, folder = filled
        taken = reswab(
            at_post, folder, SWAB_8, SWAB_7.replace(",1,2022", ",5,2022"), f"209,909,1,{STREETS[0]},1,1,2022-11-11 10:00",
            f"210,503,7,{STREETS[2]},2,1,2022-11-11 10:00", f"211,911,7,{STREETS[2]},2,1,2022-11-10 18:00",
            at=LATER + 8 * HOUR,
        )  # fmt: skip

        assert taken.accepted == 1
        assert taken.reasons == {
            samples.NOT_SINGLE: 1, samples.NOT_HELD: 1, samples.TUBE_USED_TWICE: 1, samples.IMPOSSIBLE_TIME: 1,
        }  # fmt: skip


class TestReached:
    def test_is_said_of_people_in_the_tube_only(self, filled):
        at_post, _ = filled
        review(at_post, LATER)
        accept(at_post, holding.SET, LATER)
        (sheet,) = sheets(at_post, LATER)

        told = holding.record_reached(at_post, sheet.hold.id, people=[8], at=LATER + HOUR)

        assert {p.person: p.reached is not None for p in told.people} == {8: True, 7: False}
        with pytest.raises(ValueError, match="holds none of"):
            holding.record_reached(at_post, sheet.hold.id, people=[1], at=LATER + HOUR)


REGISTER_HEAD = "site,group,area,sector,duty_holder,person,name,every_days,said_by"
PEOPLE = tuple(f"p-{number:012x}" for number in range(1, 5))


class TestKeyPeople:
    def registered(self, at_post, folder):
        zoning.adopt(
            at_post, Adoption(id="a-1", area=PROVINCE, version="cn-covid-9ed", profile="guangdong-2022", at=TENTH),
            at=TENTH,
        )  # fmt: skip
        file = table(
            folder / "key.csv", REGISTER_HEAD, f"cold-1,high_risk_post,44.4401.440103.,冷链,市监局,{PEOPLE[0]},王五,,",
            f"cold-1,high_risk_post,44.4401.440103.,冷链,市监局,{PEOPLE[1]},,,",
            f"home-1,key_venue,44.4401.440103.,养老,民政局,{PEOPLE[2]},,3,示范通告1号",
            f"school-1,crowded_institution,44.4403.440304.,教育,教育局,{PEOPLE[3]},,,",
        )  # fmt: skip
        keypeople.register(at_post, read_key_people(file, since=TENTH.date()), at=TENTH)

    def rows(self, at_post, at):
        with at_post.store.reading(at_post.viewer) as record:
            rows = keypeople.due_list(record, area=PROVINCE, at=at, time_zone=ZONE)
            seen = keypeople.picture(record, area=PROVINCE, at=at, time_zone=ZONE)
        return {row.person: row for row in rows}, seen

    def test_are_due_as_often_as_the_protocol_or_a_named_notice_says(self, post, tmp_path):
        self.registered(post, tmp_path)
        keypeople.record_tests(
            post,
            "cold-1",
            {PEOPLE[0]: TestResult.NEGATIVE},
            day=TENTH.date(),
            tube_size=1,
            at=TENTH + HOUR,
        )
        rows, seen = self.rows(post, TENTH + timedelta(days=1))

        assert {p: (r.state, r.overdue_days) for p, r in rows.items()} == {
            PEOPLE[0]: ("due", 0), PEOPLE[1]: ("missed", 1), PEOPLE[2]: ("missed", 1), PEOPLE[3]: ("not_asked", 0),
        }  # fmt: skip
        assert (seen.total.due, seen.total.missed, seen.total.not_asked) == (1, 2, 1)
        assert {c.name: c.missed for c in seen.duty_holders} == {
            "市监局": 1,
            "教育局": 0,
            "民政局": 1,
        }
        assert rows[PEOPLE[2]].every_days == 3
        assert all(reason.source for reason in seen.reasons)

    def test_are_not_pooled_where_the_protocol_says_single(self, post, tmp_path):
        self.registered(post, tmp_path)

        with pytest.raises(keypeople.PoolRefused, match="swabbed singly"):
            keypeople.record_tests(
                post,
                "cold-1",
                {PEOPLE[0]: TestResult.PENDING},
                day=TENTH.date(),
                tube_size=10,
                at=TENTH + HOUR,
            )
        with pytest.raises(ValueError, match="not on the register"):
            keypeople.record_tests(
                post,
                "cold-1",
                {PEOPLE[3]: TestResult.PENDING},
                day=TENTH.date(),
                tube_size=1,
                at=TENTH + HOUR,
            )

    def test_who_were_missed_are_a_task_once_a_day(self, post, tmp_path):
        self.registered(post, tmp_path)
        at = TENTH + timedelta(days=1)

        assert review(post, at) == 2
        assert review(post, at + HOUR) == 0

    def test_are_named_in_the_vault_only(self, post, tmp_path):
        self.registered(post, tmp_path)
        with post.store.keeper() as connection:
            kept = connection.execute("select content::text from key_site").fetchall()

        assert "王五" not in str(kept)

    @pytest.mark.parametrize(
        ("row", "told"),
        [
            (
                f"a,visitors,44.4401.,x,y,{PEOPLE[0]},,,",
                "row 2, column group: 'visitors' is none of",
            ),
            (
                "a,key_venue,44.4401.,x,y,440105199001011234,,,",
                "row 2, column person: a person is named by a pseudonym",
            ),
            (f"a,key_venue,44.4401.,x,y,{PEOPLE[0]},,7,", "name the notice"),
            (f"a,key_venue,44.4401.,x,,{PEOPLE[0]},,,", "duty_holder"),
            (f"a,key_venue,44.4401.,x,y,{PEOPLE[0]},,soon,n", "is no whole number"),
        ],
    )
    def test_read_from_a_wrong_table_are_refused_by_place(self, tmp_path, row, told):
        with pytest.raises(CannotRead, match=told) as wrong:
            read_key_people(table(tmp_path / "key.csv", REGISTER_HEAD, row), since=TENTH.date())
        assert "440105199001011234" not in str(wrong.value)
