"""What is judged of laboratories without a record: plates, split readings, registers, assumptions."""

import pytest

from yipan.analytics.screening.quality import ControlWell, agreement, plate_faults
from yipan.feeds.benches import read_kits, read_laboratories, read_pairs
from yipan.feeds.frame import CannotRead
from yipan.operations.keypeople import next_test
from yipan.packs import PackError
from yipan.packs.screenings import FIGURES, read_screening


def control(content, orf=None, n=None, internal=None):
    return ControlWell(content=content, ct_orf=orf, ct_n=n, ct_internal=internal)


GOOD = (
    control("no_template"), control("positive_control", 28.0, 27.5, 25.0),
    control("negative_control", internal=27.0), control("extraction_positive", 30.0, 30.5, 26.0),
)  # fmt: skip


class TestPlateFaults:
    def faults(self, *controls):
        return plate_faults(controls, positive_band=(25.0, 31.0), internal_below=40.0)

    def test_are_none_where_every_control_did_what_it_should(self):
        assert self.faults(*GOOD) == ()

    @pytest.mark.parametrize(
        ("changed", "fault"),
        [
            (control("no_template", n=38.0), "no_template_rose"),
            (control("positive_control", 28.0, None, 25.0), "positive_control_silent"),
            (control("positive_control", 33.0, 27.0, 25.0), "positive_control_outside_band"),
            (control("negative_control", orf=37.0, internal=27.0), "negative_control_rose"),
            (control("negative_control"), "negative_control_without_human_gene"),
            (control("negative_control", internal=40.0), "negative_control_without_human_gene"),
            (control("extraction_positive", 30.0), "extraction_positive_silent"),
        ],
    )
    def test_name_the_control_that_failed(self, changed, fault):
        others = [one for one in GOOD if one.content != changed.content]

        assert self.faults(*others, changed) == (fault,)

    def test_miss_the_controls_a_plate_cannot_do_without(self):
        assert self.faults() == ("no_template_absent", "positive_control_absent")

    def test_know_no_band_where_the_kit_names_none(self):
        high = control("positive_control", 39.0, 39.0, 25.0)

        assert plate_faults([GOOD[0], high], positive_band=None, internal_below=40.0) == ()


class TestAgreement:
    def test_is_exact_at_both_ends(self):
        all_same = agreement(["neg"] * 20, ["neg"] * 20)
        none_same = agreement(["neg"] * 3, ["pos"] * 3)

        assert (all_same.high, all_same.kappa) == (1.0, None)
        assert all_same.low == pytest.approx(0.025 ** (1 / 20))
        assert (none_same.share, none_same.low) == (0.0, 0.0)

    def test_tells_a_shift_of_ct_only_from_enough_pairs(self):
        few = agreement(["pos"] * 2, ["pos"] * 2, ct_differences=[1.0, 1.1])
        many = agreement(["pos"] * 6, ["pos"] * 6, ct_differences=[1.0, 1.1, 0.9, 1.0, 1.2, 0.8])

        assert (few.shift, many.shift) == (None, pytest.approx(1.0))
        assert many.shift_p_value < 0.001

    def test_is_nothing_without_pairs(self):
        assert agreement([], []).share is None
        with pytest.raises(ValueError, match="a pair has two"):
            agreement(["neg"], [])


class TestNextTest:
    def test_keeps_so_many_tests_in_any_so_many_days(self):
        from datetime import date, timedelta

        since = date(2022, 11, 1)
        days: list[date] = []
        for _ in range(12):
            days.append(next_test(days, every_days=7, tests=3, since=since))

        for number in range(50):
            window = [since + timedelta(days=number + k) for k in range(7)]
            assert sum(day in window for day in days) >= 3 or window[-1] > days[-1]


HEAD = "laboratory,area,name,tubes_per_day,instruments,wells,run_hours,reserve"


class TestRegisters:
    @pytest.mark.parametrize(
        ("read", "text", "told"),
        [
            (read_laboratories, "", "is empty|nothing"),
            (read_laboratories, "laboratory,area\na,44.", r"missing columns \['name', 'tubes_per_day'\]"),
            (read_laboratories, f"{HEAD}\na,44.,甲,many,,,,", "row 2, column tubes_per_day: 'many' is no whole number"),
            (read_laboratories, f"{HEAD}\na,44.,甲,5,,,,maybe", "column reserve: 'maybe' is neither yes nor no"),
            (read_laboratories, f"{HEAD}\na,44.,甲,0,,,,", "tubes_per_day 0; expected above 0"),
            (read_laboratories, f"{HEAD}\na,44.,甲,5,,,,\na,44.,乙,5,,,,", "row 3, column laboratory: 'a' stands in a row before"),
            (read_laboratories, f"{HEAD}\na,nowhere,甲,5,,,,", "nowhere"),
            (read_kits, "kit,area,source,internal_below\nk,44.,leaflet,ninety", "is no number"),
            (read_kits, "kit,area,source,internal_below,positive_from\nk,44.,leaflet,40,25", "two ends"),
            (read_pairs, "tube,duplicate\n5,", "a pair has two numbers"),
            (read_pairs, "tube,duplicate\n5,6\n5,7", "stands in a row before"),
        ],
    )  # fmt: skip
    def test_say_what_is_wrong_and_where(self, tmp_path, read, text, told):
        file = tmp_path / "told.csv"
        file.write_text(text, encoding="utf-8")

        with pytest.raises(CannotRead, match=told):
            read(file)

    def test_are_read_with_a_chinese_yes(self, tmp_path):
        file = tmp_path / "labs.csv"
        file.write_text(f"{HEAD}\na,44.4401.,甲,350000,400,96,1.5,是\n", encoding="utf-8")

        (one,) = read_laboratories(file)

        assert (one.tubes_per_day, one.run_hours, one.reserve) == (350000, 1.5, True)


class TestAssumptions:
    def test_each_have_a_source_or_say_that_they_are_judgement(self):
        given = read_screening("covid-19")

        assert set(given.figures) == set(FIGURES)
        assert all(bool(one.source) is not one.assumption for one in given.figures.values())

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (("value: 0.77, low: 0.5, high: 0.77", "value: 1.4"), "expected one number from 0.0 to 1.0"),
            (("lifting_target:", "lifting_aim:"), "missing"),
            (("since: 2022-01-01", "since: soon"), "expected a day"),
        ],
    )  # fmt: skip
    def test_of_one_s_own_are_refused_by_entry(self, tmp_path, change, told):
        from importlib import resources

        text = (resources.files("yipan.packs") / "screening" / "covid-19.yaml").read_text("utf-8")
        file = tmp_path / "own.yaml"
        file.write_text(text.replace(*change), encoding="utf-8")

        with pytest.raises(PackError, match=told):
            read_screening(file)

    def test_of_an_unknown_disease_are_not_there(self):
        with pytest.raises(PackError, match="no screening assumptions"):
            read_screening("../covid-19")
