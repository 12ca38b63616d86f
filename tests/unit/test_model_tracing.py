"""What tracers speak of: exposures, the roles that follow from them, visits, investigations, letters."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from places import GUANGZHOU, SHENZHEN, TENTH
from yipan.model import (
    Answer,
    AssistCheck,
    Charge,
    Exposure,
    ExposureState,
    Gathering,
    Household,
    Investigation,
    OutsideKey,
    Reached,
    Role,
    Sameness,
    SamenessState,
    Setting,
    Stage,
    Venue,
    Visit,
    node_id,
    pair_key,
    person_id,
    roles_of,
)

A, B, C, D = (person_id(f"p-{digit * 12}") for digit in "abcd")


def exposure(source, target, **more):
    return Exposure(
        id=f"x-{source}-{target}", area=GUANGZHOU, source=node_id(source), target=node_id(target), **more
    )  # fmt: skip


class TestExposure:
    def test_does_not_lead_to_oneself(self):
        with pytest.raises(ValueError, match="to itself"):
            exposure(A, A)

    def test_ends_after_it_began(self):
        with pytest.raises(ValueError, match="lies after"):
            exposure(A, B, first_contact=date(2022, 11, 3), last_contact=date(2022, 11, 2))

    def test_knows_people_venues_and_gatherings_only(self):
        with pytest.raises(ValueError, match="an end of an exposure"):
            exposure(A, "somebody")


class TestRoles:
    def test_follow_from_exposures(self):
        found = roles_of({A}, [exposure(A, B), exposure(B, C), exposure(C, D)])

        assert {node: role for node, (role, _) in found.items()} == {
            A: Role.CASE, B: Role.CONTACT, C: Role.CONTACT_OF_CONTACT,
        }  # fmt: skip
        assert found[B][1] == {f"x-{A}-{B}"}

    def test_do_not_follow_from_rejected_exposures(self):
        assert B not in roles_of({A}, [exposure(A, B, state=ExposureState.REJECTED)])

    def test_pass_through_a_gathering(self):
        dinner = [exposure(A, "g-dinner"), exposure("g-dinner", B)]

        assert roles_of({A}, dinner)[B][0] is Role.CONTACT

    def test_make_nobody_a_contact_for_having_exposed_a_case(self):
        assert B not in roles_of({A}, [exposure(B, A)])

    def test_do_not_depend_on_the_order_of_exposures(self):
        pairs = [exposure(B, C), exposure(A, B), exposure(A, C)]

        assert roles_of({A}, pairs) == roles_of({A}, pairs[::-1])


class TestVisit:
    def test_is_to_a_place_and_ends_after_it_begins(self):
        visit = Visit(
            id="t-1", area=GUANGZHOU, person=A, place="v-1", since=TENTH, until=TENTH + timedelta(hours=1)
        )  # fmt: skip

        with pytest.raises(ValueError, match="not after"):
            replace(visit, until=TENTH)
        with pytest.raises(ValueError, match="not to a person"):
            replace(visit, place=B)

    def test_places_have_names_that_tell_what_they_are(self):
        with pytest.raises(ValueError, match="a venue is named"):
            Venue(id="x", area=GUANGZHOU, name_zh="饭店", name_en="Inn", setting=Setting.RESTAURANT)
        with pytest.raises(ValueError, match="a gathering is named"):
            Gathering(id="v-1", area=GUANGZHOU, title="dinner")


OPENED = Investigation(
    id="i-1", area=GUANGZHOU, case="c-1", disease="covid-19", reported=TENTH,
    reached=(Reached(stage=Stage.OPENED, at=TENTH),), charges=(Charge(area=GUANGZHOU, since=TENTH),),
)  # fmt: skip


class TestInvestigation:
    def test_goes_along_its_stages_and_not_back(self):
        core = Reached(stage=Stage.CORE, at=TENTH + timedelta(hours=3))
        found = replace(OPENED, reached=(*OPENED.reached, core))

        assert found.stage is Stage.CORE
        assert found.reached_at(Stage.ON_SITE) is None
        with pytest.raises(ValueError, match="cannot go from core to on_site"):
            replace(found, reached=(*found.reached, replace(core, stage=Stage.ON_SITE)))

    def test_lies_where_the_last_charge_is(self):
        with pytest.raises(ValueError, match="another is in charge"):
            replace(OPENED, area=SHENZHEN)

    def test_keeps_answers_short(self):
        with pytest.raises(ValueError, match="longer than 200"):
            Answer(question="q", value="x" * 201, at=TENTH)


class TestLetters:
    def test_go_to_another_area_and_are_due_after_they_are_sent(self):
        letter = AssistCheck(
            id="l-1", area=GUANGZHOU, to=SHENZHEN, people=(A,), asked="test and isolate", sent=TENTH,
            due=TENTH + timedelta(hours=24),
        )  # fmt: skip

        with pytest.raises(ValueError, match="to itself"):
            replace(letter, to=GUANGZHOU)
        with pytest.raises(ValueError, match="lies after"):
            replace(letter, due=TENTH - timedelta(hours=1))


class TestSameness:
    def test_is_named_by_both_in_any_order(self):
        assert pair_key(A, B) == pair_key(B, A)
        with pytest.raises(ValueError, match="named by pair_key"):
            Sameness(id="x", area=GUANGZHOU, kept=A, other=B, state=SamenessState.SAME, why="phone")


class TestKeysAndHouseholds:
    def test_are_checked(self):
        with pytest.raises(ValueError, match="system:key"):
            OutsideKey(id="x", area=GUANGZHOU, system="godata", key="1", node=node_id(A))
        with pytest.raises(ValueError, match="named once"):
            Household(id="h-1", area=GUANGZHOU, members=(A, A))
