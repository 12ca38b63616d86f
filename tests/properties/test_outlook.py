"""Laws of the outlook room."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from yipan.analytics.outlook import cluster, forecast, nowcast, reproduction, scores
from yipan.analytics.outlook import counts as daily
from yipan.model import AreaPath, Control, EstimateState

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


levels_of_control = st.floats(0, 0.9)
offsprings = st.builds(
    cluster.Offspring,
    reproduction=st.floats(0.1, 4),
    dispersion=st.floats(0.05, 5),
    isolated_share=levels_of_control,
    cut_share=levels_of_control,
)


class TestFinalSize:
    @given(offsprings, st.integers(1, 60), st.integers(1, 4))
    def test_of_the_fast_form_is_that_of_the_plain_sum(self, offspring, limit, active):
        fast = cluster.final_size_distribution(limit, offspring, left_shares=[1.0] * active)

        plain = cluster.final_size_at_most(limit, offspring, active=active)

        assert abs(float(fast.sum()) - plain) < 1e-8

    @given(offsprings, st.integers(5, 40))
    def test_is_no_more_than_extinction_allows(self, offspring, limit):
        within = cluster.final_size_at_most(limit, offspring)

        assert within <= cluster.extinction_probability(offspring) + 1e-9

    @given(offsprings, st.integers(5, 40))
    def test_of_a_cluster_splits_into_independent_parts(self, offspring, limit):
        both = cluster.final_size_distribution(limit, offspring, left_shares=[1.0, 0.4])
        first = cluster.final_size_distribution(limit, offspring, left_shares=[1.0])
        second = cluster.final_size_distribution(limit, offspring, left_shares=[0.4])

        np.testing.assert_allclose(both, np.convolve(first, second)[: limit + 1], atol=1e-8)


def _chance(seen: int, ages: tuple[int, ...], limit: int, r: float = 1.3, cut: float = 0.0):
    return cluster.exceedance(
        cluster.ClusterNow(name="chain", seen=seen, active_ages=ages),
        cluster.posterior_from_gamma(shape=30 * r, rate=30, dispersion=0.4, points=4),
        Control(name="now", cut_share=cut),
        limit=limit,
        generation=INTERVAL,
    )


@pytest.mark.slow
class TestExceedance:
    @given(st.integers(5, 60), st.integers(1, 30))
    def test_falls_as_the_line_rises(self, limit, more):
        assert _chance(4, (1, 2), limit + more)[0] <= _chance(4, (1, 2), limit)[0] + 1e-8

    @pytest.mark.slow
    @given(st.floats(0, 0.9), st.floats(0.01, 0.1))
    def test_falls_with_control(self, cut, more):
        assert _chance(4, (1, 2), 40, cut=cut + more)[0] <= _chance(4, (1, 2), 40, cut=cut)[0]

    @pytest.mark.slow
    @given(st.lists(st.integers(0, 8), min_size=1, max_size=4), st.integers(0, 8))
    def test_rises_with_active_cases(self, ages, another):
        fewer = _chance(9, tuple(ages), 40)
        more = _chance(9, (*ages, another), 40)

        assert fewer[0] <= more[0] + 1e-8

    @given(st.integers(5, 80))
    def test_within_days_grows_to_the_final_chance(self, limit):
        final, (week, fortnight, month), dies = _chance(4, (0, 1), limit)

        assert 0 <= week <= fortnight <= month <= final <= 1
        assert final >= 1 - dies - 1e-8

    def test_is_certain_beyond_the_line_and_nil_when_nobody_transmits(self):
        assert _chance(50, (1,), 40)[0] == 1.0
        assert _chance(10, (), 40)[0] == 0.0

    def test_within_days_agrees_with_simulation(self):
        offspring = cluster.Offspring(
            reproduction=1.6, dispersion=0.4, isolated_share=0.2, cut_share=0.1
        )
        law = cluster.size_within_days_distribution(
            25, offspring, generation=INTERVAL, days=[14], ages=(1, 3)
        )

        simulated = cluster.simulated_sizes(
            offspring,
            generation=INTERVAL,
            ages=(1, 3),
            days=14,
            limit=25,
            runs=4000,
            chance=np.random.default_rng(5),
        )

        share = float((simulated <= 25).mean())
        expected = float(law.sum())
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 4000) + 1e-3


class TestNowcast:
    @given(st.integers(0, 2**31), st.floats(0.5, 30))
    @settings(max_examples=15)
    def test_never_falls_below_what_is_known(self, seed, level):
        triangle = _triangle(seed, level)

        result = nowcast.nowcast(triangle)

        reported = ~np.isnan(result.known)
        assert (result.quantiles[reported] >= result.known[reported][:, None]).all()
        assert (np.diff(result.quantiles[reported], axis=1) >= 0).all()

    def test_covers_what_came_later(self):
        caught, tasks = 0, 0
        for seed in range(12):
            full = _full(seed, 12.0)
            result = nowcast.nowcast(nowcast.ReportingTriangle(cases=_as_known(full)))
            final = full.sum(axis=2)
            for age in range(4):
                low, high = result.quantiles[:, -1 - age, 0], result.quantiles[:, -1 - age, -1]
                caught += int(((low <= final[:, -1 - age]) & (final[:, -1 - age] <= high)).sum())
                tasks += final.shape[0]

        assert 0.9 <= caught / tasks <= 1.0

    def test_states_silence_and_a_record_younger_than_its_delays(self):
        full = _full(1, 5.0)[:, :4]
        full[0] = np.nan

        result = nowcast.nowcast(nowcast.ReportingTriangle(cases=_as_known(full)))

        assert result.states[0, 0] == EstimateState.NOT_REPORTED
        assert result.states[1, 0] == EstimateState.TOO_EARLY

    def test_of_an_empty_province_is_small(self):
        result = nowcast.nowcast(nowcast.ReportingTriangle(cases=_as_known(_full(1, 0.0))))

        assert result.quantiles[:, :, 2].max() <= 1

    def test_reads_corrections_as_fewer_cases(self):
        triangle = nowcast.reporting_triangle(
            [0, 0, 0], [0, 0, 0], [0, 1, 2], [5, 9, 7], areas=1, days=4, most_delay=3
        )

        np.testing.assert_array_equal(triangle.cases[0, 0], [5, 2, 0, 0])


def _full(seed: int, level: float) -> np.ndarray:
    chance = np.random.default_rng(seed)
    delay = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
    return chance.poisson(level * delay, (6, 50, 5)).astype(float)


def _as_known(full: np.ndarray) -> np.ndarray:
    known = full.copy()
    days, delays = known.shape[1:]
    for age in range(min(days, delays)):
        known[:, days - 1 - age, age + 1 :] = np.nan
    return known


def _triangle(seed: int, level: float) -> nowcast.ReportingTriangle:
    return nowcast.ReportingTriangle(cases=_as_known(_full(seed, level)))


class TestForecast:
    @given(
        st.sampled_from([1, 7]),
        hnp.arrays(
            float, (3, 40), elements=st.one_of(st.integers(0, 50).map(float), st.just(np.nan))
        ),
    )
    @settings(max_examples=25)
    def test_of_every_member_rises_in_level_and_is_not_negative(self, per, counts):
        data = forecast.panel(counts, steps_per_week=per)

        members = forecast.daily_members(data, [1, 2, 3], generation=[0, 0.5, 0.5])

        heard = ~np.isnan(counts).all(axis=1)
        for quantiles in members.values():
            assert (quantiles[heard] >= 0).all()
            assert (np.diff(quantiles[heard], axis=2) >= -1e-9).all()

    def test_of_nothing_but_zeros_stays_near_zero(self):
        data = forecast.panel(np.zeros((4, 60)), steps_per_week=7)

        members = forecast.daily_members(data, list(range(1, 29)), generation=INTERVAL)

        for quantiles in members.values():
            assert quantiles[:, :, 11].max() < 1.0

    @given(st.floats(0.3, 1.0))
    def test_with_tighter_control_is_lower(self, control):
        data = forecast.panel(np.round(5 * 1.1 ** np.arange(40))[None, :], steps_per_week=7)

        free = forecast.renewal(data, [7], generation=INTERVAL)
        held = forecast.renewal(data, [7], generation=INTERVAL, control=control)

        assert held[0, 0, 11] <= free[0, 0, 11] + 1e-9

    def test_learns_to_trust_the_better_member(self):
        truth = np.full((60, 1), 100.0)
        spread = np.linspace(-20, 20, 23)
        good, bad = (np.tile(centre + spread, (60, 1, 1)) for centre in (100.0, 200.0))

        learned = forecast.learn_combination(truth, {"good": good, "bad": bad}, horizons=[1])

        assert learned.weights[0, 0] > learned.weights[1, 0]

    @given(hnp.arrays(float, (5, 2, 23), elements=st.floats(1, 100)))
    def test_adds_up_once_reconciled(self, raw):
        quantiles = np.sort(raw, axis=2)
        areas = ["44.", "44.4401.", "44.4401.440103.", "44.4401.440104.", "44.4402."]

        moved = forecast.reconcile(areas, quantiles)

        mean = forecast._moments(moved, forecast.HUB_LEVELS)[0]
        np.testing.assert_allclose(mean[0], mean[1] + mean[4], rtol=1e-6)
        np.testing.assert_allclose(mean[1], mean[2] + mean[3], rtol=1e-6)


class TestScoreCard:
    def test_shows_a_forecast_whose_coverage_failed(self):
        truth = np.full(40, 100.0)
        narrow = np.tile(np.linspace(10, 20, 23), (40, 1))

        card = scores.score_card(truth, narrow, narrow, forecast.HUB_LEVELS)

        assert card.failed
        assert card.relative_wis == 1.0

    @given(
        hnp.arrays(float, (6, 7), elements=st.floats(0, 50)), st.lists(st.integers(0, 60), min_size=6, max_size=6),
        st.sets(st.integers(0, 5), min_size=1),
    )  # fmt: skip
    def test_of_some_tasks_is_the_card_of_those_alone(self, raw, came, chosen):
        levels = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
        said, flat, some = (
            np.sort(raw, axis=1),
            np.sort(raw[::-1], axis=1),
            np.array(sorted(chosen)),
        )
        truth = np.array(came, dtype=float)

        found = scores.score_tasks(truth, said, flat, levels).card(some)

        alone = scores.score_card(truth[some], said[some], flat[some], levels)
        assert repr(found) == repr(alone)

    def test_leaves_out_what_has_no_outcome(self):
        levels = (0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975)
        rows = np.tile(np.arange(7.0), (2, 1))

        assert scores.score_tasks([np.nan, 3.0], rows, rows, levels).card().tasks == 1

    @given(st.one_of(st.floats(0, 1), st.integers(0, 20).map(lambda step: step / 20)))
    def test_puts_an_outcome_into_the_bin_a_histogram_puts_it_into(self, level):
        (found,) = scores._pit_bin(np.array([level]))

        assert np.histogram([level], bins=10, range=(0, 1))[0][found] == 1
