"""The nouns check themselves when they are born."""

from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import yipan.model as model
from yipan.model import (
    Act,
    Area,
    Case,
    Classification,
    Counted,
    CountSeries,
    DetectionMode,
    Duty,
    Estimate,
    EstimateState,
    Grant,
    Identity,
    Incident,
    IncidentState,
    Interval,
    NotAllowed,
    NotYourArea,
    Power,
    ReproductionNumber,
    Stream,
    Viewer,
    ancestors_of,
    area_path,
    check_area,
    check_may,
    contains,
    depth_of,
    parent_of,
)

NOON = datetime(2022, 10, 27, 12, tzinfo=UTC)
FEVER = Stream(disease="covid-19", counted=Counted.FEVER_CLINIC_VISITS)
steps = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=6)
paths = st.lists(steps, min_size=1, max_size=5).map(lambda parts: area_path(".".join(parts) + "."))


class TestAreaPath:
    @pytest.mark.parametrize("wrong", ["", "44", "44..", ".44.", "44.A.", "44. 4401.", "广东."])
    def test_refuses_what_is_not_a_path(self, wrong):
        with pytest.raises(ValueError, match="not an area path"):
            area_path(wrong)

    def test_does_not_take_a_longer_code_for_a_part(self):
        assert not contains(area_path("44.4401."), area_path("44.44011."))

    @given(paths)
    def test_lies_in_each_of_its_ancestors_and_in_itself(self, path):
        assert all(contains(outer, path) for outer in (*ancestors_of(path), path))
        assert len(ancestors_of(path)) == depth_of(path) - 1

    @given(paths)
    def test_has_its_nearest_ancestor_for_parent(self, path):
        assert parent_of(path) == (ancestors_of(path)[-1] if depth_of(path) > 1 else None)


class TestStream:
    @given(
        st.builds(
            Stream,
            disease=st.sampled_from(["covid-19", "dengue", "disease-x"]),
            counted=st.sampled_from(Counted),
            mode=st.sampled_from(DetectionMode),
            interval=st.sampled_from(Interval),
            site=st.sampled_from(["", "clinic-12"]),
        )
    )
    def test_is_read_back_from_its_key(self, stream):
        assert Stream.parse(stream.key) == stream

    def test_refuses_a_disease_with_a_slash(self):
        with pytest.raises(ValueError, match="slash"):
            Stream(disease="a/b", counted=Counted.DEATHS)

    def test_never_adds_conversions_to_infections(self):
        assert not Counted.LOCAL_CONVERSIONS.is_infection
        assert not Counted.IMPORTED_CONVERSIONS.is_infection
        assert Counted.LOCAL_CONFIRMED.is_infection


class TestCountSeries:
    def series(self, *counts, interval=Interval.DAY):
        return CountSeries(
            area=area_path("44."),
            stream=replace(FEVER, interval=interval),
            first_day=date(2022, 10, 1),
            counts=counts,
        )

    def test_keeps_silence_apart_from_zero(self):
        assert self.series(3, None, 0).missing_days == (date(2022, 10, 2),)

    def test_refuses_a_negative_count(self):
        with pytest.raises(ValueError, match="counts -1 on 2022-10-02"):
            self.series(3, -1)

    def test_counts_weeks_by_seven_days(self):
        assert self.series(1, 2, interval=Interval.WEEK).until == date(2022, 10, 15)

    @given(st.integers(-3, 12))
    def test_before_a_day_holds_only_whole_intervals_before_it(self, days):
        day = date.fromordinal(date(2022, 10, 1).toordinal() + days)

        assert self.series(*range(8)).before(day).until <= max(day, date(2022, 10, 1))


class TestCase:
    def case(self, **changes):
        content = {
            "id": "c-1", "person": "p-0123456789ab", "area": area_path("44.4401."),
            "disease": "covid-19", "classification": Classification.CONFIRMED, **changes,
        }  # fmt: skip
        return Case(**content)

    def test_needs_instants_with_a_time_zone(self):
        with pytest.raises(ValueError, match="no time zone"):
            self.case(reported=datetime(2022, 10, 27))

    def test_is_not_confirmed_before_it_was_sampled(self):
        with pytest.raises(ValueError, match="lies after confirmed"):
            self.case(sampled=NOON, confirmed=NOON.replace(hour=11))

    def test_without_symptoms_has_no_onset(self):
        with pytest.raises(ValueError, match="asymptomatic"):
            self.case(classification=Classification.ASYMPTOMATIC, onset=date(2022, 10, 27))

    def test_names_its_person_by_pseudonym_only(self):
        with pytest.raises(ValueError, match="pseudonym") as refused:
            self.case(person="Zhang San")

        assert "Zhang" not in str(refused.value)


class TestIdentity:
    def test_shows_nothing_of_what_it_holds(self):
        known = Identity(person="p-0123456789ab", name="Zhang San", phone="13800000000")

        assert "Zhang" not in repr(known)
        assert "138" not in str(known)


class TestEstimates:
    def test_refuse_a_low_above_the_high(self):
        with pytest.raises(ValueError, match="lies above"):
            Estimate(value=1.0, low=2.0, high=1.5)

    def test_refuse_a_number_that_is_none(self):
        with pytest.raises(ValueError, match="finite"):
            Estimate(value=float("nan"), low=0.0, high=1.0)

    def test_say_nothing_where_there_are_too_few_cases(self):
        with pytest.raises(ValueError, match="contradicts"):
            ReproductionNumber(
                area=area_path("44."), since=date(2022, 10, 1), until=date(2022, 10, 8),
                state=EstimateState.TOO_FEW_CASES, estimate=Estimate(value=1, low=0, high=2), cases=1,
            )  # fmt: skip


class TestIncident:
    def test_is_closed_only_with_the_moment_it_closed(self):
        with pytest.raises(ValueError, match="closed"):
            Incident(
                id="i-1", area=area_path("44."), disease="covid-19", title_zh="疫情", title_en="Outbreak",
                state=IncidentState.CLOSED, opened=NOON,
            )  # fmt: skip

    def test_has_a_step_from_every_state_but_the_last(self):
        steps = model.INCIDENT_STEPS

        assert set(steps) == set(IncidentState)
        assert [state for state, after in steps.items() if not after] == [IncidentState.CLOSED]


class TestViewer:
    viewer = Viewer(user="li", duty=Duty.ANALYST, area=area_path("44.4401."))

    def test_may_not_do_what_the_duty_leaves_out(self):
        with pytest.raises(NotAllowed, match="analyst does not include decide"):
            check_may(self.viewer, Power.DECIDE)

    def test_may_not_reach_beyond_the_area(self):
        with pytest.raises(NotYourArea, match=r"44\.4403\. lies outside 44\.4401\."):
            check_area(self.viewer, area_path("44.4403."))

    def test_holds_a_grant_from_its_first_instant_until_before_its_last(self):
        grant = Grant(
            user="li",
            duty=Duty.ANALYST,
            area=area_path("44."),
            since=NOON,
            until=NOON.replace(hour=13),
        )

        assert grant.in_force(NOON)
        assert not grant.in_force(NOON.replace(hour=13))


class TestNouns:
    def test_are_frozen_and_slotted(self):
        nouns = [noun for name in model.__all__ if is_dataclass(noun := getattr(model, name))]

        assert {Act, Area, Case} <= set(nouns)
        for noun in nouns:
            assert noun.__dataclass_params__.frozen, noun
            assert hasattr(noun, "__slots__"), noun

    def test_keep_personal_fields_out_of_their_text_form(self):
        for name in model.__all__:
            noun = getattr(model, name)
            if is_dataclass(noun):
                assert not [f.name for f in fields(noun) if f.metadata.get("personal") and f.repr]
