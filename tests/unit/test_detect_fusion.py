"""Streams told together: dependence respected, false alarms held, one cause told once."""

from datetime import date

import numpy as np
import pytest

from yipan.analytics.detect import fusion, methods
from yipan.model import Interval


class TestChannelsTogether:
    @pytest.mark.parametrize("correlation", [0.0, 0.4, 0.8])
    def test_keep_their_level_whatever_the_dependence(self, correlation):
        generator = np.random.default_rng(4)
        shared = generator.normal(size=(40_000, 1))
        z = np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * generator.normal(
            size=(40_000, 3)
        )
        p = fusion.special.ndtr(-z)
        matrix = np.full((3, 3), correlation) + (1 - correlation) * np.eye(3)

        for together in (fusion.harmonic_p(p), fusion.stouffer_p(p, correlation=matrix)):
            for alpha in (0.05, 0.01):
                assert float((together <= alpha).mean()) < 1.6 * alpha

    def test_learn_their_correlation_from_quiet_days(self):
        generator = np.random.default_rng(5)
        z = np.sqrt(0.5) * generator.normal(size=(600, 1)) + np.sqrt(0.5) * generator.normal(
            size=(600, 2)
        )

        found = fusion.quiet_correlation(fusion.special.ndtr(-z))

        assert found[0, 1] == pytest.approx(0.5, abs=0.12)

    @pytest.mark.parametrize("seed", range(6))
    def test_learn_as_pair_by_pair(self, seed):
        generator = np.random.default_rng(seed)
        p = fusion.special.ndtr(generator.normal(size=(40, 4)) + generator.normal(size=(40, 1)))
        p[generator.random(p.shape) < 0.2] = np.nan
        p[3, 0] = 1e-5
        p[:38, 3] = np.nan

        z = -fusion.special.ndtri(np.clip(p, fusion.LEAST_P, fusion.MOST_P))
        z[(np.abs(z) > 3).any(axis=1)] = np.nan
        plain = np.eye(4)
        for i in range(4):
            for j in range(i):
                both = ~np.isnan(z[:, i]) & ~np.isnan(z[:, j])
                r = max(0.0, np.corrcoef(z[both, i], z[both, j])[0, 1]) if both.sum() >= 3 else 0.0
                n = both.sum() if both.sum() >= 3 else 0
                plain[i, j] = plain[j, i] = (r * n + 0.3 * 30) / (n + 30)

        np.testing.assert_allclose(fusion.quiet_correlation(p), plain, atol=1e-12)
        np.testing.assert_allclose(fusion.quiet_correlation(np.stack([p, p]))[1], plain, atol=1e-12)

    def test_learn_from_each_other_how_they_move(self):
        generator = np.random.default_rng(7)
        z = np.sqrt(0.8) * generator.normal(size=(200, 40, 1)) + np.sqrt(0.2) * generator.normal(
            size=(200, 40, 2)
        )

        found = fusion.shared_correlation(fusion.special.ndtr(-z))[:, 0, 1]

        assert found.mean() == pytest.approx(0.75, abs=0.06)
        assert found.std() < 0.1

    def test_have_each_row_its_own_correlation(self):
        p = [[0.05, 0.05], [0.05, 0.05]]
        own = np.stack([np.eye(2), np.full((2, 2), 0.5) + np.eye(2) / 2])

        both = fusion.stouffer_p(p, correlation=own)

        assert both[0] == pytest.approx(fusion.stouffer_p(p[:1], correlation=own[0])[0])
        assert both[1] == pytest.approx(fusion.stouffer_p(p[1:], correlation=own[1])[0])

    def test_leave_out_a_channel_that_did_not_report(self):
        assert fusion.harmonic_p([[0.01, np.nan]])[0] == pytest.approx(0.01)
        assert np.isnan(fusion.harmonic_p([[np.nan, np.nan]])[0])

    def test_a_silent_channel_never_weakens_another(self):
        alone = fusion.stouffer_p([[0.001]])[0]

        assert fusion.stouffer_p([[0.001, np.nan]])[0] == pytest.approx(alone)

    def test_refuse_what_is_no_p_value(self):
        with pytest.raises(ValueError, match="between 0 and 1"):
            fusion.harmonic_p([[1.2]])


class TestDiscoveries:
    def test_hold_the_false_share(self):
        generator = np.random.default_rng(6)
        shares = []
        for _ in range(40):
            p = generator.random(2_000)
            p[:60] = 10.0 ** -generator.uniform(3, 8, 60)
            found = fusion.discoveries(p, false_share=0.1)
            shares.append(found[60:].sum() / max(1, found.sum()))

        assert np.mean(shares) < 0.13

    def test_follow_a_permutation(self):
        p = np.random.default_rng(7).random(200) ** 3
        order = np.random.default_rng(8).permutation(200)

        np.testing.assert_array_equal(fusion.q_values(p)[order], fusion.q_values(p[order]))

    def test_are_no_more_where_dependence_is_feared(self):
        p = np.random.default_rng(9).random(300) ** 4

        careful = fusion.discoveries(p, rule="BY")
        assert not (careful & ~fusion.discoveries(p)).any()


class TestHierarchy:
    STREETS = ("44.01.a.1.", "44.01.a.2.", "44.01.b.1.", "44.02.c.1.")

    def test_tells_one_cause_at_the_level_where_it_is_clearest(self):
        told = fusion.clearest(
            self.STREETS, [0.02, 0.01, 0.6, 0.7], {"44.01.a.": 1e-6, "44.01.": 1e-3, "44.": 0.004}
        )

        assert [(one.area, one.contributors) for one in told] == [("44.01.a.", (1, 0))]
        assert told[0].levels["44.01."] == 1e-3

    def test_tells_a_single_street_by_its_name(self):
        told = fusion.clearest(self.STREETS, [1e-7, 0.5, 0.6, 0.7], {"44.01.a.": 1e-4})

        assert [one.area for one in told] == ["44.01.a.1."]

    def test_tells_two_causes_apart(self):
        told = fusion.clearest(self.STREETS, [1e-7, 0.5, 0.6, 1e-5], {"44.": 0.001})

        assert {one.area for one in told} == {"44.01.a.1.", "44.02.c.1."}


class TestMethodsByName:
    @pytest.mark.parametrize("name", [n for n in methods.METHODS if n not in methods.ON_WEEKS])
    def test_judge_a_year_of_days_and_see_a_spike(self, name):
        counts = np.random.default_rng(1).poisson(6.0, (5, 500)).astype(float)
        counts[0, -1] = 60
        weekly = name == "moving percentile P80" or name == "moving percentile P90"
        counts = np.tile(counts, (1, 5))[:, -2100:] if weekly or "Farrington" in name else counts

        found = methods.judge(
            name, counts, first_day=date(2021, 1, 4), columns=[counts.shape[1] - 1],
            trials=np.full(counts.shape, 200.0) if name == methods.POSITIVITY else None,
        )  # fmt: skip

        assert found.alarm.shape == (5, 1)
        if name not in {"moving percentile P80", "moving percentile P90"}:
            assert found.alarm[0, 0]
        assert (np.isnan(methods.evidence(found)) == (found.judgement != 0)).sum() >= 0

    def test_judge_weeks_by_the_season_where_there_are_years(self):
        wave = 1 + 0.6 * np.sin(2 * np.pi * np.arange(6 * 52) / 52.18)
        counts = np.random.default_rng(2).poisson(20.0 * wave, (4, 6 * 52)).astype(float)
        rising = range(5 * 52 - 6, 5 * 52 + 12)
        asked = {"interval": Interval.WEEK, "columns": rising}

        old = methods.judge("standard", counts, first_day=date(2016, 1, 4), **asked)
        counts[1, rising[-1]] = 90
        again = methods.judge("standard", counts, first_day=date(2016, 1, 4), **asked)

        np.testing.assert_allclose(old.expected.mean(axis=0), 20 * wave[rising], rtol=0.15)
        assert old.alarm.mean() < 0.05
        assert again.alarm[1, -1]

    def test_judge_weeks_without_years_by_the_weeks_before(self):
        counts = np.random.default_rng(2).poisson(5.0, (4, 60)).astype(float)
        counts[1, -1] = 40

        young = methods.judge(
            "standard", counts, first_day=date(2020, 11, 2), interval=Interval.WEEK
        )

        assert young.alarm[:, 0].tolist() == [False, True, False, False]

    def test_a_moderate_rise_that_lasts_is_seen_by_its_weeks(self):
        counts = np.random.default_rng(3).poisson(2.0, (30, 5 * 52)).astype(float)
        counts[:, -4:] += np.random.default_rng(4).poisson(4.0, (30, 4))

        found = methods.judge(
            "standard", counts, first_day=date(2017, 1, 2), interval=Interval.WEEK,
            columns=range(5 * 52 - 4, 5 * 52),
        )  # fmt: skip

        assert found.alarm.any(axis=1).mean() > 0.85

    def test_refuse_an_unknown_name_and_a_wrong_interval(self):
        with pytest.raises(ValueError, match="no method 'magic'"):
            methods.judge("magic", [[1.0]], first_day=date(2022, 1, 1))
        with pytest.raises(ValueError, match="daily"):
            methods.judge(
                "NSSP switch", [[1.0]], first_day=date(2022, 1, 3), interval=Interval.WEEK
            )
