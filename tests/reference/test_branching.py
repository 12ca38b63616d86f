"""Branching processes beside the exact columns of the reference vectors."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path

import numpy as np
import pytest

from yipan.analytics.outlook import cluster

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "branching"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no branching vectors under $YIPAN_REFERENCE"),
]


def _rows(name: str) -> list:
    path = FOLDER / name
    if not path.is_file():
        return []
    with path.open() as file:
        rows = [
            {key: float(value) for key, value in row.items() if value not in {"", "NA"}}
            for row in csv.DictReader(file)
        ]
    return [pytest.param(row, id=f"{path.stem}-{number}") for number, row in enumerate(rows)]


class TestExtinction:
    @pytest.mark.parametrize("row", _rows("extinction.csv"))
    def test_is_the_exact_root(self, row):
        offspring = cluster.Offspring(
            reproduction=row["R"],
            dispersion=row["k"],
            isolated_share=row["ind"],
            cut_share=row["pop"],
        )

        chance = cluster.extinction_probability(offspring, active=int(row["n"]))

        assert chance == pytest.approx(row["p_exact"], rel=1e-9)


class TestChainSize:
    @pytest.mark.parametrize("row", _rows("nbinom_chain_size_loglik.csv"))
    def test_follows_the_negative_binomial_law(self, row):
        log = cluster.chain_size_log_probability(
            row["size"], reproduction=row["R"], dispersion=row["k"]
        )

        assert log == pytest.approx(row["loglik"], rel=1e-10, abs=1e-10)

    @pytest.mark.parametrize("row", _rows("pois_chain_size_loglik.csv"))
    def test_follows_the_poisson_law(self, row):
        log = cluster.chain_size_log_probability(
            row["size"], reproduction=row["R"], dispersion=math.inf
        )

        assert log == pytest.approx(row["loglik"], rel=1e-10, abs=1e-10)


class TestChainLength:
    @pytest.mark.parametrize("row", _rows("pois_chain_length_loglik.csv"))
    def test_follows_the_poisson_law(self, row):
        offspring = cluster.Offspring(reproduction=row["R"])
        length = int(row["length"])

        chance = cluster.chain_length_at_most(length, offspring) - cluster.chain_length_at_most(
            length - 1, offspring
        )

        assert np.log(chance) == pytest.approx(row["loglik"], abs=5e-7)

    @pytest.mark.parametrize("row", _rows("geom_chain_length_loglik.csv"))
    def test_follows_the_geometric_law(self, row):
        # geometric offspring are negative binomial with dispersion 1; the vectors' mean is 1 / prob
        offspring = cluster.Offspring(reproduction=1 / row["prob"], dispersion=1.0)
        length = int(row["length"])

        chance = cluster.chain_length_at_most(length, offspring) - cluster.chain_length_at_most(
            length - 1, offspring
        )

        assert np.log(chance) == pytest.approx(row["loglik"], abs=5e-7)


class TestTransmissionShares:
    @pytest.mark.parametrize("row", _rows("proportion_transmission.csv"))
    def test_are_those_of_the_reference_package(self, row):
        for name, expected in row.items():
            if name.startswith("p_"):
                share, fifth = cluster.transmission_shares(
                    reproduction=row["R"], dispersion=row["k"], caused=float(name[2:])
                )

                assert share == pytest.approx(expected, rel=1e-3)
                assert fifth == pytest.approx(row["t20"], abs=1e-3)
