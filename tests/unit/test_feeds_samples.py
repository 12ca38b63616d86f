"""Bulk files of a screening round: every row accepted or put aside with its reason, hostile files refused whole."""

import csv
import gzip
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from places import TENTH
from yipan.feeds import bulk as fast_road
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


def csv_of(*rows: str, head: str = SAMPLE_HEAD, encoding: str = "utf-8") -> bytes:
    return ("\n".join([head, *rows]) + "\n").encode(encoding)


def row_of(
    number: object, *, at: str = "2022-11-10 14:00", site: object = 1, tube: object = 7
) -> str:
    return f"{number},{tube},{number},{STREETS[0]},{site},0,{at}"


def parquet_of(**changed: object) -> bytes:
    told = {
        "sample": [1, 2], "tube": [1, 2], "person": [1, 2], "street": [STREETS[0]] * 2, "site": [1, 1],
        "mode": [5, 5], "sampled_at": [datetime(2022, 11, 10, 14)] * 2, **changed,
    }  # fmt: skip
    file = BytesIO()
    pl.DataFrame(told).write_parquet(file)
    return file.getvalue()


PLAIN = (row_of(1), row_of(2))


class TestHostileFiles:
    """Whatever is sent: a clear refusal, or every row accepted or put aside, and the same by both roads."""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (csv_of(*PLAIN, row_of(3, at="x" * 3_000_000)), "row 4: .* has a line longer than 2000000 bytes"),
            (csv_of(*PLAIN, row_of(3, site="一号"), encoding="gb18030"), "row 4: .* bytes that are not UTF-8"),
            (csv_of(*PLAIN, head=SAMPLE_HEAD.replace("tube", "试管"), encoding="gb18030"), "row 1: .* not UTF-8"),
            (csv_of(*PLAIN, encoding="utf-16"), "is text in UTF-16"),
            (gzip.compress(csv_of(*PLAIN)), "is packed by gzip"),
            (b"PK\x03\x04" + bytes(100), "is a zip archive or a workbook"),
            (csv_of(*PLAIN, head=SAMPLE_HEAD + ", Tube"), "row 1: .* has the column tube more than once"),
            (parquet_of()[:-30], "cannot be read as CSV or Parquet"),
            (parquet_of()[:20], "cannot be read as CSV or Parquet"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )  # fmt: skip
    def test_that_are_no_tables_are_refused_by_place(self, bulk, tmp_path, content, words):
        file = tmp_path / "sent.csv"
        file.write_bytes(content)

        assert fast_reading(file) is None
        with pytest.raises(CannotRead, match=words) as told:
            read(bulk, file)
        assert "sent.csv" in str(told.value)
        assert str(tmp_path) not in str(told.value)

    @pytest.mark.parametrize(
        ("content", "accepted", "aside"),
        [
            (csv_of(*PLAIN, f"{'9' * 1_000_000},7,3,{STREETS[0]},1,0,2022-11-10 14:00"), 2, {4: "sample is no whole number: (personal)"}),
            (csv_of(*PLAIN, row_of(3, site='"' + "x\n" * 300_000 + '"')), 2, {4: "site is no whole number: " + "x\n" * 20}),
            (csv_of(*PLAIN, row_of(3, tube="1\x002"), row_of(4)), 3, {4: "tube is no whole number: 1\x002"}),
            (csv_of(*PLAIN) + bytes(5000), 2, None),
            (b"\xef\xbb\xbf" + csv_of(*PLAIN), 2, {}),
            (csv_of(*PLAIN, row_of(3) + ",spare,13800138000"), 2, {4: "more values than the header has columns: spare"}),
            (csv_of(*(row + "," for row in PLAIN), row_of(3) + ",,"), 3, {}),
            (csv_of(*PLAIN, "3,7,3"), 2, {4: "street is missing; site is missing; mode is missing; sampled_at is missing"}),
            (csv_of(*PLAIN, "", row_of(3)), 3, {}),
            (csv_of(row_of("1.0"), row_of("2.5"), row_of("1e3"), row_of(9, at="infinity"), row_of(8, at="now")), 1, {
                3: "sample is no whole number: 2.5; person is no whole number: 2.5",
                4: "sample is no whole number: 1e3; person is no whole number: 1e3",
                5: "sampled_at is no instant: infinity", 6: "sampled_at is no instant: now",
            }),
            (parquet_of(person=["a", "2"]), 1, {2: "person is no whole number: a"}),
            (parquet_of(person=[1.5, 2.0]), 1, {2: "person is no whole number: 1.5"}),
            (parquet_of(person=[float("nan"), float("inf")]), 0, {2: "person is no whole number: nan", 3: "person is no whole number: inf"}),
            (parquet_of(person=[[1], [2]]), 0, {2: "person is no whole number: [1]", 3: "person is no whole number: [2]"}),
            (parquet_of(mode=[True, False]), 0, {2: "mode is no whole number: true", 3: "mode is no whole number: false"}),
            (parquet_of(sampled_at=[1, 2]), 0, {2: "sampled_at is no instant: 1", 3: "sampled_at is no instant: 2"}),
        ],
        ids=range(16),
    )  # fmt: skip
    def test_that_are_tables_lose_no_row(self, bulk, tmp_path, content, accepted, aside):
        file = tmp_path / "sent.csv"
        file.write_bytes(content)
        with bulk.engine() as engine:
            reading = judged(engine, file)
            told = dict(
                engine.execute("select line, unreadable from quarantined order by line").fetchall()
            )
            samples.write_quarantine(engine, tmp_path / "aside.csv")
        fast = fast_reading(file)

        assert reading.accepted == accepted
        assert reading.read == reading.accepted + reading.quarantined
        assert aside is None or told == aside
        if fast is not None:
            assert fast.reading == reading
            assert dict(fast.aside.select("line", "unreadable").rows()) == told


def fast_reading(file):
    return fast_road.swabs(
        file, streets=STREETS, since=TENTH, until=LATER, time_zone="Asia/Shanghai"
    )


class TestReasons:
    def test_are_told_in_chinese_too_on_the_board_as_in_the_file(self):
        board = (Path(__file__).parents[2] / "web/src/i18n/screening.ts").read_text(
            encoding="utf-8"
        )

        assert set(samples.REASONS_ZH) == set(samples.REASONS)
        for reason, zh in samples.REASONS_ZH.items():
            assert f"\"{reason}\": '{zh}'," in board, reason
