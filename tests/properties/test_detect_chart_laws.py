import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.detect import sequential

COUNTS = st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=25)
MEANS = st.floats(0.2, 12)


def row(counts):
    return np.array([[np.nan if c is None else float(c) for c in counts]])


def same(chart, verdicts):
    np.testing.assert_allclose(verdicts.score[0], chart.statistic, rtol=1e-6, atol=1e-6)
    assert verdicts.alarm[0].tolist() == list(chart.alarm)


class TestChartTwins:
    @given(
        counts=COUNTS,
        mean=MEANS,
        transform=st.sampled_from(
            ["standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin", "none"]
        ),
        compat=st.sampled_from([None, "surveillance-1.20"]),
    )
    def test_cusum_agrees_with_the_plain_form(self, counts, mean, transform, compat):
        settings = {"expected": mean, "transform": transform, "compat": compat}

        same(sequential.cusum(counts, **settings), sequential.cusum_matrix(row(counts), **settings))

    @given(counts=COUNTS, mean=MEANS, alpha=st.sampled_from([0.0, 0.3]))
    def test_likelihood_ratio_agrees_with_the_plain_form(self, counts, mean, alpha):
        chart = sequential.lr_chart(
            counts, expected=[mean] * len(counts), rise=0.6931, overdispersion=alpha
        )

        same(
            chart,
            sequential.lr_matrix(row(counts), expected=mean, rise=0.6931, overdispersion=alpha),
        )

    @settings(deadline=None)
    @given(
        counts=COUNTS,
        mean=MEANS,
        alpha=st.sampled_from([0.0, 0.3]),
        window=st.sampled_from([None, 3, 8]),
        shortest=st.integers(0, 2),
    )
    def test_generalised_ratio_agrees_with_the_plain_form(
        self, counts, mean, alpha, window, shortest
    ):
        asked = {"window": window, "shortest": shortest, "overdispersion": alpha, "limit": 5.01}
        chart = sequential.glr_chart(counts, expected=[mean] * len(counts), **asked)

        same(chart, sequential.glr_matrix(row(counts), expected=mean, **asked))

    @given(counts=st.lists(st.integers(0, 20), min_size=1, max_size=25))
    def test_binomial_agrees_with_the_plain_form(self, counts):
        tests = [40] * len(counts)
        chart = sequential.binomial_cusum(counts, tests, quiet_share=0.05)

        same(chart, sequential.binomial_cusum_matrix([counts], [tests], quiet_share=0.05))

    def test_many_streams_in_several_threads_say_what_few_say_in_one(self):
        generator = np.random.default_rng(1)
        mean = np.exp(generator.normal(0, 1, (25_000, 1))) * np.ones(12)
        counts = generator.poisson(1.3 * mean).astype(float)

        many = sequential.glr_matrix(counts, expected=mean, limit=3.0)
        few = sequential.glr_matrix(counts[-50:], expected=mean[-50:], limit=3.0)

        np.testing.assert_array_equal(many.score[-50:], few.score)
        np.testing.assert_array_equal(many.threshold[-50:], few.threshold)


class TestChartLaws:
    @settings(deadline=None)
    @given(counts=COUNTS, mean=MEANS, alpha=st.sampled_from([0.0, 0.3]))
    def test_an_alarm_is_a_count_above_the_threshold(self, counts, mean, alpha):
        for verdicts in (
            sequential.cusum_matrix(row(counts), expected=mean),
            sequential.lr_matrix(row(counts), expected=mean, rise=0.7, overdispersion=alpha),
            sequential.glr_matrix(row(counts), expected=mean, overdispersion=alpha, limit=5.01),
        ):
            above = verdicts.observed > verdicts.threshold
            assert (above == verdicts.alarm).all(), verdicts.method

    @settings(deadline=None)
    @given(counts=COUNTS, tomorrow=st.integers(0, 90), mean=MEANS)
    def test_tomorrow_cannot_change_today(self, counts, tomorrow, mean):
        today = sequential.glr_matrix(row(counts), expected=mean)
        later = sequential.glr_matrix(row([*counts, tomorrow]), expected=mean)

        np.testing.assert_array_equal(today.score, later.score[:, :-1])

    @given(counts=COUNTS, mean=MEANS)
    def test_the_first_alarm_comes_no_earlier_under_a_stricter_limit(self, counts, mean):
        loose = sequential.cusum_matrix(row(counts), expected=mean, limit=2.0).alarm[0]
        strict = sequential.cusum_matrix(row(counts), expected=mean, limit=4.0).alarm[0]

        assert not strict.any() or (loose.any() and loose.argmax() <= strict.argmax())

    @pytest.mark.parametrize("mean", [np.nan])
    def test_a_stream_without_history_is_named_so(self, mean):
        verdicts = sequential.glr_matrix([[3.0, 4.0]], expected=mean)

        assert verdicts.judgement_of(0, 0).value == "short_history"
        assert not verdicts.alarm.any()
