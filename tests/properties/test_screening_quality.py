"""Laboratory quality and pool modes: what must hold, and planted faults that must be found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yipan.analytics.screening import modes, quality

CALM = [29.8, 30.2] * 10
CURVE = {0: 0.0, 1: 0.0, 4: 0.77, 10: 0.5, 30: 0.0}


class TestControlChart:
    @pytest.mark.parametrize(
        ("rule", "standings"),
        [
            ("1-3s", [3.2]), ("2-2s", [2.3, 2.2]), ("R-4s", [2.3, -2.3]),
            ("4-1s", [1.2, 1.3, 1.1, 1.4]), ("10x", [0.2] * 10),
        ],
    )  # fmt: skip
    def test_breaks_the_rule_it_should_and_says_where(self, rule, standings):
        sd = float(np.std(CALM, ddof=1))
        alarms = quality.control_chart([30.0 + s * sd for s in standings], baseline=CALM)

        assert (alarms[-1].rule, alarms[-1].run) == (rule, len(standings) - 1)
        assert {alarm.rule for alarm in alarms} == {rule}

    def test_needs_limits_of_its_own(self):
        with pytest.raises(ValueError, match="need 20"):
            quality.control_chart([30.0], baseline=CALM[:10])
        with pytest.raises(ValueError, match="does not vary"):
            quality.control_chart([30.0], baseline=[30.0] * 20)


class TestLaboratories:
    rng = np.random.default_rng(7)
    tubes = rng.integers(200, 400, size=(12, 30))
    rate = rng.uniform(0.002, 0.02, size=30)

    def test_that_find_nothing_stand_out_and_the_honest_do_not(self):
        positive = self.rng.binomial(self.tubes, self.rate)
        positive[3] = 0
        positive[8] = self.rng.binomial(self.tubes[8], np.minimum(1.0, self.rate * 4))

        found = quality.compare_laboratories(
            self.tubes, positive, laboratories=[f"L{i}" for i in range(12)]
        )

        assert [(lab.laboratory, lab.tail.value) for lab in found if lab.unusual] == [
            ("L3", "low"),
            ("L8", "high"),
        ]

    def test_of_quiet_districts_cannot_be_called_low(self):
        found = quality.compare_laboratories(
            self.tubes, np.zeros_like(self.tubes), laboratories=[f"L{i}" for i in range(12)]
        )

        assert not any(lab.unusual for lab in found)

    def test_with_few_tubes_in_each_of_many_districts_are_not_called_low(self):
        rng = np.random.default_rng(5)
        tubes = rng.integers(0, 30, size=(20, 300))
        positive = rng.binomial(tubes, 0.01)

        found = quality.compare_laboratories(
            tubes, positive, laboratories=[f"L{i}" for i in range(20)]
        )

        assert not any(lab.unusual for lab in found)

    def test_alone_in_their_districts_are_not_judged(self):
        tubes, positive = np.array([[100, 0], [0, 100]]), np.array([[50, 0], [0, 0]])

        found = quality.compare_laboratories(tubes, positive, laboratories=["a", "b"])

        assert [(lab.tubes, lab.unusual) for lab in found] == [(0, False), (0, False)]

    @settings(max_examples=30)
    @given(order=st.permutations(range(6)))
    def test_are_judged_the_same_in_any_order(self, order):
        rng = np.random.default_rng(11)
        tubes = rng.integers(50, 100, size=(6, 8))
        positive = rng.binomial(tubes, 0.05)
        names = [f"L{i}" for i in range(6)]
        kept = {
            s.laboratory: s
            for s in quality.compare_laboratories(tubes, positive, laboratories=names)
        }
        moved = quality.compare_laboratories(
            tubes[list(order)], positive[list(order)], laboratories=[names[i] for i in order]
        )

        assert {s.laboratory: s.p_value for s in moved} == pytest.approx(
            {name: s.p_value for name, s in kept.items()}
        )


class TestCounts:
    def test_that_do_not_agree_are_named(self):
        sham = quality.Reconciliation(received=1000, wells=500, controls=20, results=1000)

        assert (sham.idle, sham.unexplained, sham.balanced) == (520, 520, False)
        assert quality.Reconciliation(received=94, wells=96, controls=2, results=94).balanced

    @given(
        flows=st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 1000)), min_size=1, max_size=40),
        waiting=st.floats(0, 500),
    )  # fmt: skip
    def test_of_a_backlog_lose_no_tube(self, flows, waiting):
        arriving, capacity = [a for a, _ in flows], [c for _, c in flows]
        hours = quality.backlog(arriving, capacity=capacity, waiting=waiting)
        run = waiting + sum(arriving) - hours[-1][0]

        assert run <= sum(capacity) + 1e-6
        assert all(tubes >= 0 for tubes, _ in hours)


class TestModes:
    @given(
        interval=st.sampled_from([1, 2, 3, 5]), delay=st.floats(1, 48),
        generation=st.floats(2.0, 8.0),
    )  # fmt: skip
    @settings(max_examples=25)
    def test_slower_rounds_and_results_let_more_escape(self, interval, delay, generation):
        def escape(*, days=interval, hours=delay, attendance=0.9):
            return modes.escape_share(
                interval_days=days, result_hours=hours, attendance=attendance, detection=CURVE,
                generation_mean_days=generation,
            )  # fmt: skip

        now = escape()
        assert 0.0 <= now <= 1.0
        assert escape(hours=delay + 6) >= now - 1e-9
        assert escape(days=interval + 2) >= now - 0.02
        assert escape(attendance=0.5) >= now - 1e-9

    def test_that_break_a_limit_say_which_and_come_last(self):
        found = modes.advise_mode(
            100_000, prevalence=1e-4, modes=modes.swab_modes(
                mean_ct=28, sd_ct=5, half_ct=38, spread_ct=1, specificity=0.9999
            ),
            prices=modes.Prices(tube=1, held_hour=0, missed=0), held_hours=8, tubes_available=15_000,
            only=frozenset({"single", "10", "5"}),
        )  # fmt: skip

        assert [(advice.mode, advice.possible) for advice in found] == [
            ("10", True), ("20", False), ("5", False), ("single", False),
        ]  # fmt: skip
        assert "15000 the laboratories can take" in found[-1].limits[0]
