"""The outlook on record: what the round makes, against the line a person drew, each thing with its reasons."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from places import GUANGZHOU, PROVINCE, SHENZHEN, TENTH
from yipan.model import (
    BottomLineState,
    Counted,
    DetectionMode,
    Duty,
    EstimateState,
    NotAllowed,
    Stream,
    Viewer,
)
from yipan.operations import outlook, spillover
from yipan.operations.post import Post

pytestmark = [pytest.mark.store, pytest.mark.xdist_group("store")]

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2022, 10, 1)
GROWS = [2, 3, 3, 4, 5, 6, 6, 8, 9, 10, 12, 13, 15, 18, 20, 22, 26, 29, 33, 38, 43, 48, 55, 62, 70]


def count(
    store, area, values, *, counted=Counted.LOCAL_INFECTIONS, mode=DetectionMode.ANY, at=TENTH
):
    stream = Stream(disease="covid-19", counted=counted, mode=mode)
    frame = pl.DataFrame(
        [
            (area, stream.key, FIRST + timedelta(days=i), v, "test")
            for i, v in enumerate(values)
            if v is not None
        ],
        schema={"area": pl.String, "stream": pl.String, "day": pl.Date, "value": pl.Int64, "source": pl.String},
        orient="row",
    )  # fmt: skip
    with store.acting(store.system(), desk="t", verb="t", why="t", at=at) as act:
        act.put_counts(frame, published=True)


def post_of(store):
    return Post(store=store, viewer=store.system())


@pytest.fixture
def counted(store):
    """Guangzhou grows, Shenzhen has one case; both became known on the tenth."""
    count(store, GUANGZHOU, GROWS)
    count(store, SHENZHEN, [0] * 24 + [1])
    return store


class TestTheRound:
    def test_records_forecasts_that_add_up_to_the_province(self, counted):
        post = post_of(counted)

        outlook.look_ahead(post, at=TENTH + timedelta(hours=1), time_zone=ZONE)

        with counted.reading(counted.system()) as record:
            found = {f.area: f for f in outlook.forecasts(record, area=PROVINCE)}
        assert set(found) == {PROVINCE, GUANGZHOU, SHENZHEN}
        parts = sum(found[a].quantiles[0][11] for a in (GUANGZHOU, SHENZHEN))
        assert found[PROVINCE].quantiles[0][11] == pytest.approx(parts, rel=0.15)
        assert len(found[GUANGZHOU].quantiles) == outlook.FORECAST_DAYS

    def test_made_again_changes_nothing(self, counted):
        post = post_of(counted)
        outlook.look_ahead(post, at=TENTH + timedelta(hours=1), time_zone=ZONE)
        with counted.reading(counted.system()) as record:
            before = outlook.forecasts(record, area=PROVINCE)

        outlook.look_ahead(post, at=TENTH + timedelta(hours=1), time_zone=ZONE)

        with counted.reading(counted.system()) as record:
            assert outlook.forecasts(record, area=PROVINCE) == before
        assert counted.verify() is None

    def test_judges_no_area_without_a_line(self, counted):
        post = post_of(counted)

        outlook.look_ahead(post, at=TENTH + timedelta(hours=1), time_zone=ZONE)

        with counted.reading(counted.system()) as record:
            assert outlook.recorded_lines(record, area=PROVINCE) == ()


class TestALine:
    def test_is_drawn_by_those_who_decide_and_holds_for_all_within(self, counted):
        post = post_of(counted)
        outlook.draw_line(post, area=PROVINCE, limit=2000, alarm_at=0.05, why="beds", at=TENTH)

        outlook.look_ahead(post, at=TENTH + timedelta(hours=1), time_zone=ZONE)

        with counted.reading(counted.system()) as record:
            found = {b.area: b for b in outlook.recorded_lines(record, area=PROVINCE)}
        assert set(found) == {PROVINCE, GUANGZHOU, SHENZHEN}
        assert found[GUANGZHOU].line.limit == 2000
        assert (
            found[GUANGZHOU].line.levers[0].lowered_by
            >= found[GUANGZHOU].line.levers[-1].lowered_by
        )

    def test_is_not_drawn_by_an_analyst(self, store):
        analyst = Post(store=store, viewer=Viewer(user="a", duty=Duty.ANALYST, area=PROVINCE))

        with pytest.raises(NotAllowed):
            outlook.draw_line(analyst, area=PROVINCE, limit=9, alarm_at=0.05, why="x", at=TENTH)

    def test_can_be_tried_without_being_drawn(self, counted):
        with counted.reading(counted.system()) as record:
            strict, wide = (
                {
                    b.area: b.line
                    for b in outlook.what_if(
                        record,
                        area=PROVINCE,
                        until=FIRST + timedelta(days=25),
                        limit=n,
                        alarm_at=0.05,
                    )
                }
                for n in (100, 5000)
            )

        assert strict[GUANGZHOU].state is BottomLineState.EXCEEDED
        assert wide[GUANGZHOU].probability < strict[GUANGZHOU].probability


class TestShownR:
    def test_of_a_place_with_one_case_rests_on_the_province(self, counted):
        with counted.reading(counted.system()) as record:
            found = {
                n.area: n
                for n in outlook.shown_reproduction(
                    record, area=PROVINCE, until=FIRST + timedelta(days=25)
                )
            }

        assert found[GUANGZHOU].resting_on == GUANGZHOU
        assert found[SHENZHEN].resting_on == PROVINCE
        assert found[SHENZHEN].state is EstimateState.ESTIMATED

    def test_tells_those_found_outside_control_apart(self, store):
        count(store, GUANGZHOU, GROWS[::-1], mode=DetectionMode.COMMUNITY_SCREENING)
        count(store, GUANGZHOU, GROWS, mode=DetectionMode.IN_QUARANTINE)

        with store.reading(store.system()) as record:
            outside, inside = (
                outlook.shown_reproduction(
                    record, area=GUANGZHOU, until=FIRST + timedelta(days=25), stream=stream
                )[0]
                for stream in (outlook.Outlooks.OUTSIDE_CONTROL, outlook.Outlooks.UNDER_CONTROL)
            )

        assert outside.estimate.high < 1 < inside.estimate.low


class TestNowcast:
    def test_is_learned_from_what_was_known_when(self, store):
        for known in range(1, 26):
            values = [None] * 25
            values[known - 1] = 5
            if known > 1:
                values[known - 2] = 10
            at = TENTH.replace(month=10, day=1) + timedelta(days=known - 1)
            count(store, GUANGZHOU, values, at=max(at, TENTH - timedelta(days=9)))

        with store.reading(store.system()) as record:
            found = outlook.nowcast(
                record, under=PROVINCE, until=FIRST + timedelta(days=25), time_zone=ZONE
            )

        assert found[0].area == GUANGZHOU


class TestSpillover:
    def test_rests_on_counted_trips_where_there_are_any(self, counted):
        post = post_of(counted)
        with counted.acting(counted.system(), desk="t", verb="t", why="t", at=TENTH) as act:
            areas = [
                replace(area, population=1_000_000)
                for area in act.areas()
                if area.path in {GUANGZHOU, SHENZHEN}
            ]
            act.put_areas(areas)
        spillover.put_trips(
            post, since=FIRST, days=2, origins=[GUANGZHOU, GUANGZHOU],
            destinations=[SHENZHEN, "beijing"], trips=[40_000, 2_000], source="test", at=TENTH,
        )  # fmt: skip

        outlook.look_ahead(post, at=TENTH + timedelta(hours=1), time_zone=ZONE)

        with counted.reading(counted.system()) as record:
            found = outlook.recorded_spillover(record, area=PROVINCE)
        by_place = {d.destination: d for d in found.destinations}
        assert by_place[SHENZHEN].expected > by_place["beijing"].expected > 0
        assert by_place[SHENZHEN].introduced >= by_place[SHENZHEN].lasting
        assert found.basis.startswith("counted trips")
        assert found.delays[1].days == pytest.approx(2.302585 / found.growth_per_day)

    def test_refuses_an_origin_that_is_no_area_of_the_post(self, store):
        post = post_of(store)

        with pytest.raises(ValueError, match="origin nowhere is no area"):
            spillover.put_trips(
                post, since=FIRST, days=1, origins=["nowhere"], destinations=["x"], trips=[1],
                source="test", at=TENTH,
            )  # fmt: skip


class TestScores:
    def test_judge_forecasts_as_they_were_stated(self, counted):
        post = post_of(counted)
        early = TENTH + timedelta(hours=1)
        outlook.look_ahead(post, at=early, time_zone=ZONE)
        with counted.reading(counted.system()) as record:
            made = outlook.forecasts(record, area=GUANGZHOU)[0].made

        gap = [None] * ((made - FIRST).days - len(GROWS))
        count(
            counted, GUANGZHOU, [*GROWS, *gap, 80, 90], at=TENTH + timedelta(days=2)
        )  # fmt: skip
        with counted.reading(counted.system()) as record:
            found = outlook.score(record, under=PROVINCE, until=made + timedelta(days=2))

        assert {s.horizon for s in found if s.area == PROVINCE} >= {None, 1, 2}
