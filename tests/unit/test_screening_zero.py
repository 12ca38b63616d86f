"""Community zero by every published definition, with the chosen one named."""

from datetime import date

from yipan.operations.screening import ZERO_DEFINITIONS, community_zero_by_definition
from yipan.protocol import protocols
from yipan.protocol.rules.screening import CommunityDay


class TestCommunityZero:
    def test_may_differ_by_definition_and_says_which_was_chosen(self):
        books = protocols()
        days = [
            CommunityDay(day=date(2022, 5, day), found_in={"sealed": 4}) for day in (11, 12, 13)
        ]

        answers = community_zero_by_definition(
            days, 20_000, books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022")
        )

        told = {answer.definition: answer.answer for answer in answers}
        assert told == {
            "outside_controlled_people": "zero", "outside_sealed_and_closed_loops": "zero",
            "only_isolated_controlled": "not_yet", "state_of_one_day": "zero",
        }  # fmt: skip
        assert [answer.chosen for answer in answers] == [True, False, False, False]
        assert {answer.definition for answer in answers} == set(ZERO_DEFINITIONS)
        assert all(answer.reasons[0].source for answer in answers)
