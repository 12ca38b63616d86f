"""Early detection beside the numbers of other people's software, as `cases.json` lists them."""

import csv
import json
import os
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from yipan.analytics.detect import farrington, nssp, scan, sequential, simple
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
    units = units if rows[0]["unit"] in units else ["all"]
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


class TestCusum:
    @pytest.mark.parametrize("case", cases("algo.cusum"))
    def test_reproduces_the_peer(self, case):
        control = case["control"]
        (_, times), bound = listed(case, "upperbound")
        _, counts = dataset(case["dataset"])
        mean = listed(case, "m")[1]

        verdicts = sequential.cusum_matrix(
            counts[:, times],
            expected=mean,
            slack=control["k"],
            limit=control["h"],
            transform=control["trans"],
            compat=PEER,
        )

        agree(verdicts.threshold[0], bound)
        agree(verdicts.score[0], listed(case, "cusum")[1])
        assert (verdicts.alarm[0] == listed(case, "alarm")[1]).all()
        plain = sequential.cusum(
            counts[0, times].tolist(),
            expected=mean.tolist(),
            slack=control["k"],
            limit=control["h"],
            transform=control["trans"],
            compat=PEER,
        )
        agree(plain.statistic, listed(case, "cusum")[1])
        if control.get("m") == "glm":
            fitted = sequential.seasonal_mean(counts, train_until=times[0], trend=False)
            agree(fitted[0, times], mean)


class TestLikelihoodRatioCharts:
    @pytest.mark.parametrize("case", cases("algo.glrpois", "algo.glrnb"))
    def test_reproduces_the_peer(self, case):
        control = case["control"]
        (_, times), bound = listed(case, "upperbound")
        counts = dataset(case["dataset"])[1][:, times]
        mean, alarm = listed(case, "mu0")[1], listed(case, "alarm")[1] == 1
        alpha = listed(case, "alpha")[1][0]
        common = {"limit": control["c.ARL"], "overdispersion": alpha}

        if control.get("change") == "epi":
            chart = sequential.epidemic_chart(
                counts[0].tolist(),
                expected=mean.tolist(),
                spread=control.get("theta"),
                limit=control["c.ARL"],
                window=control.get("M"),
            )
            agree(chart.statistic, bound)
            assert (np.array(chart.alarm) == alarm).all()
            return
        window = control.get("M")
        if control.get("theta") is not None:
            found = sequential.lr_matrix(counts, expected=mean, rise=control["theta"], **common)
            cases_needed = found.threshold[0]
        else:
            poisson = case["algorithm"] == "algo.glrpois"
            found = sequential.glr_matrix(
                counts,
                expected=mean,
                window=window,
                shortest=control.get("Mtilde", 0) if window and poisson else 0,
                falling=control.get("dir") == "dec",
                compat=PEER,
                **common,
            )
            cases_needed = found.threshold[0] + 1
        agree(found.score[0] if control["ret"] == "value" else cases_needed, bound)
        assert (found.alarm[0] == alarm).all()

    @pytest.mark.parametrize("case", cases("algo.glrpois", "algo.glrnb"))
    def test_gives_the_in_control_mean_of_the_peer(self, case):
        asked = case["control"]["mu0"]
        (_, times), _ = listed(case, "upperbound")
        counts = dataset(case["dataset"])[1]
        mean, alarm = listed(case, "mu0")[1], listed(case, "alarm")[1] == 1
        alpha = listed(case, "alpha")[1][0]
        estimated = case["algorithm"] == "algo.glrnb" and case["control"].get("alpha") is None

        train = times[0]
        for cell, time in enumerate(times):
            if cell == 0 or (asked["refit"] and alarm[cell - 1]):
                train = time if asked["refit"] else train
                found = sequential.seasonal_mean(
                    counts,
                    train_until=train,
                    harmonics=asked["S"],
                    trend=asked["trend"],
                    overdispersion=alpha,
                )[0]
            agree(found[time], mean[cell], rtol=1e-3 if estimated else 1e-6)


class TestBinomialCusum:
    @pytest.mark.parametrize("case", cases("categoricalCUSUM:binomial"))
    def test_reproduces_the_peer(self, case):
        control = case["control"]
        (_, times), bound = listed(case, "upperbound")
        positive = dataset(case["dataset"])[1][:, times]
        tests = listed(case, "examined")[1]

        verdicts = sequential.binomial_cusum_matrix(
            positive,
            [tests],
            quiet_share=control["pi0"],
            odds_ratio=control["R"],
            limit=control["h"],
        )

        agree(verdicts.score[0], bound)
        assert (verdicts.alarm[0] == listed(case, "alarm")[1]).all()
        needed = listed(case, "cases_needed")[1]
        told = ~np.isnan(needed)
        agree(np.floor(verdicts.threshold[0][told]) + 1, needed[told])


BAYES = {
    "algo.bayes1": "last six",
    "algo.bayes2": "last six and a year ago",
    "algo.bayes3": "one and two years ago",
}


class TestSimpleRules:
    @pytest.mark.parametrize("case", cases(*BAYES))
    def test_predict_as_the_peer_does(self, case):
        (_, times), bound = listed(case, "upperbound")

        verdicts = simple.predictive_matrix(
            dataset(case["dataset"])[1], reference=BAYES[case["algorithm"]], columns=times
        )

        agree(verdicts.threshold[0], bound)
        assert (verdicts.alarm[0] == listed(case, "alarm")[1]).all()

    @pytest.mark.parametrize("case", cases("algo.cdc"))
    def test_draw_the_historical_limits_of_the_peer(self, case):
        control = case["control"]
        (_, times), bound = listed(case, "upperbound")

        verdicts = simple.historical_limits_matrix(
            dataset(case["dataset"])[1],
            years=control["b"],
            half_window=control["m"],
            alpha=control["alpha"],
            columns=times,
        )

        agree(verdicts.threshold[0], bound)
        agree(verdicts.observed[0], listed(case, "aggr")[1])
        assert (verdicts.alarm[0] == listed(case, "alarm")[1]).all()

    @pytest.mark.parametrize("case", cases("algo.outbreakP"))
    def test_give_the_outbreak_statistic_of_the_peer(self, case):
        (_, times), bound = listed(case, "upperbound")

        verdicts = simple.outbreak_p_matrix(
            dataset(case["dataset"])[1], limit=case["control"]["k"], columns=times
        )

        agree(verdicts.score[0], bound)
        assert (verdicts.alarm[0] == listed(case, "alarm")[1]).all()


SYNDROMIC = {
    "ewma": nssp.nssp_ewma,
    "regression": nssp.nssp_regression,
    "switch": nssp.nssp_switch,
}


def syndromic_files():
    found = sorted((FOLDER / "outputs").glob("rnssp_*_*.csv"))
    return [pytest.param(*path.stem.split("_", 2)[1:], id=path.stem) for path in found]


class TestSyndromicDetectors:
    @pytest.mark.parametrize(("data", "name"), syndromic_files())
    def test_reproduce_the_peer(self, data, name):
        rows = rows_of(f"outputs/rnssp_{data}_{name}.csv")
        units, counts = dataset(data)
        kept = list(dict.fromkeys(row["unit"] for row in rows))
        days = len(rows) // len(kept)

        verdicts = SYNDROMIC[name](
            counts[[units.index(unit) for unit in kept], :days],
            first_day=date.fromisoformat(rows[0]["date"]),
        )

        for column, found in (
            ("baseline_expected", verdicts.expected),
            ("test_statistic", verdicts.score),
            ("p.value", verdicts.p_value),
        ):
            agree(found.ravel(), np.array([number(row[column]) for row in rows]))
        colour = np.where(verdicts.alarm, "red", np.where(verdicts.warning, "yellow", "blue"))
        judged = ~np.isnan(verdicts.p_value.ravel())
        peer = np.array([row["alert"] for row in rows])
        assert (colour.ravel()[judged] == peer[judged]).all()


COMPARED = {
    **{f"earsC:C{n}": {"method", "baseline", "minSigma", "alpha", "range"} for n in (1, 2, 3)},
    "farrington": {"range", "b", "w", "alpha", "reweight", "powertrans", "limit54", "verbose", "populationBool", "trend"},
    "farringtonFlexible": {
        "range", "b", "w", "alpha", "reweight", "powertrans", "limit54", "glmWarnings", "noPeriods", "trend",
        "pastWeeksNotIncluded", "weightsThreshold", "pThresholdTrend", "thresholdMethod", "populationOffset", "verbose",
    },
    "algo.cusum": {"range", "k", "h", "m", "trans", "alpha"},
    **{
        name: {"range", "c.ARL", "mu0", "theta", "ret", "M", "Mtilde", "change", "dir", "alpha"}
        for name in ("algo.glrpois", "algo.glrnb")
    },
    **{name: {"range"} for name in BAYES},
    "algo.cdc": {"range", "b", "m", "alpha"},
    "algo.outbreakP": {"range", "k", "ret"},
    "categoricalCUSUM:binomial": {"range", "h", "R", "pi0"},
}  # fmt: skip
"""Every method compared here and the options its runner understands."""

NOT_REQUIRED = {"algo.rki1", "algo.rki2", "algo.rki3"}
"""The peer takes its limit from a table of its own; the README of the vectors leaves these out."""


class TestIndex:
    @pytest.mark.parametrize(
        "case", [pytest.param(case, id=case["id"]) for case in index()["cases"]]
    )
    def test_holds_no_method_and_no_option_that_is_passed_over(self, case):
        if case["algorithm"] in NOT_REQUIRED:
            return

        assert case["algorithm"] in COMPARED, f"{case['id']}: no runner for {case['algorithm']}"
        unknown = set(case["control"] or {}) - COMPARED[case["algorithm"]]
        assert not unknown, f"{case['id']}: the runner does not know {sorted(unknown)}"

    def test_says_why_the_peer_refused_only_where_we_refuse_too(self):
        refused = [case for case in index()["cases"] if case.get("error")]

        assert all(case["algorithm"].startswith("farrington") for case in refused)


def scan_rows(name):
    return rows_of(f"scan/{name}.csv")


def new_mexico():
    counts, people = scan_rows("nm_counts"), scan_rows("nm_population")
    places = [row["county"] for row in scan_rows("nm_locations")]
    y = np.array([[float(row[place]) for row in counts] for place in places])
    n = np.array([[float(row[place]) for row in people] for place in places])
    distance = scan.great_circle_km(
        [float(row["lon"]) for row in scan_rows("nm_locations")],
        [float(row["lat"]) for row in scan_rows("nm_locations")],
    )
    zones = {}
    for row in scan_rows("nm_zones"):
        centre, size = places.index(row["centre"]), int(row["size"])
        nearest = np.lexsort((np.arange(len(places)) != centre, distance[centre]))[:size]
        inside = tuple(sorted(int(place) for place in nearest))
        zones[inside] = scan.Zone(places=inside, centre=centre, radius=float(row["radius_km"]))
    return places, y, n, list(zones.values())


class TestSpaceTimeScan:
    @pytest.mark.parametrize(
        ("name", "model"),
        [
            ("nm_pbpoisson_satscan", "poisson"),
            ("nm_pbpoisson_yearly", "poisson"),
            ("nm_permutation", "permutation"),
            ("nm_ebpoisson", "expectation"),
        ],
    )
    def test_finds_the_windows_of_new_mexico(self, name, model):
        places, y, people, zones = new_mexico()
        exposure = {
            "nm_pbpoisson_satscan": people,
            "nm_pbpoisson_yearly": people / people.sum(axis=0),  # the peer: each year alike
            "nm_permutation": None,
            "nm_ebpoisson": scan.window_expectations(y, model="poisson", exposure=people),
        }[name]
        rows = scan_rows(name)
        longest = max(int(row["duration"]) for row in rows)

        found = scan.scan_windows(
            y, zones, longest=longest, model=model, exposure=exposure, least_cases=1
        )

        by_window = {(c.zone.places, c.until - c.since): c for c in found}
        for row in rows:
            inside = tuple(sorted(places.index(name) for name in row["locations"].split("|")))
            cluster = by_window[inside, int(row["duration"])]
            agree(cluster.llr, float(row["score"]))
            agree(cluster.observed, float(row["observed"]))
            agree(cluster.expected, float(row["expected"]))
        agree([c.llr for c in found[:20]], np.array([float(row["score"]) for row in rows[:20]]))

    @pytest.mark.parametrize(
        ("name", "areas", "model", "largest_share"),
        [
            (path.stem, path.stem.split("_")[0] + "_areas", path.stem.split("_")[2],
             float("0." + path.stem.split("_ub")[1].lstrip("0")))
            for path in sorted((FOLDER / "scan").glob("*_kulldorff_*.csv"))
        ],
    )  # fmt: skip
    def test_finds_the_zones_of_one_period(self, name, areas, model, largest_share):
        table = scan_rows(areas)
        names = [row["area"] for row in table]
        cases = np.array([float(row["cases"]) for row in table])
        people = np.array([float(row["population"]) for row in table])
        x, y = ([float(row[axis]) for row in table] for axis in ("x", "y"))
        distance = np.hypot(np.subtract.outer(x, x), np.subtract.outer(y, y))
        exposure = people
        rows = scan_rows(name)
        if model == "poisson" and "expected_indirect" in table[0]:
            exposure = np.array([float(row["expected_indirect"]) for row in table])
        zones = scan.circular_zones(
            distance, population=people, largest_share=largest_share, ties_together=False
        )

        found = scan.scan_windows(
            cases[:, np.newaxis], zones, longest=1, model=model, exposure=exposure, least_cases=1
        )

        by_set = {c.zone.places: c for c in found}
        for row in rows:
            inside = tuple(sorted(names.index(area) for area in row["areas"].split("|")))
            agree(by_set[inside].llr, float(row["llr_exact"]))
            agree(by_set[inside].expected, float(row["expected"]))
        agree(found[0].llr, float(rows[0]["llr_exact"]))

    def test_finds_the_fever_windows_of_new_york(self):
        folder = FOLDER / "scan" / "satscan_inputs"
        geo = [line.split() for line in (folder / "NYCfever.geo").read_text().splitlines() if line]
        cas = [line.split() for line in (folder / "NYCfever.cas").read_text().splitlines() if line]
        places = [row[0] for row in geo]
        days = [date(*(int(part) for part in row[2].split("/"))).toordinal() for row in cas]
        first, last = min(days), max(days)
        y = np.zeros((len(places), last - first + 1))
        for row, day in zip(cas, days, strict=True):
            y[places.index(row[0]), day - first] += float(row[1])
        distance = scan.great_circle_km(
            [float(row[2]) for row in geo], [float(row[1]) for row in geo]
        )
        zones = scan.circular_zones(distance, largest_radius=3.0)

        found = scan.scan_windows(y, zones, longest=7)

        agree(found[0].llr, float(scan_rows("satscan_nyc_stp")[0]["llr"]))
        scores = {}
        for cluster in found:
            scores.setdefault(cluster.zone.places, {})[cluster.until - cluster.since] = cluster.llr
        for row in scan_rows("satscan_nyc_stp"):
            centre = places.index(row["centre"])
            near = np.sort(np.argsort(distance[centre], kind="stable")[: int(row["n_locations"])])
            started = date(*(int(part) for part in row["start"].split("/"))).toordinal()
            found_llr = scores[tuple(near.tolist())][last - started + 1]
            assert found_llr == pytest.approx(float(row["llr"]), abs=1e-6), row

    def test_gives_the_bernoulli_scores_of_north_humberside(self):
        for row in scan_rows("satscan_nhumberside_bernoulli"):
            found = scan.binomial_llr(float(row["observed"]), float(row["population"]), 62.0, 203.0)

            agree(found, float(row["llr"]))

    @pytest.mark.parametrize(
        "path", sorted((FOLDER / "scan").glob("satscan_*.csv")), ids=lambda p: p.stem
    )
    def test_agrees_with_every_listed_score_given_its_window(self, path):
        rows = rows_of(f"scan/{path.name}")
        if "nhumberside" in path.stem or "observed" not in rows[0]:
            return
        total = {"satscan_nm_retro_poisson": 1175.0}.get(path.stem)
        if total is None:
            return

        for row in rows:
            found = scan.poisson_llr(float(row["observed"]), float(row["expected"]), total)
            # the expected value is listed with two decimals
            assert found == pytest.approx(float(row["llr"]), rel=2e-3), row["centre"]
