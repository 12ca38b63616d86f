from datetime import date

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yipan.analytics.detect.farrington import (
    CLASSIC,
    FLEXIBLE,
    FarringtonOptions,
    farrington,
    farrington_matrix,
)
from yipan.analytics.detect.verdicts import count_matrix
from yipan.model import Counted, CountSeries, Interval, Stream

WEEKLY = Stream(disease="dengue", counted=Counted.LOCAL_CONFIRMED, interval=Interval.WEEK)
OPTIONS = st.sampled_from(
    [
        FLEXIBLE,
        CLASSIC,
        FarringtonOptions(threshold="nbPlugin", trend_p_value=1.0, years=3),
        FarringtonOptions(threshold="muan", reweight=False, season_blocks=5),
        FarringtonOptions(threshold="delta", trend=False, power=1.0, season_blocks=1),
    ]
)


def weekly(seed, mean, missing, last, weeks=6 * 52):
    generator = np.random.default_rng(seed)
    counts = generator.negative_binomial(5, 5 / (5 + mean), weeks).astype(float)
    counts[generator.random(weeks) < missing] = np.nan
    counts[-1] = last
    return CountSeries(
        area="44.",
        stream=WEEKLY,
        first_day=date(2016, 1, 4),
        counts=tuple(None if np.isnan(c) else int(c) for c in counts),
    )


class TestFarringtonTwin:
    @settings(max_examples=40, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        mean=st.sampled_from([0.02, 0.5, 5.0, 60.0, 800.0]),
        missing=st.sampled_from([0.0, 0.1, 0.6]),
        last=st.integers(0, 200),
        options=OPTIONS,
    )
    @example(
        seed=1336,
        mean=60.0,
        missing=0.6,
        last=134,
        options=FarringtonOptions(threshold="nbPlugin", trend_p_value=1.0, years=3),
    )  # a season block with one reported week: its residual is rounding
    def test_agrees_with_the_plain_form(self, seed, mean, missing, last, options):
        series = weekly(seed, mean, missing, last)
        dates = [series.day(i) for i in range(len(series))]

        plain = farrington(series, options=options)
        twin = farrington_matrix(count_matrix([series]), dates=dates, options=options)

        found = twin.signals([series])
        assert len(plain) == len(found)
        for one, other in zip(plain, found, strict=True):
            assert other.threshold == pytest.approx(one.threshold, rel=1e-6, abs=1e-6)
            assert other.expected == pytest.approx(one.expected, rel=1e-6)
            assert other.judgement == one.judgement
            assert (other.baseline, other.baseline_missing) == (one.baseline, one.baseline_missing)


class TestFarringtonLaws:
    @settings(max_examples=15, deadline=None)
    @given(seed=st.integers(0, 10_000), tomorrow=st.integers(0, 500))
    def test_tomorrow_cannot_change_todays_verdict(self, seed, tomorrow):
        counts = count_matrix([weekly(seed, 4.0, 0.05, 9)])
        longer = np.hstack([counts, [[tomorrow]]])

        today = farrington_matrix(counts)
        later = farrington_matrix(longer, columns=[counts.shape[1] - 1])

        np.testing.assert_array_equal(today.threshold, later.threshold)

    @settings(max_examples=15, deadline=None)
    @given(seed=st.integers(0, 10_000), last=st.integers(0, 60))
    def test_a_stricter_alarm_adds_none(self, seed, last):
        counts = count_matrix([weekly(seed, 4.0, 0.0, last), weekly(seed + 1, 0.01, 0.0, last)])

        loose = farrington_matrix(counts, options=FarringtonOptions(alpha=0.05))
        strict = farrington_matrix(counts, options=FarringtonOptions(alpha=0.001))

        assert not (strict.alarm & ~loose.alarm).any()

    @settings(max_examples=10, deadline=None)
    @given(seed=st.integers(0, 10_000))
    def test_one_bad_stream_changes_no_other(self, seed):
        good = count_matrix([weekly(seed + i, 4.0, 0.0, 12) for i in range(3)])
        bad = np.vstack([good[:1], np.full((1, 312), np.nan), good[1:], np.full((1, 312), 1e6)])

        alone, beside = farrington_matrix(good), farrington_matrix(bad)

        np.testing.assert_allclose(alone.threshold, beside.threshold[[0, 2, 3]], rtol=1e-9)


class TestFarringtonAnswers:
    def test_a_disease_never_seen_by_the_third_case(self):
        new = [0.0] * 312 + [1, 0, 2]

        verdicts = farrington_matrix([new])

        assert verdicts.alarm.all()
        assert verdicts.judgement_of(0, 0).value == "no_history_rule"

    @pytest.mark.parametrize(
        ("counts", "judgement"),
        [
            ([0.0] * 312, "no_history_rule"),
            ([np.nan] * 312, "not_reported"),
            ([np.nan] * 311 + [4.0], "short_history"),
            ([3.0] * 312, "judged"),
            ([3.0] * 311 + [1e6], "judged"),
            ([np.nan] * 290 + [3.0] * 22, "short_history"),
            ([3.0, 4.0, 5.0] * 50 + [np.nan] * 161 + [3.0], "judged"),
            ([5.0], "short_history"),
        ],
        ids=["zeros", "silent", "one", "constant", "typo", "begins", "stopped", "single"],
    )
    def test_every_bad_series_with_a_stated_outcome(self, counts, judgement):
        assert farrington_matrix([counts]).judgement_of(0, 0).value == judgement

    def test_corrected_trend_test_keeps_few_trends_where_there_is_none(self):
        generator = np.random.default_rng(7)
        for mean in (5, 100):
            counts = generator.poisson(mean, (400, 6 * 52)).astype(float)

            kept = ~np.isnan(farrington_matrix(counts).trend)

            assert 0.01 <= kept.mean() <= 0.08

    @pytest.mark.slow
    @pytest.mark.parametrize("mean", [1, 5, 20, 100, 500])
    def test_corrected_trend_test_keeps_three_to_seven_in_a_hundred(self, mean):
        counts = np.random.default_rng(7).poisson(mean, (2_000, 6 * 52)).astype(float)

        kept = ~np.isnan(farrington_matrix(counts).trend)

        assert 0.03 <= kept.mean() <= 0.07
