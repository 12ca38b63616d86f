"""Whether an area is screened, when its next round is due, when it may stop, and whether the community is clear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from yipan.protocol.parameters import Profile, Rulebook
from yipan.protocol.primitives import Trigger
from yipan.protocol.ruling import Reason, Ruling, TraceStep

SETTINGS = (
    "isolation",
    "closed_loop",
    "high",
    "medium",
    "low",
    "sealed",
    "controlled",
    "precaution",
    "community",
)
"""Where somebody was when found: isolated, in a closed loop, in a zone of a class, or anywhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRound:
    """
    One finished round: infections found outside controlled people, and among them (which decide nothing).

    Where the finds are told by setting, `found_in` has them and `counted` sorts them by a named definition.
    """

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


def counted(
    day: date, found_in: Mapping[str, int], rulebook: Rulebook, profile: Profile
) -> Ruling[FinishedRound]:
    """
    Sort the finds of a round by setting into community and controlled, by the definition the profile chose.

    Raises ValueError for a setting that is none of `SETTINGS`, ProtocolError where the rulebook lacks the definition.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> counted(
    ...     date(2022, 10, 20), {"isolation": 2, "medium": 1}, books.rulebook("cn-covid-9ed"),
    ...     books.profile("guangdong-2022")
    ... ).value.community_positives
    1
    """
    for setting, number in found_in.items():
        if setting not in SETTINGS:
            raise ValueError(f"found in {setting!r}; expected one of {list(SETTINGS)}")
        if number < 0:
            raise ValueError(f"{number} found in {setting}; expected 0 or more")
    definition = str(profile.value("community"))
    leaf = rulebook.leaf(f"screening.controlled.{definition}")
    controlled = sum(number for setting, number in found_in.items() if setting in leaf.value)
    total = sum(found_in.values())
    return Ruling(
        value=FinishedRound(
            day=day, community_positives=total - controlled, controlled_positives=controlled
        ),
        reasons=(Reason(
            zh=f"{total}例中{controlled}例在管控人员中发现。", en=f"{controlled} of {total} were found among controlled people.",
            source=leaf.source, confidence=leaf.confidence,
        ),),
        assumed=(profile.said("community"),),
    )  # fmt: skip


def screening_state(
    rounds: Sequence[FinishedRound], place: str, rulebook: Rulebook, profile: Profile
) -> Ruling[ScreeningState]:
    """
    Rule on a screening after its rounds so far, in order of day.

    Rounds are daily until enough in a row find nobody in the community; in a `place` that the rulebook names under
    `screening.confirmed_in` a gap and confirming rounds follow, elsewhere it stops. The profile says what a gap of
    days means. Raises ValueError without rounds or out of order, ProtocolError where the text is silent.
    Source: implementation measures for nucleic acid testing, 21 Nov 2022.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> clear = [FinishedRound(day=date(2022, 10, day), community_positives=0) for day in (22, 23, 24)]
    >>> screening_state(
    ...     clear, "outbreak_district", books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022")
    ... ).value.next_round
    datetime.date(2022, 10, 28)
    """
    days = [one.day for one in rounds]
    if not days or days != sorted(set(days)):
        raise ValueError("rounds: expected at least one, one a day at most, in order of day")
    leaf = rulebook.leaf("screening.rounds_clear")
    enough = Trigger(
        name=leaf.key,
        operator=">=",
        value=leaf.value,
        counted="rounds in a row without community infection",
    )
    confirming = (
        rulebook.value("screening.confirming_rounds")
        if place in rulebook.value("screening.confirmed_in")
        else 0
    )
    rulebook.leaf(f"screening.controlled.{profile.value('community')}")
    assumed = [profile.said("community")]
    wait = 0
    if confirming:
        gap = profile.one_of("gap_of_three_days", ("three_free_dates", "plus_three_days"))
        assumed.append(profile.said("gap_of_three_days"))
        wait = rulebook.value("screening.gap_days") + (1 if gap == "three_free_dates" else 0)
    streak = confirmed = 0
    reached = stopped = None
    for one in rounds:
        if one.community_positives:
            streak = confirmed = 0
            reached = stopped = None
            continue
        streak += 1
        if reached is None:
            reached = one.day if enough.met(streak) else None
        elif one.day >= reached + timedelta(days=wait):
            confirmed += 1
        if stopped is None and reached is not None and confirmed >= confirming:
            stopped = one.day
    following = days[-1] + timedelta(days=1)
    if reached is not None and confirmed == 0:
        following = max(following, reached + timedelta(days=wait))
    state = ScreeningState(
        zero_rounds=streak, next_round=None if stopped else following, stopped_on=stopped
    )
    reason = Reason(
        zh=f"已连续{streak}轮未发现社区感染者，需连续{leaf.value}轮。",
        en=f"{streak} rounds in a row found no infection in the community; {leaf.value} are needed.",
        source=leaf.source,
        confidence=leaf.confidence,
    )
    trace = tuple(
        TraceStep(what="streak broken", at=None, detail=one.day.isoformat())
        for one in rounds
        if one.community_positives
    )
    return Ruling(value=state, reasons=(reason,), trace=trace, assumed=tuple(assumed))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreeningAnswer:
    """Whether an area is screened, who decides it, and what to call a screening that is not called for."""

    required: bool
    decided_by: str
    flag_if_run: str | None = None


def screening_required(
    circumstances: Mapping[str, bool], rulebook: Rulebook
) -> Ruling[ScreeningAnswer]:
    """
    Rule on whether an area is screened.

    It is not where every circumstance under `screening.not_required_if` holds (or there is no outbreak), and it is
    where any under `screening.required_if` does. `several_districts` puts the decision on the whole city with the
    level that the rulebook names. Circumstances not said do not hold.

    >>> from yipan.protocol import protocols
    >>> known = {"outbreak": True, "contacts_controlled": True, "no_community_risk": True}
    >>> screening_required(known, protocols().rulebook("cn-covid-9ed")).value
    ScreeningAnswer(required=False, decided_by='city', flag_if_run='excess_screening')
    """
    required_if = rulebook.parameters.get("screening.required_if")
    not_if = rulebook.parameters.get("screening.not_required_if")
    by_area = rulebook.parameters.get("screening.by_area")
    several = bool(circumstances.get("several_districts"))
    decider = rulebook.get(
        "authority.screening_several_districts" if several else "authority.screening"
    )
    spared = not_if is not None and all(circumstances.get(one, False) for one in not_if.value)
    called = required_if is not None and any(
        circumstances.get(one, False) for one in required_if.value
    )
    none_by_area = by_area is not None and by_area.value == "forbidden"
    required = called and not spared and not none_by_area and circumstances.get("outbreak", True)
    leaf = by_area if none_by_area else not_if if spared else required_if
    reasons = () if leaf is None else (Reason(
        zh="应当开展区域核酸检测。" if required else "不开展区域核酸检测。",
        en="The area is to be screened." if required else "The area is not to be screened.",
        source=leaf.source, confidence=leaf.confidence,
    ),)  # fmt: skip
    return Ruling(value=ScreeningAnswer(
        required=required, decided_by=str(decider or "nobody"),
        flag_if_run=None if required else "excess_screening",
    ), reasons=reasons)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityDay:
    """One day's finds of an area by setting (`SETTINGS`)."""

    day: date
    found_in: Mapping[str, int] = field(default_factory=dict)


def community_zero(
    days: Sequence[CommunityDay], residents: int, rulebook: Rulebook, profile: Profile
) -> Ruling[str]:
    """
    Rule on whether the community is clear: `zero`, `basically_zero` or `not_yet`, by the definition the profile chose.

    The last days, without a gap, must each find nobody in the community; `basically_zero` where each finds fewer
    than the rulebook's share of residents, by a definition of the text that names such a share only. Raises ValueError without days, out of order, or without residents.

    >>> from yipan.protocol import protocols
    >>> books = protocols()
    >>> three = [CommunityDay(day=date(2022, 5, day), found_in={"isolation": 9}) for day in (11, 12, 13)]
    >>> community_zero(three, 2_000_000, books.rulebook("cn-covid-9ed"), books.profile("guangdong-2022")).value
    'zero'
    """
    dates = [one.day for one in days]
    if not dates or dates != sorted(set(dates)) or residents <= 0:
        raise ValueError(
            "community zero: expected days in order, each once, and the number of residents"
        )
    definition = str(profile.value("community"))
    needed = rulebook.leaf(f"screening.clear_days.{definition}")
    run: list[int] = []
    finds = [
        counted(one.day, one.found_in, rulebook, profile).value.community_positives for one in days
    ]
    for (day, number), (before, _) in pairwise(
        [*zip(dates[::-1], finds[::-1], strict=True), (dates[0], 0)]
    ):
        run.append(number)
        if (day - before).days != 1:
            break
    last = run[: needed.value]
    answer = "not_yet"
    if len(last) == needed.value:
        most = rulebook.parameters.get("screening.basically_clear_per_100k")
        if not any(last):
            answer = "zero"
        elif (
            most is not None
            and set(most.source) & set(needed.source)  # the other texts know no such share
            and all(number * 100_000 < most.value * residents for number in last)
        ):
            answer = "basically_zero"
    return Ruling(value=answer, reasons=(Reason(
        zh=f"需连续{needed.value}天社会面无新增感染者。",
        en="One day must find nobody in the community." if needed.value == 1
        else f"{needed.value} days in a row must find nobody in the community.",
        source=needed.source, confidence=needed.confidence,
    ),), assumed=(profile.said("community"),))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTesting:
    """
    How often people of a group are tested: `tests` in every `every_days` days, None where the text names no frequency.

    `single` is whether each has a tube alone. Where the county is hit, `hit_percent_a_day` of an institution's people are
    tested each day after one full round at once, and `hit_days` is within how many days that reaches everybody by turns;
    None where the text asks no such thing.
    """

    every_days: int | None
    single: bool
    tests: int = 1
    hit_percent_a_day: int | None = None

    @property
    def hit_days(self) -> int | None:
        """Days within which everybody's turn comes where the county is hit."""
        return None if self.hit_percent_a_day is None else -(-100 // self.hit_percent_a_day)


def key_testing(group: str, rulebook: Rulebook) -> Ruling[KeyTesting]:
    """
    Rule on how often the people of a group of key people are tested, and whether their swabs may share a tube.

    >>> from yipan.protocol import protocols
    >>> book = protocols().rulebook("cn-covid-9ed")
    >>> key_testing("high_risk_post", book).value.every_days, key_testing("crowded_post", book).value.tests
    (1, 2)
    """
    often = rulebook.parameters.get(f"screening.key_days.{group}")
    times = rulebook.parameters.get(f"screening.key_tests.{group}")
    hit = rulebook.parameters.get(f"screening.hit_percent_a_day.{group}")
    alone = rulebook.parameters.get("screening.single_for")
    single = alone is not None and "key_people" in alone.value
    reasons = []
    tests = 1 if times is None else int(times.value)
    if often is not None:
        reasons.append(Reason(
            zh=f"每{often.value}天检测{tests}次。", en=f"Tested {tests} time(s) in every {often.value} day(s).",
            source=often.source, confidence=often.confidence,
        ))  # fmt: skip
    if hit is not None:
        reasons.append(Reason(
            zh=f"所在县发生疫情时，立即全员检测一轮，其后每日至少抽检{hit.value}%。",
            en=f"Where the county is hit: one full round at once, then at least {hit.value} % of the people a day.",
            source=hit.source, confidence=hit.confidence,
        ))  # fmt: skip
    if single and alone is not None:
        reasons.append(Reason(
            zh="重点人员单采单检。", en="Key people are swabbed singly.", source=alone.source, confidence=alone.confidence,
        ))  # fmt: skip
    days = None if often is None else int(often.value)
    percent = None if hit is None else int(hit.value)
    return Ruling(
        value=KeyTesting(every_days=days, single=single, tests=tests, hit_percent_a_day=percent),
        reasons=tuple(reasons),
    )
