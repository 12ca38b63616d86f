"""Programmes of screening: rounds on record told to the rule, one after another."""

from datetime import date, timedelta

import pytest

from yipan.model import area_path
from yipan.operations.programme import ProgrammeState, RoundOutcome, ruled
from yipan.protocol import protocols

BOOKS = protocols()
BOOK, PROFILE = BOOKS.rulebook("cn-covid-9ed"), BOOKS.profile("guangdong-2022")
FIRST = date(2022, 10, 20)


def outcome(day: int, clear: bool | None = True, *, ended=True, part=0) -> RoundOutcome:
    return RoundOutcome(
        round=f"r{day}-{part}", day=FIRST + timedelta(days=day), ended=ended, found_in={"community": 1} if clear is False else {},
        community=int(clear is False), controlled=0, pending=0, held=4 if clear is None and ended else 0, not_seen=0,
        clear=clear,
    )  # fmt: skip


def after(*outcomes, today=5, **options):
    return ruled(
        outcomes, area=area_path("44.4401.440105."), disease="covid-19", book=BOOK, profile=PROFILE,
        today=FIRST + timedelta(days=today), **options,
    )  # fmt: skip


class TestProgramme:
    def test_goes_on_daily_until_three_rounds_in_a_row_found_nobody(self):
        told = after(outcome(0, False), outcome(1), outcome(2))

        assert (told.zero_rounds, told.zero_rounds_needed) == (2, 3)
        assert (told.state, told.next_round) == (ProgrammeState.DUE, FIRST + timedelta(days=3))
        assert not told.confirming

    def test_rests_before_the_round_that_confirms(self):
        told = after(outcome(2), outcome(3), outcome(4))

        assert (told.state, told.next_round) == (ProgrammeState.PAUSED, FIRST + timedelta(days=8))
        assert told.confirming
        assert told.stopped_on is None
        assert all(reason.source and reason.zh for reason in told.reasons)

    def test_is_finished_by_the_confirming_round(self):
        told = after(outcome(2), outcome(3), outcome(4), outcome(8), today=9)

        assert (told.state, told.next_round) == (ProgrammeState.FINISHED, None)
        assert told.stopped_on == FIRST + timedelta(days=8)

    def test_of_another_kind_of_district_ends_without_a_gap(self):
        told = after(outcome(0), outcome(1), outcome(2), place="other_district")

        assert told.stopped_on == FIRST + timedelta(days=2)

    @pytest.mark.parametrize("last", [outcome(2, None), outcome(2, None, ended=False)])
    def test_does_not_count_a_round_before_its_results_are_in(self, last):
        told = after(outcome(0), outcome(1), last, today=2)

        assert told.zero_rounds == 2
        assert told.next_round == FIRST + timedelta(days=3)
        assert told.state in {ProgrammeState.UNSETTLED, ProgrammeState.RUNNING}
        assert told.stopped_on is None

    def test_does_not_end_by_a_confirming_round_that_waits_for_results(self):
        told = after(outcome(0), outcome(1), outcome(2), outcome(6, None), today=6)

        assert (told.state, told.stopped_on) == (ProgrammeState.UNSETTLED, None)
        assert told.next_round == FIRST + timedelta(days=7)

    def test_begins_anew_with_a_round_after_its_end(self):
        told = after(outcome(0), outcome(1), outcome(2), outcome(6), outcome(20, False), today=21)

        assert [one.round for one in told.rounds] == ["r20-0"]
        assert (told.zero_rounds, told.state) == (0, ProgrammeState.DUE)

    def test_counts_two_rounds_of_a_day_once(self):
        told = after(outcome(0), outcome(0, part=1), outcome(1), today=1)

        assert told.zero_rounds == 2

    def test_knows_no_programme_without_rounds(self):
        with pytest.raises(ValueError, match="no round of screening"):
            after()
