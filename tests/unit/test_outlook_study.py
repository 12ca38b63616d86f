"""The outlook of a table: odd inputs are ordinary inputs, silence is not zero, parts add up only where they are the whole."""

from datetime import date, timedelta

import pytest

from yipan.analytics.outlook import study
from yipan.model import (
    BottomLineState,
    Control,
    CountVersion,
    EstimateState,
    Interval,
    SeriesTable,
)

DISEASE = study.Disease(interval_mean_days=2.7, interval_sd_days=1.8)
FIRST = date(2022, 10, 1)
GROWS = (2, 3, 3, 4, 5, 6, 6, 8, 9, 10, 12, 13, 15, 18, 20, 22, 26, 29, 33, 38, 43, 48)


def table(*rows, areas=None, interval=Interval.DAY, imported=None):
    names = areas or tuple(f"place {i}" for i in range(len(rows)))
    return SeriesTable(
        areas=names, first_day=FIRST, interval=interval, counts=tuple(map(tuple, rows)), imported=imported
    )  # fmt: skip


class TestForecasts:
    def test_of_a_city_do_not_follow_the_one_county_that_counts_by_itself(self):
        silent_county = (None,) * 21 + (3,)
        found = study.forecasts(
            table(GROWS, silent_county, areas=("44.4401.", "44.4401.440105.")), DISEASE,
            stream="s", steps=3,
        )  # fmt: skip

        assert found[0].quantiles[0][11] > 40

    def test_of_areas_nobody_reported_on_say_so(self):
        found = study.forecasts(table(GROWS, (None,) * 22), DISEASE, stream="s", steps=3)

        assert found[1].state is EstimateState.NOT_REPORTED
        assert found[1].quantiles == ()

    def test_of_an_area_without_cases_stay_near_none(self):
        found = study.forecasts(table((0,) * 30), DISEASE, stream="s", steps=7)

        assert found[0].quantiles[6][11] < 1

    def test_take_a_gap_a_correction_and_one_case_as_they_come(self):
        gap = (*GROWS[:15], *(None,) * 7)
        corrected = (*GROWS[:-1], -5)
        once = (0,) * 21 + (1,)

        for each in study.forecasts(table(gap, corrected, once), DISEASE, stream="s", steps=7):
            assert each.state is EstimateState.ESTIMATED

    def test_of_weekly_figures_go_by_weeks(self):
        found = study.forecasts(
            table((30, 40, 60, 90, 120, 100), interval=Interval.WEEK), DISEASE, stream="s", steps=2
        )

        assert found[0].day(1) - found[0].day(0) == timedelta(days=7)

    def test_fall_under_control_that_is_said_and_not_before(self):
        free, held = (
            study.forecasts(table(GROWS), DISEASE, stream="s", steps=7, control=control)[0]
            for control in (None, Control(name="half", cut_share=0.5))
        )

        assert held.quantiles[6][11] < free.quantiles[6][11]
        assert held.control == "half"


class TestReproduction:
    def test_of_a_short_or_silent_series_is_a_state_and_no_number(self):
        found = study.reproduction_numbers(table((0,) * 20, (None,) * 20), DISEASE, latest=1)

        assert [n.state for n in found] == [EstimateState.TOO_FEW_CASES, EstimateState.NOT_REPORTED]

    def test_counts_imports_of_the_first_day_as_brought_in(self):
        local = (0, *GROWS)
        brought = (20, *(0,) * len(GROWS))

        number = study.reproduction_numbers(table(local, imported=(brought,)), DISEASE, latest=1)[0]

        assert number.estimate.low > 1

    def test_of_weekly_totals_is_made_of_days(self):
        weekly = study.reproduction_numbers(
            table((20, 40, 80, 160), interval=Interval.WEEK), DISEASE, latest=1
        )

        assert weekly[0].until == FIRST + timedelta(days=28)
        assert weekly[0].estimate.value > 1


class TestBottomLines:
    @pytest.mark.slow
    def test_call_nothing_quiet_after_a_week_of_silence(self):
        spoken = study.bottom_lines(
            table((*GROWS[:8], *(0,) * 14)), DISEASE, limit=3000, alarm_at=0.9
        )
        silent = study.bottom_lines(
            table((*GROWS[:8], *(None,) * 14)), DISEASE, limit=3000, alarm_at=0.999
        )

        assert spoken[0].line.state is BottomLineState.QUIET
        assert silent[0].line.state is BottomLineState.SILENT
        assert "nobody reported since 2022-10-08" in silent[0].line.reasons[-1]

    def test_fall_with_the_line_and_with_control(self):
        chance = [
            study.bottom_lines(table((0,) * 15 + (1, 0, 2, 1, 2, 1, 3)), DISEASE, limit=n, alarm_at=0.05, control=c)[0].line.probability
            for n, c in ((50, None), (200, None), (50, Control(name="half", cut_share=0.5)))
        ]  # fmt: skip

        assert chance[1] <= chance[0]
        assert chance[2] < chance[0]

    def test_refuse_a_line_that_is_none(self):
        with pytest.raises(ValueError, match="limit of 0 cases"):
            study.bottom_lines(table(GROWS), DISEASE, limit=0, alarm_at=0.05)


class TestNowcasts:
    def test_with_a_delay_longer_than_the_series_say_too_early(self):
        versions = [
            CountVersion(area="a", day=FIRST + timedelta(d), known=FIRST + timedelta(d), value=3)
            for d in range(4)
        ]

        found = study.nowcasts(versions, stream="s", most_delay=30)

        assert len(found[0].known) == 4

    def test_without_versions_are_refused(self):
        with pytest.raises(ValueError, match="needs versions"):
            study.nowcasts([], stream="s")
