"""The outlook at the terminal on somebody's own tables: odd input is ordinary input, bad input is named, no record is needed."""

import json
import math
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from yipan.analytics.outlook.forecast import HUB_LEVELS
from yipan.cli import app

FIRST = date(2022, 10, 1)
GROWS = [2, 3, 3, 4, 5, 6, 6, 8, 9, 10, 12, 13, 15, 18, 20, 22, 26, 29, 33, 38, 43, 48]


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    monkeypatch.setenv("YIPAN_HOME", str(tmp_path / "no-record-here"))
    return CliRunner()


@pytest.fixture
def write(tmp_path):
    def table(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    return table


@pytest.fixture
def series(write):
    def table(values, *, step=1, name="counts.csv", **more):
        rows = [
            f"{FIRST + timedelta(days=i * step)},{area},{'' if v is None else v}"
            for area, column in {"海珠": values, **more}.items()
            for i, v in enumerate(column)
        ]
        return write(name, "date,area,value\n" + "\n".join(rows) + "\n")

    return table


@pytest.fixture
def ask(terminal):
    def verb(*words, code=0):
        result = terminal.invoke(app, ["outlook", *map(str, words), "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout)

    return verb


@pytest.fixture
def refuse(terminal):
    def verb(*words):
        result = terminal.invoke(app, ["outlook", *map(str, words)])
        raised = result.exception
        assert raised is not None, result.output
        assert not isinstance(raised, SystemExit) or raised.code == 2, result.output
        return result.output + str(result.exception or "")

    return verb


class TestNothingButZeros:
    def test_are_too_few_for_r_and_near_none_ahead(self, ask, series):
        file = series([0] * 30)

        assert ask("rt", file, "--latest", 1)[0]["state"] == "too_few_cases"
        assert ask("forecast", file, "--steps", 7)[0]["quantiles"][6][11] < 1
        assert ask("bottom-line", file, "--limit", 10)[0]["line"]["state"] == "quiet"


class TestOneCase:
    def test_is_too_few_for_r_and_yet_has_a_chance_to_grow(self, ask, series):
        file = series([0] * 20 + [1])

        assert ask("rt", file, "--latest", 1)[0]["state"] == "too_few_cases"
        line = ask("bottom-line", file, "--limit", 50, "--alarm-at", 0.9)[0]["line"]
        assert line["seen"] == 1
        assert 0 < line["probability"] < 1


class TestANegativeCorrection:
    def test_takes_back_cases_and_breaks_nothing(self, ask, series):
        file = series([*GROWS[:-1], -5])

        assert ask("rt", file, "--latest", 1)[0]["state"] == "estimated"
        assert ask("forecast", file, "--steps", 3)[0]["state"] == "estimated"


class TestAWeekOfSilence:
    def test_is_no_zero(self, ask, series):
        file = series([*GROWS, *[None] * 6, 60])
        calm = series([*GROWS, *[0] * 6, 60], name="zeros.csv")

        silent, zeros = (ask("rt", each, "--latest", 1)[0] for each in (file, calm))
        assert (silent["state"], silent["estimate"]) == ("not_reported", None)
        assert silent["missing_days"] == 7  # the day after it cannot say who infected its cases
        assert zeros["state"] == "estimated"

    @pytest.mark.slow
    def test_at_the_end_calls_nothing_within_the_line(self, ask, series):
        file = series([*GROWS[:8], *[None] * 8], 天河=[0] * 16)

        found = {
            b["area"]: b["line"]["state"]
            for b in ask("bottom-line", file, "--limit", 3000, "--alarm-at", 0.999)
        }
        assert found["海珠"] == "silent"
        assert found["天河"] == "quiet"


class TestWeeklyFigures:
    def test_are_refused_until_they_are_called_weekly(self, refuse, series):
        assert "whole weeks apart" in refuse("forecast", series([30, 40, 60, 90], step=7))

    def test_are_read_as_weekly(self, ask, series):
        found = ask(
            "forecast", series([30, 40, 60, 90, 120], step=7), "--interval", "week", "--steps", 2
        )

        assert found[0]["interval"] == "week"
        assert found[0]["first_day"] == "2022-11-05"
        assert found[0]["quantiles"][0][11] > 60

    def test_give_r_by_day(self, ask, series):
        found = ask("rt", series([30, 40, 60, 90], step=7), "--interval", "week", "--latest", 1)

        assert found[0]["until"] == "2022-10-29"
        assert found[0]["estimate"]["value"] > 1


class TestImportsOnDayOne:
    def test_infect_and_were_not_infected_here(self, ask, write):
        rows = "\n".join(
            f"{FIRST + timedelta(days=i)},{v},{20 if i == 0 else 0}"
            for i, v in enumerate([0, *GROWS])
        )
        file = write("imports.csv", f"date,value,imported\n{rows}\n")

        first = ask("rt", file, "--window-days", 3)[1]
        assert first["estimate"] is None or first["estimate"]["value"] < 1


class TestADelayLongerThanTheSeries:
    def test_says_too_early_for_what_it_cannot_know(self, ask, write):
        rows = "\n".join(
            f"{FIRST + timedelta(days=i)},{FIRST + timedelta(days=i)},3" for i in range(4)
        )
        file = write("versions.csv", f"date,known,value\n{rows}\n")

        found = ask("nowcast", file, "--most-delay", 30)[0]
        assert len(found["known"]) == 4
        assert set(found["states"]) == {"too_early"}


class TestSerialIntervals:
    def test_of_ones_own_are_one_or_many(self, ask, write, series):
        file = series(GROWS)
        one = write("one.csv", "lag,share\n1,0.3\n2,0.4\n3,0.3\n")
        many = write("many.csv", "lag,a,b\n1,0.6,0.1\n2,0.4,0.2\n3,0,0.7\n")

        narrow, wide = (
            ask("rt", file, "--si-file", each, "--latest", 1)[0] for each in (one, many)
        )
        spread = [each["estimate"]["high"] - each["estimate"]["low"] for each in (narrow, wide)]
        assert spread[1] > spread[0]
        assert wide["assuming"] == "2 serial intervals held alike likely of many.csv"

    def test_held_uncertain_widen_the_interval(self, ask, series):
        file = series(GROWS)

        sure, unsure = (
            ask("rt", file, "--latest", 1, *more)[0]["estimate"]
            for more in ((), ("--si-mean-sd", 0.6, "--si-sd-sd", 0.3))
        )
        assert unsure["high"] - unsure["low"] > sure["high"] - sure["low"]

    def test_that_do_not_add_up_are_named(self, refuse, write, series):
        assert "add to 0.8" in refuse(
            "rt", series(GROWS), "--si-file", write("bad.csv", "lag,share\n1,0.3\n2,0.5\n")
        )

    def test_at_lag_zero_are_refused_with_their_row(self, refuse, write, series):
        told = refuse(
            "rt", series(GROWS), "--si-file", write("bad.csv", "lag,share\n0,0.3\n2,0.7\n")
        )

        assert "row 2" in told
        assert "lag 0" in told


class TestTheForgettingFilter:
    def test_gives_every_day_and_follows_a_turn_sooner(self, ask, series):
        file = series([*GROWS, *[20, 12, 8, 5, 3]])

        days = ask("rt", file, "--discount", 0.6)
        assert len(days) == len(GROWS) + 4
        quick = days[-1]["estimate"]["value"]
        assert quick < ask("rt", file, "--latest", 1)[0]["estimate"]["value"]


class TestChains:
    def test_are_judged_beside_their_areas(self, ask, series, write):
        file = series(GROWS, 天河=[0] * 20 + [1, 1])
        chains = write(
            "chains.csv",
            "chain,date,area\nc-1,2022-10-21,天河\nc-1,2022-10-22,天河\nold,2022-10-02,天河\n",
        )

        found = ask("bottom-line", file, "--limit", 300, "--chains", chains, code=1)
        by = {each["chain"]: each["line"] for each in found}
        assert by["c-1"]["active"] == 2
        assert by["old"]["state"] == "quiet"
        assert len(found) == 4

    def test_with_a_case_after_the_counts_are_refused(self, refuse, series, write):
        chains = write("chains.csv", "chain,date\nc-1,2022-12-01\n")

        assert "after the last day of the counts" in refuse(
            "bottom-line", series(GROWS), "--limit", 300, "--chains", chains
        )


class TestSpilling:
    @pytest.fixture
    def places(self, write):
        return write(
            "places.csv",
            "area,residents,longitude,latitude\n海珠,1800000,113.3,23.1\n深圳,17000000,114.06,22.54\n北京,21000000,116.4,39.9\n",
        )

    def test_by_gravity_and_radiation_both_send_most_to_the_near_and_large(
        self, ask, series, places
    ):
        for law in ("gravity", "radiation"):
            found = ask("spill", series(GROWS), "--places", places, "--law", law, "--draws", 200)
            by = {d["destination"]: d for d in found["destinations"]}
            assert by["深圳"]["expected"] > by["北京"]["expected"]
            assert law in found["basis"]
            ends = [p["ends_there"] for p in found["paths"] if p["destination"] != "海珠"]
            assert sum(ends) == pytest.approx(1.0)

    def test_grows_with_visitors_and_shrinks_with_a_test(self, ask, series, places):
        file = series(GROWS)

        def expected(*more):
            return ask("spill", file, "--places", places, "--draws", 300, *more)["expected"]

        alone = expected("--stay", 0)
        assert expected("--stay", 3) > alone
        assert expected("--stay", 0, "--tested-hours", 24) < alone
        assert expected("--stay", 0, "--travelling", 0.5) == pytest.approx(alone / 2)

    def test_needs_one_way_of_moving(self, refuse, series, places, write):
        shares = write("shares.csv", "from,深圳\n海珠,1\n")

        assert "one of --trips" in refuse(
            "spill", series(GROWS), "--places", places, "--shares", shares
        )

    def test_prints_what_a_cut_buys(self, ask, series, places):
        found = ask("spill", series(GROWS), "--places", places, "--draws", 200)

        for cut in found["delays"]:
            assert cut["days"] == pytest.approx(
                -math.log(1 - cut["cut_share"]) / found["growth_per_day"]
            )


def hub(
    model, centre, *, made="2022-10-01", target="2022-10-08", place="44", horizon=1, width=10.0
):
    rows = [
        f"{model},{made},{horizon},{target},{place},quantile,{level},{max(centre + width * (level - 0.5), 0)}"
        for level in HUB_LEVELS
    ]
    return "\n".join(rows) + "\n"


HEAD = "model_id,reference_date,horizon,target_end_date,location,output_type,output_type_id,value\n"


class TestScoringForecastsMadeElsewhere:
    @pytest.fixture
    def truth(self, write):
        return write("truth.csv", "date,location,value\n2022-10-08,44,20\n2022-10-15,44,30\n")

    def test_holds_them_against_the_baseline_by_horizon(self, ask, write, truth):
        good = write(
            "good.csv", HEAD + hub("good", 20) + hub("good", 29, target="2022-10-15", horizon=2)
        )
        flat = write(
            "flat.csv", HEAD + hub("flat", 40) + hub("flat", 40, target="2022-10-15", horizon=2)
        )

        found = ask(
            "score",
            "--forecasts",
            good,
            "--forecasts",
            flat,
            "--truth",
            truth,
            "--baseline",
            "flat",
        )

        cards = {(s["stream"], s["horizon"]): s["card"] for s in found}
        assert set(cards) == {(m, h) for m in ("good", "flat") for h in (None, 1, 2)}
        assert cards["good", None]["relative_wis"] < 0.3
        assert cards["good", None]["coverage_95"] == 1.0
        assert cards["flat", 1]["relative_wis"] == 1.0
        assert sum(cards["good", None]["pit"]) == pytest.approx(1.0)

    def test_leaves_out_rows_that_are_no_quantiles_and_targets_without_an_outcome(
        self, ask, write, truth
    ):
        text = (
            HEAD
            + hub("m", 20)
            + "m,2022-10-01,1,2022-10-08,44,mean,,20\n"
            + hub("m", 5, target="2022-12-01")
        )

        found = ask("score", "--forecasts", write("m.csv", text), "--truth", truth)

        assert found[0]["card"]["tasks"] == 1
        assert found[0]["card"]["relative_wis"] is None

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda t: t.replace("0.025,", "1.5,", 1), "no quantile level"),
            (lambda t: "\n".join(t.splitlines()[:-1]), "lacks level 0.99"),
            (lambda t: t + t.splitlines()[1] + "\n", "was told before in row 2"),
            (lambda t: t.replace("2022-10-08", "next week"), "next week"),
            (lambda t: t.replace(",quantile,0.5,20.0", ",quantile,0.5,-3"), "expected 0 or more"),
            (lambda t: t.replace(",quantile,0.5,20.0", ",quantile,0.5,900"), "falls below"),
            (lambda t: t.replace(",44,", ",,"), "the place is missing"),
            (lambda t: t.splitlines()[0], "no rows"),
            (lambda t: t.replace("output_type_id", "colour", 1), "level"),
        ],
    )  # fmt: skip
    def test_refuses_what_is_no_forecast_and_names_it(self, refuse, write, truth, change, told):
        file = write(
            "m.csv", change(HEAD + hub("m", 20) + hub("m", 30, target="2022-10-15", horizon=2))
        )

        assert told in refuse("score", "--forecasts", file, "--truth", truth)

    def test_refuses_a_truth_that_contradicts_itself(self, refuse, write):
        truth = write("truth.csv", "date,location,value\n2022-10-08,44,20\n2022-10-08,44,21\n")
        file = write("m.csv", HEAD + hub("m", 20))

        assert "contradicts 20" in refuse("score", "--forecasts", file, "--truth", truth)

    def test_says_when_no_forecast_has_an_outcome(self, refuse, write, truth):
        file = write("m.csv", HEAD + hub("m", 20, place="Guangdong"))

        assert "no forecast has an outcome" in refuse(
            "score", "--forecasts", file, "--truth", truth
        )


class TestAssumptions:
    def test_are_listed_with_their_sources(self, ask):
        (_, newest) = ask("assumptions")

        told = {f["name"]: f for f in newest["figures"]}
        assert told["serial_interval_days"]["source"]
        assert told["serial_interval_sd_days"]["assumption"]

    def test_of_ones_own_change_the_answer_and_stand_beside_it(self, ask, write, series):
        entries = "".join(
            f"      {name}: {{value: {value}, assumption: true}}\n"
            for name, value in (
                ("serial_interval_days", 6), ("serial_interval_sd_days", 3), ("dispersion", "[0.1]"),
                ("found_after_days", 4), ("found_share", 1), ("unseen_days", 7), ("departures_share", 0.03),
                ("stay_days", 2), ("travelling_share", 1),
            )
        )  # fmt: skip
        own = write(
            "own.yaml",
            f"disease: covid-19\nblocks:\n  - since: 2022-01-01\n    checked: 2022-02-01\n    figures:\n{entries}",
        )
        file = series(GROWS)

        usual, slow = (
            ask("rt", file, "--latest", 1, "--assume", each)[0] for each in ("covid-19", own)
        )
        assert slow["estimate"]["value"] > usual["estimate"]["value"]
        assert "serial interval 6 d (assumed)" in slow["assuming"]

    def test_that_lack_a_figure_are_refused_by_name(self, refuse, write, series):
        own = write(
            "own.yaml",
            "disease: x\nblocks:\n  - since: 2022-01-01\n    checked: 2022-02-01\n    figures: {dispersion: {value: 1, assumption: true}}\n",
        )

        told = refuse("rt", series(GROWS), "--assume", own)
        assert "own.yaml block 1" in told
        assert "serial_interval_days" in told
