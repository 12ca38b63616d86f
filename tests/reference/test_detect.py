"""Early detection beside the numbers of other people's software, as `cases.json` lists them."""

import csv
import json
import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from yipan.analytics.detect.ears import ears_matrix

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
