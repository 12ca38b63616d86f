"""Single values: numbers, days, areas, columns and encodings as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yipan.feeds.areas import AreaNames
from yipan.feeds.columns import Mapping, match_columns, unknown_column
from yipan.feeds.dates import DateForm, date_form, read_day
from yipan.feeds.decode import find_separator, read_count
from yipan.feeds.frame import HIDDEN, CannotRead, ReadReport, Refused, shown
from yipan.model import Area


def area(path, zh, en, code=None):
    return Area(path=path, level="x", name_zh=zh, name_en=en, code=code, source="test")


AREAS = (
    area("44.", "广东省", "Guangdong", "440000"),
    area("44.4401.", "广州市", "Guangzhou", "440100"),
    area("44.4403.", "深圳市", "Shenzhen", "440300"),
    area("44.4401.440106.", "天河区", "Tianhe", "440106"),
    area("44.4401.440106.a.", "新塘街道", "Xintang Subdistrict"),
    area("44.4403.a.", "新塘镇", "Xintang Town"),
)


class TestReadCount:
    @pytest.mark.parametrize(
        ("text", "value"),
        [("7", 7), ("１２", 12), (" 8 ", 8), ("1,234", 1234), ("1，234，567", 1234567), ("12 345", 12345),
         ("3.0", 3), ("007", 7), ("", None), ("NA", None), ("—", None), ("未报告", None), ("1000000000", 10**9)],
    )  # fmt: skip
    def test_reads_what_people_write(self, text, value):
        assert read_count(text)[0] == value

    @pytest.mark.parametrize(
        ("text", "why"),
        [("-3", "negative"), ("-1,000", "negative"), ("2.5", "whole"), ("1,5", "whole"), ("12%", "share"),
         ("=cmd|'/c calc'!A0", "formula"), ("@SUM(A1)", "formula"), ("+cmd|1", "formula"), ("1000000000000", "larger"),
         ("9" * 40, "larger"), ("abc", "not a number"), ("1,23,4", "not a number"), ("1e3", "not a number")],
    )  # fmt: skip
    def test_refuses_the_rest_and_says_why(self, text, why):
        refused = read_count(text)

        assert isinstance(refused, Refused)
        assert why in refused.en
        assert refused.zh

    @given(st.integers(0, 10**9))
    def test_reads_every_count_with_or_without_separators(self, number):
        assert read_count(str(number))[0] == read_count(f"{number:,}")[0] == number

    @given(st.text(max_size=12))
    def test_answers_anything(self, text):
        read_count(text)
        read_day(text, DateForm())


class TestReadDay:
    @pytest.mark.parametrize(
        "text",
        ["2022-10-27", "2022/10/27", "2022.10.27", "２０２２-10-27", "2022年10月27日", "20221027", "27/10/2022",
         "27.10.2022", "2022-10-27T00:00:00", " 2022-10-27 "],
    )  # fmt: skip
    def test_reads_every_usual_form(self, text):
        assert read_day(text, date_form([text]))[0] == date(2022, 10, 27)

    @pytest.mark.parametrize("text", ["31/02/2022", "2022-02-30", "29.02.2023", "2022年13月1日"])
    def test_refuses_days_no_calendar_has(self, text):
        assert "calendar" in read_day(text, date_form([text, "27/10/2022"])).en

    def test_lets_the_column_decide_whether_the_day_comes_first(self):
        assert read_day("03/10/2022", date_form(["03/10/2022", "27/10/2022"]))[0] == date(
            2022, 10, 3
        )
        assert read_day("03/10/2022", date_form(["03/10/2022", "10/27/2022"]))[0] == date(
            2022, 3, 10
        )

    def test_refuses_to_guess_where_nothing_decides(self):
        assert "nothing in the column" in read_day("03/10/2022", date_form(["03/10/2022"])).en

    def test_refuses_a_column_written_both_ways(self):
        form = date_form(["27/10/2022", "10/27/2022"])

        assert "both" in read_day("03/10/2022", form).en

    def test_takes_the_order_a_mapping_gives(self):
        form = date_form(["03/10/2022"], order="mdy")

        assert read_day("03/10/2022", form)[0] == date(2022, 3, 10)

    def test_takes_serials_only_where_the_whole_column_is_so(self):
        assert read_day("44861", date_form(["44861", "44862"]))[0] == date(2022, 10, 27)
        assert "bare number" in read_day("44861", date_form(["44861", "2022-10-27"])).en

    @given(st.dates(date(1900, 1, 1), date(2200, 12, 31)))
    def test_reads_back_every_iso_day(self, day):
        assert read_day(day.isoformat(), DateForm())[0] == day


class TestAreaNames:
    names = AreaNames(AREAS)

    @pytest.mark.parametrize(
        "text",
        ["44.4401.440106.", "440106", "440106000000", "天河区", "天河", "Tianhe", "TIANHE district", "广州市天河区",
         "广东省广州市天河区", "Tianhe, Guangzhou"],
    )  # fmt: skip
    def test_knows_code_path_and_names(self, text):
        assert self.names.resolve(text) == "44.4401.440106."

    def test_refuses_a_name_two_areas_bear(self):
        assert "2 areas" in self.names.resolve("新塘").en

    def test_is_told_by_the_parent_which_one(self):
        assert self.names.resolve("新塘", "深圳") == "44.4403.a."

    def test_does_not_go_outside_the_parent(self):
        assert "outside" in self.names.resolve("440106", "深圳市").en

    def test_names_the_nearest(self):
        assert self.names.resolve("Guangzou").suggestion == "did you mean guangzhou?"


class TestColumns:
    def test_are_known_in_both_languages(self):
        assert match_columns(("地区", "Report Date", "例数"), Mapping()) == {
            "area": 0,
            "day": 1,
            "value": 2,
        }

    def test_take_the_larger_area_for_the_parent(self):
        assert match_columns(("city", "county"), Mapping()) == {"parent": 0, "area": 1}
        assert match_columns(("区县", "地市"), Mapping()) == {"area": 0, "parent": 1}

    def test_may_not_bear_one_name_twice(self):
        with pytest.raises(CannotRead, match="two columns bear one name"):
            match_columns(("area", "Area "), Mapping())

    def test_may_not_say_the_same_thing_twice(self):
        with pytest.raises(CannotRead, match="both stand for day"):
            match_columns(("date", "日期"), Mapping())

    def test_follow_a_mapping(self):
        mapping = Mapping(columns={"wo": "area", "wann": "day"})

        assert match_columns(("Wo", "Wann", "value"), mapping) == {"area": 0, "day": 1, "value": 2}

    def test_name_the_nearest_known_name(self):
        assert "did you mean value?" in unknown_column("vlaue")[0]


class TestMapping:
    def test_is_read_from_yaml(self, tmp_path):
        file = tmp_path / "m.yaml"
        file.write_text("columns: {wo: area}\ndefaults: {disease: flu}\ndate_order: dmy\n", "utf-8")

        assert Mapping.load(file) == Mapping(
            columns={"wo": "area"}, defaults={"disease": "flu"}, date_order="dmy"
        )

    @pytest.mark.parametrize(
        "text", ["colums: {}", "columns: {a: aera}", "columns: 3", "date_order: ymd"]
    )
    def test_refuses_what_it_does_not_know(self, tmp_path, text):
        (tmp_path / "m.yaml").write_text(text, "utf-8")

        with pytest.raises(ValueError, match=r"mapping|table of names|date_order"):
            Mapping.load(tmp_path / "m.yaml")


class TestFindSeparator:
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_finds_the_one_that_agrees(self, separator):
        assert find_separator([separator.join("abc"), separator.join(("x", "y", "1"))]) == separator


class TestReport:
    def test_must_add_up(self):
        with pytest.raises(ValueError, match="accounted for"):
            ReadReport(
                file="f", sha256="0", format="x", why="", read=3, accepted=1, rejected=1, blank=0
            )

    @pytest.mark.parametrize(
        "text", ["13800138000", "44010619900101123X", "138 0013 8000", "张三13800138000"]
    )
    def test_hides_what_looks_like_a_phone_or_a_certificate(self, text):
        assert shown(text) == HIDDEN
