"""Bulk files of a screening round: every row accepted or put aside with its reason, hostile files refused whole."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from places import TENTH
from yipan.feeds import samples
from yipan.feeds.frame import CannotRead
from yipan.store.lake import Lake

STREETS = (440103001, 440103002, 440304001)
LATER = TENTH + timedelta(hours=20)
ROSTER_HEAD = "person,street,exempt"
SAMPLE_HEAD = "sample,tube,person,street,site,mode,sampled_at"
RESULT_HEAD = "tube,laboratory,result,plate,well,received_at,published_at"
SWABS = tuple(
    f"{100 + p},{tube},{p},{STREETS[0] if p <= 6 else STREETS[2]},{1 if p <= 6 else 2},5,2022-11-10T1{p}:00:00+08:00"
    for p, tube in ((1, 501), (2, 501), (3, 501), (4, 502), (7, 503), (8, 503))
)
NEGATIVE = "501,lab-a,阴性,p1,A1,2022-11-10 20:00:00,2022-11-10 23:00:00"


@pytest.fixture
def bulk(tmp_path):
    return Lake(folder=tmp_path / "screening", memory_mb=500, threads=1)


def table(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def judged(engine, path, *, until=LATER):
    return samples.read_samples(
        engine, path, streets=STREETS, since=TENTH, until=until, time_zone="Asia/Shanghai"
    )


def read(bulk, path):
    with bulk.engine() as engine:
        return judged(engine, path)


class TestSamples:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("109,509,9,440304001,2,5,2022-11-10 18:00", None),
            ("109,509,9,999999999,2,5,2022-11-10 18:00", samples.UNKNOWN_STREET),
            ("109,509,9,440304001,2,7,2022-11-10 18:00", samples.UNKNOWN_MODE),
            ("109,509,9,440304001,2,5,2022-11-09 18:00", samples.IMPOSSIBLE_TIME),
            ("109,509,9,440304001,2,5,2022-11-12 18:00", samples.IMPOSSIBLE_TIME),
            ("109,509,9,440304001,2,5,31/02/2022", samples.UNREADABLE),
            ("109,509,,440304001,2,5,2022-11-10 18:00", samples.UNREADABLE),
            ("109,五百,9,440304001,2,5,2022-11-10 18:00", samples.UNREADABLE),
            ('109,"=1+1",9,440304001,2,5,2022-11-10 18:00', samples.UNREADABLE),
            ("109,509", samples.UNREADABLE),
            ("101,509,9,440304001,2,5,2022-11-10 18:00", samples.SAMPLE_TWICE),
            ("109,509,1,440304001,2,5,2022-11-10 18:00", samples.PERSON_TWICE),
        ],
    )
    def test_are_put_aside_one_by_one_with_the_reason(self, bulk, tmp_path, row, reason):
        aside = tmp_path / "aside.csv"
        with bulk.engine() as engine:
            reading = judged(engine, table(tmp_path / "s.csv", SAMPLE_HEAD, *SWABS, row))
            samples.write_quarantine(engine, aside)

        assert reading.read == 7 == reading.accepted + reading.quarantined
        assert reading.reasons == ({reason: 1} if reason else {})
        with aside.open(encoding="utf-8") as file:
            told = [(kept["line"], kept["reason"]) for kept in csv.DictReader(file)]
        assert told == ([("8", reason)] if reason else [])

    def test_of_a_tube_at_two_sites_are_put_aside_together(self, bulk, tmp_path):
        row = f"109,501,9,{STREETS[2]},2,5,2022-11-10 18:00"

        reading = read(bulk, table(tmp_path / "s.csv", SAMPLE_HEAD, *SWABS, row))

        assert reading.reasons == {samples.TUBE_USED_TWICE: 4}

    def test_of_an_overfull_tube_are_put_aside_together_and_a_household_s_are_not(
        self, bulk, tmp_path
    ):
        rows = [f"{200 + p},600,{20 + p},{STREETS[1]},3,5,2022-11-10 18:00" for p in range(6)]
        family = [f"{300 + p},700,{40 + p},{STREETS[1]},3,0,2022-11-10 18:00" for p in range(7)]

        reading = read(bulk, table(tmp_path / "s.csv", SAMPLE_HEAD, *rows, *family))

        assert reading.reasons == {samples.OVERFULL_TUBE: 6}

    def test_may_have_chinese_headers(self, bulk, tmp_path):
        head = "样本编号,试管码,人员,街道代码,采样点,混采模式,采样时间"

        assert read(bulk, table(tmp_path / "s.csv", head, *SWABS)).accepted == 6

    def test_keep_instants_with_and_without_an_offset_apart(self, bulk, tmp_path):
        rows = (
            f"1,1,1,{STREETS[0]},1,1,2022-11-10T14:00:00+08:00", f"2,2,2,{STREETS[0]},1,1,2022-11-10 14:00",
            f"3,3,3,{STREETS[0]},1,1,2022-11-10T06:00:00Z",
        )  # fmt: skip
        with bulk.engine() as engine:
            judged(engine, table(tmp_path / "s.csv", SAMPLE_HEAD, *rows))
            instants = {
                row[0] for row in engine.execute("select sampled_at from accepted").fetchall()
            }

        assert instants == {datetime(2022, 11, 10, 6)}

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "not a file with something in it"),
            (b"a,b\n1,2\n", "has no column sample, tube"),
            (b"PAR1 and then nothing", "cannot be read as CSV or Parquet"),
            (b"\x00\x01\x02", "has no column|cannot be read"),
        ],
    )
    def test_in_files_that_are_no_tables_are_refused_whole(self, bulk, tmp_path, content, words):
        file = tmp_path / "bad.csv"
        file.write_bytes(content)

        with pytest.raises(CannotRead, match=words):
            read(bulk, file)

    def test_of_a_file_with_only_a_header_are_none(self, bulk, tmp_path):
        reading = read(bulk, table(tmp_path / "s.csv", SAMPLE_HEAD))

        assert (reading.read, reading.accepted) == (0, 0)


class TestRoster:
    def test_counts_somebody_who_stands_twice_once(self, bulk, tmp_path):
        file = table(
            tmp_path / "r.csv", ROSTER_HEAD, f"1,{STREETS[0]},0", f"1,{STREETS[1]},0", f"2,{STREETS[0]},",
            "3,5,0",
        )  # fmt: skip
        with bulk.engine() as engine:
            reading = samples.read_roster(engine, file, streets=STREETS)
            kept = engine.execute(
                "select person, street, exempt from accepted order by 1"
            ).fetchall()

        assert kept == [(1, STREETS[0], 0), (2, STREETS[0], 0)]
        assert reading.reasons == {samples.UNKNOWN_STREET: 1, samples.PERSON_TWICE_ON_ROSTER: 1}


class TestResults:
    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("999,lab-a,阴性,p1,A1,2022-11-10 20:00,2022-11-10 23:00", samples.UNKNOWN_TUBE),
            ("502,lab-a,maybe,p1,A1,2022-11-10 20:00,2022-11-10 23:00", samples.UNKNOWN_RESULT),
            ("502,lab-a,阴性,p1,A1,2022-11-10 23:30,2022-11-10 23:00", samples.OUT_OF_ORDER),
            ("502,lab-a,阴性,p1,A1,2022-11-10 20:00,2022-11-19 23:00", samples.IMPOSSIBLE_TIME),
            ("501,lab-a,阳性,p1,A1,2022-11-10 20:00,2022-11-10 23:00", samples.TUBE_TWICE),
            ("502,,阴性,p1,A1,2022-11-10 20:00,2022-11-10 23:00", samples.UNREADABLE),
        ],
    )
    def test_are_put_aside_with_the_reason(self, bulk, tmp_path, row, reason):
        file = table(tmp_path / "t.csv", RESULT_HEAD, NEGATIVE, row)
        with bulk.engine() as engine:
            engine.execute(
                "create temp table known as select * from (values (501, 440103001), (502, 440103001)) t(tube, street)"
            )
            reading = samples.read_results(
                engine, file, tubes="known", until=LATER, time_zone="Asia/Shanghai"
            )

        assert (reading.read, reading.reasons) == (2, {reason: 1})
