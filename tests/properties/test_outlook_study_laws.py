"""Laws of the outlook of a table: what scaling, shifting and splitting must do, whatever the counts."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from yipan.analytics.outlook import cluster, reproduction, study
from yipan.model import Control, EstimateState, Interval, SeriesTable

DISEASE = study.Disease(interval_mean_days=2.7, interval_sd_days=1.8)
FIRST = date(2022, 10, 1)
counts = st.lists(st.one_of(st.none(), st.integers(0, 40)), min_size=9, max_size=24)
whole_counts = st.lists(st.integers(0, 40), min_size=9, max_size=24)
quick = settings(max_examples=20, deadline=None)
few = settings(max_examples=6, deadline=None)


def table(*rows, areas=None, first=FIRST):
    width = max(map(len, rows))
    padded = tuple((*row, *[None] * (width - len(row))) for row in rows)
    names = areas or tuple(f"place {i}" for i in range(len(rows)))
    return SeriesTable(areas=names, first_day=first, interval=Interval.DAY, counts=padded)


class TestShiftingDays:
    @given(counts, st.integers(-500, 500))
    @quick
    def test_shifts_r_and_changes_none_of_it(self, row, days):
        here = study.reproduction_numbers(table(row), DISEASE)
        there = study.reproduction_numbers(table(row, first=FIRST + timedelta(days)), DISEASE)

        assert there == tuple(
            replace(n, since=n.since + timedelta(days), until=n.until + timedelta(days))
            for n in here
        )

    @given(st.lists(st.integers(0, 40), min_size=12, max_size=20), st.integers(-500, 500))
    @few
    def test_shifts_forecasts_and_bottom_lines(self, row, days):
        later = table(row, first=FIRST + timedelta(days))
        said, then = (
            study.forecasts(t, DISEASE, stream="s", steps=3)[0] for t in (table(row), later)
        )
        line, after = (
            study.bottom_lines(t, DISEASE, limit=100, alarm_at=0.05)[0] for t in (table(row), later)
        )

        assert then.quantiles == said.quantiles
        assert then.first_day - said.first_day == timedelta(days)
        assert after == line


class TestScalingCounts:
    @given(st.lists(st.integers(5, 40), min_size=12, max_size=20), st.integers(2, 50))
    @quick
    def test_leaves_r_and_narrows_it(self, row, times):
        flat = {"prior_mean": 1.0, "prior_sd": 1000.0}
        si = DISEASE.pmf(20)
        one = reproduction.reproduction_table([row], si, **flat)
        many = reproduction.reproduction_table([[v * times for v in row]], si, **flat)
        known = ~np.isnan(one.mean)

        np.testing.assert_allclose(many.mean[known], one.mean[known], rtol=1e-4)
        np.testing.assert_allclose(many.sd[known], one.sd[known] / np.sqrt(times), rtol=1e-3)

    @given(st.lists(st.integers(200, 900), min_size=15, max_size=25), st.integers(2, 20))
    @quick
    def test_scales_forecasts_of_large_series(self, row, times):
        one, many = (
            np.array(
                study.forecasts(table([v * k for v in row]), DISEASE, stream="s", steps=3)[
                    0
                ].quantiles
            )
            for k in (1, times)
        )

        # the scale of a series is its height plus one case: the law holds to half a case before scaling
        np.testing.assert_allclose(many, one * times, rtol=0.01, atol=0.5 * times)


class TestSplittingIntoParts:
    @given(whole_counts, st.data())
    @quick
    def test_leaves_the_r_of_the_whole(self, row, data):
        """Two parts that add up speak together as the area they make, the imports of the first day alike."""
        first = [data.draw(st.integers(0, v)) for v in row]
        second = [v - one for v, one in zip(row, first, strict=True)]
        si = DISEASE.pmf(20)
        apart = reproduction.reproduction_table(
            [first, second], si, imported=np.zeros((2, len(row)))
        ).pooled([(0, 1)])
        whole = reproduction.reproduction_table([row], si, imported=np.zeros((1, len(row))))

        np.testing.assert_allclose(apart.shape, whole.shape)
        np.testing.assert_allclose(apart.rate, whole.rate)

    @given(
        st.lists(st.integers(0, 6), min_size=1, max_size=5),
        st.lists(st.integers(0, 6), min_size=1, max_size=5),
    )
    @quick
    def test_of_a_cluster_multiplies_the_chances_to_die_out(self, one, other):
        belief = cluster.OffspringPosterior(
            reproduction=np.array([1.4]), dispersion=np.array([0.4]), weight=np.array([1.0])
        )
        gone = [
            cluster.exceedance(
                cluster.ClusterNow(name="c", seen=len(ages), active_ages=tuple(ages)), belief,
                Control(name="now"), limit=40, generation=DISEASE.pmf(10),
            )[2]
            for ages in (one, other, one + other)
        ]  # fmt: skip

        assert gone[2] == pytest.approx(gone[0] * gone[1], rel=1e-9)


class TestTheBottomLine:
    @given(
        st.lists(st.integers(0, 4), min_size=14, max_size=20),
        st.integers(30, 200),
        st.integers(1, 100),
    )
    @few
    @pytest.mark.slow
    def test_falls_as_the_line_rises_and_as_control_tightens(self, row, limit, more):
        def chance(n, control=None):
            return study.bottom_lines(table(row), DISEASE, limit=n, alarm_at=0.05, control=control)[
                0
            ].line

        loose = chance(limit)
        assert chance(limit + more).probability <= loose.probability + 1e-9
        for control in (Control(name="a", isolated_share=0.3), Control(name="b", cut_share=0.3)):
            held = chance(limit, control)
            assert held.probability <= loose.probability + 1e-9
            assert held.dies_out >= loose.dies_out - 1e-9

    @pytest.mark.slow
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 9))
    @few
    def test_of_a_chain_rises_with_another_active_case(self, ages, another):
        series = table([2, 3, 2, 4, 3, 5, 4, 6, 5, 7, 6, 8])

        def chance(these):
            now = cluster.ClusterNow(name="c", seen=20, active_ages=tuple(these))
            return study.chain_lines(series, DISEASE, [("place 0", now)], limit=80, alarm_at=0.05)[
                0
            ].line

        assert chance([*ages, another]).probability >= chance(ages).probability - 1e-9

    @pytest.mark.slow
    @given(st.floats(0.5, 400), st.floats(0.3, 2.5))
    @quick
    def test_on_the_shared_grid_is_that_of_each_alone(self, shape, mean):
        """The belief laid on a grid of 3 % gives what the area's own points give, to a thousandth or so."""
        now = cluster.ClusterNow(name="c", seen=9, active_ages=(0, 1, 1, 2, 4))
        own = study.belief_of(shape=shape, rate=shape / mean, dispersions=(0.2, 0.8))
        shared, shares = study.shared_belief([(shape, shape / mean), (3.0, 2.0)], (0.2, 0.8))
        options = {"limit": 60, "generation": DISEASE.pmf(10)}

        alone, within, _ = cluster.exceedances([now], own, Control(name="now"), **options)
        laid, together, _ = cluster.exceedances(
            [now, now], shared, Control(name="now"), shares=shares, **options
        )

        assert laid[0] == pytest.approx(alone[0], abs=2e-3)
        np.testing.assert_allclose(together[0], within[0], atol=2e-3)


class TestTheFinalSize:
    @given(st.floats(0.4, 1.8), st.floats(0.1, 3), st.floats(0, 0.6), st.integers(0, 2**31))
    @settings(max_examples=6, deadline=None)
    def test_agrees_with_simulation_within_its_error(self, r, k, isolated, seed):
        limit, runs = 30, 1500
        law = cluster.Offspring(reproduction=r, dispersion=k, isolated_share=isolated)
        exact = cluster.final_size_at_most(limit, law, active=2)

        sizes = cluster.simulated_sizes(
            law, generation=[0, 1.0], ages=(0, 0), days=200, limit=limit, runs=runs,
            chance=np.random.default_rng(seed),
        )  # fmt: skip

        error = np.sqrt(max(exact * (1 - exact), 1 / runs) / runs)
        assert abs(float((sizes <= limit).mean()) - exact) < 5 * error


class TestUnitGammaQuantiles:
    @given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5), st.floats(0.2, 5000))
    @quick
    def test_read_from_a_series_are_those_solved_one_by_one(self, shares, top):
        shapes = np.concatenate(
            [np.linspace(0.1, top, 300), np.linspace(5, top + 5, 300), [np.nan]]
        )

        fast = reproduction.unit_gamma_quantiles(shapes, shares)

        plain = special.gammaincinv(shapes[None, :], np.array(shares)[:, None])
        np.testing.assert_allclose(fast, plain, rtol=5e-13)


class TestSerialIntervalsHeldAlikeLikely:
    @given(whole_counts)
    @quick
    def test_that_are_all_the_same_are_one(self, row):
        pmf = DISEASE.pmf(15)
        one = study.mixed_numbers(table(row), pmf)
        three = study.mixed_numbers(table(row), np.stack([pmf] * 3))

        for single, several in zip(one, three, strict=True):
            assert single.state is several.state
            if single.state is EstimateState.ESTIMATED:
                assert several.estimate.value == pytest.approx(single.estimate.value)
                assert several.estimate.high == pytest.approx(single.estimate.high, rel=1e-9)
