"""Tables read without a record: what they say, and what is wrong with them, by row, column and value."""

import pytest

from yipan.feeds.series import read_residents, read_series, read_shares, read_trips, read_versions
from yipan.model import Interval


class TestReadSeries:
    def test_knows_columns_in_chinese_and_leaves_gaps_open(self):
        found = read_series(
            "地区,日期,数值\n广州,2022-10-01,3\n广州,2022-10-03,\n广州,2022-10-04,5\n".encode(
                "gb18030"
            )
        )

        assert found.areas == ("广州",)
        assert found.counts == ((3.0, None, None, 5.0),)

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "empty"),
            (b"date,cases\n", "no rows"),
            (b"date,cases\n2022-10-01,x\n", "row 2.*cases.*not a number"),
            (b"date,cases\n2022-02-30,1\n", "row 2.*date"),
            (b"date,cases\n2022-10-01,1\n2022-10-01,2\n", "row 3.*contradicts 1.0"),
            (b"day,note\n2022-10-01,1\n", "no column 'value'"),
            (b"date,cases\n2022-10-01,1\n1922-10-01,1\n", "20,000 intervals"),
            (b"date,cases\n2022-10-01,=1+1\n", "not a number"),
            (b"date,cases\n2022-10-01,inf\n", "not a number"),
        ],
    )
    def test_refuses_what_cannot_be_meant_and_says_where(self, content, told):
        with pytest.raises(ValueError, match=told):
            read_series(content)

    def test_refuses_weekly_figures_that_were_not_called_weekly(self):
        weeks = b"date,cases\n2022-10-01,1\n2022-10-08,2\n2022-10-15,2\n"

        with pytest.raises(ValueError, match="--interval week"):
            read_series(weeks)
        assert read_series(weeks, interval=Interval.WEEK).counts == ((1.0, 2.0, 2.0),)

    def test_takes_the_columns_it_is_told(self):
        content = b"when,local,other\n2022-10-01,3,9\n"

        assert read_series(content, named={"date": "when", "value": "other"}).counts == ((9.0,),)


class TestReadVersions:
    def test_adds_up_increments(self):
        content = b"date,known,n\n2022-10-01,2022-10-01,3\n2022-10-01,2022-10-02,2\n"

        assert [v.value for v in read_versions(content, increments=True)] == [3.0, 5.0]

    def test_refuses_what_was_known_before_its_day(self):
        with pytest.raises(ValueError, match=r"row 2.*lies before its day"):
            read_versions(b"date,known,n\n2022-10-02,2022-10-01,3\n")


class TestReadTrips:
    def test_refuses_negative_trips_and_shares_above_one(self):
        with pytest.raises(ValueError, match=r"row 2.*trips.*negative"):
            read_trips(b"from,to,trips\na,b,-3\n")
        with pytest.raises(ValueError, match=r"add to 1\.2"):
            read_shares(b"from,b,c\na,0.7,0.5\n")
        with pytest.raises(ValueError, match="no residents"):
            read_residents(b"area,residents\na,0\n")
