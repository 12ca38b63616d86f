"""Laws of the spread room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from yipan.analytics.spread import arrival, movement

rates = hnp.arrays(float, (3, 4), elements=st.floats(0, 0.05))


def _shares(raw: np.ndarray) -> np.ndarray:
    shares = raw + 0.01
    np.fill_diagonal(shares, 0.0)
    return shares / shares.sum(axis=1, keepdims=True)


matrices = hnp.arrays(float, (5, 5), elements=st.floats(0, 1)).map(_shares)


class TestDelayBought:
    @given(st.floats(0.01, 0.99), st.floats(0.05, 0.5), st.floats(1e-7, 1e-5))
    def test_is_the_shift_of_the_median_arrival(self, cut, growth, now):
        free = arrival.first_arrival(expected_now=now, growth_per_day=growth)
        held = arrival.first_arrival(expected_now=now * (1 - cut), growth_per_day=growth)

        bought = float(arrival.delay_bought_days(cut, growth_per_day=growth))

        assert held.median_days - free.median_days == pytest.approx(bought, rel=0.02, abs=0.05)

    def test_has_no_meaning_without_growth(self):
        with pytest.raises(ValueError, match="without growth"):
            arrival.delay_bought_days(0.5, growth_per_day=0.0)


class TestFirstArrival:
    @given(st.floats(1e-4, 5), st.floats(0.02, 0.5))
    def test_has_the_mean_of_its_own_survival(self, now, growth):
        exact = arrival.first_arrival(expected_now=now, growth_per_day=growth)

        days = np.linspace(0, exact.median_days * 12 + 5, 200_001)
        with np.errstate(over="ignore"):
            survival = np.exp(-now / growth * np.expm1(growth * days))

        assert exact.mean_days == pytest.approx(np.trapezoid(survival, days), rel=1e-3)

    def test_may_never_come_when_the_outbreak_shrinks(self):
        never = arrival.first_arrival(expected_now=0.01, growth_per_day=-0.1)

        assert never.ever == pytest.approx(1 - np.exp(-0.1))
        assert never.median_days == np.inf


class TestChanceOfIntroduction:
    @given(hnp.arrays(float, (50, 3), elements=st.floats(0, 10)))
    def test_averaged_is_never_above_that_of_the_mean(self, expected):
        averaged = arrival.chance_of_introduction(expected, draws_axis=0)

        assert (averaged <= arrival.chance_of_introduction(expected.mean(axis=0)) + 1e-12).all()

    @given(hnp.arrays(float, (4, 10), elements=st.floats(0, 2)))
    def test_by_day_only_rises(self, expected):
        assert (np.diff(arrival.arrival_distribution(expected), axis=-1) >= 0).all()


class TestArrivalExtinction:
    @given(st.floats(0, 4), st.floats(0.05, 5))
    def test_rises_with_the_age_of_infection(self, r, k):
        chances = arrival.arrival_extinction(r, k, generation=[0, 0.2, 0.5, 0.2, 0.1])

        assert (np.diff(chances) >= -1e-12).all()
        assert chances[0] == pytest.approx(float(arrival.chain_extinction(r, k)), abs=1e-6)
        assert chances[-1] == pytest.approx(1.0)


class TestEffectiveDistance:
    @given(matrices)
    def test_obeys_the_triangle(self, shares):
        distance = arrival.effective_distance(shares)

        through = distance[:, :, None] + distance[None, :, :]
        assert (distance <= through.min(axis=1) + 1e-9).all()

    @given(matrices)
    def test_of_the_random_walk_uses_more_paths_than_the_shortest(self, shares):
        growth, leaving = 0.3, 0.02
        delta = np.log(growth / leaving) - arrival.EULER

        walk = arrival.random_walk_distance(shares, growth_per_day=growth, departures=leaving)

        with np.errstate(divide="ignore"):
            direct = delta - np.log(shares)
        assert (walk <= direct + 1e-9).all()


class TestExitProbabilities:
    @given(matrices, hnp.arrays(float, 5, elements=st.floats(1, 100)), st.integers(0, 4))
    def test_add_to_one(self, shares, people, origin):
        chances = arrival.exit_probabilities(shares, people, origin=origin)

        assert chances.sum() == pytest.approx(1.0)
        assert chances[origin] == 0


class TestExpectedExports:
    @given(rates, st.floats(0, 1))
    def test_fall_in_proportion_with_travel(self, rate, cut):
        infected = np.arange(3.0 * 5 * 4).reshape(3, 5, 4)
        names = ("a", "b", "c"), ("w", "x", "y", "z")
        trips = movement.Movement(
            origins=names[0], destinations=names[1], rate=rate, low=rate, high=rate, observed=True
        )

        free = arrival.expected_exports(trips.rate, infected)
        held = arrival.expected_exports(trips.cut(cut).rate, infected)

        np.testing.assert_allclose(held, free * (1 - cut), atol=1e-12)


class TestSpillover:
    @given(rates)
    def test_from_split_origins_is_that_of_the_whole(self, rate):
        chance = np.random.default_rng(3)
        infected = chance.gamma(2, 3, (40, 3, 7))
        options = {
            "reproduction": 1.4,
            "dispersion": 0.3,
            "left_share": 0.7,
            "days_to_detection": 5.0,
        }

        whole = arrival.spillover("wxyz", rate, infected, **options)
        split = arrival.spillover(
            "wxyz", np.repeat(rate, 2, axis=0), np.repeat(infected / 2, 2, axis=1), **options
        )

        for one in whole:
            other = next(row for row in split if row.destination == one.destination)
            assert one.introduced == pytest.approx(other.introduced)
            assert one.lasting <= one.introduced + 1e-12
            assert one.expected_low <= one.expected_high

    def test_half_arrived_day_is_the_day_the_chance_passes_half(self):
        infected = np.full((1, 1, 10), 30.0)

        (only,) = arrival.spillover(
            ["x"],
            [[0.01]],
            infected,
            reproduction=1.5,
            dispersion=0.3,
            left_share=0.7,
            days_to_detection=5.0,
        )

        assert only.half_arrived_day == 2  # 1 - exp(-0.9) is the first above one half
        np.testing.assert_allclose(only.arrived_by, 1 - np.exp(-0.3 * np.arange(1, 11)), atol=1e-6)
        assert only.arrived_by[-1] == pytest.approx(only.introduced, abs=1e-6)

    @given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
    def test_by_age_is_that_of_each_age_alone(self, share):
        """Formula 5: an infection older on arrival has less before it; ages add up before the exponential."""
        infected = np.array(share)[None, None, None, :] * np.full((1, 1, 5, 1), 40.0)
        left = [1.0, 0.6, 0.3, 0.0]

        (whole,) = arrival.spillover(
            ["x"], [[0.01]], infected, reproduction=1.8, dispersion=0.4, left_share=left, days_to_detection=5.0
        )  # fmt: skip

        ends = arrival.chain_extinction(1.8, 0.4)
        stays = sum(
            s * 2.0 * (1 - (1 + 1.8 * rest * (1 - ends) / 0.4) ** -0.4)
            for s, rest in zip(share, left, strict=True)
        )
        assert whole.lasting == pytest.approx(float(1 - np.exp(-stays)), abs=1e-9)


class TestGravity:
    @given(st.floats(0.5, 1.5), st.floats(0.5, 2.5))
    def test_recovers_the_law_it_was_made_from(self, a, b):
        chance = np.random.default_rng(11)
        people, km = chance.uniform(1e5, 1e7, 7), chance.uniform(20, 600, (7, 7))

        fit = movement.fit_gravity(1e-9 * people**a * km**-b, destination_population=people, km=km)

        assert fit.population_exponent == pytest.approx(a, abs=1e-6)
        assert fit.distance_exponent == pytest.approx(b, abs=1e-6)

    def test_states_a_band_around_its_rates(self):
        trips = movement.gravity_movement(
            ["a", "b"],
            ["a", "b", "HK"],
            destination_population=[1e6, 2e6, 7e6],
            km=[[0, 100, 130], [100, 0, 60.0]],
        )

        assert not trips.observed
        assert (trips.low <= trips.rate).all()
        assert (trips.rate <= trips.high).all()
        np.testing.assert_allclose(trips.shares.sum(axis=1), 1.0)


class TestRadiation:
    @given(hnp.arrays(float, 5, elements=st.floats(1e4, 1e7)))
    def test_sends_everybody_somewhere_else(self, people):
        places = np.random.default_rng(2).uniform(110, 115, (5, 2))

        trips = movement.radiation_movement(
            list("abcde"), population=people, km=movement.distances_km(places, places)
        )

        np.testing.assert_allclose(trips.departures, 0.03)
        assert (np.diag(trips.rate) == 0).all()


class TestLikelyOrigins:
    @given(hnp.arrays(float, (3, 4), elements=st.floats(0.01, 5)))
    def test_add_to_one_for_each_destination(self, expected):
        np.testing.assert_allclose(arrival.likely_origins(expected).sum(axis=0), 1.0)


class TestVisitors:
    def test_counted_out_of_the_destination_take_the_place_of_balance(self):
        trips = (["a", "a", "b"], ["b", "c", "a"], [100, 50, 30])
        moving = movement.movement_from_trips(*trips, residents={"a": 1000.0, "b": 500.0})

        found = movement.visitors_from_trips(
            moving, *trips, residents=[1000.0, 500.0], days=1, stay_days=2.0
        )

        a, b, c = (moving.destinations.index(name) for name in "abc")
        assert found[0, b] == 60  # thirty a day came from b, each for two days
        assert found[0, c] == 100  # nobody counted in c: as many as went there
        assert found[1, a] == 200  # what left a for b

    @given(st.floats(0, 5), st.floats(1, 1e6))
    def test_in_balance_grow_with_their_stay(self, stay, people):
        moving = movement.Movement(
            origins=("a",), destinations=("b",), rate=np.array([[0.01]]), low=np.array([[0.01]]),
            high=np.array([[0.01]]), observed=True,
        )  # fmt: skip

        found = movement.visitors_balanced(moving, [people], stay_days=stay)

        np.testing.assert_allclose(found, [[0.01 * people * stay]])


class TestARequiredTest:
    @given(st.floats(0, 96), st.floats(0, 4), st.floats(0, 1))
    def test_catches_more_the_later_it_is_taken(self, hours, detectable, sensitivity):
        ages = np.arange(10.0)
        early, late = (
            arrival.detected_by_test(
                ages, hours_before=h, detectable_days=detectable, sensitivity=sensitivity
            )
            for h in (hours + 24, hours)
        )

        assert (early <= late).all()
        assert (np.diff(late) >= 0).all()
