"""Early detection beside the numbers of other people's software, as `cases.json` lists them."""

import csv
import json
import os
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from yipan.analytics.detect import farrington
from yipan.analytics.detect.ears import ears_matrix
from yipan.analytics.detect.verdicts import CODE
from yipan.model import Judgement

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "detect"
PEER = "surveillance-1.20"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no detection vectors under $YIPAN_REFERENCE"),
]


def number(text):
    return np.nan if text in {"NA", "NaN", ""} else float(text)


def rows_of(name):
    with (FOLDER / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def index():
    path = FOLDER / "cases.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"cases": []}


@cache
def dataset(name):
    rows = rows_of(f"inputs/{name}.csv")
    units = [column for column in rows[0] if column not in {"t", "date"}]
    return units, np.array([[number(row[unit]) for row in rows] for unit in units])


def cases(*algorithms):
    return [
        pytest.param(case, id=case["id"])
        for case in index()["cases"]
        if case["algorithm"] in algorithms
    ]


def listed(case, column):
    """Return units, 0-based times and one column of a case's output."""
    units, _ = dataset(case["dataset"])
    rows = rows_of(case["output"])
    where = [units.index(row["unit"]) for row in rows], [int(row["t"]) - 1 for row in rows]
    return where, np.array([number(row[column]) for row in rows])


def agree(found, expected, rtol=1e-6):
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


class TestEars:
    @pytest.mark.parametrize("case", cases("earsC:C1", "earsC:C2", "earsC:C3"))
    def test_reproduces_the_peer(self, case):
        control = case["control"]
        _, counts = dataset(case["dataset"])

        verdicts = ears_matrix(
            counts,
            method=control["method"],
            baseline_days=control.get("baseline", 7),
            alpha=control.get("alpha"),
            least_sd=control.get("minSigma", 0),
            compat=PEER,
        )

        where, bound = listed(case, "upperbound")
        agree(verdicts.threshold[where], bound)
        _, alarm = listed(case, "alarm")
        assert (verdicts.alarm[where] == (alarm == 1)).all()


POWER = {"2/3": 2 / 3, "1/2": 1 / 2, "none": 1.0}


def farrington_run(case):
    control = case["control"] or {}
    classic = case["algorithm"] == "farrington"
    units, counts = dataset(case["dataset"])
    described = next(i for i in index()["inputs"] if i["name"] == case["dataset"])
    dates = None
    if described["epochAsDate"]:
        dates = [
            date.fromisoformat(row["date"]) for row in rows_of(f"inputs/{described['name']}.csv")
        ]
    years, window = control.get("b", 5), control.get("w", 3)
    period = described["freq"]
    first = period * years + (-window if classic else window + 1)
    low, high = control.get("range", (first, counts.shape[1]))
    cases_needed, weeks = control.get("limit54", (5, 4))
    population = None
    if control.get("populationOffset"):
        rows = rows_of(f"inputs/{described['name']}.population.csv")
        population = np.array([[number(row[unit]) for row in rows] for unit in units])
    options = farrington.FarringtonOptions(
        years=years,
        half_window=window,
        season_blocks=control.get("noPeriods", 1),
        past_weeks_left_out=0 if classic else control.get("pastWeeksNotIncluded"),
        reweight=control.get("reweight", True),
        weights_threshold=control.get("weightsThreshold", 1.0 if classic else 2.58),
        trend=control.get("trend", True),
        trend_p_value=control.get("pThresholdTrend", 0.05),
        alpha=control.get("alpha", 0.05),
        threshold=control.get("thresholdMethod", "delta"),
        power=POWER[control.get("powertrans", "2/3")],
        least_cases=cases_needed,
        least_weeks=weeks,
        classic=classic,
        compat=PEER,
    )
    if case.get("output"):
        used = {row["unit"] for row in rows_of(case["output"])}
        keep = [i for i, unit in enumerate(units) if unit in used]
    else:
        keep = list(range(len(units)))
    return (
        keep,
        low,
        farrington.farrington_matrix(
            counts[keep],
            period=period,
            dates=dates,
            columns=range(low - 1, high),
            population=None if population is None else population[keep],
            options=options,
        ),
    )


class TestFarrington:
    @pytest.mark.parametrize("case", cases("farrington", "farringtonFlexible"))
    def test_reproduces_the_peer(self, case):
        if case.get("error"):
            with pytest.raises(ValueError, match=r"baseline|season blocks|reference points"):
                farrington_run(case)
            return

        keep, low, verdicts = farrington_run(case)

        (units, times), bound = listed(case, "upperbound")
        where = [keep.index(unit) for unit in units], [time + 1 - low for time in times]
        names = np.array(dataset(case["dataset"])[0])[units]
        columns = rows_of(case["output"])[0].keys()
        answered = ~np.isnan(listed(case, "alarm")[1])
        flexible = "phi" in columns
        if flexible:
            failed = CODE[Judgement.NOT_CONVERGED]
            assert (verdicts.judgement[where][~answered] == failed).all()
            noise = (names == "flat") | (np.abs(listed(case, "trend_coef")[1]) < 1e-12)
        else:
            noise = names == "flat"
        bounds = verdicts.threshold[where]
        steady = answered & ~noise
        agree(bounds[steady], bound[steady])
        agree(bounds[answered & noise], bound[answered & noise], rtol=0.04)
        assert (verdicts.alarm[where] == (listed(case, "alarm")[1] == 1))[steady].all()
        if not flexible:
            agree(1 - verdicts.p_value[where][steady], listed(case, "pd_quantile")[1][steady])
            agree(verdicts.expected[where][steady], listed(case, "pd_median")[1][steady])
            return
        tiny = (names == "sparse") & ((case["control"] or {}).get("thresholdMethod") == "muan")
        agree(verdicts.expected[where][steady], listed(case, "expected")[1][steady])
        agree(verdicts.dispersion[where][steady], listed(case, "phi")[1][steady])
        agree(verdicts.trend[where][steady], listed(case, "trend_coef")[1][steady])
        for column, found in (("score", verdicts.score), ("pvalue", verdicts.p_value)):
            peer = listed(case, column)[1]
            told = (
                steady & ~tiny & ~np.isnan(peer)
            )  # a muan mean beyond all bounds leaves the peer NaN
            agree(found[where][told], peer[told])
