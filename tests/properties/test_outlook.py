"""Laws of the outlook room."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from yipan.analytics.outlook import counts as daily
from yipan.analytics.outlook import reproduction
from yipan.model import AreaPath, EstimateState

INTERVAL = reproduction.discretised_serial_interval(mean_days=3.3, sd_days=1.6, last_lag=20)

series = st.lists(st.one_of(st.none(), st.integers(0, 60)), min_size=9, max_size=30)


def matrix(rows: list[list[int | None]]) -> np.ndarray:
    return np.array([[np.nan if x is None else x for x in row] for row in rows], dtype=float)


class TestReproductionTable:
    @given(series)
    def test_agrees_with_the_plain_form(self, counts):
        table = reproduction.reproduction_table(matrix([counts]), INTERVAL)

        for window, (since, until) in enumerate(zip(table.since, table.until, strict=True)):
            plain = reproduction.reproduction_posterior(
                counts, list(INTERVAL), since=int(since), until=int(until)
            )

            if plain is None:
                assert np.isnan(table.shape[0, window])
            else:
                assert np.isclose(plain.shape, table.shape[0, window])
                assert np.isclose(plain.rate, table.rate[0, window])

    @given(series)
    def test_tomorrow_does_not_change_today(self, counts):
        whole = reproduction.reproduction_table(matrix([counts]), INTERVAL)
        shorter = reproduction.reproduction_table(matrix([counts[:-1]]), INTERVAL)

        np.testing.assert_allclose(whole.mean[:, :-1], shorter.mean)

    @given(series, st.integers(2, 30))
    def test_more_cases_in_proportion_leave_r_and_narrow_it(self, counts, factor):
        small = matrix([counts])
        table = reproduction.reproduction_table(small, INTERVAL, prior_mean=1, prior_sd=100)
        larger = reproduction.reproduction_table(
            small * factor, INTERVAL, prior_mean=1, prior_sd=100
        )

        firm = ~np.isnan(table.mean) & (table.rate > 1)
        # the prior weighs 1e-4 cases; beside whole counts nothing is left of it
        np.testing.assert_allclose(larger.mean[firm], table.mean[firm], rtol=1e-3, atol=2e-4)
        assert (larger.variation[firm] <= table.variation[firm] + 1e-12).all()

    @given(st.lists(st.lists(st.integers(0, 30), min_size=12, max_size=12), min_size=2, max_size=4))
    def test_parts_pooled_are_the_posterior_of_their_sum(self, parts):
        rows = matrix(parts)
        table = reproduction.reproduction_table(rows, INTERVAL)

        together = table.pooled([range(len(parts))])
        summed = reproduction.reproduction_table(rows.sum(axis=0), INTERVAL)

        np.testing.assert_allclose(together.mean, summed.mean)
        np.testing.assert_allclose(together.sd, summed.sd)

    @given(st.integers(1, 50), st.integers(11, 20))
    def test_a_silent_day_in_a_steady_series_changes_little(self, level, silent):
        steady = np.full((1, 30), float(level))
        gap = steady.copy()
        gap[0, silent] = np.nan

        whole = reproduction.reproduction_table(steady, INTERVAL, prior_mean=1, prior_sd=5)
        gapped = reproduction.reproduction_table(gap, INTERVAL, prior_mean=1, prior_sd=5)

        np.testing.assert_allclose(gapped.mean[:, 12:], whole.mean[:, 12:], rtol=0.02)


class TestReproductionNumbers:
    def test_says_that_silence_is_not_reported_and_zeros_are_too_few(self):
        counts = matrix([[None] * 20, [0] * 20, [1] + [0] * 19])
        areas = [AreaPath("44.4401."), AreaPath("44.4402."), AreaPath("44.4403.")]

        numbers = reproduction.reproduction_numbers(
            areas, counts, INTERVAL, first_day=date(2022, 10, 1)
        )

        assert [rows[-1].state for rows in numbers] == [
            EstimateState.NOT_REPORTED,
            EstimateState.TOO_FEW_CASES,
            EstimateState.TOO_FEW_CASES,
        ]
        assert numbers[0][-1].missing_days == 7

    def test_counts_imports_on_day_one_as_infectors_only(self):
        local = matrix([[0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]])
        imported = np.zeros_like(local)
        imported[0, 0] = 9

        table = reproduction.reproduction_table(local, INTERVAL, imported=imported)

        assert table.cases[0, 0] == local[0, 1:8].sum()

    def test_is_pooled_no_further_than_it_needs(self):
        areas = [
            AreaPath("44.4401.440103."),
            AreaPath("44.4401.440104."),
            AreaPath("44.4402.440203."),
        ]
        counts = matrix([[0] * 20, [10] * 20, [0] * 20])

        pooled = reproduction.pooled_reproduction_numbers(
            areas, counts, INTERVAL, first_day=date(2022, 10, 1)
        )

        assert [each.number.area for each in pooled] == ["44.4401.", "44.4401.440104.", "44."]


class TestDiscountedReproduction:
    @given(series)
    def test_is_finite_or_stated(self, counts):
        table = reproduction.discounted_reproduction(matrix([counts]), INTERVAL)

        estimated = table.states() == EstimateState.ESTIMATED
        assert np.isfinite(table.mean[estimated]).all()

    def test_returns_to_the_prior_after_a_long_silence(self):
        counts = np.array([[50.0] * 20 + [0.0] * 120])

        table = reproduction.discounted_reproduction(counts, INTERVAL, prior_mean=2)

        assert abs(table.mean[0, -1] - 2) < 0.05
        assert table.states()[0, -1] == EstimateState.TOO_FEW_CASES


class TestSettleCorrections:
    @given(hnp.arrays(float, (2, 15), elements=st.integers(-20, 40).map(float)))
    def test_keeps_totals_that_earlier_days_can_bear(self, counts):
        settled = daily.settle_corrections(counts)

        assert (settled >= 0).all()
        running = counts.cumsum(axis=1)
        borne = (running >= 0).all(axis=1)
        np.testing.assert_allclose(settled.sum(axis=1)[borne], counts.sum(axis=1)[borne])


class TestSpreadOverDays:
    @given(hnp.arrays(float, (2, 6), elements=st.integers(0, 400).map(float)))
    def test_keeps_every_reported_total(self, totals):
        days = daily.spread_over_days(totals, interval_days=7)

        np.testing.assert_allclose(days.reshape(2, 6, 7).sum(axis=2), totals, atol=1e-9)
