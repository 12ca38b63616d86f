"""Laws of decisions about one person told of twice: order and direction do not matter, and undone is never."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from places import GUANGZHOU
from yipan.model import (
    Case,
    Classification,
    Exposure,
    Sameness,
    SamenessState,
    pair_key,
    person_id,
)
from yipan.operations import network
from yipan.operations.sameness import SamePeople, same_people

ZONE = ZoneInfo("Asia/Shanghai")
PEOPLE = [person_id(f"p-{i:012x}") for i in range(8)]


def decision(a, b, state=SamenessState.SAME):
    return Sameness(
        id=pair_key(PEOPLE[a], PEOPLE[b]), area=GUANGZHOU, kept=PEOPLE[a], other=PEOPLE[b], state=state, why="w"
    )  # fmt: skip


pairs = st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1])
decisions = st.lists(pairs, max_size=10, unique_by=frozenset)


def case(i, person, day, *, onset=True):
    return Case(
        id=f"c-{i}", person=person, area=GUANGZHOU, disease="x", classification=Classification.CONFIRMED,
        onset=date(2022, 11, 1) + timedelta(days=day) if onset else None,
    )  # fmt: skip


def groups(same: SamePeople):
    return {frozenset(same.all_of(p)) for p in PEOPLE}


class TestDecisions:
    @given(decisions, st.randoms())
    def test_join_the_same_people_in_any_order(self, given_pairs, luck):
        told = [decision(*p) for p in given_pairs]
        turned = list(told)
        luck.shuffle(turned)

        assert same_people(told) == same_people(turned)
        assert groups(same_people(told)) == groups(
            same_people([decision(b, a) for a, b in given_pairs])
        )

    @given(decisions, pairs)
    def test_that_were_taken_back_put_off_or_denied_join_nobody(self, given_pairs, one):
        rest = [decision(*p) for p in given_pairs if frozenset(p) != frozenset(one)]

        for state in SamenessState:
            if state is not SamenessState.SAME:
                assert same_people([*rest, decision(*one, state)]) == same_people(rest)

    @given(decisions)
    def test_leave_one_who_stands_for_all(self, given_pairs):
        same = same_people(decision(*p) for p in given_pairs)

        assert all(same.one(same.one(p)) == same.one(p) for p in PEOPLE)
        assert not set(same.stands) & set(same.stands.values())


class TestAPersonToldOfTwice:
    @given(st.lists(st.integers(0, 20), min_size=4, max_size=4), st.booleans())
    def test_is_traced_like_one_told_of_once(self, days, blank):
        """The same outbreak, once as it was and once with a case split over two pseudonyms and joined again."""
        whole = [case(i, PEOPLE[i], d) for i, d in enumerate(days)]
        links = [(0, 1), (1, 2), (1, 3)]
        once = network.network_of(
            whole, [Exposure(id=f"x{a}{b}", area=GUANGZHOU, source=PEOPLE[a], target=PEOPLE[b]) for a, b in links]
        )  # fmt: skip
        split = [*whole, case(9, PEOPLE[7], days[1], onset=not blank)]
        told = {(1, 2): PEOPLE[7]}
        same = same_people([decision(1, 7)])
        twice = network.network_of(
            same.cases(split),
            same.exposures(
                Exposure(id=f"x{a}{b}", area=GUANGZHOU, source=told.get((a, b), PEOPLE[a]), target=PEOPLE[b]) for a, b in links
            ),
        )  # fmt: skip

        assert once.cases == twice.cases
        assert network.recorded_components(once) == network.recorded_components(twice)
        shown = [
            network.sources_answer(network.trace(net, time_zone=ZONE)) for net in (once, twice)
        ]
        assert shown[0] == shown[1]

    def test_stays_two_cases_where_the_second_is_a_repeat_positive(self):
        again = Case(
            id="c-9", person=PEOPLE[7], area=GUANGZHOU, disease="x", classification=Classification.REPEAT_POSITIVE
        )  # fmt: skip

        assert len(same_people([decision(0, 7)]).cases([case(0, PEOPLE[0], 1), again])) == 2

    def test_is_the_case_that_was_not_excluded(self):
        out = Case(
            id="c-0", person=PEOPLE[0], area=GUANGZHOU, disease="x", classification=Classification.EXCLUDED
        )  # fmt: skip

        (kept,) = same_people([decision(0, 1)]).cases([out, case(1, PEOPLE[1], 3)])

        assert (kept.id, kept.person) == ("c-1", PEOPLE[0])
