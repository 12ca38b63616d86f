"""Figures worked out by hand, or printed in the texts and papers the methods are from, beside what the desk answers."""

from math import exp

import pytest

from yipan.analytics.screening import freedom, members, modes, pools, quality
from yipan.packs.screenings import read_screening


class TestRounds:
    """Two infections hidden, a swab of somebody who comes finds seven in ten, four in a hundred never come."""

    @pytest.mark.parametrize(("rounds", "missed", "left"), [
        (1, 0.04 + 0.96 * 0.3, 0.519), (2, 0.04 + 0.96 * 0.09, 0.777), (3, 0.04 + 0.96 * 0.027, 0.876),
        (5, 0.04 + 0.96 * 0.00243, 0.919),
    ])  # fmt: skip
    def test_leave_what_the_closed_form_says(self, rounds, missed, left):
        told = {"never": 0.04, "attendance": 1.0, "sensitivity": 0.7, "rounds": rounds}

        assert freedom.missed_share(**told) == pytest.approx(missed, abs=1e-12)
        assert freedom.none_left(2.0, **told) == pytest.approx(left, abs=5e-4)

    def test_never_pass_the_ceiling_of_those_never_tested(self):
        endless = freedom.none_left(2.0, never=0.04, attendance=1.0, sensitivity=0.7, rounds=500)

        assert endless == pytest.approx(exp(-2.0 * 0.04), abs=1e-12)

    def test_may_raise_it_less_than_finding_the_never_tested(self):
        told = freedom.levers(
            2.0, never=0.04, attendance=1.0, sensitivity=0.7, rounds=3, reached=0.25
        )

        assert [(one.name, round(one.gain, 3)) for one in told] == [
            ("reach_never_tested", 0.053), ("two_more_rounds", 0.042), ("one_more_round", 0.032),
        ]  # fmt: skip


class TestSwabPools:
    """Tests and people held per 100 and 100,000 for a tube specificity of 0.9999 and the detection of the pack."""

    @pytest.mark.parametrize(("mode", "prevalence", "tubes", "held"), [
        ("single", 1e-6, 100.0, 10), ("5", 1e-6, 20.0, 11), ("10", 1e-6, 10.0, 11), ("20", 1e-6, 5.0, 12),
        ("single", 1e-4, 100.0, 20), ("5", 1e-4, 20.1, 58), ("10", 1e-4, 10.1, 106), ("20", 1e-4, 5.2, 198),
        ("single", 1e-3, 100.0, 108), ("5", 1e-3, 20.5, 492), ("10", 1e-3, 11.0, 967), ("20", 1e-3, 6.9, 1875),
        ("single", 1e-2, 100.0, 985), ("5", 1e-2, 24.7, 4741), ("10", 1e-2, 19.2, 9200), ("20", 1e-2, 22.2, 17155),
        ("single", 3e-2, 100.0, 2935), ("5", 3e-2, 33.6, 13646), ("10", 3e-2, 35.2, 25247), ("20", 3e-2, 48.0, 42965),
    ])  # fmt: skip
    def test_ask_what_was_worked_out(self, mode, prevalence, tubes, held):
        given = read_screening("covid-19")
        known = modes.swab_modes(
            mean_ct=given.value("mean_ct"), sd_ct=given.value("sd_ct"), half_ct=given.value("half_ct"),
            spread_ct=given.value("spread_ct"), specificity=given.value("tube_specificity"),
        )  # fmt: skip
        told = {
            one.mode: one
            for one in modes.advise_mode(
                100_000, prevalence=prevalence, modes=known, held_hours=8, prices=modes.Prices(tube=1, held_hour=1, missed=1)
            )
        }[mode]  # fmt: skip
        extra = 0.0 if mode != "single" else held / 1000  # a positive single is run again, too

        assert told.held == pytest.approx(held, abs=0.6)
        assert told.tubes / 1000 == pytest.approx(tubes + extra, abs=0.051)

    def test_dilute_by_their_medium_and_not_by_their_swabs(self):
        assert [round(members.swab_shift(size), 2) for size in (1, 5, 10, 20)] == [0.0, 0.74, 1.0, 2.0]  # fmt: skip
        assert round(members.volume_shift(10), 2) == 3.32

    def test_of_households_hold_fewer_than_strangers_would(self):
        known = {
            m.name: m
            for m in modes.swab_modes(
                mean_ct=28, sd_ct=5, half_ct=38, spread_ct=1, specificity=0.9999, household=(3, 0.2)
            )
        }
        apart = modes.Mode(name="strangers", size=3, assay=known["household"].assay)
        told = {
            one.mode: one.held
            for one in modes.advise_mode(
                1000, prevalence=0.01, modes=(known["household"], apart), held_hours=8,
                prices=modes.Prices(tube=1, held_hour=1, missed=1),
            )
        }  # fmt: skip

        assert told["household"] < told["strangers"]


class TestPlates:
    @pytest.mark.parametrize(("hits", "chance"), [(2, 4.1e-3), (3, 1.25e-4), (4, 2.8e-6)])
    def test_are_as_rare_as_the_binomial_says(self, hits, chance):
        assert quality.plate_tail(hits, wells=94, background=0.001) == pytest.approx(chance, rel=0.02)  # fmt: skip


class TestSizes:
    def test_for_a_prevalence_nobody_knows(self):
        assert pools.minimax_size(sizes=range(2, 40)) == 8
        assert pools.bayes_size(sizes=range(2, 40)) == 13
        with pytest.raises(ValueError, match="expected both above 0"):
            pools.bayes_size(sizes=[2, 3], alpha=0.0)

    @pytest.mark.parametrize(("prevalence", "size"), [
        (0.0005, 45), (0.001, 32), (0.005, 15), (0.01, 11), (0.02, 8), (0.05, 5), (0.1, 4), (0.15, 3),
    ])  # fmt: skip
    def test_of_two_stages_are_the_printed_ones(self, prevalence, size):
        assert pools.best_dorfman(prevalence, sizes=range(2, 60)).result.size == size
