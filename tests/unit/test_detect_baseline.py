"""The calendar baseline: what it promises of every stream, and what it does with bad ones."""

from datetime import date, timedelta

import numpy as np
import pytest

from yipan.analytics.detect.baseline import (
    STANDARD,
    WEEKLY,
    BaselineOptions,
    DayKinds,
    baseline_matrix,
)
from yipan.model import Interval, Judgement, WorkCalendar
from yipan.packs import PackError, read_calendar

FIRST = date(2022, 5, 2)
CHINA = read_calendar()


def quiet(streams, days, *, mean=5.0, seed=0):
    return np.random.default_rng(seed).poisson(mean, (streams, days)).astype(float)


class TestCalendarOfChina:
    def test_knows_the_weekend_worked_for_national_day(self):
        assert CHINA.is_working(date(2022, 10, 8))
        assert not CHINA.is_working(date(2022, 10, 5))

    def test_puts_every_new_year_inside_its_holiday(self):
        covered = [day for day in CHINA.new_years if CHINA.covers(day)]

        assert len(covered) == 15
        assert all(day in CHINA.holidays for day in covered)

    def test_is_refused_with_the_row_that_is_wrong(self, tmp_path):
        table = tmp_path / "own.csv"
        table.write_text("day,kind,name,source\n2022-13-01,holiday,x,y\n", encoding="utf-8")

        with pytest.raises(PackError, match=r"own\.csv row 2"):
            read_calendar(table)

    def test_does_not_call_a_day_both_off_and_worked(self):
        with pytest.raises(ValueError, match="both a holiday and a working day"):
            WorkCalendar(
                key="x", since=date(2022, 1, 1), until=date(2023, 1, 1), new_years=(),
                holidays=frozenset({date(2022, 1, 3)}), working_days=frozenset({date(2022, 1, 3)}),
            )  # fmt: skip


class TestCalendarBaseline:
    def test_alarms_on_quiet_days_about_as_often_as_it_says(self):
        counts = np.concatenate(
            [quiet(150, 262, mean=m, seed=s) for s, m in enumerate((1, 10, 100))]
        )

        found = baseline_matrix(counts, first_day=FIRST, calendar=CHINA, columns=range(200, 262))

        for alpha in (0.05, 0.01):
            share = float((found.p_value <= alpha).mean())
            assert alpha / 2 < share < alpha * 2, (alpha, share)

    def test_finds_an_outbreak_of_ten_standard_deviations(self):
        counts = quiet(40, 200, mean=20)
        counts[:, -1] += 45

        assert baseline_matrix(counts, first_day=FIRST).alarm.all()

    def test_finds_a_slow_rise_by_its_week(self):
        counts = quiet(40, 200, mean=9)
        counts[:, -7:] += 7

        found = baseline_matrix(counts, first_day=FIRST)

        assert (found.p_week < found.p_day).mean() > 0.8
        assert found.alarm.mean() > 0.8

    def test_is_not_moved_by_tomorrow(self):
        counts = quiet(20, 420)
        at = 380

        now = baseline_matrix(counts[:, : at + 1], first_day=FIRST, calendar=CHINA)
        later = baseline_matrix(counts, first_day=FIRST, calendar=CHINA, columns=[at])

        np.testing.assert_array_equal(now.p_value, later.p_value)
        np.testing.assert_array_equal(now.threshold, later.threshold)

    def test_follows_a_permutation_of_the_streams(self):
        counts = quiet(30, 150)
        order = np.random.default_rng(1).permutation(30)

        straight = baseline_matrix(counts, first_day=FIRST)
        mixed = baseline_matrix(counts[order], first_day=FIRST)

        np.testing.assert_allclose(mixed.p_value, straight.p_value[order], rtol=1e-9)

    def test_a_stricter_alarm_adds_none(self):
        counts = quiet(200, 120, mean=3)
        counts[:40, -1] += 8

        loose, strict = (
            baseline_matrix(counts, first_day=FIRST, options=BaselineOptions(alpha=alpha)).alarm
            for alpha in (0.02, 0.002)
        )

        assert not (strict & ~loose).any()

    def test_the_threshold_is_the_last_count_that_does_not_alarm(self):
        counts = quiet(60, 130, mean=4)
        found = baseline_matrix(counts, first_day=FIRST)

        for step, alarms in ((0, False), (1, True)):
            changed = counts.copy()
            changed[:, -1] = found.threshold[:, 0] + step
            again = baseline_matrix(changed, first_day=FIRST).alarm[:, 0]
            assert (again == (alarms & (changed[:, -1] > 0))).all()

    def test_a_silent_stream_never_lowers_the_alarm_of_another(self):
        counts = quiet(20, 200)
        counts[0, -1] = 40
        beside = np.concatenate([counts, np.full((5, 200), np.nan)])

        np.testing.assert_allclose(
            baseline_matrix(beside, first_day=FIRST).p_value[0],
            baseline_matrix(counts, first_day=FIRST).p_value[0],
        )

    def test_learns_the_spring_festival(self):
        days = 3 * 365 + 40
        first = date(2020, 1, 1)
        kinds = DayKinds.of(first, days, CHINA)
        mean = np.where(np.isin(kinds.bins, (2, 3)), 15.0, 30.0)
        counts = np.random.default_rng(3).poisson(mean, (60, days)).astype(float)
        festival = [i for i in range(days - 60, days) if kinds.bins[i] == 3]

        found = baseline_matrix(counts, first_day=first, calendar=CHINA, columns=festival)

        assert found.holiday_known.all()
        assert found.expected.mean() == pytest.approx(15, rel=0.1)

    def test_says_when_a_festival_is_its_first_and_asks_for_more(self):
        counts = quiet(30, 120, mean=40)
        first = date(2022, 10, 3)
        day = (date(2023, 1, 21) - first).days

        found = baseline_matrix(counts, first_day=first, calendar=CHINA, columns=[day - 20, day])

        assert found.holiday_known[:, 0].all()
        assert not found.holiday_known[:, 1].any()
        assert (found.relative_sd[:, 1] > found.relative_sd[:, 0]).all()

    def test_expects_less_of_a_day_that_is_half_reported(self):
        counts = quiet(30, 150, mean=40)
        exposure = np.ones(150)
        exposure[-1] = 0.5

        whole = baseline_matrix(counts, first_day=FIRST)
        half = baseline_matrix(counts, first_day=FIRST, exposure=exposure)

        np.testing.assert_allclose(half.expected, whole.expected / 2)

    def test_a_known_outbreak_does_not_hide_the_next(self):
        counts = quiet(30, 200, mean=8)
        counts[:, 150:185] += 30
        counts[:, -1] += 14
        mask = np.zeros(counts.shape)
        mask[:, 150:185] = 1

        hidden = baseline_matrix(counts, first_day=FIRST)
        masked = baseline_matrix(counts, first_day=FIRST, known_outbreak=mask)

        assert masked.alarm.mean() > 0.9
        assert (masked.expected < hidden.expected).all()

    def test_an_outbreak_nobody_recorded_does_not_pass_for_unevenness(self):
        counts = quiet(30, 300, mean=4)
        counts[:, 150:170] += np.random.default_rng(1).integers(15, 60, (30, 20))
        counts[:, -1] = 24

        found = baseline_matrix(counts, first_day=FIRST)

        assert found.dispersion.max() < 3
        assert found.alarm.mean() > 0.9

    def test_remembers_small_excesses_no_sum_is_long_enough_for(self):
        counts = quiet(200, 400, mean=8)
        rising = counts.copy()
        rising[:, -14:] += np.random.default_rng(2).poisson(2.5, (200, 14))
        deaf = BaselineOptions(alpha=0.005, heard_from=1e9)

        with_memory = baseline_matrix(rising, first_day=FIRST, columns=range(386, 400)).alarm
        without = baseline_matrix(
            rising, first_day=FIRST, columns=range(386, 400), options=deaf
        ).alarm

        assert with_memory.any(axis=1).mean() > without.any(axis=1).mean()

    def test_learns_the_weeks_of_the_spring_festival(self):
        first, weeks = date(2018, 1, 1), 6 * 52
        kinds = DayKinds.of_weeks(first, weeks, CHINA)
        mean = np.where(kinds.bins == 2, 20.0, 40.0)
        counts = np.random.default_rng(3).poisson(mean, (60, weeks)).astype(float)
        festival = [i for i in range(weeks - 52, weeks) if kinds.bins[i] == 2]

        found = baseline_matrix(
            counts, first_day=first, interval=Interval.WEEK, calendar=CHINA, columns=festival, options=WEEKLY
        )  # fmt: skip

        assert found.holiday_known.all()
        assert found.expected.mean() == pytest.approx(20, rel=0.1)

    def test_weeks_of_a_disease_never_seen_alarm_by_the_third_case(self):
        found = baseline_matrix(
            [[0.0] * 312 + [1, 0, 1, 1]], first_day=date(2016, 1, 4), interval=Interval.WEEK, options=WEEKLY,
            columns=range(312, 316),
        )  # fmt: skip

        assert found.alarm.any()

    def test_does_not_alarm_too_often_on_large_weekly_streams_that_differ_in_spread(self):
        generator = np.random.default_rng(4)
        over = np.repeat([0.5, 1.0, 2.0], 50)[:, None]
        rate = generator.gamma(500 / over * np.ones((150, 240))) * over
        counts = generator.poisson(rate).astype(float)

        found = baseline_matrix(
            counts, first_day=date(2018, 1, 1), interval=Interval.WEEK, options=WEEKLY,
            columns=range(140, 240), thresholds=0,
        )  # fmt: skip

        assert 0.04 < (found.p_value <= 0.05).mean() < 0.065
        assert 0.006 < (found.p_value <= 0.01).mean() < 0.015

    def test_believes_a_season_less_where_streams_have_none(self):
        t = np.arange(260)
        sure = {}
        for swing in (0.0, 0.5):
            year = np.random.default_rng(6).normal(0, swing, (60, 6))[:, t // 52]
            wave = np.exp(year * np.cos(2 * np.pi * t / 52.18))
            counts = np.random.default_rng(5).poisson(200 * wave).astype(float)
            found = baseline_matrix(
                counts, first_day=date(2018, 1, 1), interval=Interval.WEEK, options=WEEKLY,
                columns=[259], thresholds=0,
            )  # fmt: skip
            sure[swing] = float(found.relative_sd.mean())

        # 2 % is what the five weeks of four years leave open by chance
        assert 0.02 < sure[0.0] < 0.028 < sure[0.5]

    def test_leans_on_siblings_in_a_holiday_by_as_much_as_they_are_alike(self):
        first, weeks = date(2018, 1, 1), 6 * 52
        kinds = DayKinds.of_weeks(first, weeks, CHINA)
        festival = [i for i in range(weeks - 52, weeks) if kinds.bins[i] == 2]
        sure, missed = {}, {}
        for apart in (0.0, 0.5):
            own = np.exp(np.random.default_rng(7).normal(-0.7, apart, (60, 1)))
            mean = np.where(kinds.bins == 2, 40.0 * own, 40.0)
            counts = np.random.default_rng(3).poisson(mean).astype(float)
            found = baseline_matrix(
                counts, first_day=first, interval=Interval.WEEK, calendar=CHINA, columns=festival, options=WEEKLY
            )  # fmt: skip
            told = found.expected[:, 0] / mean[:, festival[0]]
            sure[apart] = float(found.relative_sd.mean())
            missed[apart] = float(told.std())

        assert missed[0.0] < 0.06
        assert missed[0.5] < 0.15
        assert sure[0.0] < 0.8 * sure[0.5]

    def test_set_back_tells_a_lasting_rise_by_what_is_new(self):
        counts = quiet(100, 200, mean=20)
        counts[:, -25:] += 12
        asked = {"first_day": FIRST, "columns": range(175, 200), "thresholds": 0}

        lasting = baseline_matrix(counts, **asked).alarm
        new = baseline_matrix(counts, **asked, options=BaselineOptions(begin_anew=True)).alarm

        both = lasting.any(axis=1) & new.any(axis=1)
        assert both.mean() > 0.95
        assert (lasting.argmax(axis=1) == new.argmax(axis=1))[both].mean() > 0.8
        assert new.sum() < 0.8 * lasting.sum()


BAD = {
    "all zero": np.zeros(120),
    "all missing": np.full(120, np.nan),
    "one value": np.where(np.arange(120) == 60, 3.0, np.nan),
    "constant": np.full(120, 7.0),
    "with gaps": np.where(np.arange(120) % 3 == 0, np.nan, 4.0),
    "a typo of a million": np.where(np.arange(120) == 80, 1e6, 5.0),
    "weekly values in a daily file": np.where(np.arange(120) % 7 == 0, 30.0, np.nan),
    "beginning inside the window": np.where(np.arange(120) < 100, np.nan, 4.0),
    "ending inside the window": np.where(np.arange(120) > 100, np.nan, 4.0),
}


class TestBadSeries:
    @pytest.mark.parametrize("name", BAD)
    def test_have_a_stated_outcome_and_stop_nobody(self, name):
        counts = np.vstack([quiet(19, 120), BAD[name]])
        counts[0, -1] = 40

        found = baseline_matrix(counts, first_day=FIRST, columns=range(100, 120))

        assert found.alarm[0, -1]
        judged = ~np.isnan(found.p_value[-1])
        codes = [found.judgement_of(19, cell) for cell in range(20)]
        for cell in range(20):
            said = codes[cell] in {Judgement.JUDGED, Judgement.NO_HISTORY_RULE}
            assert said is bool(judged[cell]), (cell, codes[cell])

    @pytest.mark.parametrize("name", BAD)
    def test_have_a_stated_outcome_as_weeks_too(self, name):
        counts = np.vstack([quiet(9, 120), BAD[name]])
        counts[0, -1] = 40

        found = baseline_matrix(
            counts, first_day=date(2020, 1, 6), interval=Interval.WEEK, options=WEEKLY,
            columns=range(70, 120),
        )  # fmt: skip

        assert found.alarm[0, -1]
        judged = ~np.isnan(found.p_value[-1])
        for cell in range(50):
            said = found.judgement_of(9, cell) in {Judgement.JUDGED, Judgement.NO_HISTORY_RULE}
            assert said is bool(judged[cell])

    def test_a_typo_does_not_silence_the_days_after_it(self):
        counts = quiet(2, 160, mean=5)
        counts[1, 120] = 1e6
        counts[:, -1] = 25

        assert baseline_matrix(counts, first_day=FIRST).alarm.all()

    def test_a_disease_never_seen_alarms_by_the_third_case(self):
        counts = np.zeros((1, 200))
        counts[0, -3:] = 1

        found = baseline_matrix(counts, first_day=FIRST, columns=[197, 198, 199])

        assert found.alarm[0].any()

    def test_a_stream_of_three_days_is_answered_by_the_no_history_rule(self):
        counts = quiet(5, 100)
        counts[4, :-4] = np.nan
        counts[4, -4:] = (1, 0, 1, 30)

        found = baseline_matrix(counts, first_day=FIRST)

        assert found.judgement_of(4, 0) is Judgement.NO_HISTORY_RULE
        assert found.alarm[4, 0]

    def test_negative_counts_are_refused_by_name(self):
        with pytest.raises(ValueError, match="count -3 of stream 0 on day 1"):
            baseline_matrix([[2, -3, 4]], first_day=FIRST)

    def test_options_that_cannot_be_meant_are_refused(self):
        with pytest.raises(ValueError, match="alpha"):
            BaselineOptions(alpha=0.7)
        with pytest.raises(ValueError, match="voice_of_day 0"):
            BaselineOptions(voice_of_day=0)
        assert STANDARD.alpha == 0.005


class TestDayKinds:
    def test_follow_the_moving_festival(self):
        for year in (2022, 2023, 2024):
            new_year = next(d for d in CHINA.new_years if d.year == year)
            kinds = DayKinds.of(new_year - timedelta(days=8), 30, CHINA)
            assert kinds.bins[0] == 0
            assert kinds.bins[1] == 1
            assert kinds.bins[8] == 2

    def test_are_all_plain_without_a_calendar(self):
        assert not DayKinds.of(FIRST, 400, None).bins.any()
