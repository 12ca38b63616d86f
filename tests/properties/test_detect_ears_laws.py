from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yipan.analytics.detect.ears import ears_c1, ears_c2, ears_c3, ears_matrix
from yipan.analytics.detect.verdicts import count_matrix
from yipan.model import Counted, CountSeries, Stream

PLAIN = {"C1": ears_c1, "C2": ears_c2, "C3": ears_c3}
VISITS = Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS)
COUNTS = st.lists(st.none() | st.integers(0, 12) | st.integers(0, 3000), max_size=45)


def series_of(counts):
    return CountSeries(area="44.", stream=VISITS, first_day=date(2022, 1, 1), counts=tuple(counts))


class TestEarsTwin:
    @given(
        counts=COUNTS,
        method=st.sampled_from(["C1", "C2", "C3"]),
        baseline_days=st.integers(4, 14),
        alpha=st.sampled_from([0.05, 0.01, 0.001]),
        least_sd=st.sampled_from([0.0, 0.5]),
        compat=st.sampled_from([None, "surveillance-1.20"]),
    )
    def test_agrees_with_the_plain_form(
        self, counts, method, baseline_days, alpha, least_sd, compat
    ):
        settings = {
            "baseline_days": baseline_days,
            "alpha": alpha,
            "least_sd": least_sd,
            "compat": compat,
        }
        series = series_of(counts)

        plain = PLAIN[method](series, **settings)
        twin = ears_matrix(count_matrix([series]), method=method, **settings).signals([series])

        assert [s.day for s in plain] == [s.day for s in twin]
        for one, other in zip(plain, twin, strict=True):
            assert other.threshold == pytest.approx(one.threshold, rel=1e-9, abs=1e-9)
            assert other.expected == pytest.approx(one.expected, rel=1e-12)
            assert other.score == pytest.approx(one.score, rel=1e-9, abs=1e-9, nan_ok=True)
            assert other.since == one.since
            assert (other.baseline, other.baseline_missing) == (one.baseline, one.baseline_missing)
            assert other.judgement == one.judgement


class TestEarsLaws:
    @given(counts=COUNTS, tomorrow=st.integers(0, 5000), method=st.sampled_from(["C1", "C2", "C3"]))
    def test_tomorrow_cannot_change_todays_signal(self, counts, tomorrow, method):
        today = PLAIN[method](series_of(counts))
        later = PLAIN[method](series_of([*counts, tomorrow]))

        assert later[: len(today)] == today

    @given(counts=COUNTS, method=st.sampled_from(["C1", "C2", "C3"]))
    def test_a_stricter_alarm_adds_none(self, counts, method):
        loose = {s.day for s in PLAIN[method](series_of(counts), alpha=0.02)}
        strict = {s.day for s in PLAIN[method](series_of(counts), alpha=0.002)}

        assert strict <= loose

    @given(
        rows=st.lists(
            st.lists(st.integers(0, 60) | st.just(np.nan), min_size=25, max_size=25),
            min_size=2,
            max_size=5,
        ),
        seed=st.integers(0, 99),
    )
    def test_permuting_streams_permutes_verdicts(self, rows, seed):
        matrix = np.array(rows, dtype=float)
        order = np.random.default_rng(seed).permutation(len(rows))

        straight = ears_matrix(matrix)
        permuted = ears_matrix(matrix[order])

        np.testing.assert_array_equal(straight.threshold[order], permuted.threshold)
        np.testing.assert_array_equal(straight.alarm[order], permuted.alarm)

    @given(counts=COUNTS, method=st.sampled_from(["C1", "C2"]))
    def test_an_alarm_and_its_p_value_agree(self, counts, method):
        verdicts = ears_matrix(
            count_matrix([series_of(counts)]), method=method, alpha=0.01, p_values=True
        )

        p = np.nan_to_num(verdicts.p_value, nan=1.0)
        assert (p[verdicts.alarm] <= 0.01 + 1e-9).all()
        assert (p[~verdicts.alarm] >= 0.01 - 1e-9).all()
