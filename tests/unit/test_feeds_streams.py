"""Series read from anybody's table: what is wrong is told by row, and stops nothing else."""

from datetime import date

import pytest

from yipan.feeds.frame import CannotRead
from yipan.feeds.streams import read_series
from yipan.model import Counted, Interval


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "given.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


class TestSeriesOfAnyTable:
    def test_come_from_long_tables_in_chinese(self, table):
        read = read_series(
            table(
                "日期,地区,渠道,例数\n2022-10-01,海珠区,发热,3\n2022-10-03,海珠区,发热,5\n",
                "gb18030",
            )
        )

        (one,) = read.series
        assert one.counts == (3, None, 5)
        assert read.names[one.area] == ("海珠区", "海珠区")
        assert one.stream.counted is Counted.OTHER

    def test_come_from_wide_tables_without_their_remarks(self, table):
        read = read_series(table("date,north,south,remark\n2022-10-01,3,4,fine\n2022-10-02,,6,\n"))

        assert [one.stream.disease for one in read.series] == ["north", "south"]
        assert read.series[0].counts == (3, None)

    def test_know_the_channels_by_their_names(self, table):
        read = read_series(table("day,stream,count\n2022-10-01,fever_clinic_visits,3\n"))

        assert read.series[0].stream.counted is Counted.FEVER_CLINIC_VISITS

    def test_of_weeks_are_weekly(self, table):
        read = read_series(table("week,count\n2022-10-03,3\n2022-10-10,4\n2022-10-24,5\n"))

        assert read.series[0].stream.interval is Interval.WEEK
        assert read.series[0].counts == (3, 4, None, 5)

    def test_take_a_negative_or_contradictory_day_for_unknown_and_say_so(self, table):
        read = read_series(
            table(
                "day,count\n2022-10-01,-2\n2022-10-02,4\n2022-10-02,7\n2022-10-03,5\n2022-10-03,5\n"
            )
        )

        assert read.series[0].counts == (None, None, 5)
        assert [problem.row for problem in read.problems] == [2, 4]
        assert "negative" in read.problems[0].reason_en
        assert "contradicts" in read.problems[1].reason_en

    def test_end_together_and_begin_when_they_begin(self, table):
        read = read_series(table("day,area,count\n2022-10-01,a.,1\n2022-10-05,b.,2\n"))

        assert [one.first_day for one in read.series] == [date(2022, 10, 1), date(2022, 10, 5)]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "is empty"),
            ("a,b\n1,2\n", "no column of days"),
            ("day,count\nyesterday,3\n", "no day in it could be read"),
            ("day,note\n2022-10-01,x\n", "no counts"),
            ("day,count\n1800-01-01,1\n2022-01-01,1\n", "more than 40,000 days"),
        ],
    )
    def test_are_refused_with_what_is_wrong(self, table, text, said):
        with pytest.raises(CannotRead, match=said):
            read_series(table(text))
