"""Group testing, prevalence from pools and freedom from disease beside the reference vectors."""

import csv
import os
from pathlib import Path
from typing import ClassVar

import pytest

from yipan.analytics.screening import freedom, members, pools, prevalence

ROOT = Path(os.environ.get("YIPAN_REFERENCE", Path(__file__).parents[2] / "../shared/reference"))
FOLDER = ROOT / "screening"

pytestmark = [
    pytest.mark.reference,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no screening vectors under $YIPAN_REFERENCE"),
]

ACCURACY = {
    "ET": "tests", "ET_per_ind": "tests_per_person", "PSe": "sensitivity", "PSp": "specificity",
    "PPPV": "positive_predictive_value", "PNPV": "negative_predictive_value", "var": "variance",
}  # fmt: skip
INTERVALS = {
    "wald": "wald", "score": "score", "skew-score": "skew-score", "lrt": "lrt", "cp": "clopper-pearson",
    "blaker": "blaker", "ac": "agresti-coull", "soc": "second-order-mixed",
}  # fmt: skip
STERRETT_ROUNDS = {"Dorfman": 0, "1SIS": 1, "2SIS": 2, "FIS": None}


def rows(name):
    path = FOLDER / name
    if not path.is_file():
        return []
    with path.open() as file:
        return [
            pytest.param(row, id=f"{path.stem}-{number}")
            for number, row in enumerate(csv.DictReader(file), 1)
        ]


def assay(row, end=""):
    return pools.Assay(sensitivity=float(row[f"Se{end}"]), specificity=float(row[f"Sp{end}"]))


def whole(text, between="-"):
    return [int(float(part)) for part in text.split(between)]


def parts(text, between):
    return [float(part) for part in text.split(between)]


def agree(result, row, *, names=tuple(ACCURACY)):
    compared = [name for name in names if row.get(name) not in {None, "", "NA"}]
    assert compared
    for name in compared:
        expected = float(row[name])
        assert getattr(result, ACCURACY[name]) == pytest.approx(expected, rel=1e-9, abs=1e-9), name


class TestDesigns:
    @pytest.mark.parametrize("row", rows("hierarchical_opchar.csv"))
    def test_in_nested_pools(self, row):
        stages = [whole(stage) for stage in row["stages"].split("|")]

        agree(pools.hierarchical(float(row["p"]), stages=stages, assays=assay(row)), row)

    @pytest.mark.parametrize("row", rows("dorfman_stagewise.csv"))
    def test_with_another_test_for_singles(self, row):
        result = pools.dorfman(
            float(row["p"]), size=int(row["n"]), pool=assay(row, "_pool"), single=assay(row, "_ind")
        )

        agree(result, row)

    @pytest.mark.parametrize("row", rows("array_opchar.csv"))
    def test_in_square_arrays(self, row):
        master = {"A2": False, "A2M": True}[row["algorithm"]]

        agree(
            pools.square_array(
                float(row["p"]), side=int(row["n"]), assay=assay(row), master=master
            ),
            row,
        )

    @pytest.mark.parametrize("row", rows("halving_sterrett.csv"))
    def test_by_halving_and_sterrett(self, row):
        method, _, variant = row["method"].partition("_")
        risk, size = float(row["p"]), int(row["n"])
        if method == "halving":
            stages = int(float(row["stages"]))
            result = pools.halving(risk, size=size, stages=stages, assay=assay(row))
        else:
            assert method == "sterrett"
            result = pools.sterrett(
                risk, size=size, rounds=STERRETT_ROUNDS[variant], assay=assay(row)
            )

        agree(result, row)

    @pytest.mark.parametrize("row", rows("informative_dorfman.csv"))
    def test_of_members_with_different_risks(self, row):
        """`individual` names the members that share sensitivity and specificity; the rest is the first one's."""
        risks = parts(row["p"], "-")
        half = len(risks) // 2
        halves = [
            pools.dorfman(risks[:half], pool=assay(row)),
            pools.dorfman(risks[half:], pool=assay(row)),
        ]
        everybody = [member for result in halves for member in result.members]
        named = whole(row["individual"], "+")

        assert sum(result.tests for result in halves) == pytest.approx(float(row["ET"]), abs=1e-9)
        for number in named:
            agree(everybody[number - 1], row, names=("PSe", "PSp"))
        agree(everybody[named[0] - 1], row, names=("PPPV", "PNPV"))

    @pytest.mark.parametrize("row", [*rows("dorfman_otc.csv"), *rows("otc_d3_a2.csv")])
    def test_found_best(self, row):
        sizes = range(int(row["min_size"]), int(row["max_size"]) + 1)
        risk, test = float(row["p"]), assay(row)
        found = {
            "D2": lambda: pools.best_dorfman(risk, sizes=sizes, pool=test),
            "D3": lambda: pools.best_three_stage(risk, sizes=sizes, assay=test),
            "A2": lambda: pools.best_array(risk, sides=sizes, assay=test),
            "A2M": lambda: pools.best_array(risk, sides=sizes, assay=test, master=True),
        }[row["algorithm"]]()
        stated = [part.partition("=")[2] for part in row["config"].split(";")]

        if row["algorithm"].startswith("A2"):
            assert found.stages == ((int(stated[0]),),)
        else:
            assert found.stages == tuple(tuple(whole(part)) for part in stated)
        agree(found.result, row)


class TestHouseholds:
    @pytest.mark.parametrize("row", rows("correlated_nested.csv"))
    def test_in_one_pool(self, row):
        cost = members.household_tests_per_person(
            float(row["p"]),
            size=int(row["n"]),
            household=int(row["cluster"]),
            correlation=float(row["sigma"]),
            assay=assay(row),
            clustering=members.Clustering(row["model"].lower()),
        )

        assert cost == pytest.approx(float(row["tests_per_person"]), abs=1e-10)


class TestDilution:
    @pytest.mark.parametrize("row", rows("dilution_probit.csv"))
    def test_by_volume_and_by_swabs(self, row):
        size = int(row["n"])
        shift = (members.volume_shift if row["mode"] == "volume" else members.swab_shift)(size)
        found = members.diluted_sensitivity(
            shift=shift, mean_ct=float(row["mu"]), sd_ct=float(row["sd"]),
            half_ct=float(row["c50"]), spread_ct=float(row["tau"]),
        )  # fmt: skip

        assert shift == pytest.approx(float(row["shift"]), abs=1e-9)
        assert found == pytest.approx(float(row["se_pool"]), abs=1e-9)


class TestPosterior:
    @pytest.mark.parametrize("row", rows("posterior_pool.csv"))
    def test_of_a_member(self, row):
        after, chance = members.posterior_risks(
            parts(row["prior_vec"], "/"),
            positive={"POS": True, "NEG": False}[row["pool_result"]],
            sensitivity_by_infected=parts(row["se_by_k"], "/"),
            specificity=float(row["sp"]),
        )

        assert after[int(row["member"]) - 1] == pytest.approx(float(row["posterior"]), abs=1e-9)
        assert chance == pytest.approx(float(row["p_result"]), abs=1e-9)


class TestPrevalence:
    @pytest.mark.parametrize("row", rows("prevalence_pools.csv"))
    def test_from_pools(self, row):
        found = prevalence.pooled_prevalence(
            positive=whole(row["x"]), pools=whole(row["n"]), sizes=whole(row["m"]),
            point=prevalence.Point(row["pt"]),
            interval=prevalence.Interval(INTERVALS[row["ci"].lower()]),
        )  # fmt: skip

        assert found.value == pytest.approx(float(row["P"]), abs=1e-6)
        assert found.low == pytest.approx(float(row["lower"]), abs=1e-4)
        assert found.high == pytest.approx(float(row["upper"]), abs=1e-4)


class TestFreedom:
    @pytest.mark.parametrize("row", rows("freedom_sep.csv"))
    def test_population_sensitivity(self, row):
        design = (
            {"prevalence": float(row["design"])}
            if row["kind"] == "binomial"
            else {"infected": int(float(row["design"])), "population": int(float(row["N"]))}
        )
        found = freedom.population_sensitivity(
            tested=int(row["n"]), sensitivity=float(row["se_unit"]), **design
        )

        assert found == pytest.approx(float(row["se_pop"]), abs=1e-9)

    @pytest.mark.parametrize("row", rows("freedom_pool.csv"))
    def test_population_sensitivity_of_pools(self, row):
        found = freedom.pooled_sensitivity(
            pools=int(row["pools"]), size=int(row["pool_size"]), prevalence=float(row["pstar"]),
            sensitivity=float(row["pse"]), specificity=float(row["psp"]),
        )  # fmt: skip

        assert found == pytest.approx((float(row["se_pop"]), float(row["sp_pop"])), abs=1e-9)

    @pytest.mark.parametrize("row", rows("freedom_pfree.csv"))
    def test_after_negative_rounds(self, row):
        number = int(row["round"])
        free = freedom.freedom_after(
            [float(row["se_p"])] * number,
            prior=float(row["prior"]),
            introduction=float(row["p_intro"]),
        )

        assert free[-1] == pytest.approx(float(row["pfree"]), abs=1e-9)

    @pytest.mark.parametrize("row", rows("residual_rounds.csv"))
    def test_residual_infections(self, row):
        rounds = {
            "never": float(row["never"]), "attendance": float(row["attend"]),
            "sensitivity": float(row["sens"]), "rounds": int(row["k"]),
        }  # fmt: skip

        assert freedom.missed_share(**rounds) == pytest.approx(float(row["miss"]), abs=1e-9)
        left = freedom.none_left(float(row["lam"]), **rounds)
        assert left == pytest.approx(float(row["p_zero"]), abs=1e-9)


class TestPublished:
    """Figures quoted from papers and manuals that follow from the methods here."""

    figures: ClassVar = {
        param.values[0]["id"]: param.values[0] for param in rows("published_numbers.csv")
    }

    def near(self, number, value):
        row = self.figures.get(number)
        if row is None:
            pytest.skip(f"{number} is not among these figures")
        assert value == pytest.approx(float(row["value"]), abs=float(row["tolerance"]) + 1e-12)

    def test_dorfman_of_ten(self):
        both = pools.Assay(sensitivity=0.99, specificity=0.99)
        self.near("P01", pools.dorfman(0.01, size=10, pool=both).tests_per_person)

    def test_best_sizes(self):
        both = pools.Assay(sensitivity=0.99, specificity=0.99)
        self.near("P03", pools.best_dorfman(0.01, sizes=range(3, 21), pool=both).result.size)
        missing = pools.Assay(sensitivity=0.98)
        self.near("P05", pools.best_dorfman(0.01, sizes=range(2, 60), pool=missing).result.size)
        self.near("P07", pools.best_dorfman(0.10, sizes=range(2, 60)).result.size)

    def test_people_per_test(self):
        missing = pools.Assay(sensitivity=0.98)
        best = pools.best_dorfman(0.001, sizes=range(2, 60), pool=missing).result
        self.near("P09", 1.0 / best.tests_per_person)

    def test_size_for_unknown_prevalence(self):
        self.near("P11", pools.minimax_size(sizes=range(2, 40)))

    def test_wuhan(self):
        found = prevalence.pooled_prevalence(
            positive=[300], pools=[9_899_828], sizes=[1], point=prevalence.Point.LIKELIHOOD
        )
        self.near("P13", found.value * 10_000)

    def test_balance_of_freedom(self):
        self.near("P21", freedom.freedom_in_balance(sensitivity=0.6, introduction=0.02)[0])

    def test_herds(self):
        found = freedom.population_sensitivity(tested=500, sensitivity=0.2, prevalence=0.01)
        self.near("P23", found)
