"""Files about zones: what is read, and what is said of everything that is wrong."""

import io
from datetime import datetime
from itertools import count
from zoneinfo import ZoneInfo

import openpyxl
import polars as pl
import pytest

from yipan.feeds import ZoneKnown, ZoningKind, read
from yipan.model import Area, area_path, person_id, place

CHINA = ZoneInfo("Asia/Shanghai")
AREAS = [
    Area(path=path, level=level, name_zh=zh, name_en=en, source="test")
    for path, level, zh, en in (
        ("44.", "province", "广东省", "Guangdong"), ("44.4401.", "city", "广州市", "Guangzhou"),
        ("44.4401.440105.", "county", "海珠区", "Haizhu"),
    )
]  # fmt: skip
HAIZHU = area_path("44.4401.440105.")
BUILDING = place(f"{HAIZHU} compound 桃源居 building 1")
ZONES = {"z-1": ZoneKnown(area=HAIZHU, place=BUILDING, tokens={7: person_id("p-00000000000000a7")})}

REGISTER = (
    "区县,小区,楼栋,单元,居住人数,户数\n海珠区,桃源居,1号楼,2单元,120,40\n海珠区,桃源居,3栋,,80,\n"
)
CASES = (
    "病例,区县,小区,楼栋,房号,发现时间,管控时间,是否计入,停留小时,同处人数\n"
    "C1,海珠区,桃源居,1,1204,2022-11-10 08:30,2022-11-10 11:00,是,12.5,3\n"
    "C2,海珠区,桃源居,3,,2022年11月10日 24:00,,否,,\n"
)
ROSTER = "风险区,人员编号,楼层,房号\nz-1,7,3,301\nz-1,8,3,301\nz-1,9,4,402\n"
MEASURES = (
    "编号,措施种类,区县,开始时间,结束时间,涉及人数,理由,批准单位,劝返数,其中符合条件,就医需求,是否拒诊\n"
    "m-1,卡点,海珠区,2022-11-10 08:00,,,无,无,12,3,,\n"
    "m-2,就医请求,海珠区,2022-11-10 08:00,2022-11-11,1,,,,,dialysis,是\n"
)


def told(text, **how):
    counter = count(1)
    return read(
        text if isinstance(text, bytes) else text.encode(), areas=AREAS, name="told.csv", zones=ZONES,
        pseudonym=lambda: person_id(f"p-{next(counter):016x}"), **how,
    )  # fmt: skip


def nouns(reading):
    (several,) = reading.nouns.values()
    return several


def problems(reading):
    assert not reading.ok
    assert reading.nouns == {} or reading.report.accepted == 0
    return [str(problem) for problem in reading.report.problems]


class TestRegister:
    def test_gives_units_with_residents(self):
        one, other = nouns(told(REGISTER))

        assert str(one.place) == f"{HAIZHU} compound 桃源居 building 1 unit 2"
        assert (one.area, one.residents, one.households) == (HAIZHU, 120, 40)
        assert (str(other.place), other.households) == (
            f"{HAIZHU} compound 桃源居 building 3",
            None,
        )

    def test_tells_where_a_unit_lies_as_corners_wkt_or_a_spot(self):
        text = (
            "place,residents,outline,lon,lat\n"
            f'"{HAIZHU} compound A",12,"113.31,23.09 113.32,23.09 113.32,23.10 113.31,23.09",,\n'
            f'"{HAIZHU} compound B",12,"POLYGON ((113.31 23.09, 113.32 23.09, 113.32 23.1))",,\n'
            f'"{HAIZHU} compound C",12,,113.31,23.09\n'
        )

        one, other, third = nouns(told(text))

        assert one.outline == other.outline == ((113.31, 23.09), (113.32, 23.09), (113.32, 23.1))
        assert (third.outline, third.point) == (None, (113.31, 23.09))

    @pytest.mark.parametrize(
        ("outline", "lon", "lat", "column"),
        [
            ("113.31,23.09 113.32,23.09", "", "", "outline"),
            ("POLYGON ((a b, c d, e f))", "", "", "outline"),
            ("113.31,230 113.32,23.09 113.32,23.10", "", "", "outline"),
            ("", "113.31", "", "lon"),
            ("", "nan", "23", "lon"),
        ],
    )
    def test_refuses_what_is_no_outline_and_no_spot(self, outline, lon, lat, column):
        text = (
            f'place,residents,outline,lon,lat\n"{HAIZHU} compound A",12,"{outline}",{lon},{lat}\n'
        )

        assert f"row 2, column {column}" in problems(told(text))[0]

    def test_takes_whole_expressions_and_english_headers(self):
        text = f'place,residents\n"{HAIZHU} compound ""Peach Garden"" building 2",12\n'

        (one,) = nouns(told(text))

        assert one.place.covers(place(f'{HAIZHU} compound "Peach Garden" building 2 unit 1'))

    def test_gives_a_place_one_number_whenever_it_is_read(self):
        assert [one.id for one in nouns(told(REGISTER))] == [
            one.id for one in nouns(told(REGISTER))
        ]

    def test_is_read_alike_from_a_workbook_and_from_parquet(self):
        rows = [line.split(",") for line in REGISTER.splitlines()]
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        held, columns = io.BytesIO(), io.BytesIO()
        book.save(held)
        pl.DataFrame(rows[1:], schema=rows[0], orient="row").write_parquet(columns)

        for data in (held.getvalue(), columns.getvalue(), REGISTER.encode("gb18030")):
            assert nouns(told(data)) == nouns(told(REGISTER))

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ("番禺区,X,1,,10,", "row 4, column 区县: '番禺区' is not an area known here"),
            ("海珠区,X,1,,ten,", "row 4, column 居住人数: 'ten' is not a number"),
            ("海珠区,X,1,,-3,", "row 4, column 居住人数: '-3'"),
            ("海珠区,桃源居,1,2,99,", "rows 2 and 4 tell of one unit and contradict each other"),
            ("海珠区,X,1,,1000000000000,", "row 4, column 居住人数"),
        ],
    )
    def test_says_row_column_value_and_what_was_expected(self, row, says):
        reading = told(f"{REGISTER}{row}\n")

        assert any(says in problem for problem in problems(reading)), problems(reading)

    def test_keeps_the_good_rows_where_that_is_wanted(self):
        reading = told(f"{REGISTER}番禺区,X,1,,10,\n", keep_good=True)

        assert len(nouns(reading)) == 2
        assert reading.quarantine["row"].to_list() == [4]
        assert "is not an area known here" in reading.quarantine["reason"][0]

    def test_notes_what_is_said_twice_and_what_is_not_read(self):
        reading = told(REGISTER.replace("户数", "颜色") + REGISTER.splitlines()[1] + "\n")

        assert reading.report.repeated == 1
        assert any("is not read" in str(note) for note in reading.report.notes)

    @pytest.mark.parametrize(
        ("data", "says"),
        [
            (b"", "empty"),
            ("区县,小区,居住人数\n".encode(), "a header and no rows"),
            ("区县,小区,小区,居住人数\n海珠区,a,b,1\n".encode(), "two columns bear one name"),
            ('区县,小区,居住人数\n海珠区,"a'.encode(), "cut"),
            (b"\x00\x01\x02" * 50, ""),
        ],
    )
    def test_refuses_a_file_that_is_no_table(self, data, says):
        reading = read(data, areas=AREAS, name="told.csv", about=ZoningKind.REGISTER)

        assert not reading.ok
        assert says in str(reading.report.problems[0])

    def test_names_the_column_that_is_missing(self):
        reading = told("区县,居住人数\n海珠区,3\n", about=ZoningKind.REGISTER)

        assert "no column for place or compound or building" in problems(reading)[0]

    def test_is_not_led_astray_by_a_name_that_speaks_the_grammar(self):
        hostile = 'minus building 2) plus "44."'
        text = pl.DataFrame(
            {"area": ["海珠区"], "compound": [hostile], "residents": ["5"]}
        ).write_csv()

        (one,) = nouns(told(text))

        assert one.place.parts[0].compound == hostile
        assert one.area == HAIZHU

    def test_is_named_by_a_mapping_where_it_speaks_its_own_language(self):
        from yipan.feeds import Mapping

        mapping = Mapping(
            columns={"Haus": "building", "Leute": "residents"}, defaults={"area": "海珠区"}
        )

        (one,) = nouns(told("Haus,Leute\n7,30\n", mapping=mapping))

        assert (str(one.place), one.residents) == (f"{HAIZHU} building 7", 30)


class TestCasePlaces:
    def test_are_read_to_the_minute(self):
        one, other = nouns(told(CASES))

        assert one.found == datetime(2022, 11, 10, 8, 30, tzinfo=CHINA)
        assert one.controlled == datetime(2022, 11, 10, 11, tzinfo=CHINA)
        assert (one.case, one.hours, one.people, one.counts) == ("C1", 12.5, 3.0, True)
        assert str(one.place).endswith("building 1 room 1204")
        assert other.found == datetime(2022, 11, 11, tzinfo=CHINA)
        assert other.counts is False

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ("C3,海珠区,X,1,,2022-11-10,,,,", "has no time of day, and this clock runs to the minute"),
            ("C3,海珠区,X,1,,,,,,", "column 发现时间: is missing"),
            ("C3,海珠区,X,1,,2022-11-10 08:00,2022-11-09 08:00,,,", "column 管控时间: '2022-11-09 08:00' lies before found"),
            ("C3,海珠区,X,1,,2022-11-10 08:00,,perhaps,,", "'perhaps' is neither yes nor no"),
            ("C3,海珠区,X,1,,2022-11-10 08:00,,,-2,", "is no number from 0 to 1,000,000"),
            (",海珠区,X,1,,2022-11-10 08:00,,,,", "column 病例: is missing"),
            ("C3,海珠区,X,1,,2022-11-31 08:00,,,,", "there is no day 2022-11-31"),
            ("C1,海珠区,桃源居,1,1204,2022-11-10 09:30,,,,", "rows 2 and 4 tell of one stay"),
        ],
    )  # fmt: skip
    def test_say_what_is_wrong(self, row, says):
        reading = told(f"{CASES}{row}\n")

        assert any(says in problem for problem in problems(reading)), problems(reading)

    def test_never_show_where_somebody_lives(self):
        reading = told('case,found,area,place\nC1,2022-11-10 08:00,海珠区,"秘密花园 (7号"\n')

        (problem,) = problems(reading)
        assert "is no place that can be read" in problem
        assert "秘密" not in problem
        assert "(personal)" in problem


class TestRoster:
    def test_names_people_by_pseudonym_and_keeps_those_it_knew(self):
        (roster,) = nouns(told(ROSTER))

        assert roster.id == "z-1"
        assert dict(roster.tokens)[7] == "p-00000000000000a7"
        assert [str(group.place).split("building 1 ")[1] for group in roster.groups] == [
            "room 301", "room 402",
        ]  # fmt: skip
        assert len(roster.people) == 3

    def test_puts_names_where_nobody_reads_them(self):
        reading = told("zone,token,name,phone\nz-1,7,张三,13800138000\nz-1,8,李四,\n")

        assert [who.person for who in reading.identities] == ["p-0000000000000001"]
        assert "张三" not in repr(reading)
        assert set(reading.people.values()) == {HAIZHU}

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ("z-9,10,,", "'z-9' is no zone in force here; zones in force: z-1"),
            ("z-1,,,", "names nobody"),
            ("z-1,x7,,", "is no person number of a screening file"),
            ("z-1,7,5,501", "rows 2 and 5 tell of one person and contradict each other"),
        ],
    )
    def test_says_what_is_wrong(self, row, says):
        reading = told(f"{ROSTER}{row}\n")

        assert any(says in problem for problem in problems(reading)), problems(reading)


class TestMeasures:
    def test_bear_the_terms_of_their_kind(self):
        checkpoint, care = nouns(told(MEASURES))

        assert checkpoint.kind.value == "checkpoint"
        assert checkpoint.terms == {"approved_by": None, "turned_back": 12, "met_conditions": 3}
        assert checkpoint.reason is None
        assert care.terms == {"need": "dialysis", "refused": True}
        assert care.reason == "unknown"
        assert care.until == datetime(2022, 11, 11, tzinfo=CHINA)

    @pytest.mark.parametrize(
        ("row", "says"),
        [
            ("m-3,路障,海珠区,2022-11-10,,,,,,,,", "'路障' is no kind of measure; one of movement_limit"),
            ("m-3,卡点,海珠区,,,,,,,,,", "column 开始时间: is missing"),
            ("m-3,卡点,海珠区,2022-11-10,2022-11-09,,,,,,,", "lies before since"),
            ("m-3,卡点,海珠区,2022-11-10,,,,无,,,dialysis,", "says nothing of a checkpoint"),
            ("m-3,就医请求,海珠区,2022-11-10,,,,,,,,", "is missing; a care_request needs it"),
            ("m-3,就医请求,海珠区,2022-11-10,,,,,,,x,maybe", "is neither yes nor no"),
            ("m-3,卡点,海珠区,2022-11-10,,,,,many,,,", "column 劝返数: 'many'"),
            ("m-3,卡点,海珠区,2022-11-10,,,,,1,,,", "a checkpoint needs it; write none where it is known"),
            ("m-1,卡点,海珠区,2022-11-10,,,,省交通厅,1,,,", "rows 2 and 4 tell of one measure"),
        ],
    )  # fmt: skip
    def test_say_what_is_wrong(self, row, says):
        reading = told(f"{MEASURES}{row}\n")

        assert any(says in problem for problem in problems(reading)), problems(reading)

    def test_are_checked_by_who_knows_the_rules(self):
        def refuse(measure):
            raise ValueError(f"measure {measure.id}: level 'moon'; expected one of [...]")

        reading = told(MEASURES, check=refuse)

        assert "level 'moon'" in problems(reading)[0]


class TestZoningKind:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            (REGISTER, "register"),
            (CASES, "case_places"),
            (ROSTER, "roster"),
            (MEASURES, "measures"),
        ],
    )
    def test_is_known_by_the_header(self, text, kind):
        assert told(text).report.format == f"{kind}.csv"

    def test_leaves_counts_and_line_lists_alone(self):
        counts = "地区,日期,指标,数值\n广州市,2022年10月27日,本土确诊,12\n"
        cases = "case,area,classification,onset,disease\nC1,广州市,confirmed,2022-10-01,covid-19\n"

        assert told(counts, disease="covid-19").report.format == "counts.csv"
        assert told(cases).report.format == "line_list.csv"
