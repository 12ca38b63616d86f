"""The quantile a nowcast is made of, beside the statistics library's."""

import numpy as np
from scipy import stats

from yipan.analytics.outlook import nowcast


class TestUnseenQuantile:
    def test_is_that_of_the_statistics_library(self):
        chance = np.random.default_rng(1)
        level = chance.choice([0.025, 0.25, 0.5, 0.75, 0.975], 5_000)
        size = 10 ** chance.uniform(-2, 5, level.size)
        share = chance.uniform(1e-4, 1 - 1e-9, level.size)

        found = nowcast._unseen_quantile(level, size, share)

        np.testing.assert_array_equal(found, stats.nbinom.ppf(level, size, share))
