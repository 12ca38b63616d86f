"""Whole files: tidy, wide, line lists, hostile ones; and the fast reader beside the plain one."""

import gzip
import io
import zipfile
from datetime import date, datetime

import openpyxl
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unit.test_feeds_values import AREAS
from yipan import feeds
from yipan.feeds.areas import AreaNames
from yipan.feeds.columns import Mapping
from yipan.feeds.counts import read_counts, read_plain
from yipan.feeds.sniff import open_table, sniff
from yipan.model import person_id

FLU = "flu/deaths/any/day"
TIDY = "area,day,value\n广州市,2022-10-01,3\n天河区,2022-10-01,\n深圳市,2022-10-02,4\n"


def read(content, **options):
    data = content.encode() if isinstance(content, str) else content
    given_defaults = {"disease": "flu", "counted": "deaths", **options.pop("defaults", {})}
    return feeds.read(data, areas=AREAS, defaults=given_defaults, **options)


def reasons(reading):
    report = reading.report
    assert not reading.ok
    assert reading.counts.height == 0
    assert reading.cases == ()
    assert report.read == report.accepted + report.rejected + report.blank
    assert all(p.reason_zh and p.reason_en for p in report.problems)
    return " | ".join(str(p) for p in report.problems)


def workbook(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class TestTidyCounts:
    def test_are_read_with_silence_kept_apart_from_zero(self):
        reading = read(TIDY)

        assert reading.ok
        assert reading.counts.rows() == [
            ("44.4401.", FLU, date(2022, 10, 1), 3, "bytes"),
            ("44.4401.440106.", FLU, date(2022, 10, 1), None, "bytes"),
            ("44.4403.", FLU, date(2022, 10, 2), 4, "bytes"),
        ]

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
    def test_are_the_same_in_every_encoding(self, encoding):
        assert read(TIDY.encode(encoding)).counts.equals(read(TIDY).counts)

    def test_are_read_from_a_western_page_of_signs(self):
        text = "area,day,value,site\nGuangzhou,2022-10-01,3,Hôpital Zoë\n"

        assert read(text.encode("cp1252")).counts["stream"][0] == FLU + "/Hôpital Zoë"

    @pytest.mark.parametrize("ending", ["\r\n", "\r"])
    def test_are_the_same_with_every_end_of_line(self, ending):
        assert read(TIDY.replace("\n", ending)).counts.equals(read(TIDY).counts)

    @pytest.mark.parametrize("separator", [";", "\t", "|"])
    def test_are_the_same_with_every_separator(self, separator):
        assert read(TIDY.replace(",", separator)).counts.equals(read(TIDY).counts)

    def test_are_the_same_from_a_file_on_disk(self, tmp_path):
        file = tmp_path / "bytes"
        file.write_bytes(TIDY.encode())

        assert feeds.read(
            file, areas=AREAS, defaults={"disease": "flu", "counted": "deaths"}
        ).counts.equals(read(TIDY).counts)

    def test_are_the_same_from_a_workbook(self):
        book = workbook(
            ["area", "day", "value"], ["广州市", datetime(2022, 10, 1), 3],
            ["天河区", date(2022, 10, 1), None], ["深圳市", "2022-10-02", 4.0],
        )  # fmt: skip

        assert read(book).counts.equals(read(TIDY).counts)

    def test_are_the_same_from_parquet(self):
        out = io.BytesIO()
        pl.DataFrame(
            {
                "area": ["广州市", "天河区", "深圳市"],
                "day": [date(2022, 10, 1), date(2022, 10, 1), date(2022, 10, 2)],
                "value": [3.0, None, 4.0],
            }
        ).write_parquet(out)

        assert read(out.getvalue()).counts.equals(read(TIDY).counts)

    def test_count_blank_rows_apart(self):
        report = read("area,day,value\n\n广州市,2022-10-01,3\n , ,\n").report

        assert (report.read, report.accepted, report.blank) == (3, 1, 2)

    def test_number_rows_as_a_spreadsheet_does_whatever_stands_above(self):
        content = '\nsep=;\n"area\nname";day;value\n\n广州市;2022-10-01;x\n'

        reading = read(content, mapping=Mapping(columns={"area name": "area"}))

        assert [p.row for p in reading.report.problems] == [5]

    def test_are_refused_whole_for_one_wrong_row(self):
        reading = read(TIDY + "深圳市,2022-10-03,x\n")

        assert "row 5, column value: 'x' is not a number" in reasons(reading)
        assert (reading.report.rejected, reading.report.wrong) == (4, 1)

    def test_keep_the_good_rows_where_asked(self):
        reading = read(TIDY + "深圳市,2022-10-03,x\n", keep_good=True)

        assert reading.counts.equals(read(TIDY).counts)
        assert reading.quarantine.rows() == [(5, "value: is not a number")]

    def test_name_both_rows_of_a_contradiction(self):
        found = reasons(read(TIDY + "Guangzhou,20221001,5\n"))

        assert "row 5 gives 5 where row 2 gives 3" in found

    def test_note_what_is_said_twice_and_take_it_once(self):
        reading = read(TIDY + "Guangzhou,20221001,3\n")

        assert reading.counts.equals(read(TIDY).counts)
        assert (reading.report.accepted, reading.report.repeated) == (4, 1)
        assert reading.report.notes[-1].row == 5

    def test_know_a_file_by_its_hash(self):
        assert (
            read(TIDY).report.sha256 == read(TIDY).report.sha256 == feeds.file_hash(TIDY.encode())
        )
        assert read(TIDY + "\n").report.sha256 != read(TIDY).report.sha256

    def test_need_a_disease(self):
        found = feeds.read(TIDY.encode(), areas=AREAS, defaults={"counted": "deaths"})

        assert "the disease is missing" in reasons(found)


class TestWideCounts:
    def test_may_have_areas_as_columns(self):
        reading = read("日期,广州市,深圳市\n2022-10-01,1,\n2022-10-02,NA,4\n")

        assert reading.report.format == "counts_by_area.csv"
        assert reading.counts.select("area", "day", "value").rows() == [
            ("44.4401.", date(2022, 10, 1), 1),
            ("44.4401.", date(2022, 10, 2), None),
            ("44.4403.", date(2022, 10, 2), 4),
        ]
        assert reading.report.blank == 1

    def test_may_have_days_as_columns(self):
        reading = read("地区,2022-10-01,2022/10/2\n广州市,1,2\n深圳市,3,4\n")

        assert reading.counts["value"].to_list() == [1, 2, 3, 4]

    def test_may_have_what_is_counted_as_columns_without_counting_sums_again(self):
        reading = read(
            "地区,日期,新增本土确诊,新增本土无症状,local_total\n广州市,2022-10-01,1,2,3\n"
        )

        assert reading.counts["stream"].to_list() == [
            "flu/local_confirmed/any/day", "flu/local_asymptomatic/any/day",
        ]  # fmt: skip

    def test_do_not_lose_a_column_whose_area_is_unknown(self):
        assert "'Atlantis' is not an area" in reasons(
            read("day,广州市,深圳市,Atlantis\n2022-10-01,1,2,3\n")
        )


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "the file is empty"),
            (b"\n\n \n", "holds no table"),
            (b"area,day,value\n", "a header and no rows"),
            (b"area,day,value", "a header and no rows"),
            (b"area,day,value\n\x00\x00\x00", "NUL"),
            (bytes(range(1, 256)) * 40, "binary"),
            (gzip.compress(b"a", mtime=0), "gzip"),
            (b"%PDF-1.7", "a PDF"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old or locked Excel"),
            (b"PAR1 cut", "Parquet file is cut off"),
            (b"area,day,value\n440106,2022-10-01,3\n440106,2022-1", "cut off"),
            (b'area,day,value\n440106,2022-10-01,3\n"440106', "inside a quoted value"),
            (b"area,day,value\n440106,2022-10-01\n440106,2022-10-02,3\n", "2 fields where the header has 3"),
            (b"area,day,value\n440106,2022-10-01,1,234\n", "4 fields where the header has 3"),
            (b'area,day,value\n"440106",2022-10-01,1,234\n', "4 fields where the header has 3"),
            (("area,day," + ",".join(f"x{i}" for i in range(100_000)) + "\n").encode(), "100,002 columns"),
            (b"area,day,value,area\n440106,2022-10-01,3,440106\n", "two columns bear one name"),
            (b"area,day,vlaue\n440106,2022-10-01,3\n", "the nearest is 'vlaue'"),
            (b"area,day,value\n440106,31/02/2022,3\n", "no day 2022-02-31"),
            (b"area,day,value\n440106,03/02/2022,3\n", "nothing in the column decides"),
            (b"area,day,value\n440106,2022-10-01,-3\n", "negative"),
            (b"area,day,value\n440106,2022-10-01,2.5\n", "not a whole number"),
            (b"area,day,value\n440106,2022-10-01,1000000000000\n", "larger than"),
            (b"area,day,value\n440106,2022-10-01,=cmd|'/c calc'!A0\n", "is a formula"),
            ("area,day,value\n广州市,2022-10-01,3\n".encode() + "深圳市,2022-10-02,4\n".encode("gb18030"), "two encodings"),
        ],
    )  # fmt: skip
    def test_each_get_their_message(self, content, message):
        assert message in reasons(read(content))

    def test_name_the_line_where_the_encoding_changes(self):
        mixed = "area,day,value\n广州市,2022-10-01,3\n".encode() + "深圳市,2022-10-02,4\n".encode(
            "gb18030"
        )

        assert read(mixed).report.problems[0].row == 3

    def test_may_not_swell_beyond_measure(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", "<x/>")
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * (30 << 20))

        assert "the workbook declares" in reasons(read(out.getvalue()))

    def test_may_not_hold_more_than_they_declare(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", "<x/>")
            archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000)
        lying = out.getvalue().replace(
            (100_000).to_bytes(4, "little"), (50_000).to_bytes(4, "little")
        )

        assert "holds more than the 50,000 bytes it declares" in reasons(read(lying))

    def test_may_not_spread_two_cells_over_a_whole_sheet(self):
        book = openpyxl.Workbook()
        book.active["A1"] = "area"
        book.active["BXA1048576"] = 1
        out = io.BytesIO()
        book.save(out)

        assert "spreads its cells" in reasons(read(out.getvalue()))

    def test_may_not_hold_formulas_nobody_computed(self):
        assert "formula without a saved value" in reasons(
            read(workbook(["area", "day", "value"], ["广州市", "2022-10-01", "=1+1"]))
        )

    def test_are_noticed_when_a_workbook_is_cut(self):
        whole = workbook(["area", "day", "value"], ["广州市", "2022-10-01", 1])

        assert "cut off or damaged" in reasons(read(whole[: len(whole) // 2]))

    def test_are_not_taken_for_workbooks_because_they_are_zipped(self):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a.csv", "area,day,value")

        assert "not a workbook" in reasons(read(out.getvalue()))

    def test_with_control_characters_are_refused_with_their_row(self):
        content = "area,day,value\n44.,2022-11-10,\x013\n".encode("utf-16")

        assert "row 2: a control character" in str(read(content).report.problems[0])

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=300))
    def test_of_any_kind_are_answered(self, content):
        report = read(content).report

        assert report.read == report.accepted + report.rejected + report.blank

    @settings(max_examples=150, deadline=None)
    @given(
        st.text(alphabet=',;"\n\r\t 12=é州-\x0b\u2028', max_size=60),
        st.sampled_from(["utf-8", "utf-16", "gb18030"]),
    )
    def test_of_any_text_are_answered(self, content, encoding):
        report = read(("area,day,value\n" + content).encode(encoding)).report

        assert report.read == report.accepted + report.rejected + report.blank


LIST = (
    "病例编号,姓名,身份证号,联系电话,地区,分类,发病日期,采样时间\n"
    "A1,张三,440106199001011234,13800138000,天河区,确诊,2022-10-01,2022-10-02 08:30\n"
    "A2,张三,440106199001011234,13800138000,天河区,无症状,,2022-10-09 23:00\n"
    "A3,李四,,,深圳市,Confirmed,2022/10/3,\n"
)


def numbered():
    numbers = iter(range(1, 1000))
    return lambda: person_id(f"p-{next(numbers):012x}")


class TestLineList:
    def test_becomes_cases_with_identities_apart(self):
        reading = read(LIST, pseudonym=numbered())

        assert [(c.id, c.person, c.area, c.classification.value) for c in reading.cases] == [
            ("A1", "p-000000000001", "44.4401.440106.", "confirmed"),
            ("A2", "p-000000000001", "44.4401.440106.", "asymptomatic"),
            ("A3", "p-000000000002", "44.4403.", "confirmed"),
        ]
        assert [i.name for i in reading.identities] == ["张三", "李四"]
        assert reading.cases[0].sampled.isoformat() == "2022-10-02T08:30:00+08:00"

    def test_keeps_the_pseudonym_a_case_already_has(self):
        known = {"A3": person_id("p-aaaaaaaaaaaa")}

        assert read(LIST, people=known).cases[2].person == "p-aaaaaaaaaaaa"

    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("A4,王五,,13912345678,Atlantis,确诊,2022-10-01,", "not an area"),
            ("A4,王五,,13912345678,天河区,maybe,2022-10-01,", "not a known classification"),
            ("A4,王五,,13912345678,天河区,无症状,2022-10-01,", "asymptomatic and yet has an onset"),
            ("A4,王五,,13912345678,天河区,确诊,2022-02-30,", "calendar"),
            (",王五,,13912345678,天河区,确诊,2022-10-01,", "no number"),
            ("A1,王五,,13912345678,天河区,确诊,2022-10-01,", "differ in name, certificate, phone"),
            ("A4,王五,,天河区,13912345678,确诊,2022-10-01,", "not an area"),
            ("A4,,,天河区,王五,确诊,2022-10-01,", "not an area"),
            ("A4,,,,天河区,王五,2022-10-01,", "not a known classification"),
            ("A4,,,,天河区,确诊,王五,", "not a date"),
        ],
    )
    def test_never_repeats_what_is_personal(self, row, message):
        found = read(
            LIST.replace("\nA2", f"\n{row}\nA2") if "differ" not in message else LIST + row + "\n"
        )

        assert message in reasons(found) or "differ in" in reasons(found)
        for secret in ("王五", "13912345678", "张三", "440106199001011234", "13800138000"):
            assert secret not in repr(found)

    def test_is_the_same_from_a_workbook(self):
        book = workbook(*(line.split(",") for line in LIST.splitlines()))

        assert read(book, pseudonym=numbered()).cases == read(LIST, pseudonym=numbered()).cases


areas_written = st.sampled_from(
    ["广州市", "天河", "440300", "Shenzhen", "新塘", "Atlantis", "", "４４０１０６"]
)
days_written = st.sampled_from(
    [
        "2022-10-01",
        "2022/10/2",
        "20221001",
        "03/10/2022",
        "27/10/2022",
        "10/28/2022",
        "2022-02-30",
        "",
        "44861",
    ]
)
values_written = st.one_of(
    st.integers(-2, 30).map(str),
    st.sampled_from(["", "NA", "1,234", "１２", "2.0", "2.5", "=x", "1000000000000", " "]),
)


class TestFastReader:
    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(st.tuples(areas_written, days_written, values_written), min_size=1, max_size=14)
    )
    def test_agrees_with_the_plain_one_on_tidy_tables(self, rows):
        text = "area;day;value\n" + "".join(";".join(row) + "\n" for row in rows)

        self.both(text)

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(days_written, values_written, values_written, values_written),
            min_size=1,
            max_size=8,
        )
    )
    def test_agrees_with_the_plain_one_on_wide_tables(self, rows):
        self.both("day;广州市;天河;Guangzhou\n" + "".join(";".join(row) + "\n" for row in rows))

    def both(self, text):
        mapping = Mapping(defaults={"disease": "flu", "counted": "deaths"})
        names = AreaNames(AREAS)
        table = open_table(text.encode(), mapping)
        sniffed = sniff(table.header, names, mapping)

        fast = read_counts(table, sniffed, names, mapping)
        plain = read_plain(table, sniffed, names, mapping)

        assert fast.found.equals(plain.found)
        assert sorted(fast.problems, key=str) == sorted(plain.problems, key=str)
        assert {(n.row, n.column, n.reason_en, n.times) for n in fast.notes} == {
            (n.row, n.column, n.reason_en, n.times) for n in plain.notes
        }
        assert (fast.read, fast.blank, fast.wrong, fast.repeated) == (
            plain.read, plain.blank, plain.wrong, plain.repeated,
        )  # fmt: skip
