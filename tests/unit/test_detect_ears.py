from datetime import date

import numpy as np
import pytest

from yipan.analytics.detect.ears import ears_c1, ears_c2, ears_c3, ears_matrix
from yipan.analytics.detect.verdicts import count_matrix
from yipan.model import Counted, CountSeries, Interval, Judgement, Stream


def fever_clinic(*counts, interval=Interval.DAY):
    stream = Stream(disease="fever", counted=Counted.FEVER_CLINIC_VISITS, interval=interval)
    return CountSeries(area="44.4401.", stream=stream, first_day=date(2022, 10, 1), counts=counts)


def spike(size):
    return fever_clinic(*[4, 5, 3, 4, 6, 5, 4, 5, 4, 4, 4, 5], size)


class TestEarsC1:
    def test_alarms_on_a_day_far_above_the_week_before(self):
        signals = ears_c1(spike(30))

        assert [s.day for s in signals] == [date(2022, 10, 13)]
        assert signals[0].observed == 30
        assert signals[0].baseline == 7

    def test_is_quiet_where_the_count_repeats_itself(self):
        assert ears_c1(fever_clinic(*[7] * 60)) == ()

    def test_does_not_take_one_case_after_zeros_for_an_outbreak(self):
        assert ears_c1(fever_clinic(*[0] * 20, 1)) == ()

    def test_answers_for_a_disease_never_seen_by_the_third_case(self):
        assert ears_c1(fever_clinic(*[0] * 20, 3))[0].observed == 3

    def test_says_when_the_rule_for_no_history_answered(self):
        (signal,) = ears_c1(fever_clinic(0, 25))

        assert signal.judgement is Judgement.NO_HISTORY_RULE

    def test_counts_the_days_of_a_run_from_its_first(self):
        signals = ears_c1(fever_clinic(*[1] * 14, 30, 500))

        assert {s.since for s in signals} == {date(2022, 10, 15)}

    @pytest.mark.parametrize("alpha", [0, 0.5, 1.2, float("nan")])
    def test_refuses_an_alpha_that_is_no_small_share(self, alpha):
        with pytest.raises(ValueError, match="alpha"):
            ears_c1(spike(30), alpha=alpha)

    def test_refuses_a_baseline_without_spread(self):
        with pytest.raises(ValueError, match="baseline of 1"):
            ears_c1(spike(30), baseline_days=1)


class TestEarsC2:
    def test_does_not_take_silence_for_zero(self):
        silent_weekend = fever_clinic(4, 5, 3, 4, 6, None, None, 5, 4, 6)

        assert ears_c2(silent_weekend) == ()

    def test_is_not_raised_by_the_two_days_before(self):
        rising = fever_clinic(4, 5, 3, 4, 6, 5, 4, 5, 4, 12, 15, 19)

        assert date(2022, 10, 12) in {s.day for s in ears_c2(rising)}
        assert date(2022, 10, 12) not in {s.day for s in ears_c1(rising)}

    def test_names_what_was_missing(self):
        gaps = fever_clinic(4, 5, None, 4, 6, 5, 4, None, 4, 60)

        assert ears_c2(gaps)[0].baseline_missing == 1


class TestEarsC3:
    def test_alarms_on_a_spike_of_today(self):
        assert [s.day for s in ears_c3(spike(100_000))] == [date(2022, 10, 13)]

    def test_reproduces_a_peer_blind_to_today_when_asked(self):
        assert ears_c3(spike(100_000), compat="surveillance-1.20") == ()

    def test_adds_up_a_slow_rise(self):
        rising = fever_clinic(4, 5, 3, 4, 6, 5, 4, 5, 4, 10, 10, 10)

        assert ears_c3(rising)
        assert ears_c2(rising) == ()


class TestEarsMatrix:
    def test_says_why_each_cell_was_not_judged(self):
        verdicts = ears_matrix([[np.nan, 3, 4, np.nan, 5, 4, 3, 4, 5, 4]], method="C1")

        assert [verdicts.judgement_of(0, day).value for day in range(10)] == [
            "not_reported",
            "short_history",
            "no_history_rule",
            "not_reported",
            "no_history_rule",
            "no_history_rule",
            "judged",
            "judged",
            "judged",
            "judged",
        ]

    def test_keeps_what_was_expected_of_a_silent_day(self):
        verdicts = ears_matrix([[4, 5, 3, 4, 6, 5, 4, np.nan]], method="C1")

        assert verdicts.expected[0, 7] == pytest.approx(31 / 7)
        assert np.isnan(verdicts.score[0, 7])

    def test_gives_the_same_signals_as_the_plain_form(self):
        series = [spike(30), fever_clinic(1, 0, None, 2, 9)]

        signals = ears_matrix(count_matrix([series[0]]), method="C2").signals(series[:1])

        assert signals == ears_c2(series[0])

    def test_refuses_a_negative_correction_by_place(self):
        with pytest.raises(ValueError, match="stream 1 on day 2"):
            ears_matrix([[1, 2, 3], [1, 2, -3]])

    @pytest.mark.parametrize(
        "counts",
        [
            [[0.0] * 40],
            [[np.nan] * 40],
            [[5.0]],
            [[7.0] * 40],
            [[np.nan] * 20 + [3.0] * 20],
            [[3.0] * 20 + [np.nan] * 20],
            [[3.0] * 20 + [1e6] + [3.0] * 19],
            np.empty((0, 5)),
            np.empty((3, 0)),
        ],
        ids=[
            "zeros",
            "silent",
            "one",
            "constant",
            "begins",
            "ends",
            "typo",
            "no streams",
            "no days",
        ],
    )
    @pytest.mark.parametrize("method", ["C1", "C2", "C3"])
    def test_has_an_answer_for_every_bad_series(self, counts, method):
        verdicts = ears_matrix(counts, method=method, p_values=True)

        assert sum(verdicts.tally().values()) == np.asarray(counts).size
        assert verdicts.alarm.sum() <= 3
