"""The spread room against the exports from Wuhan in January 2020 (Du et al., Emerg Infect Dis 2020;26:1049)."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from yipan.analytics.spread import arrival

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT.parent / "data/mobility"
RESIDENTS = 11_080_000
"""Of Wuhan."""
UNSEEN_DAYS = 10
"""From infection to detection, as the paper takes it: so long somebody infected may travel."""
DAYS = np.arange(54)
"""1 December 2019 to 23 January 2020, the day of the last arrival."""

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no mobility data beside $YIPAN_REFERENCE"
)


@pytest.fixture(scope="module")
def published() -> dict[str, dict[str, float]]:
    told = json.loads((FOLDER / "published_targets.json").read_text(encoding="utf-8"))
    return next(one for one in told["spillover"] if one["id"] == "du2020")


def infected(doubling_days: np.ndarray) -> np.ndarray:
    """Return fits x days x ages: infected from one new infection on 1 December, growing without end."""
    ages = np.arange(UNSEEN_DAYS)
    return np.asarray(np.exp2((DAYS[:, None] - ages) / doubling_days[:, None, None]))


class TestExportsFromWuhan:
    def test_put_as_many_cities_at_risk_as_were_published(
        self, published: dict[str, dict[str, float]]
    ) -> None:
        growth = published["doubling_time_days"]
        rng = np.random.default_rng(1)
        spread = np.log(growth["hi"] / growth["lo"]) / 3.92
        doubling = growth["value"] * np.exp(rng.normal(0, spread, 2000))
        told = json.loads((FOLDER / "validation/du2020_exports.json").read_text(encoding="utf-8"))
        abroad = sum(told["monthly_passengers_from_wuhan"].values()) / 30 / RESIDENTS
        with (FOLDER / "validation/du2020_wuhan_trips.csv").open(encoding="utf-8") as file:
            trips = np.array([float(row["trips_total"]) for row in csv.DictReader(file)])

        one = infected(doubling)
        each = np.full((doubling.size, 1), abroad)
        expected = arrival.expected_exports(each, one)[:, 0].sum(axis=1)
        arrivals = sum(len(days) for days in told["arrival_day_from_2019_12_01"].values())
        # as many arrivals as there were: a gamma posterior of the size, given how fast it grows
        size = rng.gamma(arrivals, size=doubling.size) / expected
        to_cities = size[:, None] * (expected / abroad)[:, None] * trips / 53 / RESIDENTS
        at_risk = (arrival.chance_of_introduction(to_cities) > 0.5).sum(axis=1)
        mean_risk = arrival.chance_of_introduction(to_cities, draws_axis=0)

        cities = published["cities_import_risk_over_50pct_by_2020_01_22"]
        assert trips.size == cities["of"]
        assert (
            cities["lo"] < np.quantile(at_risk, 0.025) < np.quantile(at_risk, 0.975) < cities["hi"]
        )
        assert (mean_risk > 0.5).sum() == pytest.approx(np.median(at_risk), abs=3)
