"""The watch judged by outbreaks put into its own series."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.detect import rehearsal
from yipan.analytics.detect.rehearsal import Shape
from yipan.model import Interval

FIRST = date(2021, 3, 1)


@pytest.fixture(scope="module")
def judged():
    quiet = rehearsal.quiet_streams(
        30, first_day=FIRST, days=330, generator=np.random.default_rng(1), base=(1.0, 60.0)
    )
    return rehearsal.rehearse_matrix(
        quiet.counts, first_day=FIRST, generator=np.random.default_rng(2), outbreaks=25, sizes_sd=(3.0, 10.0),
        methods=("standard", "EARS C2"), shapes=(Shape.SPIKE, Shape.PLATEAU), judged=120,
    )  # fmt: skip


class TestRehearsal:
    def test_finds_more_of_larger_outbreaks(self, judged):
        for method in ("standard", "EARS C2"):
            by_size = {
                size: np.mean(
                    [
                        p.found.value
                        for p in judged.performance
                        if p.method == method and p.size_sd == size
                    ]
                )
                for size in (3.0, 10.0)
            }
            assert by_size[10.0] > by_size[3.0]

    def test_compares_at_the_same_rate_of_false_alarms(self, judged):
        assert all(0.003 < one.at_equal_rate <= 0.01 for one in judged.workload)

    def test_recommends_the_soonest_and_shows_the_default_beside_it(self, judged):
        for one in judged.recommended:
            assert one.days <= one.default_days

    def test_gives_every_figure_its_interval(self, judged):
        for one in judged.performance:
            assert one.found.low <= one.found.value <= one.found.high
            assert one.days.low <= one.days.value <= one.days.high

    def test_an_outbreak_on_record_is_neither_quiet_nor_a_stage(self):
        quiet = rehearsal.quiet_streams(
            3, first_day=FIRST, days=330, generator=np.random.default_rng(1), base=(2.0, 3.0)
        )
        counts = quiet.counts.copy()
        counts[:, 250:260] += 60
        known = np.zeros(counts.shape, bool)
        known[:, 245:270] = True
        asked = {
            "first_day": FIRST, "outbreaks": 20, "sizes_sd": (5.0,), "methods": ("standard",),
            "shapes": (Shape.PLATEAU,), "judged": 120,
        }  # fmt: skip

        found = [
            rehearsal.rehearse_matrix(
                counts, generator=np.random.default_rng(2), known_outbreak=mask, **asked
            ).recommended[0].found
            for mask in (None, known)
        ]  # fmt: skip

        assert found[1] > found[0] + 0.3

    def test_refuses_a_mask_of_another_shape_and_one_that_leaves_no_room(self):
        quiet = np.ones((2, 200))
        with pytest.raises(ValueError, match="known_outbreak has shape"):
            rehearsal.rehearse_matrix(
                quiet, first_day=FIRST, generator=np.random.default_rng(1), known_outbreak=[[True]]
            )
        with pytest.raises(ValueError, match="no room"):
            rehearsal.rehearse_matrix(
                quiet, first_day=FIRST, generator=np.random.default_rng(1),
                known_outbreak=np.ones((2, 200), bool),
            )  # fmt: skip

    def test_refuses_series_too_short_to_learn_anything(self):
        with pytest.raises(ValueError, match="too short"):
            rehearsal.rehearse_matrix(
                np.ones((2, 70)), first_day=FIRST, generator=np.random.default_rng(1)
            )


class TestOutbreaksByRule:
    def test_mark_what_lies_far_above_the_same_season_of_other_years(self):
        counts = np.random.default_rng(4).poisson(6.0, (3, 260)).astype(float)
        counts[1, 120:127] = (14, 30, 45, 40, 28, 20, 16)

        marked = rehearsal.outbreaks_by_rule(counts)

        assert marked[1, 121:126].all()
        assert not marked[[0, 2]].any()
        assert not marked[1, :115].any()

    def test_do_not_take_a_season_for_an_outbreak(self):
        season = 40 * np.exp(np.cos(2 * np.pi * np.arange(260) / 52))
        counts = np.random.default_rng(5).poisson(season, (4, 260)).astype(float)

        assert not rehearsal.outbreaks_by_rule(counts).any()

    def test_know_nothing_of_a_series_without_another_year(self):
        assert not rehearsal.outbreaks_by_rule([[1.0, 50, 60, 70, 1] * 4]).any()

    def test_mark_whole_weeks_of_days(self):
        counts = np.full((1, 3 * 364), 3.0)
        counts[0, 700:714] = 30

        marked = rehearsal.outbreaks_by_rule(counts, interval=Interval.DAY)

        assert np.flatnonzero(marked[0]).tolist() == list(range(700, 714))


class TestEqualSignals:
    @given(st.integers(0, 1000), st.floats(0.01, 0.2), st.integers(1, 7))
    @settings(max_examples=20)
    def test_never_exceed_the_rate(self, seed, rate, rest):
        strength = np.random.default_rng(seed).normal(size=(4, 80))

        _, attained = rehearsal.equal_signals(strength, strength, rate, rest)

        assert attained <= rate + 1e-9

    def test_count_a_run_once(self):
        strength = np.array([[0.0, 5, 6, 7, 0, 0, 0, 0, 0, 0]])

        limit, attained = rehearsal.equal_signals(strength, strength, 0.1, 1)

        assert limit == 0
        assert attained == 0.1


class TestQuietStreams:
    def test_scatter_as_they_say(self):
        quiet = rehearsal.quiet_streams(
            300, first_day=FIRST, days=200, generator=np.random.default_rng(1), base=(20.0, 21.0),
            dispersions=(2.0,),
        )  # fmt: skip

        scatter = (quiet.counts - quiet.mean) ** 2 / quiet.mean
        assert scatter.mean() == pytest.approx(2.0, rel=0.05)
