"""Laws of closing rounds from the laboratory: what no set of swabs may break."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from yipan.model import Roster, RosterGroup, area_path, person_id, place
from yipan.operations.closing import Swab, rounds_of

START = datetime(2022, 11, 10, 8, tzinfo=UTC)
PEOPLE = tuple(person_id(f"p-{number:016x}") for number in range(3))
ROSTER = Roster(
    id="z-1",
    area=area_path("44.4401."),
    groups=(RosterGroup(place=place("44.4401. compound X"), people=PEOPLE),),
)


@st.composite
def swabs(draw):
    """Draw one swab; a tube shows one thing to everybody in it."""
    sampled = START + timedelta(hours=draw(st.integers(0, 60)))
    result = draw(st.sampled_from(["negative", "positive", "weak", "invalid", "cancelled", None]))
    return Swab(
        person=draw(st.sampled_from(PEOPLE)), round=draw(st.sampled_from(["r1", "r2"])), tube=draw(st.integers(1, 9)),
        people=draw(st.sampled_from([1, 10])), sampled=sampled, result=result,
        known=None if result is None else sampled + timedelta(hours=draw(st.integers(1, 30))),
    )  # fmt: skip


def completed(found):
    return {one.id: one.completed(ROSTER) for one in rounds_of(ROSTER, found)}


class TestRoundsOf:
    @given(st.lists(swabs(), max_size=8))
    def test_are_complete_only_once_everybody_left_was_negative(self, found):
        for one in rounds_of(ROSTER, found):
            done = one.completed(ROSTER)
            if done is None:
                continue
            for person in set(PEOPLE) - set(one.removed):
                assert any(
                    s.person == person and s.result == "negative" and one.started <= s.sampled and s.known <= done
                    for s in found
                )  # fmt: skip

    @given(st.lists(swabs(), max_size=6), swabs())
    def test_are_complete_no_earlier_for_one_more_swab_that_is_not_negative(self, found, more):
        if more.result == "negative":
            return
        before, after = completed(found), completed([*found, more])

        for name, done in after.items():
            if done is not None and not any(is_out(s, more.person) for s in [*found, more]):
                assert before.get(name) is None or done >= before[name]

    @given(st.lists(swabs(), max_size=8), st.randoms(use_true_random=False))
    def test_do_not_depend_on_the_order_in_which_files_came(self, found, random):
        distinct = list({(s.person, s.tube, s.sampled): s for s in found}.values())
        shuffled = list(distinct)
        random.shuffle(shuffled)

        assert completed(shuffled) == completed(distinct)


def is_out(swab, person):
    return swab.person == person and swab.result == "positive" and swab.people == 1
