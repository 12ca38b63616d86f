"""Faults of data: the many looked at together are told as one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.detect.faults import FaultKind, row_faults, series_faults

WIDTH = 120
GENERATOR = np.random.default_rng(8)
ODD = {
    FaultKind.ALL_MISSING: np.full(WIDTH, np.nan),
    FaultKind.ALL_ZERO: np.zeros(WIDTH),
    FaultKind.ONE_VALUE: np.where(np.arange(WIDTH) == 70, 4.0, np.nan),
    FaultKind.CONSTANT: np.full(WIDTH, 3.0),
    FaultKind.TYPO: np.where(np.arange(WIDTH) == 30, 1e6, 5.0 + np.arange(WIDTH) % 3),
    FaultKind.WEEKLY_IN_DAILY: np.where(np.arange(WIDTH) % 7 == 2, 30.0 + np.arange(WIDTH), np.nan),
    FaultKind.BEGAN_INSIDE: np.where(np.arange(WIDTH) < 60, np.nan, 1.0 + np.arange(WIDTH) % 4),
    FaultKind.ENDED_INSIDE: np.where(np.arange(WIDTH) > 90, np.nan, 1.0 + np.arange(WIDTH) % 4),
    FaultKind.OUTAGE: np.where(np.arange(WIDTH) > 115, 0.0, 8.0 + np.arange(WIDTH) % 4),
}


class TestSeriesFaults:
    @pytest.mark.parametrize("kind", ODD)
    def test_name_each_kind(self, kind):
        assert kind in {fault.kind for fault in series_faults(ODD[kind][None])}

    @settings(deadline=None, max_examples=60)
    @given(seed=st.integers(0, 99_999), daily=st.booleans())
    def test_are_those_of_the_series_one_by_one(self, seed, daily):
        generator = np.random.default_rng(seed)
        width = int(generator.integers(1, 130))
        rows = generator.poisson(generator.choice([0.02, 1, 9], (12, 1)), (12, width)).astype(float)
        rows[generator.random(rows.shape) < generator.choice([0, 0.3, 0.97])] = np.nan
        rows[0, width // 2 :] = 0
        rows[1, :] = generator.integers(0, 3)
        rows[2, np.arange(width) % 7 != 3] = 0
        rows[3, -1] = 1e5
        odd = [one[:width] for one in ODD.values() if len(one) >= width]
        many = np.vstack([rows, *odd])

        plain = [f for row in range(len(many)) for f in row_faults(row, many[row], daily=daily)]

        assert list(series_faults(many, daily=daily)) == plain

    def test_are_none_of_an_ordinary_series(self):
        assert series_faults(GENERATOR.poisson(5.0, (40, WIDTH)).astype(float)) == ()
