"""When an area screening may stop, and when its next round is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from yipan.protocol.parameters import Profile, ProtocolError, Rulebook
from yipan.protocol.ruling import Reason, Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningRound:
    """One finished round: infections found outside controlled people, and among them (which decide nothing)."""

    day: date
    community_positives: int
    controlled_positives: int = 0

    def __post_init__(self) -> None:
        if self.community_positives < 0 or self.controlled_positives < 0:
            raise ValueError("a round cannot find fewer than no infections")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningState:
    """Zero rounds in a row; when the next is due, or on which day the screening stopped."""

    zero_rounds: int
    next_round: date | None
    stopped_on: date | None


def screening_state(
    rounds: Sequence[ScreeningRound], place: str, rulebook: Rulebook, profile: Profile
) -> Ruling[ScreeningState]:
    """
    Rule on a screening after its rounds so far, in order of day.

    Rounds are daily until enough in a row find nobody in the community; in a `place` that the rulebook names under
    `screening.confirmed_in` a gap and confirming rounds follow, elsewhere it stops. The profile says what a gap of
    days means. Raises ValueError without rounds or out of order, ProtocolError where the text is silent.
    Source: implementation measures for nucleic acid testing, 21 Nov 2022.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> clear = [ScreeningRound(day=date(2022, 10, day), community_positives=0) for day in (22, 23, 24)]
    >>> screening_state(
    ...     clear, "outbreak_district", books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022")
    ... ).value.next_round
    datetime.date(2022, 10, 28)
    """
    days = [one.day for one in rounds]
    if not days or days != sorted(set(days)):
        raise ValueError("rounds: expected at least one, one a day at most, in order of day")
    leaf = rulebook.leaf("screening.rounds_clear")
    confirming = (
        rulebook.value("screening.confirming_rounds")
        if place in rulebook.value("screening.confirmed_in")
        else 0
    )
    if profile.value("community") != "outside_controlled_people":
        raise ProtocolError(
            f"community {profile.value('community')!r}; expected outside_controlled_people"
        )
    assumed = [profile.said("community")]
    streak = 0
    for one in rounds:
        streak = 0 if one.community_positives else streak + 1
    last = days[-1]
    if streak >= leaf.value + confirming:
        state = ScreeningState(zero_rounds=streak, next_round=None, stopped_on=last)
    elif streak == leaf.value:
        gap = profile.value("gap_of_three_days")
        extra = {"three_free_dates": 1, "plus_three_days": 0}
        if gap not in extra:
            raise ProtocolError(f"gap_of_three_days {gap!r}; expected one of {sorted(extra)}")
        assumed.append(profile.said("gap_of_three_days"))
        wait = timedelta(days=rulebook.value("screening.gap_days") + extra[gap])
        state = ScreeningState(zero_rounds=streak, next_round=last + wait, stopped_on=None)
    else:
        state = ScreeningState(
            zero_rounds=streak, next_round=last + timedelta(days=1), stopped_on=None
        )
    reason = Reason(
        zh=f"已连续{streak}轮未发现社区感染者，需连续{leaf.value}轮。",
        en=f"{streak} rounds in a row found no infection in the community; {leaf.value} are needed.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    return Ruling(value=state, reasons=(reason,), assumed=tuple(assumed))
