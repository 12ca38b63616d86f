"""The calendar baseline: its two forms agree, and its laws hold for whatever arrives."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.detect.baseline import WEEKLY, baseline_matrix
from yipan.analytics.detect.plain_baseline import plain_baseline
from yipan.model import Interval
from yipan.packs import read_calendar

CHINA = read_calendar()


def streams(seed, rows, days, missing):
    generator = np.random.default_rng(seed)
    mean = np.exp(generator.uniform(-2, 5, (rows, 1)))
    counts = generator.poisson(mean, (rows, days)).astype(float)
    counts[generator.random((rows, days)) < missing] = np.nan
    counts[0, : days // 3] = np.nan
    return counts


class TestTwoForms:
    @settings(max_examples=6)
    @given(st.integers(0, 10_000), st.floats(0, 0.3), st.booleans())
    def test_agree_on_every_day(self, seed, missing, through_festival):
        days = 110
        first = date(2022, 11, 20) if through_festival else date(2022, 5, 2)
        counts = streams(seed, 5, days, missing)
        groups = [0, 0, 1, 1, 0]

        fast = baseline_matrix(
            counts,
            first_day=first,
            calendar=CHINA,
            groups=groups,
            columns=range(days),
            thresholds=0,
        )
        plain = plain_baseline(
            [[None if np.isnan(c) else c for c in row] for row in counts],
            first_day=first, calendar=CHINA, groups=groups,
        )  # fmt: skip

        for name in ("expected", "p_day", "p_week", "p_value"):
            slow = np.array([[getattr(cell, name) for cell in row] for row in plain])
            np.testing.assert_allclose(
                getattr(fast, name), slow, rtol=1e-7, atol=1e-12, err_msg=name
            )

    @settings(max_examples=3)
    @given(st.integers(0, 10_000), st.floats(0, 0.2), st.booleans())
    def test_agree_on_weeks_before_and_after_the_season_is_known(self, seed, missing, anew):
        counts = streams(seed, 4, 190, missing)
        asked = {
            "first_day": date(2019, 1, 7),
            "interval": Interval.WEEK,
            "options": replace(WEEKLY, begin_anew=anew, alpha=0.05 if anew else 0.005),
            "calendar": CHINA,
        }

        fast = baseline_matrix(counts, columns=range(190), thresholds=0, **asked)
        plain = plain_baseline(
            [[None if np.isnan(c) else c for c in row] for row in counts], **asked
        )

        for name in ("expected", "p_day", "p_week", "p_value"):
            slow = np.array([[getattr(cell, name) for cell in row] for row in plain])
            np.testing.assert_allclose(
                getattr(fast, name), slow, rtol=1e-7, atol=1e-12, err_msg=name
            )

    @pytest.mark.slow
    def test_agree_through_two_festivals(self):
        counts = streams(5, 4, 760, 0.02)
        first = date(2022, 1, 3)

        fast = baseline_matrix(
            counts, first_day=first, calendar=CHINA, columns=range(760), thresholds=0
        )
        plain = plain_baseline(
            [[None if np.isnan(c) else c for c in row] for row in counts],
            first_day=first,
            calendar=CHINA,
        )

        slow = np.array([[cell.p_value for cell in row] for row in plain])
        np.testing.assert_allclose(fast.p_value, slow, rtol=1e-6, atol=1e-12)


class TestLaws:
    @settings(max_examples=8)
    @given(st.integers(0, 10_000), st.integers(40, 100))
    def test_tomorrow_changes_nothing_said_today(self, seed, at):
        counts = streams(seed, 6, 110, 0.1)
        first = date(2022, 10, 1)

        now = baseline_matrix(counts[:, : at + 1], first_day=first, calendar=CHINA)
        later = baseline_matrix(counts, first_day=first, calendar=CHINA, columns=[at])

        np.testing.assert_array_equal(now.p_value, later.p_value)

    @settings(max_examples=8)
    @given(st.integers(0, 10_000), st.integers(0, 60))
    def test_more_cases_are_never_less_unusual(self, seed, more):
        counts = streams(seed, 12, 75, 0.05)
        higher = counts.copy()
        higher[:, -1] += more

        p = [
            baseline_matrix(one, first_day=date(2022, 5, 2)).p_value[:, 0]
            for one in (counts, higher)
        ]

        told = ~np.isnan(p[0])
        assert (p[1][told] <= p[0][told] + 1e-12).all()
