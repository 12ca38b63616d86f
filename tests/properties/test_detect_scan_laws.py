import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from yipan.analytics.detect import scan


def setting(seed, places=7, intervals=9):
    generator = np.random.default_rng(seed)
    y = generator.poisson(2.0, (places, intervals)).astype(float)
    people = generator.integers(100, 5000, places).astype(float)
    where = generator.random((places, 2))
    distance = np.hypot(*(np.subtract.outer(where[:, k], where[:, k]) for k in (0, 1)))
    return y, people, scan.circular_zones(distance, population=people)


MODELS = st.sampled_from(["poisson", "permutation", "expectation", "binomial"])


def exposure_of(model, y, people):
    if model == "permutation":
        return None
    return people * 10 if model == "binomial" else people / people.sum() * y.mean() * len(y)


class TestScanTwin:
    @settings(deadline=None, max_examples=40)
    @given(seed=st.integers(0, 9999), model=MODELS, longest=st.integers(1, 9))
    @example(
        seed=4, model="permutation", longest=9
    )  # all intervals of a place: as many as expected
    def test_agrees_with_the_plain_form(self, seed, model, longest):
        y, people, zones = setting(seed)
        asked = {"longest": longest, "model": model, "exposure": exposure_of(model, y, people)}

        plain = scan.scan_windows(y, zones, **asked)
        twin = scan.scan(y, zones, replicates=0, **asked)

        assert bool(plain) == bool(twin)
        for cluster in twin:
            assert any(
                cluster.zone == other.zone
                and cluster.since == other.since
                and cluster.llr == pytest.approx(other.llr, rel=1e-9)
                and cluster.expected == pytest.approx(other.expected, rel=1e-9)
                for other in plain
            )
        if plain:
            assert twin[0].llr == pytest.approx(plain[0].llr, rel=1e-9)


class TestScanLaws:
    @settings(deadline=None, max_examples=20)
    @given(seed=st.integers(0, 9999), by=st.sampled_from([3, 10]))
    def test_scaling_population_leaves_scores(self, seed, by):
        y, people, zones = setting(seed)

        once = scan.scan_windows(y, zones, longest=4, model="poisson", exposure=people)
        scaled = scan.scan_windows(y, zones, longest=4, model="poisson", exposure=people * by)

        np.testing.assert_allclose([c.llr for c in once], [c.llr for c in scaled], rtol=1e-9)

    @settings(deadline=None, max_examples=20)
    @given(seed=st.integers(0, 9999), by=st.sampled_from([2, 5]))
    def test_scaling_counts_and_population_leaves_ranks(self, seed, by):
        y, people, zones = setting(seed)

        def order(factor):
            found = scan.scan_windows(
                y * factor,
                zones,
                longest=4,
                model="poisson",
                exposure=people * factor,
                least_cases=1,
            )
            return [round(c.llr / factor, 9) for c in found]

        assert order(1) == pytest.approx(order(by))

    @settings(deadline=None, max_examples=20)
    @given(seed=st.integers(0, 9999))
    def test_permuting_places_permutes_clusters(self, seed):
        y, _, zones = setting(seed)
        order = np.random.default_rng(seed).permutation(len(y))
        place_of = np.argsort(order)
        moved = [
            scan.Zone(
                places=tuple(sorted(int(place_of[p]) for p in zone.places)),
                centre=int(place_of[zone.centre]),
                radius=zone.radius,
            )
            for zone in zones
        ]

        straight = scan.scan(y, zones, longest=3, replicates=0, most=1)
        permuted = scan.scan(y[order], moved, longest=3, replicates=0, most=1)

        assert [c.llr for c in straight] == pytest.approx([c.llr for c in permuted])

    def test_the_p_value_of_quiet_places_is_seldom_small(self):
        p = []
        for seed in range(60):
            y, _, zones = setting(seed)
            generator = np.random.default_rng(seed)
            found = scan.scan(y, zones, longest=3, generator=generator, replicates=99, most=1)
            p.append(found[0].p_value if found else 1.0)

        assert np.mean(np.array(p) <= 0.1) < 0.25

    def test_an_outbreak_in_two_places_is_found(self):
        y, people, _ = setting(3)
        y[[2, 4], -2:] += 12
        zones = scan.connected_zones([[1], [0, 2], [1, 4], [5], [2], [3], []], largest=2)

        best = scan.scan(
            y, zones, longest=4, generator=np.random.default_rng(1), model="poisson",
            exposure=people, replicates=199,
        )[0]  # fmt: skip

        assert set(best.zone.places) <= {2, 4}
        assert best.p_value == pytest.approx(1 / 200)
        assert best.p_gumbel < best.p_value


class TestScanErrors:
    def test_negative_counts_are_named_by_place(self):
        with pytest.raises(ValueError, match="place 0 in interval 1"):
            scan.scan_windows([[1, -1]], [scan.Zone(places=(0,), centre=0, radius=0)], longest=1)

    def test_replicates_need_a_generator(self):
        with pytest.raises(ValueError, match="generator"):
            scan.scan([[1, 2]], [scan.Zone(places=(0,), centre=0, radius=0)], longest=1)

    def test_a_province_without_a_case_has_no_cluster(self):
        zones = scan.circular_zones([[0, 1], [1, 0]])

        assert (
            scan.scan(np.zeros((2, 5)), zones, longest=3, generator=np.random.default_rng(0)) == ()
        )


@pytest.mark.slow
class TestReplicates:
    @settings(deadline=None, max_examples=12)
    @given(
        seed=st.integers(0, 9999), model=st.sampled_from(["poisson", "permutation", "expectation"])
    )
    def test_score_as_the_plain_form_scores_each(self, seed, model):
        y, people, zones = setting(seed, intervals=4)
        zones = [*zones, *scan.connected_zones([[1], [0, 2], [1, 3], [2], [], [], []], largest=3)]
        exposure = exposure_of(model, y, people)
        counts, expected = scan._prepared(y, model, exposure)
        asked = (4, model, np.random.default_rng(seed))
        draw = scan._drawing(counts, expected, *asked[:2], np.random.default_rng(seed))
        replicates = [draw()[:, ::-1].astype(float) for _ in range(3 * scan.LANES)]

        maxima = scan._null_maxima(
            counts, expected, *scan._packed(zones, len(y)), 4, 2, model, len(replicates), asked[2]
        )

        for one, best in zip(replicates, maxima, strict=True):
            plain = scan.scan_windows(one, zones, longest=4, model=model, exposure=exposure)
            assert best == pytest.approx(plain[0].llr if plain else 0.0, rel=1e-9)

    @pytest.mark.parametrize("model", ["poisson", "permutation", "expectation"])
    @pytest.mark.parametrize("mean", [0.05, 40.0])
    def test_have_the_cases_the_null_foretells(self, model, mean):
        generator = np.random.default_rng(3)
        y = generator.poisson(mean, (20, 12)).astype(float)
        expected = (
            scan.window_expectations(y)
            if model == "permutation"
            else np.outer(np.linspace(0.5, 2, 20), np.linspace(0.5, 2, 12)) * mean
        )
        if model == "poisson":
            expected *= y.sum() / expected.sum()
        draw = scan._drawing(y, expected, 5, model, generator)

        drawn = np.array([draw() for _ in range(2000)])

        error = 5 * np.sqrt(expected[:, ::-1][:, :5] / 2000) + 1e-9
        assert (np.abs(drawn.mean(axis=0) - expected[:, ::-1][:, :5]) < error).all()
        if model == "permutation":
            assert (drawn.sum(axis=1) == y.sum(axis=0)[::-1][:5]).all()

    def test_equal_generators_give_equal_answers(self):
        y, people, zones = setting(11)
        asked = {"longest": 3, "model": "poisson", "exposure": people, "replicates": 199}

        first, again = (
            scan.scan(y, zones, generator=np.random.default_rng(5), **asked) for _ in range(2)
        )

        assert first == again
