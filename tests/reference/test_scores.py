"""Forecast scores beside those of other people's software."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from yipan.analytics.outlook import scores

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "scores"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no score vectors under $YIPAN_REFERENCE"),
]


def _rows(kind: str) -> list:
    files = sorted(FOLDER.glob(f"{kind}*.json")) if FOLDER.is_dir() else []
    return [
        pytest.param(file, row, id=f"{file.stem}-{row}")
        for file in files
        for row in range(len(json.loads(file.read_text())["observed"]))
    ]


def _read(file: Path) -> dict:
    return json.loads(file.read_text())


class TestQuantileScores:
    @pytest.mark.parametrize(("file", "row"), _rows("quantile"))
    def test_are_those_of_the_reference_package(self, file, row):
        case = _read(file)
        levels, truth = case["quantile_level"], case["observed"][row]
        predicted = case["predicted"][row]

        parts = scores.interval_score_parts(truth, predicted, levels)

        assert scores.weighted_interval_score(truth, predicted, levels) == pytest.approx(
            case["wis"][row], rel=1e-9
        )
        assert parts.wis == pytest.approx(case["wis"][row], rel=1e-9)
        for part in ("dispersion", "underprediction", "overprediction"):
            assert getattr(parts, part) == pytest.approx(case[part][row], rel=1e-9, abs=1e-12)
        assert scores.quantile_bias(truth, predicted, levels) == pytest.approx(case["bias"][row])
        for name in (key for key in case if key.startswith("coverage_")):
            level = int(name.removeprefix("coverage_")) / 100
            assert scores.covered(truth, predicted, levels, level=level) == case[name][row]
        level = float(case["interval_range"]) / 100
        ends = [levels.index(round(each, 6)) for each in ((1 - level) / 2, (1 + level) / 2)]
        low, high = (predicted[end] for end in ends)
        for weigh, name in ((True, "weighted"), (False, "unweighted")):
            assert scores.interval_score(
                truth, low, high, level=level, weigh=weigh
            ) == pytest.approx(case[f"interval_score_{name}"][row], rel=1e-9)


class TestSampleScores:
    @pytest.mark.parametrize(("file", "row"), _rows("samples"))
    def test_are_those_of_the_reference_package(self, file, row):
        case = _read(file)
        truth, draws = case["observed"][row], case["samples"][row]

        assert scores.sample_crps(truth, draws) == pytest.approx(case["crps"][row], rel=1e-9)
        assert scores.dawid_sebastiani(truth, draws) == pytest.approx(case["dss"][row], rel=1e-9)
