"""Laws of group testing, of posteriors and of what is left after the rounds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.screening import freedom, members, pools, prevalence

risk = st.floats(0.0005, 0.5)
assays = st.builds(pools.Assay, sensitivity=st.floats(0.5, 1.0), specificity=st.floats(0.8, 1.0))
share = st.floats(0.0, 1.0)


def chance_of(truth, risks):
    return float(
        np.prod([r if infected else 1.0 - r for infected, r in zip(truth, risks, strict=True)])
    )


class TestDesigns:
    @given(risks=st.lists(risk, min_size=2, max_size=7), assay=assays)
    def test_dorfman_agrees_with_every_truth_told_one_by_one(self, risks, assay):
        tests, called = 0.0, np.zeros((2, len(risks)))
        for truth in itertools.product((False, True), repeat=len(risks)):
            chance = chance_of(truth, risks)
            pool = assay.sensitivity if any(truth) else assay.false_positive
            tests += chance * (1.0 + len(risks) * pool)
            for i, infected in enumerate(truth):
                single = assay.sensitivity if infected else assay.false_positive
                called[int(infected), i] += chance * pool * single

        result = pools.dorfman(risks, pool=assay)

        assert result.tests == pytest.approx(tests, rel=1e-12)
        for i, member in enumerate(result.members):
            assert member.sensitivity == pytest.approx(called[1, i] / risks[i], rel=1e-9)
            assert 1.0 - member.specificity == pytest.approx(
                called[0, i] / (1.0 - risks[i]), rel=1e-9, abs=1e-12
            )

    @given(risks=st.lists(risk, min_size=4, max_size=8), assay=assays)
    def test_nobody_s_order_matters_inside_a_pool(self, risks, assay):
        one = pools.dorfman(risks, pool=assay)
        other = pools.dorfman(risks[::-1], pool=assay)

        assert one.tests == pytest.approx(other.tests, rel=1e-12)
        assert one.sensitivity == pytest.approx(other.sensitivity, rel=1e-12)

    @given(p=risk, side=st.integers(2, 12), assay=assays)
    def test_an_array_never_needs_more_than_its_pools_and_everybody(self, p, side, assay):
        result = pools.square_array(p, side=side, assay=assay)

        assert 2 * side <= result.tests <= 2 * side + side**2 + 1e-9
        assert 0.0 <= result.specificity <= 1.0

    @settings(max_examples=15)
    @given(p=st.floats(0.01, 0.2), rounds=st.sampled_from([0, 1, 2, None]))
    def test_sterrett_agrees_with_playing_it(self, p, rounds):
        rng = np.random.default_rng(20221027)
        assay = pools.Assay(sensitivity=0.9, specificity=0.95)
        result = pools.sterrett(p, size=6, rounds=rounds, assay=assay)
        played = np.array([play_sterrett(rng, p, 6, rounds, assay) for _ in range(4000)])

        error = 5.0 * np.sqrt(result.variance / len(played)) + 1e-9
        assert abs(played.mean() - result.tests) < error

    def test_sizes_that_cut_through_pools_are_refused(self):
        with pytest.raises(ValueError, match="cut through"):
            pools.hierarchical(0.01, stages=((6,), (3, 3), (4, 2)))
        with pytest.raises(ValueError, match="do not hold"):
            pools.hierarchical(0.01, stages=((6,), (3, 2)))
        with pytest.raises(ValueError, match="lies outside"):
            pools.dorfman([0.1, 1.2])


def play_sterrett(rng, p, size, rounds, assay):
    truth = rng.random(size) < p

    def answer(infected):
        return rng.random() < (assay.sensitivity if infected else assay.false_positive)

    def pool(first, left):
        if size - first == 1 or not answer(truth[first:].any()):
            return 1
        return 1 + search(first, left)

    def search(first, left):
        if left == 0:
            return size - first
        used = 0
        for i in range(first, size):
            used += 1
            if answer(truth[i]) and i < size - 1:
                return used + pool(i + 1, left - 1)
        return used

    return pool(0, size if rounds is None else rounds)


class TestPosterior:
    @given(
        risks=st.lists(risk, min_size=1, max_size=12), one=st.floats(0.3, 1.0),
        specificity=st.floats(0.8, 0.9999),
    )  # fmt: skip
    def test_weighed_by_the_result_is_the_prior(self, risks, one, specificity):
        by_infected = [1.0 - (1.0 - one) ** k for k in range(1, len(risks) + 1)]
        given_result = {"sensitivity_by_infected": by_infected, "specificity": specificity}
        yes, chance_yes = members.posterior_risks(risks, positive=True, **given_result)
        no, chance_no = members.posterior_risks(risks, positive=False, **given_result)

        assert chance_yes + chance_no == pytest.approx(1.0)
        assert yes * chance_yes + no * chance_no == pytest.approx(np.array(risks))

    @given(p=risk, size=st.integers(1, 8), correlation=st.floats(0.01, 0.9))
    def test_households_hide_together_and_not_less_than_apart(self, p, size, correlation):
        for clustering in members.Clustering:
            clear = members.household_clear(
                p, members=size, correlation=correlation, clustering=clustering
            )
            assert (1.0 - p) ** size - 1e-12 <= clear <= 1.0 - p + 1e-12


class TestPrevalence:
    @given(
        hits=st.integers(0, 20), more=st.integers(1, 400), size=st.integers(1, 25),
        interval=st.sampled_from(prevalence.Interval), point=st.sampled_from(prevalence.Point),
    )  # fmt: skip
    @settings(max_examples=60)
    def test_lies_inside_its_interval(self, hits, more, size, interval, point):
        found = prevalence.pooled_prevalence(
            positive=[hits], pools=[hits + more], sizes=[size], interval=interval, point=point
        )

        assert 0.0 <= found.low <= found.value <= found.high <= 1.0

    @given(hits=st.integers(1, 10), number=st.integers(20, 200), size=st.integers(2, 20))
    def test_of_one_size_told_as_two_is_the_same(self, hits, number, size):
        one = prevalence.pooled_prevalence(positive=[hits], pools=[number], sizes=[size])
        two = prevalence.pooled_prevalence(
            positive=[hits - 1, 1], pools=[number - 5, 5], sizes=[size, size]
        )

        assert two.value == pytest.approx(one.value, rel=1e-6)
        assert two.high == pytest.approx(one.high, rel=1e-6)


class TestRounds:
    @given(
        hidden=st.floats(0.0, 20.0), never=share, attendance=share, sensitivity=share,
        rounds=st.integers(0, 10),
    )  # fmt: skip
    def test_more_rounds_never_leave_more(self, hidden, never, attendance, sensitivity, rounds):
        people = {"never": never, "attendance": attendance, "sensitivity": sensitivity}
        now = freedom.none_left(hidden, rounds=rounds, **people)
        then = freedom.none_left(hidden, rounds=rounds + 1, **people)

        assert then >= now - 1e-12
        assert then <= np.exp(-hidden * never) + 1e-12

    @given(s=st.floats(0.05, 0.99), introduction=st.floats(0.0, 0.04), prior=st.floats(0.01, 0.99))
    def test_end_in_the_balance(self, s, introduction, prior):
        after, before = freedom.freedom_in_balance(sensitivity=s, introduction=introduction)
        end = freedom.freedom_after([s] * 3000, prior=prior, introduction=introduction)[-1]

        assert end == pytest.approx(after, abs=1e-6)
        assert before <= after
