"""School holidays: less is expected of what follows them, and the first days of a term are no outbreak."""

from datetime import date, timedelta

import numpy as np
import pytest

from yipan.feeds.frame import CannotRead
from yipan.feeds.schools import FORM, read_school_breaks
from yipan.model import AreaPath, Counted, CountSeries, SchoolBreak, Stream
from yipan.operations import school_terms, streams

FIRST = date(2021, 9, 6)
ABSENCES = Stream(disease="respiratory", counted=Counted.SCHOOL_ABSENCES)
FEVER = Stream(disease="respiratory", counted=Counted.FEVER_CLINIC_VISITS)


def holiday(since, days, area="44."):
    return SchoolBreak(
        id=f"{area}{since}", area=area, since=since, until=since + timedelta(days=days), name="假期", source="an example",
    )  # fmt: skip


WINTER = holiday(date(2022, 1, 17), 28)
SUMMER = holiday(date(2022, 7, 11), 49)


def schools(days, *breaks, rows=6, stream=ABSENCES, mean=30.0, level=0.1):
    factor = np.ones(days)
    for one in breaks:
        factor[max(0, (one.since - FIRST).days) : (one.until - FIRST).days] = level
    generator = np.random.default_rng(7)
    return [
        CountSeries(
            area=AreaPath(f"44.01.{row}."), stream=stream, first_day=FIRST,
            counts=tuple(int(c) for c in generator.poisson(mean * factor)),
        )
        for row in range(rows)
    ]  # fmt: skip


def matrix(some):
    return np.array([one.counts for one in some], dtype=float)


class TestTermEffects:
    def test_touch_nothing_that_follows_no_terms(self):
        some = schools(200, stream=FEVER)

        assert school_terms.term_effects(
            some, matrix(some), first=FIRST, breaks=[WINTER], learned_until=200
        ) is None  # fmt: skip

    def test_learn_from_the_holiday_before_how_much_less_is_counted(self):
        some = schools(330, WINTER, SUMMER)

        exposure, unlearned = school_terms.term_effects(
            some, matrix(some), first=FIRST, breaks=[WINTER, SUMMER], learned_until=250
        )

        inside = (SUMMER.since - FIRST).days
        assert exposure[0, inside] == pytest.approx(0.1, abs=0.03)
        assert exposure[0, inside - 1] == 1
        assert not unlearned.any()

    def test_learn_nothing_from_the_first_holiday_while_it_is_judged(self):
        some = schools(160, WINTER)

        exposure, unlearned = school_terms.term_effects(
            some, matrix(some), first=FIRST, breaks=[WINTER], learned_until=86
        )

        assert (exposure == 1).all()
        assert unlearned.sum() == 6 * (160 - (WINTER.since - FIRST).days)

    def test_hold_in_their_area_and_in_sums_around_it(self):
        inside, outside = schools(200, WINTER, rows=1)[0], schools(200, rows=2)[1]
        whole = CountSeries(
            area=AreaPath("44."), stream=ABSENCES, first_day=FIRST, counts=inside.counts
        )
        of_one = holiday(WINTER.since, 28, area="44.01.0.")

        _, unlearned = school_terms.term_effects(
            [inside, outside, whole], matrix([inside, outside, whole]), first=FIRST, breaks=[of_one], learned_until=0
        )  # fmt: skip

        assert unlearned.any(axis=1).tolist() == [True, False, True]


class TestTheWatch:
    def test_takes_the_return_to_school_for_no_outbreak(self):
        days = (WINTER.until - FIRST).days + 3
        some = schools(days, WINTER)
        until = FIRST + timedelta(days=days)

        blind = streams.picture(streams.judge_streams(some, until=until))
        knowing = streams.picture(streams.judge_streams(some, until=until, breaks=[WINTER]))

        assert blind.findings
        assert knowing.findings == ()

    def test_sees_an_outbreak_among_the_few_who_are_counted_in_the_second_holiday(self):
        days = (SUMMER.since - FIRST).days + 20
        some = schools(days, WINTER, SUMMER)
        sick = CountSeries(
            area=some[0].area, stream=ABSENCES, first_day=FIRST, counts=(*some[0].counts[:-1], 14)
        )
        until = FIRST + timedelta(days=days)

        blind = streams.picture(
            streams.judge_streams([sick, *some[1:]], until=until, breaks=[SUMMER])
        )
        (found,) = streams.picture(
            streams.judge_streams([sick, *some[1:]], until=until, breaks=[WINTER, SUMMER])
        ).findings

        assert blind.findings == ()
        assert found.area == sick.area
        assert found.lead.expected == pytest.approx(3, abs=1)


def table(tmp_path, text):
    file = tmp_path / "school.csv"
    file.write_text(text, encoding="utf-8")
    return file


def find(name):
    if name in {"", "广东省"}:
        return AreaPath("44.")
    raise LookupError(f"no area is called {name!r}")


class TestSchoolCalendarOfAProvince:
    def test_is_read_with_both_days_inside_the_holiday(self, tmp_path):
        (one,) = read_school_breaks(
            table(tmp_path, FORM + "广东省,2022-01-20,2022-02-13,寒假,某年校历,school_absences;ili_visits\n"), find=find
        )  # fmt: skip

        assert (one.area, one.since, one.until) == ("44.", date(2022, 1, 20), date(2022, 2, 14))
        assert one.counted == (Counted.SCHOOL_ABSENCES, Counted.ILI_VISITS)

    def test_is_read_with_chinese_headers_and_without_what_follows(self, tmp_path):
        (one,) = read_school_breaks(
            table(tmp_path, "地区,首日,末日,假期,依据\n,2022年7月9日,2022年8月31日,暑假,某年校历\n"), find=find
        )  # fmt: skip

        assert (one.last_day, one.counted) == (date(2022, 8, 31), (Counted.SCHOOL_ABSENCES,))

    @pytest.mark.parametrize(
        ("rows", "row", "told"),
        [
            ("广东省,2022-02-13,2022-01-20,寒假,s,\n", 2, "days are meant"),
            ("广东省,2022-01-20,2023-01-20,寒假,s,\n", 2, "days are meant"),
            ("广东省,2022-01-20,2022-02-13,寒假,,\n", 2, "source"),
            ("某地,2022-01-20,2022-02-13,寒假,s,\n", 2, "no area"),
            ("广东省,2022-13-20,2022-02-13,寒假,s,\n", 2, ""),
            ("广东省,2022-01-20,2022-02-13,寒假,s,pupils\n", 2, "not counted"),
            ("广东省,2022-01-20,2022-02-13,寒假,s,\n广东省,2022-02-01,2022-02-20,寒假,s,\n", 3, "row 2"),
            ("", 1, "between 1 and"),
        ],
    )  # fmt: skip
    def test_is_refused_with_the_row_that_is_wrong(self, tmp_path, rows, row, told):
        with pytest.raises(CannotRead) as refused:
            read_school_breaks(table(tmp_path, FORM + rows), find=find)

        problem = refused.value.problem
        assert problem.row == row
        assert told in problem.reason_en
