"""What a drill plants is there: a fault that is not one would be called missed."""

import numpy as np
import pytest

from yipan.analytics.screening import drill


class TestTubesUsedTwice:
    @pytest.mark.parametrize("seed", range(8))
    def test_lie_at_two_sites_each_also_where_sites_are_few(self, seed):
        made = drill.make_round(
            drill.DrillPlan(people=20_000), streets=np.array([440103001, 440103002, 440304001]), weights=np.ones(3),
            cities=np.array([0, 0, 1]), rng=np.random.default_rng(seed),
        )  # fmt: skip
        tube, site = made.samples["tube"], made.samples["site"]

        assert len(made.planted["tube_used_twice"]) == 20
        for one in made.planted["tube_used_twice"].tolist():
            assert np.unique(site[tube == one]).size > 1, one
