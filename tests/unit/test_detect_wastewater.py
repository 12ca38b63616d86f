"""Concentrations in wastewater: by themselves, and as a channel of the round."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from yipan.analytics.detect.wastewater import agreed, site_plain, wastewater_matrix
from yipan.model import Counted, CountSeries, Judgement, Stream
from yipan.operations import streams

DAYS = 400
FIRST = date(2022, 1, 3)
COPIES = Stream(disease="covid-19", counted=Counted.WASTEWATER_COPIES, site="plant-1")
FLOW = replace(COPIES, counted=Counted.WASTEWATER_FLOW)
LIMIT = replace(COPIES, counted=Counted.WASTEWATER_LIMIT)


def quiet(seed, *, level=4.0, sd=0.25, every=3):
    generator = np.random.default_rng(seed)
    copies = np.full(DAYS, np.nan)
    at = np.arange(DAYS - 1, 0, -every)
    copies[at] = np.round(10 ** generator.normal(level, sd, len(at)))
    return copies


def listed(values):
    return [None if np.isnan(v) else float(v) for v in values]


class TestTwoForms:
    @pytest.mark.parametrize("seed", range(8))
    def test_agree_on_every_sample(self, seed):
        generator = np.random.default_rng(seed)
        copies = np.stack([quiet(seed), quiet(seed + 50, level=1.5)])
        flow = np.where(
            generator.random(copies.shape) < 0.7, generator.uniform(5e3, 5e4, copies.shape), np.nan
        )
        limit = np.where(generator.random(copies.shape) < 0.5, 40.0, np.nan)
        copies[1][copies[1] < 25] = 0
        days = list(range(DAYS - 60, DAYS))

        found = wastewater_matrix(copies, places=["a", "b"], columns=days, flow=flow, limit=limit)

        for row in (0, 1):
            before = None
            for day in range(DAYS - 90, DAYS):
                if np.isnan(copies[row, day]):
                    continue
                plain = site_plain(
                    listed(copies[row]),
                    day=day,
                    flow=listed(flow[row]),
                    limit=listed(limit[row]),
                    alpha=0.0025,
                )
                if day in days:
                    cell = days.index(day)
                    assert found.p_value[row, cell] == pytest.approx(
                        agreed(plain.p_value, before, []), rel=1e-9
                    )
                    assert found.expected[row, cell] == pytest.approx(plain.expected, rel=1e-9)
                    assert found.threshold[row, cell] == pytest.approx(plain.largest, rel=1e-9)
                    assert found.baseline[row, cell] == plain.samples
                before = plain.p_value


class TestWastewater:
    def test_alarms_no_more_often_than_it_says_on_quiet_sites(self):
        copies = np.stack([quiet(seed) for seed in range(300)])
        found = wastewater_matrix(
            copies, places=range(300), columns=range(DAYS - 60, DAYS), alpha=0.02
        )

        judged = ~np.isnan(found.p_value)
        assert 0 < found.alarm[judged].mean() <= 0.02

    def test_sees_the_next_wave_after_one_it_has_been_through(self):
        generator = np.random.default_rng(4)
        logs = generator.normal(3.0, 0.2, (60, 730))
        logs[:, 250:430] += np.concatenate([np.linspace(0, 1.2, 90), np.linspace(1.2, 0, 90)])
        logs[:, -6:] += 0.7
        copies = np.where(np.arange(730) % 3 == 0, 10**logs, np.nan)

        found = wastewater_matrix(copies, places=list(range(60)), columns=[726, 729])

        assert found.alarm[:, 1].mean() > 0.4
        assert (found.p_value[:, 0] <= 0.005).mean() < 0.05  # the sample before was not high yet

    def test_keeps_its_rate_where_no_wave_was(self):
        logs = np.random.default_rng(5).normal(3.0, 0.3, (400, 730))
        copies = np.where(np.arange(730) % 3 == 0, 10**logs, np.nan)

        quiet = wastewater_matrix(
            copies, places=list(range(400)), columns=range(700, 730), alpha=0.05
        )

        assert np.nanmean(np.where(np.isnan(quiet.p_value), np.nan, quiet.alarm)) < 0.05

    def test_needs_two_samples_or_two_sites_that_agree(self):
        once, twice = quiet(1), quiet(1)
        once[-1] *= 40
        twice[[-1, -4]] *= 40
        other = quiet(2)
        other[-1] *= 40

        def raised(sites, places):
            return wastewater_matrix(sites, places=places, columns=[DAYS - 1]).alarm[:, 0].tolist()

        assert raised([once], ["a"]) == [False]
        assert raised([twice], ["a"]) == [True]
        assert raised([once, other], ["a", "a"]) == [True, True]
        assert raised([once, other], ["a", "b"]) == [False, False]

    def test_does_not_take_rain_for_a_fall_nor_drought_for_a_rise(self):
        load = quiet(3)
        flow = np.full(DAYS, 20_000.0)
        flow[-5:] = 500.0
        dry = load.copy()
        dry[-5:] *= 40

        plain = wastewater_matrix([dry], places=["a"], columns=[DAYS - 1])
        carried = wastewater_matrix([dry], places=["a"], columns=[DAYS - 1], flow=[flow])

        assert plain.alarm[0, 0]
        assert not carried.alarm[0, 0]
        assert carried.expected[0, 0] == pytest.approx(40 * plain.expected[0, 0], rel=1e-6)

    def test_never_calls_what_was_not_found_a_rise(self):
        copies = quiet(4)
        copies[-1] = 0

        assert site_plain(listed(copies), day=DAYS - 1).p_value >= 0.5

    def test_tells_the_trend_of_the_last_samples_with_its_error(self):
        copies = quiet(5, sd=0.02)
        copies[[-13, -10, -7, -4, -1]] = 10 ** np.array([4.0, 4.15, 4.3, 4.45, 4.6])

        found = site_plain(listed(copies), day=DAYS - 1)

        assert found.trend == pytest.approx(0.05)
        assert found.trend_error == pytest.approx(0.0, abs=1e-6)

    def test_says_what_is_wrong(self):
        with pytest.raises(ValueError, match="copies of day 1 is -3"):
            wastewater_matrix([[4.0, -3.0]], places=["a"], columns=[1])
        with pytest.raises(ValueError, match="flow of day 0 is 0"):
            wastewater_matrix([[4.0, 3.0]], places=["a"], columns=[1], flow=[[0.0, 1.0]])
        with pytest.raises(ValueError, match="no sample on day 0"):
            site_plain([None, 4.0], day=0)

    def test_of_a_young_site_says_so(self):
        found = wastewater_matrix([quiet(1)], places=["a"], columns=[20])

        assert found.judgement_of(0, 0) in {Judgement.SHORT_HISTORY, Judgement.NOT_REPORTED}
        assert not found.alarm[0, 0]


class TestInTheRound:
    def site(self, *, factor=1.0, flow=20_000, area="44.01.a."):
        copies = quiet(6)
        copies[[-1, -4]] *= factor
        return [
            CountSeries(
                area=area,
                stream=COPIES,
                first_day=FIRST,
                counts=tuple(None if np.isnan(v) else int(v) for v in copies),
            ),
            CountSeries(
                area=area, stream=FLOW, first_day=FIRST, counts=(20_000,) * (DAYS - 5) + (flow,) * 5
            ),
            CountSeries(area=area, stream=LIMIT, first_day=FIRST, counts=(500,) * DAYS),
        ]

    def picture(self, some):
        return streams.picture(streams.judge_streams(some, until=FIRST + timedelta(days=DAYS)))

    def test_a_rise_is_told_with_its_unit_and_its_samples(self):
        (found,) = self.picture(self.site(factor=60)).findings

        assert found.lead.stream == COPIES
        assert "拷贝/升" in found.explanation.zh
        assert "gene copies per litre" in found.explanation.en
        assert "samples before" in found.explanation.en

    def test_is_quiet_when_quiet_and_is_not_owed_daily(self):
        found = self.picture(self.site())

        assert (found.findings, found.unjudged, found.faults) == ((), (), ())
        assert found.streams == 1  # flow and limit are read, not watched

    def test_a_tenth_of_the_flow_explains_ten_times_the_copies(self):
        assert self.picture(self.site(factor=10, flow=2_000)).findings == ()
        assert self.picture(self.site(factor=10)).findings != ()

    def test_joins_a_clinic_of_its_area(self):
        fever = Stream(disease="covid-19", counted=Counted.FEVER_CLINIC_VISITS)
        counts = np.random.default_rng(1).poisson(9, DAYS)
        counts[-3:] += 12
        clinic = CountSeries(
            area="44.01.a.", stream=fever, first_day=FIRST, counts=tuple(counts.tolist())
        )

        (found,) = self.picture([*self.site(factor=60), clinic]).findings

        assert {part.stream.counted for part in found.contributions} == {
            COPIES.counted,
            fever.counted,
        }
