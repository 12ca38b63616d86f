"""Reproduction numbers beside the reference package's, to the tolerances its vectors state."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from yipan.analytics.outlook import reproduction

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "rt"
SHARES = {
    "q025": 0.025,
    "q05": 0.05,
    "q25": 0.25,
    "median": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "q975": 0.975,
}

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(
        not FOLDER.is_dir(), reason="no reproduction vectors under $YIPAN_REFERENCE"
    ),
]


def _index() -> list[dict[str, str]]:
    if not (FOLDER / "index.csv").is_file():
        return []
    with (FOLDER / "index.csv").open() as file:
        return list(csv.DictReader(file))


def _named(*wanted: str) -> list[str]:
    return [row["id"] for row in _index() if _kind(row) in wanted]


def _kind(row: dict[str, str]) -> str:
    if row["func"] == "wallinga_teunis":
        return "cohort"
    return "mixture" if row["method"] in {"uncertain_si", "si_from_sample"} else "exact"


def _case(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def _numbers(values: list) -> np.ndarray:
    return np.array([np.nan if value in {None, "NA"} else value for value in values], dtype=float)


def _counts(case: dict) -> dict:
    incidence = case["incidence"]
    if "total" in incidence:
        return {"counts": incidence["total"]}
    return {"counts": incidence["local"], "imported": incidence["imported"]}


def _interval(case: dict, days: int) -> np.ndarray:
    config = case["config"]
    if "si_distr" in config:
        return np.asarray(config["si_distr"], dtype=float)
    return reproduction.discretised_serial_interval(
        mean_days=config["mean_si"], sd_days=config["std_si"], last_lag=days - 1
    )


def _prior(case: dict) -> dict:
    config = case["config"]
    return {
        "prior_mean": config.get("mean_prior", 5.0),
        "prior_sd": config.get("std_prior", 5.0),
    }


def _windows(case: dict) -> dict:
    result = case["result"]
    return {"since": np.array(result["t_start"]) - 1, "until": np.array(result["t_end"])}


class TestReproductionTable:
    @pytest.mark.parametrize("name", _named("exact"))
    def test_gives_the_numbers_of_the_reference_package(self, name):
        case = _case(name)
        counts = _counts(case)
        days = len(counts["counts"])

        table = reproduction.reproduction_table(
            counts["counts"],
            _interval(case, days),
            imported=counts.get("imported"),
            **_windows(case),
            **_prior(case),
        )

        result = case["result"]
        np.testing.assert_allclose(table.mean[0], _numbers(result["mean"]), rtol=1e-9)
        np.testing.assert_allclose(table.sd[0], _numbers(result["sd"]), rtol=1e-9)
        quantiles = table.quantiles(list(SHARES.values()))
        for row, column in enumerate(SHARES):
            np.testing.assert_allclose(quantiles[row, 0], _numbers(result[column]), rtol=1e-9)

    @pytest.mark.parametrize("name", _named("exact"))
    def test_gives_the_infectiousness_of_the_reference_package(self, name):
        case = _case(name)
        counts = _counts(case)
        local, brought = reproduction.split_imports(counts["counts"], counts.get("imported"))

        felt = reproduction.total_infectiousness(local, brought, _interval(case, local.shape[1]))

        expected = _numbers(case["lambda"])
        np.testing.assert_allclose(felt[0, 1:], expected[1:], rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("name", _named("exact"))
    def test_agrees_with_the_plain_form(self, name):
        case = _case(name)
        counts = _counts(case)
        interval = _interval(case, len(counts["counts"]))
        result = case["result"]

        for start, end, mean in list(
            zip(result["t_start"], result["t_end"], _numbers(result["mean"]), strict=True)
        )[::7]:
            posterior = reproduction.reproduction_posterior(
                counts["counts"],
                interval,
                since=start - 1,
                until=end,
                imported=counts.get("imported"),
                **_prior(case),
            )

            assert (posterior is None) == np.isnan(mean)
            assert posterior is None or posterior.mean == pytest.approx(mean, rel=1e-9)


class TestReproductionMixture:
    @pytest.mark.parametrize("name", _named("mixture"))
    def test_agrees_with_the_sampled_answer(self, name):
        """Within 3 %, or within four standard errors of the other side's own sampling."""
        case = _case(name)
        counts = _counts(case)
        days = len(counts["counts"])
        if "si_sample" in case:
            rows = np.array(case["si_sample"], dtype=float)
            rows = rows if abs(rows.sum(axis=1) - 1).max() < 1e-6 else rows.T
        else:
            draws = case["si_moment_draws"]
            rows = np.stack(
                [
                    reproduction.discretised_serial_interval(
                        mean_days=mean, sd_days=sd, last_lag=days - 1
                    )
                    for mean, sd in zip(draws["Mean"], draws["Std"], strict=True)
                ]
            )

        mixture = reproduction.reproduction_mixture(
            counts["counts"],
            rows,
            imported=counts.get("imported"),
            **_windows(case),
            **_prior(case),
        )

        result = case["result"]
        np.testing.assert_allclose(mixture.mean, _numbers(result["mean"]), rtol=0.03)
        drawn = len(rows) * case["config"]["n2"]
        for column, share in SHARES.items():
            chance = 4 * np.sqrt(share * (1 - share) / drawn)
            low, middle, high = mixture.quantiles([share - chance, share, share + chance])
            sampled = _numbers(result[column])
            absent = np.isnan(sampled)
            np.testing.assert_array_equal(np.isnan(middle), absent)
            close = np.abs(middle - sampled) <= 0.03 * sampled
            within_chance = (low <= sampled) & (sampled <= high)
            assert (absent | close | within_chance).all()


class TestCohortReproduction:
    @pytest.mark.parametrize("name", _named("cohort"))
    def test_gives_the_means_of_the_reference_package(self, name):
        case = _case(name)
        counts = case["incidence"]["total"]

        cohort = reproduction.cohort_reproduction(counts, _interval(case, len(counts)))

        result, daily = case["result"], case["daily_mean"]
        means = cohort.over(_windows(case)["since"], _windows(case)["until"])
        np.testing.assert_allclose(means[0], _numbers(result["mean"]), atol=1e-9)
        days = np.array(daily["t"]) - 1
        np.testing.assert_allclose(cohort.mean[0, days], _numbers(daily["mean"]), atol=1e-9)

    @pytest.mark.parametrize("name", _named("cohort"))
    def test_simulated_ancestries_spread_like_the_reference_package(self, name):
        case = _case(name)
        counts = case["incidence"]["total"]
        windows = _windows(case)

        drawn = reproduction.sampled_ancestries(
            counts,
            _interval(case, len(counts)),
            since=list(windows["since"]),
            until=list(windows["until"]),
            draws=2000,
            chance=np.random.default_rng(7),
        )

        expected = _numbers(case["result"]["sd"])
        np.testing.assert_allclose(drawn.std(axis=0), expected, rtol=0.15, atol=0.005)


def _cells() -> list[dict]:
    path = FOLDER / "discr_si_grid.json"
    return json.loads(path.read_text())["cells"] if path.is_file() else []


class TestSerialInterval:
    @pytest.mark.parametrize("cell", _cells(), ids=lambda cell: f"{cell['mean']}-{cell['sd']}")
    def test_is_discretised_as_in_the_reference_package(self, cell):
        pmf = reproduction.discretised_serial_interval(
            mean_days=cell["mean"], sd_days=cell["sd"], last_lag=60
        )

        np.testing.assert_allclose(pmf, cell["pmf"], rtol=0, atol=1e-9)
