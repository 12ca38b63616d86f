"""The hub benchmark runs on any season folder of the form, sees no tomorrow, and says what is wrong with a bad one."""

import gzip
import importlib.util
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

HUB = Path(__file__).parents[2] / "benchmarks" / "hub.py"
OPENING = date(2019, 10, 12)
PLACES = ("01", "02", "US")
WEEKS, ROUNDS = 36, 4


@pytest.fixture(scope="module")
def hub():
    spec = importlib.util.spec_from_file_location("hub_benchmark", HUB)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def packed(path, lines):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


@pytest.fixture
def season(tmp_path, hub):
    """A season of three places: a complete opening vintage, then one a week, each with its last twelve weeks."""

    def write(*, later=1.0, name="hub_made_up"):
        folder = tmp_path / name
        folder.mkdir()
        chance = np.random.default_rng(4)
        wave = 60 + 50 * np.sin(np.arange(WEEKS + ROUNDS + 4) / 5)
        counts = {place: chance.poisson(wave * (1 + i)) for i, place in enumerate(PLACES)}
        day = [OPENING + timedelta(7 * k) for k in range(WEEKS + ROUNDS + 4)]
        vintages = ["as_of,date,location,value"]
        for made in range(ROUNDS):
            last = WEEKS + made
            first = 0 if made == 0 else last - 12
            factor = later if made >= 2 else 1.0
            vintages += [
                f"{day[last - 1] + timedelta(4)},{day[k]},{place},{counts[place][k] * factor}"
                for place in PLACES
                for k in range(first, last)
            ]
        packed(folder / "vintages.csv.gz", vintages)
        (folder / "truth_final.csv").write_text(
            "date,location,value\n" + "\n".join(f"{day[k]},{p},{counts[p][k]}" for p in PLACES for k in range(WEEKS, len(day))) + "\n",
            encoding="utf-8",
        )  # fmt: skip
        packed(
            folder / f"forecasts_{hub.BASELINE}.csv.gz",
            ["reference_date,location,horizon,target_end_date,q,value"]
            + [
                f"{day[WEEKS + made + 1]},{place},{h},{day[WEEKS + made + 1 + h]},{q},{counts[place][WEEKS + made - 1] + 100 * (q - 0.5) + 60:.3f}"
                for made in range(ROUNDS - 1)
                for place in PLACES
                for h in range(4)
                for q in hub.LEVELS
            ],
        )
        return folder

    return write


class TestASeason:
    def test_of_any_year_is_scored(self, hub, season, capsys):
        hub.judge(season())

        told = capsys.readouterr().out
        assert "hub_made_up, " in told
        assert "ours" in told

    def test_forecasts_of_a_day_do_not_change_with_later_vintages(self, hub, season):
        as_was, changed = (
            hub.forecasts(hub.Season(season(later=factor, name=f"hub_{factor:g}")))[0]["ours"]
            for factor in (1.0, 7.0)
        )

        first, *_, last = sorted({reference for reference, _ in as_was})
        for place in PLACES:
            np.testing.assert_array_equal(as_was[first, place], changed[first, place])
        assert not np.array_equal(as_was[last, "US"], changed[last, "US"])

    def test_is_known_only_a_week_before_the_day(self, hub, season):
        read = hub.Season(season())

        known = read.known_by(read.stamps[1], read.stamps[1])

        assert known.shape[1] == WEEKS + 1
        assert not np.isnan(known[:, -1]).any()


class TestAFolderThatIsNoSeason:
    def change(self, folder, name, make):
        path = folder / name
        if name.endswith(".gz"):
            text = gzip.decompress(path.read_bytes()).decode()
            packed(path, make(text.splitlines()))
        else:
            path.write_text(
                "\n".join(make(path.read_text(encoding="utf-8").splitlines())) + "\n",
                encoding="utf-8",
            )

    @pytest.mark.parametrize(
        ("name", "make", "told"),
        [
            ("vintages.csv.gz", lambda r: [r[0].replace("as_of", "when"), *r[1:]], "no column as_of"),
            ("vintages.csv.gz", lambda r: [*r, "2020-06-20,soon,01,3"], "date 'soon' is no day"),
            ("vintages.csv.gz", lambda r: [*r, "2020-06-20,2020-06-27,01,3"], "which lay ahead"),
            ("vintages.csv.gz", lambda r: [*r, "2020-06-20,2020-06-17,01,3"], "no whole week"),
            ("vintages.csv.gz", lambda r: r[:1], "no values"),
            ("truth_final.csv", lambda r: [*r, r[1].rsplit(",", 1)[0] + ",999999"], "is 999999 here"),
            ("truth_final.csv", lambda r: [*r, "2020-06-20,01,many"], "'many'; expected a number"),
            ("truth_final.csv", lambda r: [r[0], "2020-06-20,Ohio,5"], "no task has a truth"),
            ("forecasts_FluSight-baseline.csv.gz", lambda r: [*r, r[1]], "is told twice"),
            ("forecasts_FluSight-baseline.csv.gz", lambda r: [r[0], r[1].replace(",0.01,", ",0.013,")], "none of the 23 levels"),
            ("forecasts_FluSight-baseline.csv.gz", lambda r: [*r, "2020-06-20,01,1"], "fewer cells"),
        ],
    )  # fmt: skip
    def test_is_refused_with_what_is_wrong(self, hub, season, name, make, told):
        folder = season()
        self.change(folder, name, make)

        with pytest.raises(hub.BadSeason, match=told):
            hub.judge(folder)

    @pytest.mark.parametrize(
        "name", ["vintages.csv.gz", "truth_final.csv", "forecasts_FluSight-baseline.csv.gz"]
    )
    def test_is_refused_where_a_table_is_missing_or_cut_short(self, hub, season, name):
        folder = season()
        whole = (folder / name).read_bytes()
        (folder / name).unlink()
        with pytest.raises(hub.BadSeason, match=f"{name} is missing"):
            hub.judge(folder)

        if name.endswith(".gz"):
            (folder / name).write_bytes(whole[: len(whole) // 2])
            with pytest.raises(hub.BadSeason, match="cannot be read to its end"):
                hub.judge(folder)

    def test_makes_the_run_fail(self, hub, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr("sys.argv", ["hub.py", str(tmp_path)])

        assert hub.main() == 1
        assert "vintages.csv.gz is missing" in capsys.readouterr().err
