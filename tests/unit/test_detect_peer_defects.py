"""Where the peer is defective: the named compatibility mode shows its answer, the default gives the right one."""

from datetime import date

import numpy as np
import pytest

from yipan.analytics.detect.ears import ears_matrix
from yipan.analytics.detect.farrington import FarringtonOptions, farrington_matrix
from yipan.analytics.detect.sequential import cusum_matrix
from yipan.model import Judgement

PEER = "surveillance-1.20"
MONDAY = date(2012, 1, 2)
WEEKS = 6 * 52


def judged(counts, **options):
    """Both answers about the newest week, with the limits the peer knows, too."""
    shared = {"threshold": "nbPlugin", **options}
    return tuple(
        farrington_matrix(counts, options=FarringtonOptions(compat=compat, **shared))
        for compat in (None, PEER)
    )


class TestTrendTestAfterReweighting:
    @pytest.mark.parametrize(("mean", "peer_keeps"), [(20, 0.5), (100, 0.6)])
    def test_keeps_trends_that_are_none_in_the_peer_and_at_its_level_in_ours(
        self, mean, peer_keeps
    ):
        counts = np.random.default_rng(5).poisson(mean, (150, WEEKS)).astype(float)

        ours, peers = judged(counts, season_blocks=1, past_weeks_left_out=3, threshold="delta")

        kept = [np.mean(~np.isnan(one.trend)) for one in (ours, peers)]
        assert kept[0] < 0.12
        assert kept[1] > peer_keeps


class TestDiseaseNeverSeen:
    def test_has_no_answer_in_the_peer_and_alarms_in_ours(self):
        counts = np.zeros((1, WEEKS))
        counts[0, -3:] = (2, 6, 22)

        ours, peers = judged(counts)

        assert ours.alarm[0, 0]
        assert ours.judgement_of(0, 0) is Judgement.NO_HISTORY_RULE
        assert not peers.alarm[0, 0]
        assert np.isnan(peers.threshold[0, 0])


class TestSparseLimits:
    def test_have_no_bound_in_the_peer_and_one_in_ours(self):
        counts = np.zeros((1, WEEKS))
        counts[0, [52 * 2 + 3, 52 * 3 + 40]] = 1
        counts[0, -4:] = (0, 1, 3, 30)

        ours, peers = judged(counts, threshold="muan", season_blocks=10)

        assert ours.alarm[0, 0]
        assert ours.threshold[0, 0] < 30
        assert not peers.alarm[0, 0]
        assert not peers.threshold[0, 0] < 1e8


class TestC3:
    def test_is_blind_to_today_in_the_peer_and_sees_it_in_ours(self):
        spike = [[4, 5, 3, 4, 6, 5, 4, 5, 4, 6, 5, 4, 100_000]]

        assert ears_matrix(spike, method="C3").alarm[0, -1]
        assert not ears_matrix(spike, method="C3", compat=PEER).alarm[0, -1]

    def test_has_no_number_over_a_baseline_of_zeros_in_the_peer_and_one_in_ours(self):
        zeros = [[0.0] * 14 + [3.0]]

        assert ears_matrix(zeros, method="C3").judgement_of(0, 14) is not Judgement.NOT_REPORTED
        assert ears_matrix(zeros, method="C3").alarm[0, -1]
        assert not ears_matrix(zeros, method="C3", compat=PEER).alarm[0, -1]


class TestCusum:
    def test_goes_on_alarming_in_the_peer_and_begins_anew_in_ours(self):
        counts = [[5.0, 5.0, 30.0, 5.0, 5.0]]

        ours = cusum_matrix(counts, expected=5.0)
        peers = cusum_matrix(counts, expected=5.0, compat=PEER)

        assert ours.alarm[0].tolist() == [False, False, True, False, False]
        assert peers.alarm[0].tolist() == [False, False, True, True, True]
